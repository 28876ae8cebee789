//! The cost of a rejection: measured in process, from the header's bytes to the reason, and over
//! one kept connection. The times are not asserted; `tests/hostile/run` prints them.

use std::time::{Duration, Instant, SystemTime};

use actix_mcp_auth::{
    operation::UnixTime,
    testing::{Algorithm, Key, TestAuthority},
};
use hostile::{Class, Expected::BadToken, Gate, RESOURCE, Server, full, server::builder};
use serde_json::json;

/// A thousand different tokens of each kind, so that nothing is cached.
#[test]
fn r11_bad_tokens_by_the_thousand_are_refused_one_by_one() {
    let authority = TestAuthority::start().unwrap();
    let key = authority.keys().current();
    let jwks = json!({"keys": [key.public_jwk()]}).to_string();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let gate = Gate::new(authority.issuer(), &jwks, UnixTime::since_epoch(now)).unwrap();
    let server = Server::when_ready(&builder(&authority).build().unwrap());
    let stranger = Key::stranger(Algorithm::Rs256);
    let count = if full() { 1_000 } else { 50 };

    let kinds: [(&str, &dyn Fn(usize) -> String); 5] = [
        ("refused: bad signature", &|n| {
            let token = authority.token().subject("user_ada").audience(RESOURCE).claim("n", n);
            token.signed_by(&stranger).kid(key.id()).sign()
        }),
        ("refused: malformed", &|n| {
            let token = authority.token().subject("user_ada").audience(RESOURCE).claim("n", n);
            let token = token.sign();
            token[..token.len() - 1 - n % 300].to_owned()
        }),
        ("refused: expired", &|n| {
            let token = authority.token().subject("user_ada").audience(RESOURCE).claim("n", n);
            token.expired_for(Duration::from_secs(3600)).sign()
        }),
        ("refused: foreign audience", &|n| {
            authority.token().subject("user_ada").audience(format!("https://other/{n}")).sign()
        }),
        ("refused: no token at all", &|n| format!("word{n}")),
    ];
    for (kind, make) in kinds {
        let tokens: Vec<String> = (0..count).map(|n| format!("Bearer {}", make(n))).collect();
        let mut class = Class::new(kind).with("in process");
        for token in &tokens {
            let start = Instant::now();
            let outcome = gate.ask_with(&[token.as_bytes()]);
            class.refused_within(start.elapsed());
            class.case("", outcome.is_err().then_some(()).ok_or("accepted".into()));
        }
        class.done();
        let mut class = Class::new(kind).with("over HTTP");
        let mut wire = server.wire();
        for token in &tokens {
            let answer = wire.call(token.as_bytes());
            class.refused_within(answer.took);
            class.answer("", &answer, BadToken);
        }
        class.done();
    }
}
