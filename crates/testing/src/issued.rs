//! Issuing a token, and reading back what this authority has issued.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::error::ErrorStack;
use serde_json::{Map, Value};

use crate::state::State;
use crate::token::TokenBuilder;

/// The access token of these claims: a JWT, or opaque where the test asked for that.
pub(crate) fn access_token(state: &State, token: TokenBuilder) -> Result<String, ErrorStack> {
    match state.settings.opaque_tokens {
        true => Ok(state.opaque.issue(token.claims().clone())),
        false => token.try_sign(),
    }
}

/// The claims of `token`, if it is good: an opaque token that is known, or a JWT that a published
/// key signed; it names this authority, and it is neither expired nor revoked.
pub(crate) fn claims(state: &State, token: &str) -> Option<Map<String, Value>> {
    let claims = state.opaque.claims(token).or_else(|| signed_claims(state, token))?;
    // An opaque token of a test may be one that does not expire, or that names no issuer.
    let expires = claims.get("exp").map_or(Some(i64::MAX), Value::as_i64)?;
    let revoked =
        claims.get("jti").and_then(Value::as_str).is_some_and(|jti| state.grants.is_revoked(jti));
    (!revoked && expires > state.clock.unix_seconds()).then_some(claims)
}

fn signed_claims(state: &State, token: &str) -> Option<Map<String, Value>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    let key = state.keys.with_id(header["kid"].as_str()?)?;
    if header["alg"] != key.algorithm().name()
        || !key.verifies(signed.as_bytes(), &decode(signature)?)
    {
        return None;
    }
    let claims: Map<String, Value> = serde_json::from_slice(&decode(payload)?).ok()?;
    let is_ours = claims.get("iss")?.as_str()? == state.issuer && claims.contains_key("exp");
    is_ours.then_some(claims)
}

/// The `jti` of a token, unverified.
pub(crate) fn jti(state: &State, token: &str) -> Option<String> {
    if let Some(claims) = state.opaque.claims(token) {
        return claims.get("jti")?.as_str().map(str::to_owned);
    }
    let payload = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&decode(payload)?).ok()?;
    claims["jti"].as_str().map(str::to_owned)
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
