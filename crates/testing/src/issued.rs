//! Reading back a token that this authority signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::state::State;

/// The claims of `token`, if a published key signed it, it names this authority, and it is
/// neither expired nor revoked.
pub(crate) fn claims(state: &State, token: &str) -> Option<Map<String, Value>> {
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
    let expires = claims.get("exp")?.as_i64()?;
    let ours = claims.get("iss")?.as_str()? == state.issuer;
    let revoked =
        claims.get("jti").and_then(Value::as_str).is_some_and(|jti| state.grants.is_revoked(jti));
    (ours && !revoked && expires > state.clock.unix_seconds()).then_some(claims)
}

/// The `jti` of a token, unverified.
pub(crate) fn jti(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&decode(payload)?).ok()?;
    claims["jti"].as_str().map(str::to_owned)
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
