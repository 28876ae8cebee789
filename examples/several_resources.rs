//! Several resources in one application: two MCP servers, one within the other's path, each with
//! its own scopes; and a third with a resource for each tenant below its path. A token is valid for the
//! one that it names.
//!
//! `cargo run --example several_resources` starts them on this machine and asks them.

use std::{error::Error, net::TcpListener};

use actix_mcp_auth::{AuthedUser, Issuer, McpAuth, testing::TestAuthority};
use actix_web::{App, HttpServer, http::StatusCode, rt, web};
use serde_json::Value;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = TestAuthority::builder().scope("notes:read").scope("notes:admin").start()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let origin = format!("http://{}", listener.local_addr()?);

    // One McpAuth for each resource. Here they share the issuer, whose keys are fetched once.
    let issuer = || Issuer::new(authority.issuer());
    let notes = McpAuth::builder(format!("{origin}/notes"))
        .issuer(issuer()?)
        .require_scopes(["notes:read"])
        .build()?;
    let admin = McpAuth::builder(format!("{origin}/notes/admin"))
        .issuer(issuer()?)
        .require_scopes(["notes:admin"])
        .keys_of(&notes)
        .build()?;
    // Each path below is a resource of its own: /teams/red, /teams/blue.
    let teams = McpAuth::builder(format!("{origin}/teams"))
        .issuer(issuer()?)
        .resources_below()
        .keys_of(&notes)
        .build()?;

    let server = HttpServer::new(move || {
        App::new()
            // Registered together, so that the root alias is a 404.
            .configure(McpAuth::discovery_of(&[&notes, &admin, &teams]))
            // The inner path first: a scope matches every path below its own.
            .service(
                web::scope("/notes/admin")
                    .wrap(admin.middleware())
                    .route("", web::post().to(whoami)),
            )
            .service(
                web::scope("/notes").wrap(notes.middleware()).route("", web::post().to(whoami)),
            )
            .service(
                web::scope("/teams")
                    .wrap(teams.middleware())
                    .route("/{team}", web::post().to(whoami)),
            )
    });
    rt::spawn(server.workers(1).listen(listener)?.run());

    // Each resource has a document of its own; the root alias could name one only.
    const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
    let document = json(&format!("{origin}{WELL_KNOWN}/notes/admin")).await?;
    assert_eq!(document["resource"], format!("{origin}/notes/admin"));
    assert_eq!(document["scopes_supported"], serde_json::json!(["notes:admin"]));
    let root = awc::Client::default().get(format!("{origin}{WELL_KNOWN}")).send().await?;
    assert_eq!(root.status(), StatusCode::NOT_FOUND);

    let token = |path: &str, scope: &str| {
        let token = authority.token().subject("user_ada").audience(format!("{origin}{path}"));
        token.scope(scope).sign()
    };
    let call = async |path: &str, token: &str| {
        let request = awc::Client::default().post(format!("{origin}{path}")).bearer_auth(token);
        request.send().await.map(|answer| answer.status())
    };
    let (reader, admin) = (token("/notes", "notes:read"), token("/notes/admin", "notes:admin"));
    assert_eq!(call("/notes", &reader).await?, StatusCode::OK);
    assert_eq!(call("/notes/admin", &admin).await?, StatusCode::OK);
    // Neither token is accepted at the other resource, whatever its scopes.
    assert_eq!(call("/notes/admin", &reader).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(call("/notes", &admin).await?, StatusCode::UNAUTHORIZED);
    // The right resource without the scope: 403, and a challenge that names it.
    let little = token("/notes/admin", "notes:read");
    assert_eq!(call("/notes/admin", &little).await?, StatusCode::FORBIDDEN);

    let document = json(&format!("{origin}{WELL_KNOWN}/teams/red")).await?;
    assert_eq!(document["resource"], format!("{origin}/teams/red"));
    let red = token("/teams/red", "openid");
    assert_eq!(call("/teams/red", &red).await?, StatusCode::OK);
    assert_eq!(call("/teams/blue", &red).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(call("/teams/red", &token("/teams", "openid")).await?, StatusCode::UNAUTHORIZED);
    Ok(())
}

async fn whoami(me: AuthedUser) -> String {
    me.subject().id().to_owned()
}

async fn json(url: &str) -> Result<Value, Box<dyn Error>> {
    Ok(awc::Client::default().get(url).send().await?.json().await?)
}
