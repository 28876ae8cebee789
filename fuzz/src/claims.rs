//! Claims with a valid signature: the payload is the fuzzer's, and is then signed.

use mcp_auth_core::Claims;
use serde_json::{Map, Value};

use crate::{
    compact_jws::values,
    duplicates::has_duplicates,
    json_mutator::{self, Random},
    world::{CLIENT, ISSUER, LEEWAY, NOW, RESOURCE, WORLD},
};

/// A token is accepted exactly if the oracle below accepts it, and then has the payload's claims.
pub fn check(payload: &[u8]) {
    let token = WORLD.token(br#"{"alg":"EdDSA","kid":"ed"}"#, payload);
    let header = format!("Bearer {token}");
    // Another target tests the limit of the length.
    if header.len() > 16 * 1024 {
        return;
    }
    let outcome = WORLD.call(&[header.as_bytes()]);
    let shown = String::from_utf8_lossy(payload);
    let Some(verdict) = judge(payload) else { return };
    match (outcome, verdict) {
        (Err(_), None) => {}
        (Ok(_), None) => panic!("accepted: {shown}"),
        (Err(error), Some(_)) => panic!("{error}: {shown}"),
        (Ok(caller), Some(good)) => {
            let principal = caller.principal();
            assert_eq!(principal.subject().id(), good.sub, "{shown}");
            assert_eq!(principal.subject().issuer(), ISSUER);
            assert_eq!(principal.client(), good.client.as_deref(), "{shown}");
            let scopes: Vec<&str> = principal.scopes().iter().collect();
            assert_eq!(scopes, good.scopes, "{shown}");
            assert!(Claims::parse(payload).is_ok());
            assert!(!format!("{caller:?}").contains(&token));
        }
    }
}

/// How long a token may be good, by default: 31 days in seconds.
const LONGEST: f64 = 31.0 * 86_400.0;

struct Good {
    sub: String,
    client: Option<String>,
    scopes: Vec<String>,
}

/// R17 to R23 and R31 over a `Value`: `Some(None)` is a rejection; `None` if rounding decides.
fn judge(payload: &[u8]) -> Option<Option<Good>> {
    let refused = Some(None);
    let Ok(text) = std::str::from_utf8(payload) else { return refused };
    let Ok(Value::Object(claims)) = serde_json::from_str::<Value>(text) else { return refused };
    if has_duplicates(text) || claims.contains_key("cnf") || !types_are_right(&claims) {
        return refused;
    }

    let text_of = |name: &str| claims.get(name).and_then(Value::as_str);
    let audiences = words(claims.get("aud").unwrap_or(&Value::Null), None);
    let has = |name: &str| claims.get(name).is_some_and(|value| !value.is_null());
    let kinds = || ["typ", "token_use"].into_iter().filter_map(&text_of);
    let of_kind = |kind: &str, names: &[&str]| names.iter().any(|n| kind.eq_ignore_ascii_case(n));
    let shown = ["client_id", "scope", "scp"].into_iter().any(has)
        || kinds().any(|kind| of_kind(kind, &["bearer", "access"]));
    let says_other = kinds().any(|kind| of_kind(kind, &["id", "refresh", "offline", "logout"]))
        || claims.contains_key("events") && !shown;
    let present = |name: &str| claims.contains_key(name);
    let token_hash = present("at_hash") || present("c_hash");
    let like_an_id_token = token_hash || present("nonce") && present("auth_time");
    // CLIENT can be a client id, which is what an ID token has in `aud`; RESOURCE is a URL.
    let names = |wanted: &str| audiences.iter().any(|audience| audience == wanted);
    let for_us = !says_other
        && (names(RESOURCE) && (shown || !like_an_id_token)
            || names(CLIENT) && shown && !token_hash);
    let sub = text_of("sub").unwrap_or_default();
    let sub_is_good = !sub.is_empty()
        && sub.chars().count() <= 255
        && !sub.chars().any(|c| c < ' ' || ('\u{7f}'..='\u{9f}').contains(&c));
    let times = times_are_right(&claims)?;
    if text_of("iss") != Some(ISSUER) || !for_us || !sub_is_good || !times {
        return refused;
    }

    let granted = ["scope", "scp"].iter().find(|name| has(name)).and_then(|name| claims.get(*name));
    let is_scope = |word: &String| {
        !word.is_empty() && word.chars().all(|c| c > ' ' && c < '\u{7f}' && c != '"' && c != '\\')
    };
    let scopes = words(granted.unwrap_or(&Value::Null), Some(' '));
    Some(Some(Good {
        sub: sub.to_owned(),
        client: text_of("client_id").or(text_of("azp")).map(str::to_owned),
        scopes: scopes.into_iter().filter(is_scope).collect(),
    }))
}

fn types_are_right(claims: &Map<String, Value>) -> bool {
    claims.iter().all(|(name, value)| match name.as_str() {
        "iss" | "sub" | "jti" => value.is_string(),
        "aud" => is_text_or_list(value),
        "exp" | "nbf" | "iat" => value.is_number(),
        "client_id" | "azp" => value.is_string() || value.is_null(),
        "scope" | "scp" => is_text_or_list(value) || value.is_null(),
        "act" => match value {
            Value::Object(actor) => {
                actor.get("sub").is_none_or(|sub| sub.is_string() || sub.is_null())
            }
            other => other.is_null(),
        },
        _ => true,
    })
}

fn is_text_or_list(value: &Value) -> bool {
    value.is_string()
        || value.as_array().is_some_and(|items| items.iter().all(|item| item.is_string()))
}

fn words(value: &Value, separator: Option<char>) -> Vec<String> {
    match (value, separator) {
        (Value::String(text), Some(separator)) => {
            text.split(separator).map(str::to_owned).collect()
        }
        (Value::String(text), None) => vec![text.clone()],
        (Value::Array(items), _) => {
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// `None` where rounding decides.
fn times_are_right(claims: &Map<String, Value>) -> Option<bool> {
    let (now, leeway) = (NOW as f64, LEEWAY as f64);
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    // How long ago each limit was passed.
    let passed = [
        Some(seconds("exp").map_or(f64::INFINITY, |exp| now - leeway - exp)),
        seconds("nbf").map(|nbf| nbf - now - leeway),
        seconds("iat").map(|iat| iat - now - leeway),
        seconds("exp").map(|exp| exp - now.min(seconds("iat").unwrap_or(now)) - LONGEST),
    ];
    let mut right = true;
    for (n, passed) in passed.into_iter().enumerate() {
        let Some(passed) = passed else { continue };
        if passed != 0.0 && passed.abs() < 1e-5 {
            return None;
        }
        // At the very moment a token has ended (§4.1.4), and has begun (§4.1.5).
        right &= if n == 0 { passed < 0.0 } else { passed <= 0.0 };
    }
    Some(right)
}

/// Changes the payload by its structure.
pub fn mutate(data: &[u8], seed: u32, bytes: &mut dyn FnMut(&mut Vec<u8>)) -> Vec<u8> {
    json_mutator::mutate(data, &values(), &mut Random::new(seed), bytes)
}
