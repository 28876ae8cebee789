//! Demands of arguments and around routes, and what they cost.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use actix_mcp_auth::{AuthedUser, Authorized, Issuer, McpAuth, Principal, permission::Any};
use actix_web::{HttpResponse, http::Method, web};

use super::{
    Admin, KNOWN, Permissions, Read, Share, Write, assert_asks_for, granting, read, routes, scoped,
};
use crate::{
    metrics,
    support::{Server, authority, builder, good_token},
};

#[actix_web::test]
async fn a_demand_around_a_route_needs_no_argument() {
    async fn anybody(_: AuthedUser) -> &'static str {
        "in"
    }
    let authority = authority();
    let auth = granting(&authority, &KNOWN).build().unwrap();
    let server = Server::start(move |config| {
        let reading = auth.middleware().require::<Read>();
        let admins = auth.middleware().require::<Read>().require::<Share>();
        let within = web::resource("/writers").wrap(auth.require::<Write>());
        config
            .service(web::resource("/readers").wrap(reading).route(web::post().to(anybody)))
            .service(web::resource("/sharers").wrap(admins).route(web::post().to(anybody)))
            .service(web::resource("/bare").wrap(auth.require::<Read>()).to(anybody))
            .service(
                web::scope("/api")
                    .wrap(auth.middleware())
                    .service(within.route(web::post().to(anybody)))
                    .route("/open", web::post().to(anybody)),
            );
    });
    let reader = scoped(&authority, "bookmarks:read");
    assert_eq!(server.post("/readers", &reader).await.status, 200);
    assert_asks_for(&server.post("/sharers", &reader).await, "bookmarks:read bookmarks:share");
    assert_asks_for(&server.post("/api/writers", &reader).await, "bookmarks:write");
    assert_eq!(server.post("/api/open", &reader).await.status, 200);
    assert_eq!(
        server.post("/api/writers", &scoped(&authority, "bookmarks:write")).await.status,
        200
    );
    assert_eq!(server.request(Method::POST, "/readers").send().await.status, 401);
    assert_eq!(server.post("/bare", &reader).await.status, 500, "nobody authenticates there");
}

#[actix_web::test]
async fn nobody_signed_in_is_401_where_something_is_demanded() {
    let authority = authority();
    let auth = granting(&authority, &KNOWN).build().unwrap();
    let server = Server::start(move |config| {
        let demanding = auth.middleware().optional().require::<Read>();
        let within = web::resource("/writers").wrap(auth.require::<Write>());
        config.service(web::resource("/required").wrap(demanding).to(HttpResponse::Ok)).service(
            web::scope("")
                .wrap(auth.middleware().optional())
                .service(within.route(web::post().to(read)))
                .configure(routes),
        );
    });
    for (path, scope) in [
        ("/read", "bookmarks:read"),
        ("/both", "bookmarks:read bookmarks:share"),
        ("/writers", "bookmarks:write"),
        ("/required", "bookmarks:read"),
    ] {
        let answer = server.request(Method::POST, path).send().await;
        assert_eq!(answer.status, 401, "{path}");
        let challenge = answer.challenge();
        assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{path}: {challenge}");
        assert!(!challenge.contains("error="), "{path}: {challenge}");
        server.post(path, "bad").await.assert_invalid_token(path);
    }
    assert_eq!(server.post("/read", &scoped(&authority, "bookmarks:read")).await.status, 200);
}

#[actix_web::test]
async fn the_application_is_asked_once_and_only_where_it_matters() {
    async fn twice(one: Authorized<Read>, other: Authorized<Write>) -> String {
        let mut names: Vec<_> = one.grants().iter().collect();
        names.sort_unstable();
        let may = other.grants();
        let (not, one) = (may.allow::<Any<(Share, Admin)>>(), may.allow::<Any<(Share, Write)>>());
        format!("{} {not} {one} {}", names.join(","), may.allow::<(Share, Write)>())
    }
    async fn anybody(_: AuthedUser) -> &'static str {
        "in"
    }
    let authority = authority();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let auth = builder(&authority)
        .permissions::<Permissions>()
        .grants(move |principal: &Principal, _: &Principal| {
            count.fetch_add(1, SeqCst);
            (principal.subject().id() == "user_ada").then(|| "bookmarks:write".to_owned())
        })
        .build()
        .unwrap();
    let server = Server::start(move |config| {
        let reading = auth.middleware().require::<Read>();
        config
            .service(web::resource("/open").wrap(auth.middleware()).route(web::post().to(anybody)))
            .service(web::resource("/twice").wrap(reading).route(web::post().to(twice)));
    });
    let token = good_token(&authority);
    assert_eq!(server.post("/open", &token).await.body, "in");
    assert_eq!(asked.load(SeqCst), 0, "nothing depends on it");
    let answer = server.post("/twice", &token).await;
    assert_eq!(answer.body, "bookmarks:read,bookmarks:write false true false");
    assert_eq!(asked.load(SeqCst), 1, "three demands, one question");
}

#[actix_web::test]
async fn what_an_argument_refuses_is_told_to_the_operator_once() {
    const RESOURCE: &str = "http://127.0.0.1:8787/arguments";
    metrics::rendered();
    let authority = authority();
    let issuer = Issuer::authkit(authority.issuer()).unwrap();
    let auth = McpAuth::builder(RESOURCE).issuer(issuer.scopes(KNOWN).unwrap());
    let auth = auth.permissions::<Permissions>().build().unwrap();
    let server = Server::start(move |config| {
        let within = web::scope("").wrap(auth.middleware().optional()).configure(routes);
        config.service(web::scope("").wrap(auth.middleware().optional()).service(within));
    });
    let told = |reason| metrics::decisions(RESOURCE, "refused", reason);
    let token = authority.token().subject("user_ada").audience(RESOURCE).scope("openid").sign();
    assert_eq!(server.post("/read", &token).await.status, 403);
    assert_eq!((told("insufficient_scope"), told("missing_permission")), (1.0, 0.0));
    assert_eq!(server.request(Method::POST, "/read").send().await.status, 401);
    assert_eq!(told("missing_credentials"), 1.0);
}
