//! The service that receives webhooks.

use std::{fmt, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    http::header::{CONTENT_ENCODING, HeaderMap, RETRY_AFTER},
    web,
};
use futures_util::StreamExt;
use mcp_auth_core::{ConfigError, Secret, log_limit::OncePerSecond};
use tokio::time::timeout;

use crate::{
    effect::{Effects, now},
    event::Event,
    log,
    signature::{self, SignatureError},
};

/// The largest webhook that is read, in bytes.
const MAX_BODY: usize = 1 << 20;
/// The longest that reading one may take.
const READ_LIMIT: Duration = Duration::from_secs(10);
const SIGNATURE: &str = "workos-signature";

/// Receives WorkOS's webhooks: made by [`WorkOs::webhooks`](crate::WorkOs::webhooks). Cloning is
/// cheap.
#[derive(Clone)]
pub struct Webhooks(Arc<Receiver>);

struct Receiver {
    effects: Effects,
    secrets: Vec<Secret>,
    refusals: OncePerSecond,
}

impl Webhooks {
    pub(crate) fn new(effects: Effects, secrets: Vec<Secret>) -> Result<Self, ConfigError> {
        if secrets.is_empty() || secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(ConfigError::missing(
                "webhook secret",
                "must be the secret of the webhook endpoint, as the WorkOS dashboard shows it",
                "whsec_a1B2c3",
            ));
        }
        Ok(Self(Arc::new(Receiver { effects, secrets, refusals: OncePerSecond::default() })))
    }

    /// The service, for [`App::service`](actix_web::App::service), at a path of the application's
    /// choice. It must not stand behind a middleware that wants a token: the signature of a webhook
    /// is its proof.
    ///
    /// | status | when |
    /// |---|---|
    /// | 200 | the signature is good, and the whole effect is in the revocation log |
    /// | 401 | the signature is missing, too old, of an unknown scheme, or by no known secret |
    /// | 400 | the signature is good, and the body is not an event |
    /// | 408, 413, 415 | the body takes longer than 10 s, has more than 1 MiB, or is encoded |
    /// | 503 | the effect is not in the log; WorkOS sends the webhook again |
    pub fn at(&self, path: &str) -> Resource {
        web::resource(path).app_data(web::Data::new(self.clone())).route(web::post().to(receive))
    }

    async fn answer(&self, request: &HttpRequest, body: web::Payload) -> HttpResponse {
        let refuse = |error: SignatureError| {
            log::webhook_refused(&self.0.refusals, error.reason(), now());
            HttpResponse::Unauthorized().finish()
        };
        if request.headers().contains_key(CONTENT_ENCODING) {
            return HttpResponse::UnsupportedMediaType().finish();
        }
        let header = match the_signature(request.headers()) {
            Ok(header) => header,
            Err(error) => return refuse(error),
        };
        let body = match timeout(READ_LIMIT, read(body)).await {
            Ok(Ok(body)) => body,
            Ok(Err(answer)) => return answer,
            Err(_) => return HttpResponse::RequestTimeout().force_close().finish(),
        };
        if let Err(error) = signature::verify(header, &body, &self.0.secrets, now()) {
            return refuse(error);
        }
        let Ok(event) = serde_json::from_slice::<Event>(&body) else {
            log::webhook_refused(&self.0.refusals, "it is signed and is not an event", now());
            return HttpResponse::BadRequest().finish();
        };
        match self.0.effects.carry_out(event.clone()).await {
            Ok(()) => {
                log::event_carried_out(&event, "webhook");
                HttpResponse::Ok().finish()
            }
            Err(error) => {
                log::webhook_not_done(&event.id, &error);
                HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).finish()
            }
        }
    }
}

async fn receive(
    webhooks: web::Data<Webhooks>,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    webhooks.answer(&request, body).await
}

fn the_signature(headers: &HeaderMap) -> Result<&str, SignatureError> {
    let mut all = headers.get_all(SIGNATURE);
    match (all.next(), all.next()) {
        (Some(one), None) => one.to_str().map_err(|_| SignatureError::Malformed),
        _ => Err(SignatureError::NotOneHeader),
    }
}

/// The raw body: the signature is over its bytes.
async fn read(mut payload: web::Payload) -> Result<Vec<u8>, HttpResponse> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| HttpResponse::BadRequest().force_close().finish())?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(HttpResponse::PayloadTooLarge().force_close().finish());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Shows no secret.
impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks")
            .field("effects", &self.0.effects)
            .field("secrets", &self.0.secrets.len())
            .finish()
    }
}
