//! Sign-ins that come to their end.

use actix_mcp_auth::{McpAuth, sign_in::SignIn};
use actix_web::{cookie::Cookie, http::Method};

use super::{Application, authority, settings};
use crate::support::builder;

#[actix_web::test]
async fn r38_a_person_signs_in_and_comes_back() {
    let application = Application::new();
    let mut browser = application.browser();
    let anonymous = browser.go("/site/list?page=2").await;
    let login = anonymous.header("location").unwrap().to_owned();
    assert_eq!(login, "/login?return_to=%2Fsite%2Flist%3Fpage%3D2");
    let to_issuer = browser.go(&login).await;
    let location = to_issuer.header("location").unwrap();
    for parameter in [
        "response_type=code",
        "provider=authkit",
        "code_challenge_method=S256",
        "code_challenge=",
        "state=",
        "client_id=client_",
    ] {
        assert!(location.contains(parameter), "{parameter} in {location}");
    }
    assert_eq!(to_issuer.header("cache-control"), Some("no-store"));
    let back = super::at_the_issuer(location).await;
    let home = browser.go(&back).await;
    assert_eq!((home.status.as_u16(), home.header("location")), (303, Some("/site/list?page=2")));
    assert_eq!(browser.home().await.body, "Ada -");
    assert_eq!(browser.cookies.len(), 1, "that of the sign-in is gone: {:?}", browser.cookies);
    let agent = application.server.call(&application.agent()).await;
    assert_eq!(agent.body, "Ada -", "the same user as the agent");
}

#[actix_web::test]
async fn r39_a_session_is_not_taken_at_an_mcp_endpoint() {
    let application = Application::new();
    let browser = application.signed_in().await;
    let call = browser.request(Method::POST, "/mcp").header("sec-fetch-site", "same-origin");
    assert_eq!(call.send().await.status, 401);
    let authority = authority().start().unwrap();
    let mcp = builder(&authority).build().unwrap();
    let error = SignIn::authkit(&settings(&authority), mcp.handle()).unwrap_err().to_string();
    assert!(error.contains("McpAuth::api"), "{error}");
    let other = McpAuth::api(super::SITE).issuer(authority.issuer()).build().unwrap();
    let sign_in = SignIn::authkit(&settings(&authority), other.handle()).unwrap();
    let error = other.accept_sessions(sign_in.sessions()).unwrap_err().to_string();
    assert!(error.contains("an issuer that this resource trusts"), "{error}");
}

#[actix_web::test]
async fn r38_a_session_is_new_at_each_sign_in() {
    let application = Application::new();
    let mut browser = application.signed_in().await;
    let before = browser.cookie("mcp-auth-session").unwrap().to_owned();
    assert_eq!(browser.sign_in("/login").await.status, 303);
    assert_ne!(browser.cookie("mcp-auth-session"), Some(&*before));
    // A session id that somebody else has chosen is not taken over.
    let mut victim = application.browser();
    victim.cookies.push(("mcp-auth-session".into(), "chosen-by-somebody-else".into()));
    assert_eq!(victim.sign_in("/login").await.status, 303);
    assert_ne!(victim.cookie("mcp-auth-session"), Some("chosen-by-somebody-else"));
    assert_eq!(victim.home().await.body, "Ada -");
}

#[actix_web::test]
async fn r39_cookies_of_a_sign_in_have_the_strictest_attributes() {
    let application = Application::new();
    let mut browser = application.browser();
    let begun = browser.go("/login").await;
    let callback = super::at_the_issuer(begun.header("location").unwrap()).await;
    let done = browser.go(&callback).await;
    let set: Vec<&str> = [&begun, &done]
        .into_iter()
        .flat_map(|answer| answer.headers.get_all("set-cookie"))
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    assert_eq!(set.len(), 3, "one begins, one ends, one is the session");
    for cookie in set {
        let cookie = Cookie::parse(cookie).unwrap();
        assert_eq!(cookie.http_only(), Some(true));
        assert_eq!(cookie.same_site(), Some(actix_web::cookie::SameSite::Lax));
        assert_eq!((cookie.path(), cookie.domain()), (Some("/"), None));
        assert!(!cookie.value().contains("user_ada") && !cookie.value().contains("session_"));
    }
}

#[actix_web::test]
async fn r38_two_tabs_sign_in_without_disturbing_each_other() {
    let application = Application::new();
    let mut browser = application.browser();
    let first = browser.begin("/login?return_to=/site/first").await;
    let second = browser.begin("/login?return_to=/site/second").await;
    let first = browser.go(&first).await;
    assert_eq!(first.header("location"), Some("/site/first"));
    let second = browser.go(&second).await;
    assert_eq!(second.header("location"), Some("/site/second"));
    for _ in 0..9 {
        browser.go("/login").await;
    }
    let pending =
        browser.cookies.iter().filter(|(name, _)| name.starts_with("mcp-auth-sign-in-")).count();
    assert_eq!(pending, 5, "they do not pile up until the header is too long");
}

#[actix_web::test]
async fn parameters_of_a_sign_in_are_passed_on() {
    let application = Application::new();
    let mut browser = application.browser();
    let login = "/login?login_hint=ada%40example.com&screen_hint=sign-up&max_age=0\
                 &organization_id=org_1&invitation_token=inv_1&prompt=none&client_id=other";
    let answer = browser.go(login).await;
    let location = answer.header("location").unwrap();
    for passed in [
        "login_hint=ada%40example.com",
        "screen_hint=sign-up",
        "max_age=0",
        "organization_id=org_1",
        "invitation_token=inv_1",
    ] {
        assert!(location.contains(passed), "{passed} in {location}");
    }
    assert!(!location.contains("prompt") && !location.contains("other"), "{location}");
    let answer = browser.go("/login?screen_hint=x&max_age=-1&login_hint=").await;
    let location = answer.header("location").unwrap();
    assert!(!location.contains("hint") && !location.contains("max_age"), "{location}");
}

#[actix_web::test]
async fn other_methods_on_the_routes_are_405() {
    let application = Application::new();
    let browser = application.browser();
    for (method, path) in [
        (Method::GET, "/logout"),
        (Method::POST, "/login"),
        (Method::POST, "/callback"),
        (Method::GET, "/login/organization"),
    ] {
        assert_eq!(
            browser.request(method.clone(), path).send().await.status,
            405,
            "{method} {path}"
        );
    }
}
