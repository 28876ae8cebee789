//! The check of the set-up: a sentence for each wrong state.

use actix_mcp_auth::{
    McpAuth,
    testing::TestAuthority,
    workos::{SetupCheck, WorkOs},
};

use super::{API_KEY, RESOURCE, authority, settings};
use crate::support::builder;

const EVENTS: [&str; 12] = [
    "api_key.revoked",
    "organization.deleted",
    "organization_membership.deleted",
    "organization_membership.updated",
    "organization_role.updated",
    "permission.created",
    "permission.deleted",
    "permission.updated",
    "role.updated",
    "session.revoked",
    "user.deleted",
    "user.updated",
];

fn workos(authority: &TestAuthority, key: Option<&str>) -> (McpAuth, WorkOs) {
    let auth = builder(authority).build().unwrap();
    let settings = settings(authority);
    let settings = match key {
        Some(key) => settings.api_key(key),
        None => settings,
    };
    let workos = WorkOs::new(settings, auth.handle()).unwrap();
    (auth, workos)
}

async fn check(authority: &TestAuthority, key: Option<&str>) -> SetupCheck {
    let (_auth, workos) = workos(authority, key);
    workos.check().await
}

fn set_up(authority: &TestAuthority) {
    authority.register_resource(RESOURCE);
    authority.register_webhook_endpoint("https://app.example.com/webhooks/workos", EVENTS);
}

#[actix_web::test]
async fn a_complete_set_up_has_no_wrong_finding() {
    let authority = authority();
    set_up(&authority);
    let check = check(&authority, Some(API_KEY)).await;
    assert!(check.is_good(), "{check}");
    assert_eq!(check.findings.len(), 5, "{check}");
}

#[actix_web::test]
async fn each_wrong_state_has_its_sentence() {
    type Spoil = fn(&TestAuthority);
    let states: [(&str, Spoil, &str); 8] = [
        (
            "no resource",
            |it| {
                it.register_webhook_endpoint("https://h/w", EVENTS);
            },
            "the resource indicator is not registered",
        ),
        (
            "a slash more",
            |it| {
                it.register_resource(format!("{RESOURCE}/"));
                it.register_webhook_endpoint("https://h/w", EVENTS);
            },
            "not the same byte for byte",
        ),
        ("no endpoint", |it| it.register_resource(RESOURCE), "there is no webhook endpoint"),
        (
            "an event less",
            |it| {
                it.register_resource(RESOURCE);
                it.register_webhook_endpoint("https://h/w", EVENTS[..11].iter().copied());
            },
            "add to one, in the dashboard (Webhooks): user.updated",
        ),
        (
            "no CIMD",
            |it| {
                set_up(it);
                it.set_metadata("client_id_metadata_document_supported", false);
            },
            "Client ID Metadata Document is not enabled",
        ),
        (
            "no DCR",
            |it| {
                set_up(it);
                it.set_metadata("registration_endpoint", serde_json::Value::Null);
            },
            "Dynamic Client Registration is not enabled",
        ),
        (
            "requests limited",
            |it| {
                set_up(it);
                it.limit_api(1000);
            },
            "try again later",
        ),
        ("down", |it| it.go_down(), "may this machine reach it?"),
    ];
    for (state, spoil, sentence) in states {
        let authority = authority();
        spoil(&authority);
        let check = check(&authority, Some(API_KEY)).await;
        let wrong: Vec<_> = check.findings.iter().filter(|finding| !finding.is_good).collect();
        assert!(wrong.iter().any(|it| it.text.contains(sentence)), "{state}: {check}");
        assert!(state == "down" || wrong.len() == 1, "{state}: {check}");
    }
}

#[actix_web::test]
async fn a_key_that_is_missing_or_wrong_is_told() {
    let authority = authority();
    set_up(&authority);
    for (key, sentence) in [
        (None, "WORKOS_API_KEY is not set"),
        (Some("sk_test_of_another_environment"), "does not accept WORKOS_API_KEY"),
    ] {
        let check = check(&authority, key).await;
        assert!(!check.is_good() && check.to_string().contains(sentence), "{check}");
        assert!(!check.to_string().contains("sk_test_of"), "no key: {check}");
    }
}

#[actix_web::test]
async fn a_resource_indicator_can_be_registered() {
    let authority = authority();
    authority.register_webhook_endpoint("https://h/w", EVENTS);
    let (_auth, workos) = workos(&authority, Some(API_KEY));
    assert!(!workos.check().await.is_good());
    workos.register_resource().await.unwrap();
    let check = workos.check().await;
    assert!(check.is_good(), "{check}");
    assert!(workos.register_resource().await.is_err(), "WorkOS refuses a second");
}
