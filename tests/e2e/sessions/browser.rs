//! What a browser gets: the way to sign in, pages, cookies, and the check for other sites.

use std::sync::atomic::Ordering;

use actix_web::http::Method;

use super::{Application, ORIGIN, now};

#[actix_web::test]
async fn a_navigation_without_session_is_led_to_sign_in() {
    let application = Application::new();
    let get = || application.server.get("/site/list?page=2");
    for (name, value) in [("sec-fetch-mode", "navigate"), ("accept", "text/html,*/*;q=0.8")] {
        let answer = get().header(name, value).send().await;
        assert_eq!(answer.status, 303, "{name}");
        assert_eq!(answer.header("location"), Some("/login?back=/site/list%3Fpage=2"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let fetch = get().header("sec-fetch-mode", "cors").header("accept", "text/html").send().await;
    assert_eq!(fetch.status, 401);
    assert!(!fetch.challenge().contains("error="), "no token was sent: {}", fetch.challenge());
    let unknown = get().header("cookie", "session=gone").header("sec-fetch-mode", "navigate");
    let unknown = unknown.send().await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.header("set-cookie")),
        (303, Some("session=; Max-Age=0"))
    );
    let posted = application.server.request(Method::POST, "/site/delete");
    let posted = posted.header("sec-fetch-mode", "navigate");
    let from_page = posted.header("referer", &format!("{ORIGIN}/site/list?page=3")).send().await;
    assert_eq!(from_page.header("location"), Some("/login?back=/site/list%3Fpage=3"));
    let elsewhere = application.server.request(Method::POST, "/site/delete");
    let elsewhere = elsewhere.header("sec-fetch-mode", "navigate");
    let elsewhere = elsewhere.header("referer", "https://evil.example/site").send().await;
    assert_eq!(elsewhere.header("location"), Some("/login?back=/"));
}

#[actix_web::test]
async fn r39_another_site_cannot_use_a_session() {
    let application = Application::new();
    let cookie = application.sign_in("user_ada", "session_1", now());
    for (headers, status) in [
        (&[][..], 403),
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("origin", ORIGIN)], 200),
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let mut request = application.server.request(method.clone(), "/site/home");
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let answer = request.header("cookie", &cookie).send().await;
            assert_eq!(answer.status, status, "{method} {headers:?}");
        }
    }
    let agent = application.agent("user_ada");
    let bearer = application.server.request(Method::POST, "/site/home").bearer(&agent);
    assert_eq!(bearer.send().await.status, 200, "no browser adds a bearer token");
}

#[actix_web::test]
async fn a_navigation_that_is_refused_gets_a_page() {
    let application = Application::new();
    let cookie = application.sign_in("user_eve", "session_1", now());
    let page = application.page("/site/home", &cookie).header("sec-fetch-mode", "navigate");
    let page = page.send().await;
    assert_eq!(page.status, 403);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(page.header("location").is_none());
}

#[actix_web::test]
async fn a_navigation_that_an_extractor_refuses_gets_a_page() {
    let application = Application::new();
    let cookie = application.sign_in("user_alan", "session_1", now());
    let page = application.page("/site/read", &cookie).header("sec-fetch-mode", "navigate");
    let page = page.send().await;
    assert_eq!(page.status, 403);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("set-cookie"), Some("session=renewed; Secure"));
    let fetch = application.visit("/site/read", &cookie).await;
    assert_eq!(fetch.status, 403);
    assert_eq!(fetch.header("content-type"), Some("application/json"), "{fetch:?}");
}

#[actix_web::test]
async fn answers_to_a_session_stay_out_of_shared_caches() {
    let application = Application::new();
    let cookie = application.sign_in("user_ada", "session_1", now());
    let answer = application.visit("/site/home", &cookie).await;
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    assert_eq!(answer.header("set-cookie"), Some("session=renewed; Secure"));
    let own = application.visit("/site/cached", &cookie).await;
    assert_eq!(own.header("cache-control"), Some("private, max-age=60"), "the handler's own");
    let bearer = application.server.get("/site/home").bearer(&application.agent("user_ada"));
    assert_eq!(bearer.send().await.header("cache-control"), None);
    let optional = application.visit("/site/maybe", "theme=dark").await;
    assert_eq!(
        optional.header("cache-control"),
        Some("private, no-store"),
        "it depends on cookies"
    );
}

#[actix_web::test]
async fn sessions_out_of_reach_are_503_and_tell_nothing() {
    let application = Application::new();
    let cookie = application.sign_in("user_ada", "session_1", now());
    application.sessions.is_down.store(true, Ordering::Relaxed);
    let answer = application.visit("/site/home", &cookie).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
    assert!(!answer.body.contains("secret-host"), "{answer:?}");
    let agent = application.server.get("/site/home").bearer(&application.agent("user_ada"));
    assert_eq!(agent.send().await.status, 200, "agents need none");
}
