//! Signing out ends the session here, in the revocation log and at the issuer, and no agent.

use actix_web::http::Method;

use super::{Application, ORIGIN};

#[actix_web::test]
async fn r38_signing_out_ends_the_session_everywhere() {
    let application = Application::new();
    let mut browser = application.signed_in().await;
    let copy = browser.clone();
    let sid = application.authority.active_sessions("user_ada").pop().unwrap();
    let answer = browser.post("/logout", &[]).await;
    assert_eq!(answer.status, 303);
    let location = answer.header("location").unwrap().to_owned();
    assert!(location.contains(&format!("/user_management/sessions/logout?session_id={sid}")));
    assert_eq!(browser.cookie("mcp-auth-session"), None);
    let client = awc::Client::builder().disable_redirects().finish();
    let at_issuer = client.get(&location).send().await.unwrap();
    assert_eq!(
        at_issuer.headers().get("location").unwrap().to_str().unwrap(),
        format!("{ORIGIN}/")
    );
    assert!(application.authority.active_sessions("user_ada").is_empty());
    assert_eq!(browser.home().await.status, 303, "signs in again");
    let mut copy = copy;
    assert_eq!(copy.home().await.status, 401, "a copy of the cookie is worth nothing");
    let agent = application.server.call(&application.agent()).await;
    assert_eq!(agent.status, 200, "the agent goes on");
    assert_eq!(application.signed_in().await.home().await.status, 200);
}

#[actix_web::test]
async fn r39_another_site_cannot_sign_a_person_out() {
    let application = Application::new();
    let mut browser = application.signed_in().await;
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")]
    {
        for path in ["/logout", "/login/organization"] {
            let request = browser.request(Method::POST, path).header(name, value);
            assert_eq!(request.send().await.status, 403, "{path} {value}");
        }
    }
    assert_eq!(browser.request(Method::POST, "/logout").send().await.status, 403);
    assert_eq!(browser.home().await.status, 200);
    let request = browser.request(Method::POST, "/logout").header("origin", ORIGIN);
    assert_eq!(request.send().await.status, 303);
}

#[actix_web::test]
async fn signing_out_without_a_session_leads_home() {
    let application = Application::new();
    let mut browser = application.browser();
    let answer = browser.post("/logout", &[]).await;
    assert_eq!(answer.header("location"), Some(&*format!("{ORIGIN}/")));
}
