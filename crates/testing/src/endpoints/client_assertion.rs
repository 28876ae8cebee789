//! `private_key_jwt`: a client authenticates by an assertion that it signs (RFC 7523 §2.2, §3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::lock::lock;
use crate::parameters::Parameters;
use crate::state::State;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest lifetime of an assertion, in seconds.
const LONGEST: i64 = 300;

/// The most assertions that are remembered, so that none is used twice.
const MOST_ASSERTIONS: usize = 10_000;

/// Checks the assertion of a client with a key.
pub(super) fn check(state: &State, client: &Client, form: &Parameters) -> Result<(), &'static str> {
    if form.get("client_assertion_type") != Some(TYPE) {
        return Err("client_assertion_type is not that of a JWT.");
    }
    let assertion = form.get("client_assertion").ok_or("client_assertion is missing.")?;
    let key = client.key.as_ref().ok_or("The client has no key.")?;
    let (signed, signature) = assertion.rsplit_once('.').ok_or("The assertion is not a JWT.")?;
    let (header, payload) = signed.split_once('.').ok_or("The assertion is not a JWT.")?;
    let header = object(header).ok_or("The assertion's header is not JSON.")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "The signature is no base64.")?;
    let is_by_key = header.get("alg").and_then(Value::as_str) == Some(key.algorithm().name())
        && key.verifies(signed.as_bytes(), &signature);
    if !is_by_key {
        return Err("The assertion is not signed by the client's key.");
    }
    let claims = object(payload).ok_or("The assertion's payload is not JSON.")?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(&client.id) || text("sub") != Some(&client.id) {
        return Err("iss and sub of the assertion must be the client id.");
    }
    // The identifier alone, as a string: an assertion for several servers could be replayed.
    if text("aud") != Some(&state.issuer) {
        return Err("aud of the assertion must be the issuer.");
    }
    let now = state.clock.unix_seconds();
    let expires = claims.get("exp").and_then(Value::as_i64).ok_or("exp is missing.")?;
    if expires <= now || expires > now.saturating_add(LONGEST) {
        return Err("The assertion has expired, or is good for too long.");
    }
    let jti = text("jti").ok_or("jti is missing.")?;
    let mut used = lock(&state.used_assertions);
    if used.len() >= MOST_ASSERTIONS {
        used.clear();
    }
    match used.insert(format!("{} {jti}", client.id)) {
        true => Ok(()),
        false => Err("The assertion was used before."),
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
