//! `bookmarket check`, and webhooks.

use actix_mcp_auth::testing::{TestAuthority, WorkOsEvent};

use crate::{
    place::Folder,
    process::{Running, bookmarket, refusal_of},
};

const KEY: &str = "sk_test_of_the_environment";
const SECRET: &str = "whsec_of_the_endpoint";
const PUBLIC_URL: &str = "http://127.0.0.1:8790";
const RESOURCE: &str = "http://127.0.0.1:8790/mcp/bookmarket";

fn authority() -> TestAuthority {
    TestAuthority::builder().workos_api_key(KEY).start().expect("an authority")
}

/// The exit code, and what it printed.
fn check(authority: &TestAuthority, arguments: &[&str], key: &str) -> (Option<i32>, String) {
    let issuer = authority.issuer();
    let settings = [
        ("WORKOS_AUTHKIT_DOMAIN", issuer),
        ("WORKOS_API_URL", issuer),
        ("WORKOS_API_KEY", key),
        ("BOOKMARKET_PUBLIC_URL", PUBLIC_URL),
    ];
    let folder = Folder::new();
    let mut command = bookmarket(&folder, &settings);
    let ran = command.arg("check").args(arguments).output().expect("the program runs");
    (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[test]
fn the_check_says_what_to_mend_and_can_add_the_resource() {
    let authority = authority();
    let (code, said) = check(&authority, &[], KEY);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("wrong  the resource indicator is not registered"), "{said}");
    assert!(said.contains("wrong  there is no webhook endpoint"), "{said}");
    assert!(said.contains("ok     the signing keys can be read"), "{said}");
    assert!(!said.contains(KEY), "{said}");

    let events = [
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
    authority.register_webhook_endpoint("https://app.example.com/webhooks/workos", events);
    let (code, said) = check(&authority, &["--register"], KEY);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("ok     the resource indicator {RESOURCE} is registered")));

    let (code, said) = check(&authority, &[], "sk_test_of_another");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does not accept WORKOS_API_KEY"), "{said}");
}

#[test]
fn keys_to_workos_without_a_domain_are_refused() {
    for setting in ["WORKOS_API_KEY", "WORKOS_WEBHOOK_SECRET", "WORKOS_API_URL"] {
        let said = refusal_of(&[], &[(setting, "sk_test_hunter2")]);
        assert!(said.contains("WORKOS_AUTHKIT_DOMAIN is missing"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let said = refusal_of(&["check"], &[]);
    assert!(said.contains("WORKOS_AUTHKIT_DOMAIN is missing"), "{said}");
}

#[actix_web::test]
async fn a_webhook_ends_the_access_of_a_deleted_person() {
    let authority = authority();
    let folder = Folder::new();
    let settings = [
        ("WORKOS_AUTHKIT_DOMAIN", authority.issuer()),
        ("WORKOS_API_URL", authority.issuer()),
        ("WORKOS_WEBHOOK_SECRET", SECRET),
        ("BOOKMARKET_BIND", "127.0.0.1:0"),
    ];
    let running = Running::start(&folder, &settings);
    let resource = running.resource().to_owned();
    let token = authority.person_token("user_ada", &resource);
    let client = awc::Client::default();
    let call = async || {
        let request = client.get(&resource).bearer_auth(&token);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_ne!(call().await, 401);
    let webhook = authority.emit_event(WorkOsEvent::user_deleted("user_ada")).webhook(SECRET);
    let origin = resource.trim_end_matches("/mcp/bookmarket");
    let request = client.post(format!("{origin}/webhooks/workos"));
    let answer = request
        .insert_header(("WorkOS-Signature", webhook.signature))
        .send_body(webhook.body)
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(call().await, 401);
}
