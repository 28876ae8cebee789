//! Requests to WorkOS's User Management API: <https://workos.com/docs/reference/authkit>.

use std::{fmt, sync::Arc};

use mcp_auth_core::{HttpClient, HttpRequest, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::flow::Flow;

/// AuthKit, for one environment.
#[derive(Clone)]
pub(crate) struct AuthKit {
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) api_url: Url,
    pub(crate) client_id: Box<str>,
    pub(crate) api_key: Secret,
    pub(crate) redirect_url: Box<str>,
}

/// What `authenticate` answers.
#[derive(Deserialize)]
struct Answer {
    access_token: Box<str>,
    refresh_token: Box<str>,
}

/// The tokens of a session.
pub(crate) struct Tokens {
    pub(crate) access: Secret,
    pub(crate) refresh: Secret,
}

/// Why there are no tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AuthKitError {
    /// WorkOS refuses, with this code.
    Refused(String),
    /// WorkOS does not accept the client id or the API key.
    KeyRefused,
    /// WorkOS gives no usable answer now.
    Unavailable(String),
}

impl AuthKit {
    /// Where a person signs in (RFC 6749 §4.1.1), with further parameters.
    pub(crate) fn authorize_url(&self, flow: &Flow, further: &[(&str, &str)]) -> String {
        let mut url = self.url("authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_url)
            .append_pair("response_type", "code")
            .append_pair("provider", "authkit")
            .append_pair("state", &flow.state)
            .append_pair("code_challenge", &flow.challenge())
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(further);
        url.into()
    }

    /// Where a person's session at the issuer ends, with the URL to go on to.
    pub(crate) fn logout_url(&self, sid: &str, return_to: &str) -> String {
        let mut url = self.url("sessions/logout");
        url.query_pairs_mut().append_pair("session_id", sid).append_pair("return_to", return_to);
        url.into()
    }

    /// Exchanges a code for tokens (RFC 6749 §4.1.3).
    pub(crate) async fn exchange(&self, code: &str, flow: &Flow) -> Result<Tokens, AuthKitError> {
        self.authenticate(json!({
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": flow.verifier,
        }))
        .await
    }

    /// Exchanges a refresh token, which works once, for new tokens (RFC 6749 §6); in another
    /// organization if one is given.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &Secret,
        organization: Option<&str>,
    ) -> Result<Tokens, AuthKitError> {
        let mut body = json!({
            "grant_type": "refresh_token",
            "refresh_token": refresh_token.expose(),
        });
        if let Some(organization) = organization {
            body["organization_id"] = organization.into();
        }
        self.authenticate(body).await
    }

    async fn authenticate(&self, mut body: Value) -> Result<Tokens, AuthKitError> {
        body["client_id"] = (*self.client_id).into();
        body["client_secret"] = self.api_key.expose().into();
        let request = HttpRequest::post(self.url("authenticate").as_str())
            .header("accept", "application/json")
            .body("application/json", body.to_string())
            .reading_error_bodies();
        let unavailable = AuthKitError::Unavailable;
        let answer =
            self.http.send(request).await.map_err(|error| unavailable(error.to_string()))?;
        match answer.status() {
            200..300 => {
                let answer: Answer = serde_json::from_slice(answer.body())
                    .map_err(|_| unavailable("the answer has no tokens".to_owned()))?;
                let (access, refresh) = (answer.access_token, answer.refresh_token);
                Ok(Tokens { access: Secret::new(&*access), refresh: Secret::new(&*refresh) })
            }
            429 => Err(unavailable("WorkOS asks to send fewer requests (429)".to_owned())),
            status @ 400..500 => Err(match code_of(answer.body()) {
                Some("invalid_client" | "unauthorized_client") => AuthKitError::KeyRefused,
                None if status == 401 => AuthKitError::KeyRefused,
                Some(code) => AuthKitError::Refused(code.to_owned()),
                // Of a gateway or firewall: it says nothing about the code or refresh token.
                None => unavailable(format!("WorkOS answered {status} without a code")),
            }),
            status => Err(unavailable(format!("WorkOS answered {status}"))),
        }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.api_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("user_management").extend(path.split('/'));
        }
        url
    }
}

/// The code of an error, in the form of OAuth (RFC 6749 §5.2) or of WorkOS's API. The description
/// beside it is not for people here.
fn code_of(body: &[u8]) -> Option<&str> {
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow)]
        code: Option<&'b str>,
        #[serde(borrow)]
        error: Option<&'b str>,
    }
    let body: Body<'_> = serde_json::from_slice(body).ok()?;
    body.code.or(body.error)
}

impl fmt::Display for AuthKitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => {
                let code: String = code.chars().take(60).collect();
                write!(f, "WorkOS refuses ({})", code.escape_default())
            }
            Self::KeyRefused => f.write_str(
                "WorkOS does not accept WORKOS_CLIENT_ID with WORKOS_API_KEY: are both of the same \
                 environment?",
            ),
            Self::Unavailable(why) => f.write_str(why),
        }
    }
}

/// Shows no key.
impl fmt::Debug for AuthKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthKit")
            .field("api_url", &self.api_url.as_str())
            .field("client_id", &self.client_id)
            .field("redirect_url", &self.redirect_url)
            .finish_non_exhaustive()
    }
}
