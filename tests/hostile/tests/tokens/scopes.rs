//! R22: where scopes come from, over HTTP.

use actix_mcp_auth::testing::TestAuthority;
use hostile::{
    Class,
    Expected::{BadToken, MissingScope, Passed},
    RESOURCE, Server,
    server::builder_with_scopes,
};
use serde_json::{Value, json};

#[test]
fn r15_r22_scopes_come_from_scope_or_scp_and_never_from_both() {
    let authority = TestAuthority::start().unwrap();
    let required = ["openid", "bookmarks:write"];
    let auth = builder_with_scopes(&authority, &required).build().unwrap();
    let server = Server::when_ready(&auth);
    let both = "openid bookmarks:write";
    let mut class = Class::new("scopes");
    let mut wire = server.wire();
    let mut ask = |claims: &[(&str, Value)], expected| {
        let token = authority.token().subject("user_ada").audience(RESOURCE).without("scope");
        let token = claims.iter().fold(token, |t, (name, value)| t.claim(*name, value.clone()));
        let answer = wire.call(format!("Bearer {}", token.sign()).as_bytes());
        if expected == MissingScope {
            let named = answer.challenge().and_then(|c| c.get("scope").map(str::to_owned));
            class.same("all that is needed is named", named.as_deref(), Some(both));
        }
        class.answer(format!("{claims:?}"), &answer, expected);
    };
    for name in ["scope", "scp"] {
        for (value, expected) in [
            (json!(both), Passed),
            (json!("bookmarks:write openid"), Passed),
            (json!("openid  bookmarks:write"), Passed),
            (json!(" openid bookmarks:write "), Passed),
            (json!("openid bookmarks:write openid other"), Passed),
            (json!(["openid", "bookmarks:write"]), Passed),
            (json!(["other", "bookmarks:write", "openid"]), Passed),
            (json!(""), MissingScope),
            (json!(" "), MissingScope),
            (json!([]), MissingScope),
            (json!([""]), MissingScope),
            (json!(null), MissingScope),
            (json!("openid"), MissingScope),
            (json!("*"), MissingScope),
            (json!("openid bookmarks:*"), MissingScope),
            (json!("openid bookmarks"), MissingScope),
            (json!("openid bookmarks:writer"), MissingScope),
            (json!("openid xbookmarks:write"), MissingScope),
            (json!("openid Bookmarks:Write"), MissingScope),
            (json!("openid,bookmarks:write"), MissingScope),
            (json!("openid\tbookmarks:write"), MissingScope),
            (json!("openid\nbookmarks:write"), MissingScope),
            (json!("openid\u{a0}bookmarks:write"), MissingScope),
            (json!("openid bookmarks:write\0"), MissingScope),
            (json!("openid \"bookmarks:write\""), MissingScope),
            (json!("openid bookmarks：write"), MissingScope),
            (json!(["openid bookmarks:write"]), MissingScope),
            (json!(["openid", "bookmarks:write "]), MissingScope),
            (json!(7), BadToken),
            (json!(true), BadToken),
            (json!({"openid": true, "bookmarks:write": true}), BadToken),
            (json!(["openid", "bookmarks:write", 7]), BadToken),
            (json!([["openid", "bookmarks:write"]]), BadToken),
        ] {
            ask(&[(name, value)], expected);
        }
    }
    for (scope, scp, expected) in [
        (json!("openid"), json!("bookmarks:write"), MissingScope),
        (json!("bookmarks:write"), json!("openid"), MissingScope),
        (json!(["openid"]), json!(["bookmarks:write"]), MissingScope),
        (json!(""), json!(both), MissingScope),
        (json!([]), json!(both), MissingScope),
        (json!("other"), json!(both), MissingScope),
        (json!(both), json!(""), Passed),
        (json!(both), json!("other"), Passed),
        // Some issuers write null for an absent claim.
        (json!(null), json!(both), Passed),
        (json!(both), json!(7), BadToken),
    ] {
        ask(&[("scope", scope.clone()), ("scp", scp.clone())], expected);
        ask(&[("scp", scp), ("scope", scope)], expected);
    }
    for other in ["scopes", "permissions", "roles", "Scope", "SCP", "authorities", "scope "] {
        ask(&[(other, json!(both))], MissingScope);
    }
    ask(&[], MissingScope);
    class.done();
}
