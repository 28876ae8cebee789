//! What handlers are given.

use actix_mcp_auth::{
    AuthedUser, Authenticated, Authorized, MaybeAuthed, scopes, stores::MemoryIdentityStore,
    testing::AuthenticatedBuilder,
};
use actix_web::{App, HttpMessage as _, http::Method, test, test::TestRequest, web};

use crate::support::{Server, authority, builder, good_token};

#[derive(Clone)]
struct User {
    name: &'static str,
}

async fn name(me: AuthedUser<User>) -> &'static str {
    me.name
}

async fn maybe(caller: MaybeAuthed<User>) -> &'static str {
    caller.user().map_or("nobody", |me| me.name)
}

scopes! { Write = "bookmarks:write"; }

async fn write(me: Authorized<Write, User>) -> &'static str {
    me.name
}

fn users() -> MemoryIdentityStore<User> {
    MemoryIdentityStore::from_iter([("user_ada", User { name: "Ada" })])
}

#[actix_web::test]
async fn authed_user_is_what_the_store_found() {
    let authority = authority();
    let auth = builder(&authority).users(users()).build().unwrap();
    let server = Server::start(move |config| {
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(name)));
    });
    assert_eq!(server.call(&good_token(&authority)).await.body, "Ada");
}

#[actix_web::test]
async fn with_optional_authentication_nobody_may_come_and_a_bad_token_may_not() {
    let authority = authority();
    let auth = builder(&authority).users(users()).build().unwrap();
    let server = Server::start(move |config| {
        let optional = auth.middleware().optional();
        let both = web::resource("/mcp").route(web::post().to(maybe)).route(web::put().to(name));
        config.service(both.wrap(optional));
    });
    assert_eq!(server.request(Method::POST, "/mcp").send().await.body, "nobody");
    assert_eq!(server.call(&good_token(&authority)).await.body, "Ada");
    server.call("bad").await.assert_invalid_token("a bad token");
    let expired = authority.token().subject("user_ada").audience(crate::support::RESOURCE);
    let expired = expired.expired_for(std::time::Duration::from_secs(3600)).sign();
    server.call(&expired).await.assert_invalid_token("an expired token");

    let needed = server.request(Method::PUT, "/mcp").send().await;
    assert_eq!(needed.status, 401, "AuthedUser on an optional route asks for a sign-in");
    assert!(!needed.challenge().contains("error="));
}

#[actix_web::test]
async fn a_caller_of_a_unit_test_is_what_extractors_find() {
    let app = App::new()
        .route("/name", web::get().to(name))
        .route("/maybe", web::get().to(maybe))
        .route("/write", web::get().to(write));
    let app = test::init_service(app).await;
    let get = async |path: &str, caller: AuthenticatedBuilder| {
        let request = TestRequest::get().uri(path).to_request();
        request.extensions_mut().insert(caller.build());
        let answer = test::call_service(&app, request).await;
        let challenge = answer.headers().get("WWW-Authenticate").cloned();
        let challenge = challenge.map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default();
        (answer.status().as_u16(), challenge, test::read_body(answer).await)
    };
    let ada = || Authenticated::for_tests("user_ada").user(User { name: "Ada" });
    for path in ["/name", "/maybe"] {
        assert_eq!(get(path, ada()).await, (200, String::new(), "Ada".into()), "{path}");
    }
    assert_eq!(get("/write", ada().granted::<Write>()).await.2, "Ada");
    let scope = ada().permissions::<Write>().scopes("bookmarks:write");
    assert_eq!(get("/write", scope).await.0, 200);
    let (status, challenge, _) = get("/write", ada().permissions::<Write>()).await;
    assert_eq!(status, 403);
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"bookmarks:write\""), "{challenge}");
    // A permission that the test says nothing about is missing, and no mistake of the program's.
    assert_eq!(get("/write", ada()).await.0, 403);
    // The store's type counts, as in production.
    assert_eq!(get("/name", Authenticated::for_tests("user_ada")).await.0, 500);
}

#[actix_web::test]
async fn a_mistake_of_the_programs_is_500_and_tells_the_client_nothing() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let server = Server::start(move |config| {
        let wrong_type = web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(name));
        let no_middleware = web::resource("/open").route(web::post().to(name));
        config.service(wrong_type).service(no_middleware);
    });
    let token = good_token(&authority);
    for path in ["/mcp", "/open"] {
        let answer = server.request(Method::POST, path).bearer(&token).send().await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (500, ""), "{path}");
    }
}
