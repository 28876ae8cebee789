//! R17: what a token's header may contain, and what is ignored or rejected.

use hostile::{
    Class,
    Expected::{BadToken, Passed},
    forge::{ForgedKey, KeyType},
};
use serde_json::json;

use crate::malformed::World;

#[test]
fn r17_header_members_of_wrong_type_and_crit_are_rejected() {
    let world = World::new();
    let mut class = Class::new("headers");
    let stranger = ForgedKey::new(KeyType::Rsa(2048));
    let own = world.authority.keys().current().public_jwk().clone();
    for (name, value, expected) in [
        ("alg", json!(null), BadToken),
        ("alg", json!(256), BadToken),
        ("alg", json!(["RS256"]), BadToken),
        ("alg", json!({"alg": "RS256"}), BadToken),
        ("alg", json!(""), BadToken),
        ("alg", json!("rs256"), BadToken),
        ("alg", json!("RS256 "), BadToken),
        ("alg", json!("RS256\0"), BadToken),
        ("alg", json!("none"), BadToken),
        ("alg", json!("NonE"), BadToken),
        ("alg", json!("RS256,none"), BadToken),
        ("alg", json!("RSA-OAEP"), BadToken),
        ("alg", json!("dir"), BadToken),
        ("crit", json!(null), BadToken),
        ("crit", json!([]), BadToken),
        ("crit", json!(["alg"]), BadToken),
        ("crit", json!(["exp"]), BadToken),
        ("crit", json!(["b64"]), BadToken),
        ("crit", json!("b64"), BadToken),
        ("b64", json!(false), BadToken),
        ("b64", json!(null), BadToken),
        ("b64", json!("false"), BadToken),
        ("b64", json!(0), BadToken),
        ("b64", json!(true), Passed),
        // Keys in a token's header are ignored, even correct ones.
        ("jwk", stranger.jwk.clone(), Passed),
        ("jwk", own, Passed),
        ("jwk", json!(null), Passed),
        ("jku", json!("https://evil.example/jwks"), Passed),
        ("jku", json!(7), Passed),
        ("x5u", json!("https://evil.example/x5u"), Passed),
        ("x5c", json!(["MIIB"]), Passed),
        ("x5t", json!("AAAA"), Passed),
        ("x5t#S256", json!("AAAA"), Passed),
        ("cty", json!("JWT"), Passed),
        ("zip", json!("DEF"), Passed),
        ("enc", json!("A256GCM"), Passed),
        ("iss", json!("https://evil.example"), Passed),
    ] {
        let case = format!("{name}: {value:.60}");
        world.ask(&mut class, &case, &world.token().header(name, value).sign(), expected);
    }
    world.ask(&mut class, "no alg", &world.token().without_header("alg").sign(), BadToken);

    // The same with a key in the header that signs the token.
    for (what, member, value) in [
        ("jwk", "jwk", stranger.jwk.clone()),
        ("jku", "jku", json!("https://evil.example/jwks")),
        ("x5u", "x5u", json!("https://evil.example/x5u")),
        ("x5c", "x5c", json!(["MIIB"])),
    ] {
        let header = json!({"alg": "RS256", "kid": world.authority.keys().current().id(),
            member: value})
        .to_string();
        let payload = format!("{}}}", world.claims());
        let token = stranger.token("RS256", header.as_bytes(), payload.as_bytes());
        world.ask(&mut class, &format!("signed by its own {what}"), &token, BadToken);
    }
    class.done();
}
