//! Revocations of sessions are compared with the time of sign-in.

use std::time::Duration;

use actix_mcp_auth::{revocation::Revoked, session::SessionToken};

use super::{Application, now, secret, unix};
use crate::support::session_token;

const A_MINUTE: Duration = Duration::from_secs(60);
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[actix_web::test]
async fn r34_refreshing_does_not_revive_a_revoked_session() {
    let application = Application::new();
    let cookie = application.sign_in("user_ada", "session_1", now() - A_MINUTE);
    assert_eq!(application.visit("/site/home", &cookie).await.status, 200);
    let person = || Revoked::subject("user_ada").of_issuer(&*application.sessions.issuer);
    // After the sign-in, and before the refreshed token by more than the allowance for clocks: by its
    // `iat` the token would be accepted.
    application.site.revoke_at(person(), unix(now() - A_MINUTE / 2)).await.unwrap();
    assert_eq!(application.visit("/site/home", &cookie).await.status, 401);
    let token = session_token(&application.authority).subject("user_ada").claim("sid", "session_1");
    let token = token.issued_at(now()).sign();
    let refreshed = SessionToken::new(secret(&token), unix(now() - A_MINUTE));
    application.sessions.sign_in("session_1", refreshed);
    assert_eq!(application.visit("/site/home", &cookie).await.status, 401, "refreshed");
    application.site.lift(person()).await.unwrap();
    let again = application.sign_in("user_ada", "session_2", now() + Duration::from_secs(2));
    assert_eq!(application.visit("/site/home", &again).await.status, 200, "signed in again");
    assert_eq!(application.visit("/site/home", &cookie).await.status, 401, "the old one stays out");
}

#[actix_web::test]
async fn r34_sessions_end_by_their_id_and_agents_go_on() {
    let application = Application::new();
    let one = application.sign_in("user_ada", "session_1", now() - A_MINUTE);
    let two = application.sign_in("user_ada", "session_2", now() - A_MINUTE);
    let agent = application.agent("user_ada");
    let agent_status =
        async || application.server.get("/mcp").bearer(&agent).send().await.status.as_u16();
    let statuses = async || {
        [
            application.visit("/site/home", &one).await.status.as_u16(),
            application.visit("/site/home", &two).await.status.as_u16(),
            agent_status().await,
        ]
    };
    assert_eq!(statuses().await, [200, 200, 200]);
    application
        .site
        .revoke(Revoked::session("session_1").of_issuer(&*application.sessions.issuer))
        .await
        .unwrap();
    assert_eq!(statuses().await, [401, 200, 200]);
    application
        .site
        .revoke(Revoked::sessions_of("user_ada").of_issuer(&*application.sessions.issuer))
        .await
        .unwrap();
    assert_eq!(statuses().await, [401, 401, 200]);
}

#[actix_web::test]
async fn r34_a_session_older_than_revocations_is_refused() {
    let application = Application::new();
    for (age, status) in [(A_DAY * 39, 200), (A_DAY * 41, 401)] {
        let cookie = application.sign_in("user_ada", "session_1", now() - age);
        assert_eq!(application.visit("/site/home", &cookie).await.status, status, "{age:?}");
    }
    let cookie = application.sign_in("user_ada", "session_1", now() + A_DAY);
    assert_eq!(application.visit("/site/home", &cookie).await.status, 401, "of the future");
    // No redirect: the way to sign in may take the same session, and lead straight back.
    let page = application.page("/site/home", &cookie).header("sec-fetch-mode", "navigate");
    let page = page.send().await;
    assert_eq!((page.status.as_u16(), page.header("location")), (401, None));
}

#[actix_web::test]
async fn r35_a_revoked_navigation_gets_a_page_and_no_loop() {
    let application = Application::new();
    let cookie = application.sign_in("user_ada", "session_1", now() - A_MINUTE);
    application
        .site
        .revoke(Revoked::session("session_1").of_issuer(&*application.sessions.issuer))
        .await
        .unwrap();
    let page = application.page("/site/home?a=1", &cookie).header("sec-fetch-mode", "navigate");
    let page = page.send().await;
    assert_eq!((page.status.as_u16(), page.header("location")), (401, None));
    assert!(page.body.contains("href=\"/login?back=/site/home%3Fa=1\""), "{}", page.body);
    let fetch = application.visit("/site/home", &cookie).await;
    assert!(!fetch.challenge().contains("error="), "no token was sent");
}
