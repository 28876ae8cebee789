//! How often an issuer is asked about people, where their tokens are sent, and what one issuer's
//! newcomers cost another's.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    AuthedUser, Found, Issuer, McpAuth, McpAuthBuilder, Newcomer,
    stores::{IdentityStoreExt, MemoryIdentityStore},
    testing::{Endpoint, Fault, Person, TestAuthority},
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::{
    logs::logged,
    support::{RESOURCE, Server, authority, builder, good_token},
};

const USERINFO: &str = "/oauth2/userinfo";

/// Resolves people by their e-mail address, and makes no user: each request asks for the profile.
fn by_email(builder: McpAuthBuilder) -> Server {
    let users =
        MemoryIdentityStore::<String>::new().provision_with(|newcomer: Newcomer| async move {
            Ok(newcomer.profile().await?.email.into())
        });
    let auth = builder.users(users.shared_subjects()).build().unwrap();
    Server::start(move |config| {
        let name = web::post().to(async |me: AuthedUser<String>| me.to_string());
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(name));
    })
}

fn answers(authority: &TestAuthority, status: u16) {
    let fault = Fault::Custom { status, content_type: "text/plain".into(), body: vec![] };
    authority.inject(Endpoint::Path(USERINFO.into()), fault);
}

/// A fresh token of one of many people.
fn nth_token(authority: &TestAuthority, n: usize) -> String {
    authority.token().subject(format!("user_{n}")).audience(RESOURCE).sign()
}

#[actix_web::test]
async fn r27_a_person_without_a_user_causes_one_userinfo_request() {
    for status in [200, 403, 404] {
        let authority = authority();
        if status != 200 {
            answers(&authority, status);
        }
        // The profile is there, and the application makes no user of it.
        let none =
            MemoryIdentityStore::<String>::new().provision_with(|newcomer: Newcomer| async move {
                newcomer.profile().await?;
                Ok(Found::Nobody)
            });
        let server = Server::of(&builder(&authority).users(none).build().unwrap());
        let one = good_token(&authority);
        let fresh = (0..20).map(|_| good_token(&authority));
        let tokens: Vec<_> = std::iter::repeat_n(one, 20).chain(fresh).collect();
        for batch in tokens.chunks(5) {
            for answer in server.calls(batch).await {
                assert_eq!(answer.status, 403);
            }
        }
        assert_eq!(authority.requests(USERINFO), 1, "answered {status}");
    }
}

#[actix_web::test]
async fn r27_requests_of_one_person_at_once_share_a_userinfo_request() {
    let authority = authority();
    authority.slow_down(Endpoint::Path(USERINFO.into()), Duration::from_millis(300));
    let server = by_email(builder(&authority));
    let tokens: Vec<_> = (0..40).map(|_| good_token(&authority)).collect();
    for answer in server.calls(&tokens).await {
        assert_eq!(answer.body, "ada@example.com");
    }
    assert_eq!(authority.requests(USERINFO), 1);
}

#[actix_web::test]
async fn r27_many_newcomers_are_bounded_by_a_bucket_and_get_503() {
    let authority = authority();
    answers(&authority, 404);
    let server = by_email(builder(&authority));
    let (start, mut busy) = (Instant::now(), 0);
    for batch in 0..30 {
        let tokens: Vec<_> = (0..10).map(|n| nth_token(&authority, batch * 10 + n)).collect();
        for answer in server.calls(&tokens).await {
            match answer.status.as_u16() {
                503 => {
                    busy += 1;
                    assert_eq!(answer.header("retry-after"), Some("1"));
                }
                status => assert_eq!(status, 403),
            }
        }
    }
    let allowed = 64 + 10 * (start.elapsed().as_secs() + 1);
    let asked = authority.requests(USERINFO);
    assert!((64..=allowed).contains(&asked), "{asked} requests, {allowed} allowed");
    assert_eq!(busy, 300 - asked);
}

#[actix_web::test]
async fn r27_one_persons_outage_or_refused_tokens_are_bounded() {
    for status in [500, 401] {
        let authority = authority();
        answers(&authority, status);
        let server = by_email(builder(&authority));
        let start = Instant::now();
        for _ in 0..12 {
            let tokens: Vec<_> = (0..5).map(|_| good_token(&authority)).collect();
            for answer in server.calls(&tokens).await {
                assert!([401, 503].contains(&answer.status.as_u16()), "{answer:?}");
            }
        }
        let allowed = 8 + start.elapsed().as_secs() + 1;
        assert!(authority.requests(USERINFO) <= allowed, "answered {status}");
        // Somebody else is not affected by it.
        authority.clear_faults();
        let grace = server.call(&authority.person_token("user_grace", RESOURCE)).await;
        assert_eq!(grace.body, "grace@example.com");
    }
}

#[actix_web::test]
async fn r09_a_refused_token_gets_no_answer_of_another_token() {
    let authority = authority();
    let server = by_email(builder(&authority));
    let (refused, good) = (good_token(&authority), good_token(&authority));
    answers(&authority, 401);
    server.call(&refused).await.assert_invalid_token("refused by the issuer");
    authority.clear_faults();
    assert_eq!(server.call(&good).await.body, "ada@example.com", "another token is asked with");
    server.call(&refused).await.assert_invalid_token("still refused");
    assert_eq!(server.call(&good_token(&authority)).await.body, "ada@example.com");
    assert_eq!(authority.requests(USERINFO), 2);
    // Once for the endpoint, and once to be passed on.
    let metadata = authority.requests("/.well-known/oauth-authorization-server");
    assert!(metadata <= 2, "a refused token has the metadata fetched again: {metadata}");
}

#[actix_web::test]
async fn r26_an_answer_is_not_given_to_another_issuers_person() {
    let person = |email: &str| {
        let ada = Person::new("user_ada", "Ada").email(email);
        TestAuthority::builder().person(ada).start().unwrap()
    };
    let (one, two) = (person("ada@one.example"), person("ada@two.example"));
    let server = by_email(McpAuth::builder(RESOURCE).authkit(one.issuer()).authkit(two.issuer()));
    for _ in 0..2 {
        assert_eq!(server.call(&good_token(&one)).await.body, "ada@one.example");
        assert_eq!(server.call(&good_token(&two)).await.body, "ada@two.example");
    }
    assert_eq!((one.requests(USERINFO), two.requests(USERINFO)), (1, 1));
}

#[actix_web::test]
async fn r26_a_slow_issuer_does_not_starve_anothers_newcomers() {
    let (good, slow) = (authority(), authority());
    slow.inject(Endpoint::Path(USERINFO.into()), Fault::Silence);
    answers(&good, 404);
    let builder = McpAuth::builder(RESOURCE).authkit(good.issuer()).authkit(slow.issuer());
    let server = Arc::new(by_email(builder));
    let (tokens, calls) =
        ((0..100).map(|n| nth_token(&slow, n)).collect::<Vec<_>>(), server.clone());
    actix_web::rt::spawn(async move { calls.calls(&tokens).await });
    let deadline = Instant::now() + Duration::from_secs(3);
    while slow.requests(USERINFO) < 16 && Instant::now() < deadline {
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    let tokens: Vec<_> = (0..60).map(|n| nth_token(&good, n)).collect();
    let start = Instant::now();
    for answer in server.calls(&tokens).await {
        assert_eq!(answer.status, 403, "the good issuer answered: {answer:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(good.requests(USERINFO), 60);
}

/// A userinfo endpoint on another origin than any issuer's, and the tokens that it was sent.
fn elsewhere() -> (Server, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sent = seen.clone();
    let server = Server::start(move |config| {
        let sent = sent.clone();
        config.default_service(web::to(move |request: HttpRequest| {
            let token = request.headers().get("authorization").unwrap().to_str().unwrap();
            sent.lock().unwrap().push(token.to_owned());
            let ada = json!({ "sub": "user_ada", "email": "ada@elsewhere.example" });
            std::future::ready(HttpResponse::Ok().json(ada))
        }));
    });
    (server, seen)
}

#[actix_web::test]
async fn r09_a_discovered_foreign_userinfo_endpoint_gets_no_token() {
    let authority = authority();
    let (foreign, seen) = elsewhere();
    authority.set_metadata("userinfo_endpoint", format!("{}/userinfo", foreign.origin()));
    let server = by_email(builder(&authority));
    let answer = server.call(&good_token(&authority)).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
    assert_eq!(*seen.lock().unwrap(), Vec::<String>::new());
}

#[actix_web::test]
async fn r27_a_configured_foreign_userinfo_endpoint_is_asked() {
    let authority = authority();
    let (foreign, seen) = elsewhere();
    let url = format!("{}/userinfo", foreign.origin());
    let issuer = Issuer::authkit(authority.issuer()).unwrap().userinfo_endpoint(url).unwrap();
    let server = by_email(McpAuth::builder(RESOURCE).issuer(issuer));
    let token = good_token(&authority);
    assert_eq!(server.call(&token).await.body, "ada@elsewhere.example");
    assert_eq!(*seen.lock().unwrap(), [format!("Bearer {token}")]);
    assert_eq!(authority.requests(USERINFO), 0);
}

#[test]
fn r27_the_log_names_a_configured_foreign_userinfo_endpoint() {
    let told_for = |endpoint: &str| {
        let issuer = Issuer::new("https://accounts.google.com").unwrap();
        let issuer = issuer.userinfo_endpoint(endpoint).unwrap();
        let builder = McpAuth::builder("https://app.example.com/mcp").issuer(issuer);
        logged(|| drop(builder.build().unwrap()))
    };
    let google = "https://openidconnect.googleapis.com/v1/userinfo";
    let told = told_for(google);
    assert!(told.contains("event=\"userinfo_endpoint_elsewhere\""), "{told}");
    assert!(told.contains(google), "{told}");
    let own = told_for("https://accounts.google.com/userinfo");
    assert!(!own.contains("userinfo_endpoint_elsewhere"), "{own}");
}

#[test]
fn r27_http_userinfo_endpoint_of_a_public_resource_is_a_build_error() {
    let issuer = Issuer::new("https://localhost:8443").unwrap();
    let issuer = issuer.userinfo_endpoint("http://127.0.0.1:1/userinfo").unwrap();
    let error = McpAuth::builder("https://h/mcp").issuer(issuer).build().map(drop).unwrap_err();
    assert!(error.to_string().contains("https"), "{error}");
}
