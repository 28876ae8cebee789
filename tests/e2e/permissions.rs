//! What a caller may do: who grants it, and what those are told who lack something (R15).

use actix_mcp_auth::{
    Authorized, Issuer, McpAuth, McpAuthBuilder,
    permission::{Any, Permission},
    scopes,
    stores::MemoryIdentityStore,
    testing::TestAuthority,
};
use actix_web::{
    http::Method,
    web::{self, ServiceConfig},
};
use serde_json::{Value, json};

use crate::support::{Answer, METADATA_URL, RESOURCE, Server, authority, builder};

mod demands;
mod mistakes;
mod scope_names;

scopes! {
    /// All of them.
    struct Permissions;
    Read = "bookmarks:read";
    Write = "bookmarks:write" implies Read;
    Share = "bookmarks:share";
    Admin = "admin" implies Write, Share;
}

/// One that no server here declares.
mod elsewhere {
    actix_mcp_auth::scopes! { pub(super) Undeclared = "elsewhere"; }
}
use elsewhere::Undeclared;

/// Trusts the authority as an issuer that grants these scopes and no others.
fn granting(authority: &TestAuthority, scopes: &[&str]) -> McpAuthBuilder {
    let issuer = Issuer::authkit(authority.issuer()).unwrap().scopes(scopes).unwrap();
    McpAuth::builder(RESOURCE).issuer(issuer).permissions::<Permissions>()
}

/// The usual scopes of an issuer that knows the application's.
const KNOWN: [&str; 4] = ["openid", "bookmarks:read", "bookmarks:write", "bookmarks:share"];
/// The same, and the role.
const ALL: [&str; 5] = ["openid", "bookmarks:read", "bookmarks:write", "bookmarks:share", "admin"];

async fn read(_: Authorized<Read>) -> &'static str {
    "read"
}

async fn write(_: Authorized<Write>) -> &'static str {
    "written"
}

async fn both(_: Authorized<(Read, Share)>) -> &'static str {
    "both"
}

async fn either(_: Authorized<Any<(Share, Admin)>>) -> &'static str {
    "either"
}

type ReadAndMore = (Read, Any<((Write, Share), Admin)>);

async fn nested(_: Authorized<ReadAndMore>) -> &'static str {
    "nested"
}

async fn undeclared(_: Authorized<Undeclared>) -> &'static str {
    "never"
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/read", web::post().to(read))
        .route("/write", web::post().to(write))
        .route("/both", web::post().to(both))
        .route("/either", web::post().to(either))
        .route("/nested", web::post().to(nested))
        .route("/undeclared", web::post().to(undeclared));
}

/// Every handler behind the middleware.
fn serve(auth: &McpAuth) -> Server {
    let auth = auth.clone();
    Server::start(move |config| {
        config.configure(auth.discovery());
        config.service(web::scope("").wrap(auth.middleware()).configure(routes));
    })
}

impl Server {
    async fn post(&self, path: &str, token: &str) -> Answer {
        self.request(Method::POST, path).bearer(token).send().await
    }
}

fn scoped(authority: &TestAuthority, scope: &str) -> String {
    authority.token().subject("user_ada").audience(RESOURCE).scope(scope).sign()
}

fn claiming(authority: &TestAuthority, claim: &str, value: impl Into<Value>) -> String {
    let token = authority.token().subject("user_ada").audience(RESOURCE).scope("openid");
    token.claim(claim, value).sign()
}

#[track_caller]
fn assert_asks_for(answer: &Answer, scope: &str) {
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(
        answer.challenge(),
        format!(
            "Bearer error=\"insufficient_scope\", \
             error_description=\"The access token lacks a scope that this needs\", \
             scope=\"{scope}\", resource_metadata=\"{METADATA_URL}\""
        )
    );
}

/// A 403 that sends nobody to the authorization server.
#[track_caller]
fn assert_plain(answer: &Answer) {
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(answer.header("www-authenticate"), None);
    assert!(!answer.body.contains("scope"), "{answer:?}");
}

#[actix_web::test]
async fn r15_scopes_claims_and_the_application_grant() {
    let authority = authority();
    let people = MemoryIdentityStore::from_iter([("user_ada", "reader"), ("user_grace", "admin")]);
    let auth = granting(&authority, &KNOWN)
        .users(people)
        .grants_from_claim("permissions")
        .grants_from_claim("role")
        .grants_from_claim(["realm_access", "roles"])
        .grants(|_, role: &&'static str| match *role {
            "admin" => vec![Admin::NAME],
            _ => vec!["no such permission"],
        })
        .build()
        .unwrap();
    let server = Server::start(move |config| {
        async fn write(_: Authorized<Write, &'static str>) -> &'static str {
            "written"
        }
        config
            .service(web::resource("/write").wrap(auth.middleware()).route(web::post().to(write)));
    });
    for (token, status) in [
        (scoped(&authority, "openid bookmarks:write"), 200),
        (scoped(&authority, "openid"), 403),
        (claiming(&authority, "permissions", json!(["a", "bookmarks:write", 7])), 200),
        (claiming(&authority, "permissions", json!(["bookmarks:write bookmarks:read"])), 403),
        (claiming(&authority, "permissions", json!("a bookmarks:write")), 200),
        (claiming(&authority, "permissions", json!({"bookmarks:write": true})), 200),
        (claiming(&authority, "permissions", json!({"bookmarks:write": false})), 403),
        (claiming(&authority, "permissions", Value::Null), 403),
        (claiming(&authority, "role", "admin"), 200),
        (claiming(&authority, "role", "administrator"), 403),
        (claiming(&authority, "role", 7), 403),
        (claiming(&authority, "realm_access", json!({"roles": ["admin"]})), 200),
        (claiming(&authority, "realm_access", json!(["admin"])), 403),
        (claiming(&authority, "roles", json!(["admin"])), 403),
        (authority.person_token("user_grace", RESOURCE), 200),
    ] {
        assert_eq!(server.post("/write", &token).await.status, status, "{token}");
    }
}

#[actix_web::test]
async fn r15_a_broader_permission_satisfies_a_narrower_need_and_not_the_reverse() {
    let authority = authority();
    let server = serve(&granting(&authority, &ALL).build().unwrap());
    for (scope, path, status) in [
        ("bookmarks:write", "/read", 200),
        ("bookmarks:write", "/write", 200),
        ("admin", "/read", 200),
        ("admin", "/both", 200),
        ("bookmarks:read", "/write", 403),
        ("bookmarks:write", "/either", 403),
        ("bookmarks:writer", "/read", 403),
        ("Bookmarks:write", "/read", 403),
    ] {
        let answer = server.post(path, &scoped(&authority, scope)).await;
        assert_eq!(answer.status, status, "{scope} {path}");
    }
}

#[actix_web::test]
async fn r15_a_broader_scope_satisfies_a_required_one() {
    let authority = authority();
    let auth = granting(&authority, &ALL).require_scopes(["bookmarks:read", "openid"]);
    let server = Server::of(&auth.build().unwrap());
    for scope in ["openid bookmarks:read", "bookmarks:write openid", "openid admin"] {
        assert_eq!(server.call(&scoped(&authority, scope)).await.status, 200, "{scope}");
    }
    for scope in ["openid", "bookmarks:write", "openid bookmarks:share"] {
        let answer = server.call(&scoped(&authority, scope)).await;
        assert_asks_for(&answer, "bookmarks:read openid");
    }
}

#[actix_web::test]
async fn r15_all_of_several_any_of_several_and_both_nested() {
    let authority = authority();
    let server = serve(&granting(&authority, &ALL).build().unwrap());
    for (path, scope, enough) in [
        ("/both", "bookmarks:read bookmarks:share", true),
        ("/both", "bookmarks:read", false),
        ("/both", "bookmarks:share", false),
        ("/either", "bookmarks:share", true),
        ("/either", "admin", true),
        ("/either", "bookmarks:read bookmarks:write", false),
        ("/nested", "bookmarks:write bookmarks:share", true),
        ("/nested", "admin", true),
        ("/nested", "bookmarks:write", false),
        ("/nested", "bookmarks:read bookmarks:share", false),
    ] {
        let answer = server.post(path, &scoped(&authority, scope)).await;
        assert_eq!(answer.status, if enough { 200 } else { 403 }, "{path} {scope}");
    }
}

#[actix_web::test]
async fn r15_one_challenge_names_all_that_the_operation_needs() {
    let authority = authority();
    let auth = granting(&authority, &KNOWN).require_scopes(["openid"]).build().unwrap();
    let server = Server::start({
        let auth = auth.clone();
        move |config| {
            let reading = auth.middleware().require::<Read>();
            let sharing = web::scope("").wrap(auth.require::<Share>()).configure(routes);
            config.service(web::scope("").wrap(reading).service(sharing));
        }
    });
    // The middleware knows of its own demand, and every later one of those before it.
    let answer = server.post("/write", &scoped(&authority, "")).await;
    assert_asks_for(&answer, "openid bookmarks:read");
    let answer = server.post("/write", &scoped(&authority, "openid")).await;
    assert_asks_for(&answer, "openid bookmarks:read");
    let answer = server.post("/write", &scoped(&authority, "openid bookmarks:read")).await;
    assert_asks_for(&answer, "openid bookmarks:read bookmarks:share");
    let granted = "openid bookmarks:read bookmarks:share";
    let answer = server.post("/write", &scoped(&authority, granted)).await;
    assert_asks_for(&answer, "openid bookmarks:read bookmarks:share bookmarks:write");
    // What was asked for is enough: nobody is sent round in circles.
    let all = "openid bookmarks:read bookmarks:share bookmarks:write";
    assert_eq!(server.post("/write", &scoped(&authority, all)).await.status, 200);

    let server = serve(&auth);
    let answer = server.post("/nested", &scoped(&authority, "openid bookmarks:write")).await;
    assert_asks_for(&answer, "openid bookmarks:read bookmarks:write bookmarks:share");
}

#[actix_web::test]
async fn r15_what_authkit_cannot_grant_is_never_asked_for() {
    let authority = authority();
    let auth = builder(&authority)
        .permissions::<Permissions>()
        .ask_at_sign_in::<(Read, Share)>()
        .require_scopes(["openid"])
        .grants_from_claim("permissions")
        .build()
        .unwrap();
    let server = serve(&auth);
    let metadata = server.get("/.well-known/oauth-protected-resource/mcp").send().await.json();
    assert_eq!(metadata["scopes_supported"], json!(["openid"]));
    let answer = server.request(Method::POST, "/read").send().await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().contains("scope=\"openid\""), "{answer:?}");
    for path in ["/read", "/both", "/either", "/nested"] {
        assert_plain(&server.post(path, &scoped(&authority, "openid")).await);
    }
    // The scope that every request needs can be asked for, and is.
    assert_asks_for(&server.post("/read", &scoped(&authority, "email")).await, "openid");
    let token = claiming(&authority, "permissions", json!(["bookmarks:read"]));
    assert_eq!(server.post("/read", &token).await.status, 200);
    assert_plain(&server.post("/write", &token).await);
}

#[actix_web::test]
async fn r15_where_no_token_would_be_enough_none_is_asked_for() {
    let authority = authority();
    let server = serve(&granting(&authority, &["bookmarks:read", "admin"]).build().unwrap());
    let nothing = scoped(&authority, "");
    // Reading could be asked for and sharing too, by way of the broader role.
    assert_asks_for(&server.post("/both", &nothing).await, "bookmarks:read admin");
    let server = serve(&granting(&authority, &["bookmarks:read"]).build().unwrap());
    assert_asks_for(&server.post("/read", &nothing).await, "bookmarks:read");
    assert_plain(&server.post("/both", &nothing).await);
    assert_plain(&server.post("/both", &scoped(&authority, "bookmarks:read")).await);
    // Of several ways, one that can be asked for is.
    let server = serve(&granting(&authority, &["admin"]).build().unwrap());
    assert_asks_for(&server.post("/either", &nothing).await, "admin");
}

#[actix_web::test]
async fn r15_each_issuers_callers_are_asked_for_what_it_grants() {
    let (workos, other) = (authority(), authority());
    let own = Issuer::authkit(other.issuer()).unwrap().scopes(KNOWN).unwrap();
    let auth = builder(&workos).issuer(own).permissions::<Permissions>().build().unwrap();
    let server = serve(&auth);
    assert_plain(&server.post("/write", &scoped(&workos, "openid")).await);
    assert_asks_for(&server.post("/write", &scoped(&other, "openid")).await, "bookmarks:write");
}

#[actix_web::test]
async fn r14_clients_are_told_what_to_ask_for_at_once_and_what_there_is() {
    let authority = authority();
    let auth = granting(&authority, &KNOWN)
        .require_scopes(["openid"])
        .ask_at_sign_in::<Write>()
        .build()
        .unwrap();
    let server = Server::start(move |config| {
        config.configure(auth.discovery());
        let sharing = auth.middleware().require::<Share>();
        config.service(web::resource("/share").wrap(sharing).route(web::post().to(read)));
        config.service(web::scope("").wrap(auth.middleware()).configure(routes));
    });
    let answer = server.request(Method::POST, "/read").send().await;
    assert!(answer.challenge().contains("scope=\"openid bookmarks:write\""), "{answer:?}");
    let answer = server.request(Method::POST, "/share").send().await;
    let scope = "scope=\"openid bookmarks:write bookmarks:share\"";
    assert!(answer.challenge().contains(scope), "{answer:?}");
    let metadata = server.get("/.well-known/oauth-protected-resource/mcp").send().await.json();
    assert_eq!(
        metadata["scopes_supported"],
        json!(["openid", "bookmarks:read", "bookmarks:write", "bookmarks:share"])
    );
}

#[actix_web::test]
async fn r15_a_remembered_token_is_asked_as_a_new_one_is() {
    let authority = authority();
    let auth = granting(&authority, &KNOWN).build().unwrap();
    let server = Server::start({
        let auth = auth.clone();
        move |config| {
            let writing = auth.middleware().require::<Write>();
            config
                .service(web::resource("/writers").wrap(writing).to(read))
                .service(web::scope("").wrap(auth.middleware()).configure(routes));
        }
    });
    let token = scoped(&authority, "bookmarks:read");
    for _ in 0..3 {
        assert_eq!(server.post("/read", &token).await.status, 200);
        assert_asks_for(&server.post("/write", &token).await, "bookmarks:write");
        assert_asks_for(&server.post("/writers", &token).await, "bookmarks:write");
    }
    assert_eq!(auth.token_cache_use().entries, 1, "it was remembered");
}

#[actix_web::test]
async fn the_members_of_a_claim_s_object_are_names_of_permissions() {
    crate::logs::process_log();
    const ROLES: &str = "urn:zitadel:iam:org:project:roles";
    let authority = authority();
    let auth = granting(&authority, &["openid"]).grants_from_claim(ROLES).build().unwrap();
    let server = Server::start(move |config| {
        let route = web::post().to(async |_: Authorized<Admin>| "administered");
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(route));
    });
    let call = async |roles: Value| {
        let token = authority.token().subject("user_ada").audience(RESOURCE).claim(ROLES, roles);
        server.call(&token.sign()).await.status.as_u16()
    };
    let by_organization = json!({ "2234": "x.example" });
    for (roles, status) in [
        (json!({ "admin": by_organization, "write": by_organization }), 200),
        (json!({ "admin": true }), 200),
        (json!({ "admin": {} }), 200),
        (json!(["other", "admin"]), 200),
        (json!("other admin"), 200),
        (json!({ "admin": false }), 403),
        (json!({ "admin": null }), 403),
        (json!({ "other": { "admin": true } }), 403),
        (json!({}), 403),
        (json!(null), 403),
        (json!("other,admin"), 403),
    ] {
        assert_eq!(call(roles.clone()).await, status, "{roles}");
    }
    let unreadable = || {
        let text = crate::logs::process_log().text();
        let of_it = |line: &&str| line.contains("event=\"grant_claim_unreadable\"");
        text.lines().filter(|line| of_it(line) && line.contains(ROLES)).count()
    };
    assert_eq!(unreadable(), 0);
    for roles in [json!([{ "name": "admin" }]), json!(7), json!(true)] {
        assert_eq!(call(roles.clone()).await, 403, "{roles}");
    }
    assert!(unreadable() >= 3);
}
