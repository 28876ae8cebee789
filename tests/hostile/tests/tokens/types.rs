//! R21: the type that a token declares.

use hostile::{
    Class,
    Expected::{self, BadToken, Passed},
    RESOURCE,
    server::builder,
};
use serde_json::{Value, json};

use crate::claims::World;

const ACCESS_TOKEN_TYPES: [&str; 5] =
    ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT"];
const PLAIN_TYPES: [&str; 3] = ["JWT", "jwt", "Jwt"];

#[test]
fn r21_typ_is_absent_or_one_of_three_in_any_case_over_http() {
    let world = World::new();
    let strict = World::with(|authority| builder(authority).strict_token_type().build().unwrap());
    let mut class = Class::new("typ");
    let mut ask = |typ: Option<Value>, usual: Expected, in_strict_mode: Expected| {
        for (world, expected) in [(&world, usual), (&strict, in_strict_mode)] {
            let token = world.authority.token().subject("user_ada").audience(RESOURCE);
            let case = format!("typ: {typ:?}, {expected:?}");
            let token = match &typ {
                Some(typ) => token.header("typ", typ.clone()),
                None => token,
            };
            world.call(&mut class, case, &token.sign(), expected);
        }
    };
    ask(None, Passed, BadToken);
    for typ in ACCESS_TOKEN_TYPES {
        ask(Some(json!(typ)), Passed, Passed);
    }
    for typ in PLAIN_TYPES {
        ask(Some(json!(typ)), Passed, BadToken);
    }
    for typ in [
        "",
        " ",
        "JWS",
        "JOSE",
        "JWE",
        "application/jwt",
        "at+jwt ",
        " at+jwt",
        "at+jwt;v=1",
        "at + jwt",
        "at+jwt\0",
        "at-jwt",
        "atjwt",
        "at+jws",
        "x-at+jwt",
        "at+jwt+at+jwt",
        "application/application/at+jwt",
        "text/at+jwt",
        "/at+jwt",
        "ａt+jwt",
        "id+jwt",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "oauth-authz-req+jwt",
        "client-authentication+jwt",
        "none",
        "null",
    ] {
        ask(Some(json!(typ)), BadToken, BadToken);
    }
    for typ in [json!(null), json!(7), json!(true), json!(["at+jwt"]), json!({"typ": "at+jwt"})] {
        ask(Some(typ), BadToken, BadToken);
    }
    class.done();
}

/// With a client id as an accepted audience, something must show that a token is no ID token.
#[test]
fn r21_id_tokens_are_rejected_as_access_tokens() {
    let world = World::with(|authority| {
        builder(authority).audience(authority.client_id()).build().unwrap()
    });
    let client = world.authority.client_id().to_owned();
    let mut class = Class::new("ID tokens");
    let bare = || world.authority.id_token(&client).subject("user_ada").without("at_hash");
    for (what, token, expected) in [
        ("an access token", world.authority.token().subject("user_ada").audience(&client), Passed),
        ("an ID token", world.authority.id_token(&client).subject("user_ada"), BadToken),
        ("nothing that shows either", bare().without("nonce"), BadToken),
        ("typ JWT", bare().typ("JWT"), BadToken),
        ("typ at+jwt", bare().typ("at+jwt"), Passed),
        ("typ at+jwt with at_hash", bare().typ("at+jwt").claim("at_hash", "x"), BadToken),
        ("scope with at_hash", bare().scope("openid").claim("at_hash", "x"), BadToken),
        ("scope with c_hash", bare().scope("openid").claim("c_hash", "x"), BadToken),
        ("azp", bare().claim("azp", client.as_str()), BadToken),
    ] {
        world.call(&mut class, what.into(), &token.sign(), expected);
    }
    class.done();
}
