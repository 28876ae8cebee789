//! Client authentication at the token and introspection endpoints (OAuth 2.1 §2.4).

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::memcmp;

use super::{client_assertion, document};
use crate::client::{Authentication, Client};
use crate::oauth_error::OAuthError;
use crate::parameters::Parameters;
use crate::state::State;

/// The client, authenticated by its secret or key if it has one.
pub(super) fn authenticate(
    state: &State,
    request: &HttpRequest,
    form: &Parameters,
) -> Result<Client, OAuthError> {
    let (id, secret, used) = credentials(request, form)?;
    let client = match state.clients.find(&id) {
        Some(client) => client,
        // The document was checked when the code was requested; nothing here depends on its
        // content.
        None if matches!(document::parse_id(&id), Some(Ok(_))) => Client::public(id),
        None => return Err(OAuthError::invalid_client("The client is not known.")),
    };
    let allowed = match client.authentication {
        // The secret of a client that has none is ignored.
        Authentication::None => return Ok(client),
        Authentication::BasicOrPost => used != Authentication::None,
        required => used == required,
    };
    if !allowed {
        return Err(OAuthError::invalid_client(
            "The client did not authenticate as it is registered to.",
        ));
    }
    if client.authentication == Authentication::PrivateKeyJwt {
        return match client_assertion::check(state, &client, form) {
            Ok(()) => Ok(client),
            Err(why) => Err(OAuthError::invalid_client(why)),
        };
    }
    match (&client.secret, secret) {
        (Some(known), Some(sent)) if equal(known, &sent) => Ok(client),
        _ => Err(OAuthError::invalid_client("The client secret is wrong.")),
    }
}

fn credentials(
    request: &HttpRequest,
    form: &Parameters,
) -> Result<(String, Option<String>, Authentication), OAuthError> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let (id, secret) =
            value.to_str().ok().and_then(basic).ok_or_else(|| {
                OAuthError::invalid_client("The Authorization header is not Basic.")
            })?;
        if form.get("client_secret").is_some() {
            return Err(OAuthError::invalid_request(
                "The client authenticates in two ways at once.",
            ));
        }
        if form.get("client_id").is_some_and(|other| other != id) {
            return Err(OAuthError::invalid_request("Two client ids differ."));
        }
        return Ok((id, Some(secret), Authentication::Basic));
    }
    let id = form
        .owned("client_id")
        .ok_or_else(|| OAuthError::invalid_client("The request names no client."))?;
    match form.owned("client_secret") {
        Some(secret) => Ok((id, Some(secret), Authentication::Post)),
        None if form.get("client_assertion").is_some() => {
            Ok((id, None, Authentication::PrivateKeyJwt))
        }
        None => Ok((id, None, Authentication::None)),
    }
}

/// Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    // A single value without `=` is parsed as a name.
    url::form_urlencoded::parse(text.replace('=', "%3D").replace('&', "%26").as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

pub(super) fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && memcmp::eq(a.as_bytes(), b.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_decoded() {
        let header = format!("basic {}", STANDARD.encode("a%3Ab:s+%26=c"));
        assert_eq!(basic(&header), Some(("a:b".into(), "s &=c".into())));
        assert_eq!(basic("Bearer abc"), None);
        assert_eq!(basic("Basic !!!"), None);
    }
}
