//! `/user_management/authenticate`: codes and refresh tokens become the tokens of a session.

use std::sync::atomic::Ordering;

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use openssl::error::ErrorStack;
use serde_json::{Value, json};

use super::error::ApiError;
use super::{object, users};
use crate::endpoints::client_authentication::equal;
use crate::endpoints::form;
use crate::endpoints::token::check_verifier;
use crate::grants::Unusable;
use crate::oauth_error::OAuthError;
use crate::parameters::Parameters;
use crate::person::Person;
use crate::session_tokens::{self, SessionTokens, membership};
use crate::state::State;
use crate::workos::impersonator;

/// Why there are no tokens.
enum Refusal {
    Unusable(Unusable),
    /// The form of an OAuth error, which WorkOS uses for codes and refresh tokens.
    OAuth(OAuthError),
    Api(ApiError),
}

pub(super) async fn authenticate(
    state: Data<State>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Error> {
    let fields = match request.content_type() {
        "application/x-www-form-urlencoded" => form(&request, &body)?,
        _ => Parameters::of_json(object(&body)?),
    };
    check_client(&state, &fields)?;
    if state.workos.takes_limited_call() {
        return Err(ApiError::too_many_requests().into());
    }
    let exchanges = &state.workos.exchanges;
    let tokens = match fields.get("grant_type") {
        Some("authorization_code") => {
            exchanges.codes.fetch_add(1, Ordering::SeqCst);
            by_code(&state, &fields)
        }
        Some("refresh_token") => {
            exchanges.refreshes.fetch_add(1, Ordering::SeqCst);
            by_refresh_token(&state, &fields)
        }
        None => Err(missing("grant_type")),
        Some(_) => Err(Refusal::OAuth(OAuthError::new(
            "unsupported_grant_type",
            "The grant types are authorization_code and refresh_token.",
        ))),
    };
    let tokens = tokens.map_err(|why| refuse(&state, why))?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.json(answer(&state, tokens)))
}

/// The secret is the API key.
fn check_client(state: &State, fields: &Parameters) -> Result<(), OAuthError> {
    if fields.get("client_id") != Some(&state.settings.client_id) {
        return Err(OAuthError::invalid_client("Invalid client ID."));
    }
    let secrets = fields.get("client_secret").zip(state.workos.api_key.as_deref());
    match secrets {
        Some((sent, key)) if equal(sent, key) => Ok(()),
        _ => Err(OAuthError::invalid_client("Invalid client secret.")),
    }
}

fn by_code(state: &State, fields: &Parameters) -> Result<SessionTokens, Refusal> {
    let code = fields.get("code").ok_or_else(|| missing("code"))?;
    let grant = state.workos.sign_ins.redeem_code::<Refusal>(
        code,
        &state.settings.client_id,
        state.clock.unix_seconds(),
        |code| Ok(check_verifier(code, fields)?),
    )?;
    Ok(session_tokens::begin(state, grant)?)
}

fn by_refresh_token(state: &State, fields: &Parameters) -> Result<SessionTokens, Refusal> {
    let token = fields.get("refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let organization = fields.get("organization_id");
    let grant = state.workos.sign_ins.redeem_refresh::<Refusal>(
        token,
        &state.settings.client_id,
        state.clock.unix_seconds(),
        // Before the token is used up, so that the caller can refresh without the organization.
        |grant| match organization {
            Some(_) if membership(state, &grant.person, organization).is_none() => {
                Err(Refusal::Api(ApiError::not_a_member()))
            }
            _ => Ok(()),
        },
    )?;
    let tokens = session_tokens::refresh(state, grant, organization)?;
    tokens.ok_or(Refusal::Unusable(Unusable::Revoked))
}

fn answer(state: &State, tokens: SessionTokens) -> Value {
    let SessionTokens { session, organization, access_token, refresh_token } = tokens;
    // Tests can sign in somebody whom the authority does not know.
    let unknown = || Person::new(&session.person, &session.person);
    let person = state.person(&session.person).unwrap_or_else(unknown);
    let mut answer = json!({
        "user": users::user(state, &person),
        "organization_id": organization,
        "access_token": access_token,
        "refresh_token": refresh_token,
        "authentication_method": "Password",
    });
    if let Some(staff) = session.impersonator {
        answer["impersonator"] = impersonator(&staff);
        answer["authentication_method"] = json!("Impersonation");
    }
    answer
}

/// A code or refresh token that is used again ends the session.
fn refuse(state: &State, why: Refusal) -> Error {
    match why {
        Refusal::Unusable(why) => {
            if let Unusable::Reused { consent } = &why {
                state.end_session(consent);
            }
            OAuthError::from(why).into()
        }
        Refusal::OAuth(error) => error.into(),
        Refusal::Api(error) => error.into(),
    }
}

fn missing(name: &str) -> Refusal {
    OAuthError::invalid_request(format!("{name} is missing.")).into()
}

impl From<Unusable> for Refusal {
    fn from(why: Unusable) -> Self {
        Self::Unusable(why)
    }
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<ErrorStack> for Refusal {
    fn from(error: ErrorStack) -> Self {
        Self::OAuth(error.into())
    }
}
