//! Signing in and out at the pages.

use actix_mcp_auth::testing::WorkOsEvent;
use bookmarket::settings;

use crate::{
    browser::{Browser, first_id, titles},
    pages::{add, browser_of, server},
};

#[actix_web::test]
async fn signing_in_leads_back_to_the_page_that_was_asked_for() {
    let server = server(&[]).await;
    server.authority.auto_approve("user_ada");
    let ada = Browser::new(&server.resource);
    let redirected = ada.get("/bookmarks?q=a+b").await;
    assert_eq!(redirected.status, 303, "{redirected:?}");
    let login = redirected.header("Location");
    assert_eq!(login, "/login?return_to=%2Fbookmarks%3Fq%3Da%2Bb");

    let page = ada.open("/bookmarks?q=a+b").await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text.contains("value=\"a b\"") && page.text.contains("user_ada"), "{page:?}");
    let home = ada.open("/").await;
    assert!(home.text.contains("Signed in as") && !home.text.contains("/login"), "{home:?}");
}

#[actix_web::test]
async fn after_signing_out_the_page_asks_again_and_agents_go_on() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let agent = server.agent_of("user_ada");
    let signed_out = ada.submit("/logout", &[]).await;
    assert_eq!(signed_out.status, 200, "{signed_out:?}");
    assert!(signed_out.text.contains("Sign in") && !signed_out.text.contains("Signed in"));
    assert_eq!(ada.get("/bookmarks").await.status, 303);
    assert!(server.authority.active_sessions("user_ada").is_empty());

    agent.add("https://example.com/", "From the agent", &[]).await;
    ada.sign_in().await;
    assert_eq!(titles(&ada.open("/bookmarks").await), ["From the agent"]);
}

#[actix_web::test]
async fn r39_another_site_can_neither_add_nor_delete_nor_sign_out() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let id = first_id(&add(&ada, "https://example.com/", "Mine", "").await);
    let form = [("url", "https://evil.example/"), ("title", "Evil")];
    for site in ["cross-site", "same-site"] {
        for path in ["/bookmarks", &format!("/bookmarks/{id}/delete"), "/logout"] {
            let refused = ada.post(path, &form, site).await;
            assert_eq!(refused.status, 403, "{path} {refused:?}");
        }
    }
    assert_eq!(titles(&ada.open("/bookmarks").await), ["Mine"]);
}

#[actix_web::test]
async fn r39_a_session_opens_no_mcp_endpoint() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    assert_eq!(ada.post("/mcp/bookmarket", &[], "same-origin").await.status, 401);
}

#[actix_web::test]
async fn strangers_can_be_refused_at_the_pages_as_well() {
    let server = server(&[(settings::UNKNOWN_USER, "refuse")]).await;
    server.authority.auto_approve("user_ada");
    let ada = Browser::new(&server.resource);
    let refused = ada.sign_in().await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.text.contains("No access · Bookmarket"), "in its own design: {refused:?}");

    server.store.provision("user_ada").await.expect("a store").expect("an account");
    assert_eq!(ada.sign_in().await.status, 200);
}

#[actix_web::test]
async fn r35_a_deleted_person_loses_pages_and_agents_at_once() {
    const SECRET: &str = "whsec_of_the_endpoint";
    let server = server(&[(settings::WEBHOOK_SECRET, SECRET)]).await;
    let ada = browser_of(&server, "user_ada").await;
    let deleted = WorkOsEvent::user_deleted("user_ada");
    let webhook = server.authority.emit_event(deleted).webhook(SECRET);
    let origin = server.resource.trim_end_matches("/mcp/bookmarket");
    let request = awc::Client::default().post(format!("{origin}/webhooks/workos"));
    let request = request.insert_header(("WorkOS-Signature", webhook.signature));
    let answer = request.send_body(webhook.body).await.expect("an answer");
    assert_eq!(answer.status(), 200);

    let page = ada.get("/bookmarks").await;
    assert_eq!(page.status, 401, "{page:?}");
    assert!(page.text.contains("Your session has ended · Bookmarket"), "{page:?}");
    assert!(page.text.contains("prefers-color-scheme"), "with its style: {page:?}");
    let agent = server.agent_of("user_ada").get(None).await;
    assert_eq!(agent.status, 401, "{agent:?}");
}
