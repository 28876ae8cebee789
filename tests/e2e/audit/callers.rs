//! Who is known, and what the application adds to a record.

use std::time::Duration;

use actix_mcp_auth::{
    Found, IdentityStore, Lookup, McpAuth, Principal, StoreError, async_trait,
    stores::IdentityStoreExt,
};
use actix_web::http::Method;
use serde_json::json;

use super::{Audited, Records, call, ending};
use crate::support::{RESOURCE, Server, authority, builder};

/// Finds Ada, fails for Brian, and never answers for Grace.
struct Moody;

#[async_trait]
impl IdentityStore for Moody {
    type User = String;

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<String>, StoreError> {
        match who.id() {
            "user_ada" => Ok(Some("row 7 of ada@example.com".to_owned()).into()),
            "user_brian" => Err(StoreError::new("the database is gone")),
            "user_grace" => std::future::pending().await,
            _ => Ok(Found::Nobody),
        }
    }
}

#[actix_web::test]
async fn r40_outages_and_callers_without_a_user_are_recorded() {
    let authority = authority();
    let auth = builder(&authority).users(Moody).time_limit(Duration::from_millis(300));
    let audited = Audited::of(authority, auth.build().unwrap(), |mcp| mcp);
    // Before the keys are there, nobody is known.
    while audited.call("add").await.status != 200 {}
    audited.records().await;
    for _ in ["first", "again with a cached token"] {
        for (person, expected) in [
            ("user_nobody", "refused unknown_user http_error 403"),
            ("user_brian", "unavailable store_unavailable http_error 503"),
            ("user_grace", "unavailable time_limit http_error 503"),
        ] {
            let token = audited.authority.token().subject(person).audience(RESOURCE).sign();
            let request = audited.server.request(Method::POST, "/mcp").bearer(&token);
            request.send_body(call("add")).await;
            let record = Audited::only(audited.records().await);
            assert_eq!(ending(&record), expected, "{person}");
            assert_eq!(record["principal"]["subject"], person);
        }
    }
}

#[actix_web::test]
async fn r40_a_request_without_the_required_scope_is_recorded() {
    let authority = authority();
    let auth = builder(&authority).require_scopes(["profile"]).build().unwrap();
    let audited = Audited::of(authority, auth, |mcp| mcp);
    let token = audited.authority.token().subject("user_ada").audience(RESOURCE);
    let token = token.scope("openid").sign();
    for _ in ["first", "again with a cached token"] {
        let request = audited.server.request(Method::POST, "/mcp").bearer(&token);
        assert_eq!(request.send_body(call("add")).await.status, 403);
        let record = Audited::only(audited.records().await);
        assert_eq!(ending(&record), "refused insufficient_scope http_error 403");
    }
}

#[actix_web::test]
async fn r40_the_application_adds_its_key_and_redacted_arguments() {
    let authority = authority();
    let auth = builder(&authority).users(Moody.cached(Duration::from_secs(9), 9)).build().unwrap();
    let records = Records::default();
    let log = records
        .log()
        .user_key(|user: &String| user.split(' ').nth(1).unwrap().to_owned())
        .arguments(|tool, mut arguments| {
            assert_eq!(tool, "add", "a panic in here ends no request");
            arguments["pin"] = "…".into();
            Some(arguments)
        })
        .start()
        .unwrap();
    let mut audited = Audited::of(authority, auth.clone(), |mcp| mcp.audit(&log));
    (audited.log, audited.records) = (log, records);
    assert_eq!(audited.call("add").await.status, 200);
    let record = Audited::only(audited.records().await);
    assert_eq!(record["principal"]["user_key"], "7");
    assert_eq!(record["arguments"], json!({ "pin": "…" }));
    assert_eq!(audited.call("fail").await.status, 200);
    let record = Audited::only(audited.records().await);
    assert_eq!((record.get("arguments"), &*ending(&record)), (None, "allowed - tool_error 200"));
}

#[actix_web::test]
async fn r40_a_key_for_another_user_type_ends_no_request() {
    let records = Records::default();
    let log = records.log().user_key(|_: &u64| panic!("there is no such user")).start().unwrap();
    let mut audited = Audited::with(|mcp| mcp.audit(&log));
    (audited.log, audited.records) = (log, records);
    assert_eq!(audited.call("add").await.status, 200);
    let record = Audited::only(audited.records().await);
    assert_eq!(record["principal"].get("user_key"), None);
}

#[actix_web::test]
async fn r40_kinds_of_callers_and_credentials_are_told_apart() {
    const KEY: &str = "legacy_5up3rS3cr3tL3gacyKeyOfTheNightlyJob";
    let authority = authority();
    let auth = builder(&authority).api_key("nightly", KEY).build().unwrap();
    let audited = Audited::of(authority, auth, |mcp| mcp);
    let impersonated = audited.authority.token().subject("user_ada").audience(RESOURCE);
    let impersonated = impersonated.claim("act", json!({ "sub": "admin@example.com" })).sign();
    for (credentials, kind, credential) in
        [(KEY, "api_key", "static_key"), (&impersonated, "impersonated", "token")]
    {
        let request = audited.server.request(Method::POST, "/mcp").bearer(credentials);
        assert_eq!(request.send_body(call("add")).await.status, 200);
        let principal = &Audited::only(audited.records().await)["principal"];
        assert_eq!(
            (&principal["kind"], &principal["credential"]),
            (&json!(kind), &json!(credential))
        );
        let actor = principal["actor"].as_str().unwrap_or_default();
        assert_eq!(actor.starts_with("email-sha256:"), kind == "impersonated", "{actor}");
        assert!(!principal.to_string().contains(KEY));
    }
}

#[actix_web::test]
async fn r40_a_session_of_somebody_else_is_recorded_as_refused() {
    let authority = authority();
    let auth: McpAuth = builder(&authority).build().unwrap();
    let records = Records::default();
    let log = records.log().start().unwrap();
    let mcp = auth.mcp().audit(&log);
    let server = Server::start(move |config| {
        let opens = actix_web::web::post().to(async |_: actix_mcp_auth::AuthedUser<Principal>| {
            actix_web::HttpResponse::Ok().insert_header(("mcp-session-id", "s1")).finish()
        });
        config.service(actix_web::web::resource("/mcp").wrap(mcp.clone()).route(opens));
    });
    let send = async |person: &str| {
        let request = server.request(Method::POST, "/mcp").header("mcp-session-id", "s1");
        request.bearer(&authority.person_token(person, RESOURCE)).send_body(call("add")).await
    };
    assert_eq!(send("user_ada").await.status, 200);
    assert_eq!(send("user_alan").await.status, 404);
    assert!(log.flush().await);
    let endings: Vec<_> = records.take().iter().map(ending).collect();
    assert_eq!(endings, ["allowed - unknown 200", "refused foreign_session http_error 404"]);
}
