//! What cannot be meant is told, at start-up where it can be.

use actix_mcp_auth::{
    Issuer, McpAuth, McpAuthBuilder, Principal,
    permission::{Any, Permission},
    stores::MemoryIdentityStore,
};
use actix_web::web;

use super::{
    ALL, KNOWN, Permissions, Read, Share, Undeclared, granting, read, routes, scoped, serve,
};
use crate::{
    logs::logged,
    support::{RESOURCE, Server, authority, builder, good_token},
};

#[actix_web::test]
async fn a_permission_that_was_never_declared_is_a_mistake_of_the_programs() {
    let authority = authority();
    let auth = granting(&authority, &ALL).build().unwrap();
    let server = Server::start(move |config| {
        let demanding = auth.middleware().require::<Undeclared>();
        let within = web::resource("/within").wrap(auth.require::<(Read, Undeclared)>());
        config.service(web::resource("/around").wrap(demanding).to(read)).service(
            web::scope("").wrap(auth.middleware()).service(within.to(read)).configure(routes),
        );
    });
    let token = scoped(&authority, "openid admin elsewhere");
    for path in ["/undeclared", "/around", "/within"] {
        let answer = server.post(path, &token).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (500, ""), "{path}");
    }
    assert_eq!(server.post("/read", &token).await.status, 200);
}

#[actix_web::test]
async fn another_user_type_than_the_stores_is_told() {
    let authority = authority();
    let users = || MemoryIdentityStore::from_iter([("user_ada", "Ada".to_owned())]);
    let auth = builder(&authority).users(users()).permissions::<Permissions>();
    let wrong = auth.grants(|_, _: &Principal| [Read::NAME]).build().unwrap_err().to_string();
    assert!(wrong.contains("Principal") && wrong.contains("alloc::string::String"), "{wrong}");

    let auth = builder(&authority).users(users()).permissions::<Permissions>();
    let server = serve(&auth.grants(|_, _: &String| [Read::NAME]).build().unwrap());
    let answer = server.post("/read", &good_token(&authority)).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (500, ""));
}

#[actix_web::test]
async fn what_cannot_be_meant_is_refused_at_start_up() {
    let authority = authority();
    let refused = |change: fn(McpAuthBuilder) -> McpAuthBuilder| {
        change(builder(&authority)).build().unwrap_err().to_string()
    };
    for (sentence, tells) in [
        (refused(|b| b.require_scopes(["bookmarks:write"])), "AuthKit grants email, offline"),
        (refused(|b| b.scopes_supported(["bookmarks:write"])), "scopes_supported is \"book"),
        (refused(|b| b.ask_at_sign_in::<Read>()), "must be declared"),
        (refused(|b| b.permissions::<Read>().ask_at_sign_in::<Any<(Read, Share)>>()), ":share"),
        (refused(|b| b.grants_from_claim("role")), "permissions is missing"),
        (refused(|b| b.grants(|_, _: &Principal| ["x"])), "permissions is missing"),
        (refused(|b| b.permissions::<Read>().grants_from_claim("")), "must name a claim"),
        (refused(|b| b.permissions::<Read>().grants_from_claim([])), "must name a claim"),
        (refused(|b| b.permissions::<Read>().grants(|_, _: &u8| ["x"])), "u8"),
    ] {
        assert!(sentence.contains(tells) && sentence.contains("for example"), "{sentence}");
    }
    let issuer = Issuer::new("https://login.example.com").unwrap();
    let error = issuer.scopes(["openid", "two words"]).unwrap_err().to_string();
    assert!(error.contains("\"two words\"") && error.contains("for example"), "{error}");
}

#[actix_web::test]
async fn what_clients_cannot_ask_for_is_named_at_start_up() {
    let authority = authority();
    let told = |auth: McpAuthBuilder| {
        let text = logged(|| drop(auth.build().unwrap()));
        let line = text.lines().find(|line| line.contains("permissions_not_in_scopes"));
        line.map(str::to_owned)
    };
    let claims = builder(&authority).permissions::<Permissions>().grants_from_claim("permissions");
    let line = told(claims).unwrap();
    assert!(line.contains(" INFO "), "{line}");
    assert!(line.contains("\"bookmarks:read bookmarks:write bookmarks:share admin\""), "{line}");
    let line = told(builder(&authority).permissions::<Read>()).unwrap();
    assert!(line.contains(" WARN ") && line.contains("nobody can hold them"), "{line}");
    let line = told(granting(&authority, &KNOWN).grants_from_claim("role")).unwrap();
    assert!(line.contains("permissions=\"admin\""), "{line}");
    let known = Issuer::new("https://login.example.com").unwrap();
    assert_eq!(told(McpAuth::builder(RESOURCE).issuer(known).permissions::<Permissions>()), None);
}
