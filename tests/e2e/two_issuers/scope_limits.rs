//! `Issuer::scopes` limits what `scope` and `scp` grant, whatever it is that needs a permission.

use actix_mcp_auth::{
    AuthedUser, Authenticated, Authorized, Issuer, McpAuth, McpAuthBuilder,
    mcp::ToolRules,
    permission::{Any, Requirement},
    testing::{TestAuthority, TokenBuilder},
};
use actix_web::{HttpResponse, http::Method, web};
use serde_json::json;

use super::{ALL, Admin, Permissions, Read, Share, Two, Write};
use crate::support::{Answer, RESOURCE, Server, authority};

fn token(of: &TestAuthority) -> TokenBuilder {
    of.token().subject("user_ada").audience(RESOURCE)
}

/// A token whose scope names everything.
fn asking_for_all(of: &TestAuthority) -> String {
    token(of).scope(ALL.join(" ")).sign()
}

async fn demanding<R: Requirement>(_: Authorized<R>) -> &'static str {
    "done"
}

/// Each way to demand something, at a path of its own.
fn serve(auth: McpAuth) -> Server {
    Server::start(move |config| {
        let wrapped = |path: &'static str| web::resource(path);
        config
            .service(
                wrapped("/around").wrap(auth.middleware().require::<Write>()).to(HttpResponse::Ok),
            )
            .service(
                web::scope("")
                    .wrap(auth.middleware())
                    .service(wrapped("/within").wrap(auth.require::<Write>()).to(HttpResponse::Ok))
                    .route("/permission", web::post().to(demanding::<Write>))
                    .route("/implied", web::post().to(demanding::<Read>))
                    .route("/role", web::post().to(demanding::<Admin>))
                    .route("/all", web::post().to(demanding::<(Read, Share)>))
                    .route("/any", web::post().to(demanding::<Any<(Share, Admin)>>))
                    .route("/asked", web::post().to(asked))
                    .route("/scopes", web::post().to(named)),
            );
    })
}

/// What is no demand and is asked.
async fn asked(me: AuthedUser, caller: web::ReqData<Authenticated>) -> HttpResponse {
    let held = caller.grants().iter().count();
    match caller.grants().allow::<Read>() || held > 0 || me.scopes().contains_str("admin") {
        true => HttpResponse::Ok().finish(),
        false => HttpResponse::Forbidden().finish(),
    }
}

/// What a handler sees as the token's scopes.
async fn named(me: AuthedUser) -> String {
    let verified = me.token().unwrap().scopes().iter().collect::<Vec<_>>().join(" ");
    assert_eq!(verified, me.scopes().iter().collect::<Vec<_>>().join(" "));
    verified
}

async fn post(server: &Server, path: &str, token: &str) -> Answer {
    server.request(Method::POST, path).bearer(token).send().await
}

/// A 403 that sends nobody to an authorization server: no token of this issuer would help.
#[track_caller]
fn assert_plain(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 403, "{what}: {answer:?}");
    assert_eq!(answer.header("www-authenticate"), None, "{what}");
}

const WAYS: [&str; 7] = ["/around", "/within", "/permission", "/implied", "/role", "/all", "/any"];

#[actix_web::test]
async fn r33_scopes_beyond_the_issuers_limit_grant_nothing() {
    let two = Two::start();
    for builder in two.limited() {
        let server = serve(builder.build().unwrap());
        let (staff, guest) = (asking_for_all(&two.staff), asking_for_all(&two.guests));
        // Again and again: a token that is remembered grants no more than a new one.
        for _ in 0..3 {
            for path in WAYS {
                assert_eq!(post(&server, path, &staff).await.status, 200, "{path}");
                assert_plain(&post(&server, path, &guest).await, path);
            }
            assert_eq!(post(&server, "/asked", &staff).await.status, 200);
            assert_eq!(post(&server, "/asked", &guest).await.status, 403);
            assert_eq!(post(&server, "/scopes", &staff).await.body, ALL.join(" "));
            assert_eq!(post(&server, "/scopes", &guest).await.body, "openid");
        }
    }
}

#[actix_web::test]
async fn r33_the_limit_counts_for_scp_and_for_lists() {
    let two = Two::start();
    for builder in two.limited() {
        let server = serve(builder.build().unwrap());
        for of in [&two.staff, &two.guests] {
            let expected = if of.issuer() == two.staff.issuer() { 200 } else { 403 };
            for (claim, value) in [
                ("scope", json!(ALL)),
                ("scp", json!(ALL)),
                ("scp", json!(ALL.join(" "))),
                ("scp", json!("admin")),
            ] {
                let token = token(of).without("scope").claim(claim, value.clone()).sign();
                for path in WAYS {
                    let answer = post(&server, path, &token).await;
                    assert_eq!(answer.status, expected, "{claim} {value} {path}");
                }
            }
        }
    }
}

#[actix_web::test]
async fn r33_required_scopes_are_not_satisfied_beyond_the_limit() {
    let two = Two::start();
    // The scope itself, one that a broader one implies, and one among others.
    for required in [&["bookmarks:write"][..], &["bookmarks:read"], &["openid", "admin"]] {
        for builder in two.limited() {
            let auth = builder.require_scopes(required.iter().copied()).build().unwrap();
            let server = Server::of(&auth);
            for scope in [ALL.join(" "), "openid admin".to_owned()] {
                let staff = token(&two.staff).scope(&*scope).sign();
                let guest = token(&two.guests).scope(&*scope).sign();
                for _ in 0..2 {
                    assert_eq!(server.call(&staff).await.status, 200, "{required:?} {scope}");
                    assert_plain(&server.call(&guest).await, &format!("{required:?} {scope}"));
                }
            }
        }
    }
}

#[actix_web::test]
async fn r33_mcp_rules_are_not_satisfied_beyond_the_limit() {
    let two = Two::start();
    let rules = || {
        ToolRules::new()
            .tool("delete")
            .requires::<Write>()
            .tool("list")
            .requires::<Read>()
            .tool("either")
            .requires::<Any<(Share, Admin)>>()
            .other_tools()
            .refused()
            .method("resources/read")
            .requires::<Read>()
            .prompt("daily")
            .requires::<Share>()
    };
    for builder in two.limited() {
        let auth = builder.build().unwrap();
        let server = Server::start(move |config| {
            let mcp = auth.mcp().rules(rules()).unwrap();
            config.service(web::resource("/mcp").wrap(mcp).route(web::post().to(HttpResponse::Ok)));
        });
        for (method, params) in [
            ("tools/call", json!({"name": "delete"})),
            ("tools/call", json!({"name": "list"})),
            ("tools/call", json!({"name": "either"})),
            ("resources/read", json!({"uri": "file:///a"})),
            ("prompts/get", json!({"name": "daily"})),
        ] {
            let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
            for (of, status) in [(&two.staff, 200), (&two.guests, 403)] {
                let request = server.request(Method::POST, "/mcp").bearer(&asking_for_all(of));
                let answer = request.send_body(body.to_string()).await;
                assert_eq!(answer.status, status, "{body}");
                assert_eq!(answer.header("www-authenticate"), None, "{body}");
            }
        }
    }
}

#[actix_web::test]
async fn r33_what_an_issuer_was_limited_to_it_grants() {
    let two = Two::start();
    let issuer = |of: &TestAuthority, scopes: &[&str]| {
        Issuer::new(of.issuer()).unwrap().scopes(scopes).unwrap()
    };
    let builders = two.in_both_orders(|| {
        (issuer(&two.staff, &ALL), issuer(&two.guests, &["openid", "bookmarks:write"]))
    });
    for builder in builders {
        let server = serve(builder.build().unwrap());
        let guest = asking_for_all(&two.guests);
        // With what it implies; and what is implied is no name of its own.
        for (path, status) in [
            ("/permission", 200),
            ("/implied", 200),
            ("/within", 200),
            ("/role", 403),
            ("/any", 403),
        ] {
            assert_eq!(post(&server, path, &guest).await.status, status, "{path}");
        }
        let narrower = token(&two.guests).scope("bookmarks:read").sign();
        assert_eq!(post(&server, "/implied", &narrower).await.status, 403);
    }
}

#[actix_web::test]
async fn r33_another_spelling_of_the_issuer_has_the_same_limit() {
    let two = Two::start();
    let alias = "https://guests.example.com/alias";
    let builders = two.in_both_orders(|| {
        let staff = Issuer::new(two.staff.issuer()).unwrap().scopes(ALL).unwrap();
        let guests = Issuer::new(two.guests.issuer()).unwrap().scopes(["openid"]).unwrap();
        (staff, guests.also_named(alias))
    });
    for builder in builders {
        let server = serve(builder.build().unwrap());
        let guest = token(&two.guests).scope(ALL.join(" ")).issuer(alias).sign();
        assert_eq!(post(&server, "/scopes", &guest).await.body, "openid");
        for path in WAYS {
            assert_plain(&post(&server, path, &guest).await, path);
        }
    }
}

#[actix_web::test]
async fn r33_what_a_preset_advertises_is_no_limit_and_scopes_is_one() {
    let authority = authority();
    let serve = |issuer: Issuer| {
        let builder: McpAuthBuilder = McpAuth::builder(RESOURCE).permissions::<Permissions>();
        serve(builder.issuer(issuer).build().unwrap())
    };
    let preset = || Issuer::authkit(authority.issuer()).unwrap();
    let token = asking_for_all(&authority);
    assert_eq!(post(&serve(preset()), "/permission", &token).await.status, 200);
    let limited = preset().scopes(Issuer::AUTHKIT_SCOPES).unwrap();
    assert_plain(&post(&serve(limited), "/permission", &token).await, "limited");
    // One issuer alone is limited as well.
    let none = Issuer::new(authority.issuer()).unwrap().scopes([""; 0]).unwrap();
    assert_eq!(post(&serve(none), "/scopes", &token).await.body, "");
}
