//! Which keys a token is checked with (R24 to R26).

use actix_mcp_auth::{
    Issuer,
    testing::{Algorithm, Endpoint, Fault, Key, TestAuthority},
};
use actix_web::web;
use hostile::{
    Class,
    Expected::{BadToken, Passed, UnknownKey},
    RESOURCE, Server, builder_for,
    forge::{ForgedKey, KeyType, encode},
    server::{builder, wait_until_ready},
};
use serde_json::{Value, json};

const OTHER_RESOURCE: &str = "http://127.0.0.1:8787/other";

/// Serves this key set from now on.
fn publish(authority: &TestAuthority, keys: &[Value]) {
    let body = json!({ "keys": keys }).to_string().into_bytes();
    let set = Fault::Custom { status: 200, content_type: "application/json".into(), body };
    authority.inject(Endpoint::Jwks, set);
}

/// Two issuers whose keys have the same name, and two resources in one application: `/mcp` trusts
/// both, `/other` only the second.
#[test]
fn r26_equal_kids_and_swapped_keys_or_resources_are_rejected() {
    let (first, second) = (TestAuthority::start().unwrap(), TestAuthority::start().unwrap());
    for authority in [&first, &second] {
        let mut jwk = authority.keys().current().public_jwk().clone();
        jwk["kid"] = "the-same".into();
        publish(authority, &[jwk]);
    }
    let issuer = Issuer::authkit(second.issuer()).unwrap();
    let both = builder_for(RESOURCE).authkit(first.issuer()).issuer(issuer.clone());
    let both = both.build().unwrap();
    let only_second = builder_for(OTHER_RESOURCE).issuer(issuer).build().unwrap();
    wait_until_ready(&both);
    wait_until_ready(&only_second);
    let server = Server::start(move |config| {
        for (path, auth) in [("/mcp", &both), ("/other", &only_second)] {
            let ok = web::post().to(async || "ok");
            config.service(web::resource(path).wrap(auth.middleware()).route(ok));
        }
    });

    let mut class = Class::new("issuers and resources");
    let authorities = [(&first, "first"), (&second, "second")];
    // Twice: what was cached in the first round must not change the second.
    for _ in 0..2 {
        for (signer, signer_name) in authorities {
            for (named, named_name) in authorities {
                for audience in [RESOURCE, OTHER_RESOURCE] {
                    for (path, resource) in [("/mcp", RESOURCE), ("/other", OTHER_RESOURCE)] {
                        let token = signer.token().subject("user_ada").audience(audience);
                        let token = token.issuer(named.issuer()).kid("the-same").sign();
                        let request = format!(
                            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
                             Content-Length: 0\r\n\r\n"
                        );
                        let answer = server.wire().send(request.as_bytes());
                        let trusted = resource == RESOURCE || named_name == "second";
                        let good = signer_name == named_name && audience == resource && trusted;
                        let case = format!(
                            "signed by the {signer_name}, iss of the {named_name}, for {audience}, at {path}"
                        );
                        class.same(case, answer.status, if good { 200 } else { 401 });
                    }
                }
            }
        }
    }
    for iss in [
        json!([first.issuer(), second.issuer()]),
        json!(format!("{} {}", first.issuer(), second.issuer())),
        json!(format!("{},{}", first.issuer(), second.issuer())),
    ] {
        let token = first.token().subject("user_ada").audience(RESOURCE).claim("iss", iss.clone());
        let token = token.kid("the-same").sign();
        let answer = server.wire().call(format!("Bearer {token}").as_bytes());
        class.answer(format!("iss: {iss}"), &answer, BadToken);
    }
    class.done();
}

/// Other members of a key set, from careless to malicious.
fn junk() -> Vec<(&'static str, Value)> {
    let rsa = ForgedKey::new(KeyType::Rsa(2048)).jwk;
    let ec = ForgedKey::new(KeyType::P256).jwk;
    let ed = ForgedKey::new(KeyType::Ed25519).jwk;
    let with = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    let without = |jwk: &Value, name: &str| {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().unwrap().remove(name);
        jwk
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut deep = json!(1);
    for _ in 0..50 {
        deep = json!({ "a": [deep] });
    }
    vec![
        ("null", json!(null)),
        ("a number", json!(7)),
        ("a string", json!("key")),
        ("an array", json!([rsa.clone()])),
        ("nothing", json!({})),
        ("a deep value", deep),
        ("no kty", without(&rsa, "kty")),
        ("kty in lower case", with(&rsa, "kty", json!("rsa"))),
        ("kty unknown", with(&rsa, "kty", json!("AKP"))),
        ("kty is a number", with(&rsa, "kty", json!(7))),
        ("no n", without(&rsa, "n")),
        ("no e", without(&rsa, "e")),
        ("an empty n", with(&rsa, "n", json!(""))),
        ("n is a number", with(&rsa, "n", json!(65_537))),
        ("n in base64", with(&rsa, "n", json!("+/=="))),
        ("n padded in the middle", with(&rsa, "n", json!(text(&rsa["n"]) + "=AQAB"))),
        ("e = 1", with(&rsa, "e", json!("AQ"))),
        ("e = 0", with(&rsa, "e", json!("AA"))),
        ("e even", with(&rsa, "e", json!("BA"))),
        ("e enormous", with(&rsa, "e", rsa["n"].clone())),
        ("n of 16384 bits", with(&rsa, "n", json!(encode(&[0xff; 2048])))),
        ("n of 1024 bits", ForgedKey::new(KeyType::Rsa(1024)).jwk),
        ("d", with(&rsa, "d", json!("AQAB"))),
        ("d is null in a private key's place", with(&rsa, "p", json!("AQAB"))),
        ("oct", ForgedKey::new(KeyType::Oct).jwk),
        ("oct that poses as RSA", with(&rsa, "k", json!("c2VjcmV0"))),
        ("no crv", without(&ec, "crv")),
        ("crv unknown", with(&ec, "crv", json!("P-257"))),
        ("crv of another length", with(&ec, "crv", json!("P-384"))),
        ("secp256k1", ForgedKey::new(KeyType::Secp256k1).jwk),
        ("x is zero", with(&ec, "x", json!(encode(&[0; 32])))),
        ("the point (0, 0)", {
            with(&with(&ec, "x", json!(encode(&[0; 32]))), "y", json!(encode(&[0; 32])))
        }),
        ("a point off the curve", with(&ec, "y", ec["x"].clone())),
        ("a coordinate with a zero before it", {
            with(&ec, "x", json!(format!("AA{}", text(&ec["x"]))))
        }),
        ("a coordinate above the prime", with(&ec, "x", json!(encode(&[0xff; 32])))),
        ("no y", without(&ec, "y")),
        ("X25519", ForgedKey::new(KeyType::X25519).jwk),
        ("Ed448", with(&ed, "crv", json!("Ed448"))),
        ("Ed25519 of 31 bytes", with(&ed, "x", json!(encode(&[1; 31])))),
        (
            "Ed25519, the identity",
            with(
                &ed,
                "x",
                json!(encode(&{
                    let mut identity = [0; 32];
                    identity[0] = 1;
                    identity
                })),
            ),
        ),
        ("for encryption", with(&rsa, "use", json!("enc"))),
        ("use is an array", with(&rsa, "use", json!(["sig"]))),
        ("use in capitals", with(&rsa, "use", json!("SIG"))),
        ("key_ops is a string", with(&rsa, "key_ops", json!("verify"))),
        ("key_ops for signing", with(&rsa, "key_ops", json!(["sign"]))),
        ("alg none", with(&rsa, "alg", json!("none"))),
        ("alg HS256", with(&rsa, "alg", json!("HS256"))),
        ("alg of another kind", with(&rsa, "alg", json!("ES256"))),
        ("alg for encryption", with(&rsa, "alg", json!("RSA-OAEP"))),
        ("alg is a number", with(&rsa, "alg", json!(256))),
        ("kid is a number", with(&rsa, "kid", json!(7))),
        ("kid is an array", with(&rsa, "kid", json!(["k"]))),
    ]
}

#[test]
fn r25_whatever_else_is_in_a_key_set_the_good_key_works() {
    let authority = TestAuthority::start().unwrap();
    let key = authority.keys().current();
    // Beside the valid key, and under its `kid`.
    let mut keys = vec![key.public_jwk().clone()];
    for (_, junk) in junk() {
        let mut named = junk.clone();
        if named.get("kid").is_none_or(Value::is_string) && named.is_object() {
            named["kid"] = key.id().into();
        }
        keys.insert(0, junk);
        keys.push(named);
    }
    publish(&authority, &keys);
    let server = Server::when_ready(&builder(&authority).build().unwrap());
    let mut class = Class::new("junk in the key set");
    let good = authority.person_token("user_ada", RESOURCE);
    let answer = server.wire().call(format!("Bearer {good}").as_bytes());
    class.answer("all of it at once, over HTTP", &answer, Passed);
    let forged = authority.token().subject("user_ada").audience(RESOURCE).signed_by_stranger();
    let answer = server.wire().call(format!("Bearer {}", forged.sign()).as_bytes());
    class.answer("a stranger's signature, over HTTP", &answer, BadToken);

    use mcp_auth_core::{CompactJws, KeySet};
    for (name, backend) in hostile::gate::backends() {
        for (what, junk) in junk() {
            for keys in [json!([junk, key.public_jwk()]), json!([key.public_jwk(), junk])] {
                let json = json!({ "keys": keys }).to_string();
                let all = actix_mcp_auth::keys::Algorithm::ALL;
                let outcome = KeySet::parse(json.as_bytes(), all, &*backend)
                    .map_err(|error| error.to_string())
                    .and_then(|set| {
                        let jws = CompactJws::parse(&good).unwrap();
                        set.verify(&jws).map_err(|error| format!("{error:?}"))?;
                        let used = set.len();
                        if used == 1 { Ok(()) } else { Err(format!("{used} keys are used")) }
                    });
                class.case(format!("{what} ({name})"), outcome);
            }
        }
    }
    class.done();
}

#[test]
fn r24_a_kid_is_a_name_to_compare_and_nothing_else() {
    let authority = TestAuthority::start().unwrap();
    let key = authority.keys().current();
    let server = Server::when_ready(&builder(&authority).build().unwrap());
    let mut class = Class::new("kids");
    let mut wire = server.wire();
    let long = "k".repeat(8_000);
    for kid in [
        "",
        " ",
        "..",
        "../../../../etc/passwd",
        "' OR '1'='1",
        "\"",
        "\\",
        "\r\nX-Evil: 1",
        "\0",
        "${jndi:ldap://evil.example}",
        "http://evil.example/jwks",
        "<script>",
        "%s%n",
        "\u{202e}",
        "\u{1F511}",
        &long,
        &key.id()[1..],
        &format!("{} ", key.id()),
        &key.id().to_uppercase(),
    ] {
        let token = authority.token().subject("user_ada").audience(RESOURCE).kid(kid).sign();
        let answer = wire.call(format!("Bearer {token}").as_bytes());
        class.answer(format!("kid {:.40?}", kid), &answer, UnknownKey);
    }
    for kid in [json!(null), json!(7), json!(true), json!([key.id()]), json!({"kid": key.id()})] {
        let token = authority.token().subject("user_ada").audience(RESOURCE);
        let answer =
            wire.call(format!("Bearer {}", token.header("kid", kid.clone()).sign()).as_bytes());
        class.answer(format!("kid {kid}"), &answer, BadToken);
    }
    let fetches = authority.requests("/oauth2/jwks");
    class.case("few fetches", (fetches < 12).then_some(()).ok_or(format!("{fetches} fetches")));
    class.done();
}

#[test]
fn r24_a_token_without_kid_is_tried_with_at_most_four_keys() {
    let mut class = Class::new("no kid");
    for count in 1..=6 {
        let authority = TestAuthority::start().unwrap();
        let keys: Vec<Key> = (0..count).map(|_| Key::stranger(Algorithm::Es256)).collect();
        // Keys of other algorithms do not count.
        let others = [Algorithm::Es384, Algorithm::EdDsa, Algorithm::Es512].map(Key::stranger);
        let published: Vec<Value> =
            keys.iter().chain(&others).map(|key| key.public_jwk().clone()).collect();
        publish(&authority, &published);
        let server = Server::when_ready(&builder(&authority).build().unwrap());
        let mut wire = server.wire();
        for (n, key) in keys.iter().enumerate() {
            let token = authority.token().subject("user_ada").audience(RESOURCE).signed_by(key);
            let answer =
                wire.call(format!("Bearer {}", token.without_header("kid").sign()).as_bytes());
            let expected = if count <= 4 { Passed } else { BadToken };
            class.answer(format!("key {n} of {count}"), &answer, expected);
        }
        let stranger = Key::stranger(Algorithm::Es256);
        let token = authority.token().subject("user_ada").audience(RESOURCE).signed_by(&stranger);
        let answer = wire.call(format!("Bearer {}", token.without_header("kid").sign()).as_bytes());
        class.answer(format!("none of {count}"), &answer, BadToken);
    }
    class.done();
}
