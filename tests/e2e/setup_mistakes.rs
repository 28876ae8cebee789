//! Mistakes in an application's or a client's set-up that the log names.

use std::{error::Error, io};

use actix_mcp_auth::{
    BuildError, McpAuth, McpAuthBuilder, Resource,
    mcp::ToolRules,
    revocation::{LogError, RevokeError},
    session::SessionError,
    stores::MemoryIdentityStore,
    testing::StartError,
    workos::ApiError,
};
use actix_web::{
    HttpResponse,
    http::Method,
    web::{self, ServiceConfig},
};

use crate::{
    logs::process_log,
    support::{RESOURCE, Server, authority, builder},
};

/// The lines of an event about a resource.
fn events(event: &str, resource: &str) -> Vec<String> {
    let (event, resource) = (format!("event=\"{event}\""), format!("resource={resource:?}"));
    let text = process_log().text();
    let lines = text.lines().filter(|line| line.contains(&event) && line.contains(&resource));
    lines.map(str::to_owned).collect()
}

fn of(resource: &str) -> McpAuthBuilder {
    McpAuth::builder(resource).authkit("x.authkit.app")
}

/// Where an application registers its documents.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Documents {
    Nowhere,
    InAScope,
    AtTheRootBefore,
    AtTheRootAfter,
    /// They are not registered, and the middleware around everything answers.
    ByTheMiddleware,
}

fn register(config: &mut ServiceConfig, documents: Documents, auth: &McpAuth) {
    let discovery = auth.discovery();
    let mcp = web::resource("/mcp").wrap(auth.middleware()).to(HttpResponse::Ok);
    match documents {
        Documents::Nowhere => config.service(mcp),
        Documents::InAScope => config.service(web::scope("/api").configure(discovery).service(mcp)),
        Documents::AtTheRootBefore => config.configure(discovery).service(mcp),
        Documents::AtTheRootAfter => config.service(mcp).configure(discovery),
        Documents::ByTheMiddleware => {
            let scope = web::scope("").wrap(auth.middleware());
            config.service(scope.route("/mcp", web::to(HttpResponse::Ok)))
        }
    };
}

#[actix_web::test]
async fn r02_discovery_that_is_not_at_the_root_is_told_at_the_first_401() {
    process_log();
    for (documents, path, told) in [
        (Documents::Nowhere, "/mcp", 1),
        (Documents::InAScope, "/api/mcp", 1),
        (Documents::AtTheRootBefore, "/mcp", 0),
        (Documents::AtTheRootAfter, "/mcp", 0),
        (Documents::ByTheMiddleware, "/mcp", 0),
    ] {
        let resource = format!("https://{documents:?}.example.com{path}").to_lowercase();
        let auth = of(&resource).build().unwrap();
        let server = Server::start(move |config| register(config, documents, &auth));
        for _ in 0..2 {
            assert_eq!(server.request(Method::POST, path).send().await.status, 401);
        }
        let lines = events("discovery_not_registered", &resource);
        assert_eq!(lines.len(), told, "{documents:?}: {lines:?}");
        for line in lines {
            assert!(line.contains(" WARN ") && line.contains("auth.discovery()"), "{line}");
        }
    }
}

#[actix_web::test]
async fn r04_offline_access_that_is_left_out_is_told_at_start_up() {
    process_log();
    let resource = "https://offline.example.com/mcp";
    let auth = of(resource).scopes_supported(["openid", "offline_access"]).build().unwrap();
    let lines = events("offline_access_not_listed", resource);
    assert!(lines.len() == 1 && lines[0].contains(" WARN "), "{lines:?}");
    let server = Server::of(&auth);
    let document = server.get("/.well-known/oauth-protected-resource/mcp").send().await.json();
    assert_eq!(document["scopes_supported"], serde_json::json!(["openid"]));
    let silent = "https://online.example.com/mcp";
    drop(of(silent).scopes_supported(["openid"]).build().unwrap());
    assert!(events("offline_access_not_listed", silent).is_empty());
}

#[actix_web::test]
async fn r07_the_log_names_a_usual_mistake_in_the_header() {
    process_log();
    let resource = "https://header.example.com/mcp";
    let server = Server::of(&of(resource).build().unwrap());
    for (value, status, reason, tells) in [
        ("Bearer Bearer eyJsecret1", 401, "malformed", "begins with the scheme again"),
        ("Bearer \"eyJsecret2\"", 401, "malformed", "stands in quotes"),
        ("Bearer ${MCP_SECRET3}", 401, "malformed", "a placeholder that was never filled"),
        ("Bearer undefined", 401, "malformed", "a placeholder that was never filled"),
        ("eyJsecret4", 401, "missing_credentials", "a word without a scheme"),
        ("Bearer: eyJsecret5", 401, "missing_credentials", "a colon stands behind the scheme"),
        ("Token eyJsecret6", 401, "missing_credentials", "another scheme than Bearer"),
        ("Bearer opaque-token", 401, "malformed", "opaque or encrypted"),
    ] {
        let before = events("request_refused", resource).len();
        let request = server.request(Method::POST, "/mcp").header("Authorization", value);
        assert_eq!(request.send().await.status, status, "{value}");
        let lines = events("request_refused", resource);
        assert_eq!(lines.len(), before + 1, "{value}");
        let line = &lines[before];
        assert!(line.contains(&format!("reason={reason:?}")) && line.contains(tells), "{line}");
        assert!(!line.to_lowercase().contains("secret"), "{line}");
    }
}

#[actix_web::test]
async fn a_machine_that_nobody_knows_is_told_of_find_machine() {
    process_log();
    let authority = authority();
    let resource = "http://127.0.0.1:8787/machines";
    let nobody = MemoryIdentityStore::<String>::new();
    let auth = McpAuth::builder(resource).authkit(authority.issuer()).users(nobody);
    let server = Server::of(&auth.build().unwrap());
    let token = authority.machine_token("client_nightly").audience(resource).sign();
    assert_eq!(server.call(&token).await.status, 403);
    let lines = events("request_refused", resource);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("reason=\"unknown_machine\""), "{lines:?}");
    assert!(lines[0].contains("find_machine"), "{lines:?}");
}

#[actix_web::test]
async fn a_check_of_the_application_refuses_with_its_reason_in_the_log() {
    process_log();
    let authority = authority();
    let refused = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let switch = refused.clone();
    let auth = builder(&authority)
        .check(|token| match token.claim::<String>("tid") {
            Ok(Some(tenant)) if tenant == "tenant-1" => Ok(()),
            _ => Err("only tenant-1 may call"),
        })
        .check(move |_| match switch.load(std::sync::atomic::Ordering::SeqCst) {
            false => Ok(()),
            true => Err(format!("closed {}", "\n")),
        })
        .build()
        .unwrap();
    let server = Server::of(&auth);
    let token = |tenant: &str| {
        let token = authority.token().subject("user_ada").audience(RESOURCE);
        token.claim("tid", tenant).sign()
    };
    let good = token("tenant-1");
    assert_eq!(server.call(&good).await.status, 200);
    let other = server.call(&token("tenant-2")).await;
    assert_eq!(other.status, 403);
    assert_eq!(other.header("www-authenticate"), None);
    assert!(!other.body.contains("tenant"), "{other:?}");
    // The token is cached by now, and still every request asks.
    refused.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(server.call(&good).await.status, 403);
    let text = process_log().text();
    for tells in ["only tenant-1 may call", "closed \\n"] {
        let of_it =
            |line: &&str| line.contains("reason=\"refused_by_policy\"") && line.contains(tells);
        assert!(text.lines().any(|line| of_it(&line)), "{tells}");
    }
}

/// What a `main` that returns it prints is `Debug`.
#[test]
fn debug_of_a_start_up_error_is_its_text() {
    fn shown(error: impl Error) {
        let text = error.to_string();
        assert!(!text.is_empty());
        assert_eq!(format!("{error:?}"), text);
    }
    let config = || Resource::parse("mcp").unwrap_err();
    let io = || io::Error::other("refused");
    shown(config());
    shown(BuildError::from(config()));
    shown(BuildError::Thread(io()));
    shown(of("mcp").build().unwrap_err());
    shown(StartError::NotLoopback([10, 0, 0, 1].into()));
    shown(StartError::UnknownPerson("user_nobody".into()));
    shown(StartError::Io(([127, 0, 0, 1], 1).into(), io()));
    shown(mcp_auth_rmcp::check_tools(&ToolRules::new().tool("typo").open(), &[]).unwrap_err());
    shown(LogError::new("no such host"));
    shown(RevokeError::NoIssuer);
    shown(RevokeError::NotInLog(LogError::new("no such host")));
    shown(SessionError::new("no such table"));
    shown(ApiError::KeyRefused);
}
