//! Tokens made by libraries that share no line with this project: joserfc and PyJWT (Python) and
//! jose (Node). Their valid tokens are accepted, their invalid ones are rejected (R17 to R24).
//!
//! `cargo test` reads the tokens in tests/foreign/tokens. `tests/foreign/run` makes new ones with
//! the installed libraries, and these are read instead (`HOSTILE_FOREIGN`). The clock is fixed at
//! the time that the file names.

use std::{
    fs,
    path::{Path, PathBuf},
};

use actix_mcp_auth::{
    operation::UnixTime,
    testing::{Algorithm, Key, TestAuthority},
};
use hostile::{Class, Gate, RESOURCE};
use serde_json::{Value, json};

const LIBRARIES: [&str; 3] = ["joserfc", "pyjwt", "jose"];

#[test]
fn r17_r18_r19_r20_r21_tokens_of_other_libraries() {
    for library in LIBRARIES {
        let file = folder().join(format!("{library}.json"));
        let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let now = UnixTime::from_secs(file["now"].as_u64().unwrap());
        let gate = Gate::new(&text(&file["issuer"]), &file["jwks"].to_string(), now).unwrap();

        let mut class = Class::new("foreign tokens").with(&text(&file["library"]));
        let cases = file["cases"].as_array().unwrap();
        assert!(cases.iter().filter(|case| case["expect"] == "accept").count() >= 120);
        assert!(cases.iter().filter(|case| case["expect"] == "refuse").count() >= 80);
        for case in cases {
            let outcome = gate.ask_and_listen(case["token"].as_str().unwrap());
            let name = format!("{} ({})", text(&case["name"]), text(&case["why"]));
            match (case["expect"] == "accept", outcome) {
                (true, Err(rejection)) => class.case(name, Err(rejection.to_string())),
                (false, Ok(())) => class.case(name, Err("accepted".into())),
                _ => class.case(name, Ok(())),
            }
        }
        class.done();
    }
}

/// The reverse: `tests/foreign/run` lets the libraries check these tokens.
#[test]
fn r17_writes_tokens_that_other_libraries_check() {
    let authority = TestAuthority::start().unwrap();
    let mut tokens = Vec::new();
    for &algorithm in Algorithm::ALL {
        let key = Key::stranger(algorithm);
        let token = authority.token().subject("user_ada").audience(RESOURCE).signed_by(&key).sign();
        let jwks = json!({"keys": [key.public_jwk()]}).to_string();
        let now = authority.now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let gate = Gate::new(authority.issuer(), &jwks, UnixTime::since_epoch(now)).unwrap();
        assert_eq!(gate.ask(&token), Ok(()), "{algorithm:?}");
        tokens.push(json!({"alg": algorithm.name(), "jwk": key.public_jwk(), "token": token}));
    }
    if std::env::var_os("HOSTILE_FOREIGN").is_some() {
        let ours = json!({"issuer": authority.issuer(), "audience": RESOURCE, "tokens": tokens});
        fs::write(folder().join("ours.json"), ours.to_string()).unwrap();
    }
}

/// Where the tokens are.
fn folder() -> PathBuf {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../foreign/tokens");
    std::env::var_os("HOSTILE_FOREIGN").map_or(committed, PathBuf::from)
}
