//! Permissions as types: declared once, required by a handler's argument or around a route, granted
//! by a token's scope, by a claim, or by the application.
//!
//! `cargo run --example permissions` calls itself as several people, and checks what each may do.
#![allow(clippy::print_stdout)]

use std::error::Error;

use actix_mcp_auth::{
    Authorized, Issuer, McpAuth,
    permission::{Any, Permission},
    scopes,
    stores::MemoryIdentityStore,
    testing::TestAuthority,
};
use actix_web::{App, HttpServer, rt, web};

const RESOURCE: &str = "http://127.0.0.1:8787/api";

scopes! {
    /// All permissions of this application.
    pub struct Permissions;

    /// See bookmarks.
    pub BookmarksRead = "bookmarks:read";
    /// Add and delete them, and see them.
    pub BookmarksWrite = "bookmarks:write" implies BookmarksRead;
    /// See how many people there are.
    pub Statistics = "statistics";
    /// A role, which implies all of these.
    pub Admin = "admin" implies BookmarksWrite, Statistics;
}

/// The application's own user.
#[derive(Clone)]
struct User {
    name: &'static str,
    role: Option<&'static str>,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = TestAuthority::start()?;
    let users = MemoryIdentityStore::from_iter([
        ("user_ada", User { name: "Ada", role: None }),
        ("user_grace", User { name: "Grace", role: Some(Admin::NAME) }),
    ]);
    // This issuer grants two of the permissions by scope. `Admin` and `Statistics` are never shown
    // to clients: the claim `permissions` grants them, or our own table.
    let issuer = Issuer::authkit(authority.issuer())?.scopes([
        "openid",
        BookmarksRead::NAME,
        BookmarksWrite::NAME,
    ])?;
    let auth = McpAuth::builder(RESOURCE)
        .issuer(issuer)
        .users(users)
        .permissions::<Permissions>()
        .ask_at_sign_in::<BookmarksRead>()
        .grants_from_claim("permissions")
        .grants(|_, user: &User| user.role)
        .build()?;

    let server = HttpServer::new(move || {
        App::new().configure(auth.discovery()).service(
            web::scope("/api")
                .wrap(auth.middleware())
                .service(
                    web::resource("/bookmarks")
                        .route(web::get().to(list))
                        .route(web::post().to(add)),
                )
                .service(
                    web::resource("/statistics")
                        .wrap(auth.require::<Any<(Statistics, Admin)>>())
                        .route(web::get().to(statistics)),
                ),
        )
    });
    let server = server.workers(1).bind("127.0.0.1:0")?;
    let api = format!("http://{}/api", server.addrs()[0]);
    rt::spawn(server.run());
    call_and_check(&api, &authority).await
}

async fn list(me: Authorized<BookmarksRead, User>) -> String {
    // A permission can also be asked for without requiring it.
    let may = if me.grants().allow::<BookmarksWrite>() { "add to" } else { "read" };
    format!("{} may {may} this list", me.name)
}

async fn add(me: Authorized<BookmarksWrite, User>) -> String {
    format!("kept for {}", me.name)
}

async fn statistics() -> &'static str {
    "2 people"
}

/// The answer to each caller: status, the scopes in the challenge, and the body.
async fn call_and_check(api: &str, authority: &TestAuthority) -> Result<(), Box<dyn Error>> {
    let client = reqwest::Client::new();
    let ada = || authority.token().subject("user_ada").audience(RESOURCE);
    let reader = ada().scope("openid bookmarks:read").sign();
    let writer = ada().scope("openid bookmarks:write").sign();
    let by_claim = ada().scope("openid").claim("permissions", vec![Statistics::NAME]).sign();
    let admin = authority.token().subject("user_grace").audience(RESOURCE).scope("openid").sign();

    for (what, token, request, status, told) in [
        ("reads", &reader, client.get(format!("{api}/bookmarks")), 200, "Ada may read this list"),
        // A new token would help: the challenge names the scopes to ask for.
        ("may not add", &reader, client.post(format!("{api}/bookmarks")), 403, "bookmarks:write"),
        ("adds", &writer, client.post(format!("{api}/bookmarks")), 200, "kept for Ada"),
        ("so reads too", &writer, client.get(format!("{api}/bookmarks")), 200, "Ada may add to"),
        // No new token would help: 403 without a challenge, so that the client does not try again.
        ("no statistics", &writer, client.get(format!("{api}/statistics")), 403, ""),
        ("by claim", &by_claim, client.get(format!("{api}/statistics")), 200, "2 people"),
        ("by our table", &admin, client.get(format!("{api}/statistics")), 200, "2 people"),
        ("a role implies", &admin, client.post(format!("{api}/bookmarks")), 200, "kept for Grace"),
    ] {
        let answer = request.bearer_auth(token).send().await?;
        let asks_for = answer.headers().get("www-authenticate").map(|value| value.to_str());
        let asks_for = asks_for.transpose()?.unwrap_or_default().to_owned();
        let found = answer.status().as_u16();
        let text = if found == 200 { answer.text().await? } else { asks_for };
        println!("{what}: {found} {text}");
        assert_eq!(found, status, "{what}");
        assert!(text.contains(told) && told.is_empty() == text.is_empty(), "{what}: {text}");
    }
    Ok(())
}
