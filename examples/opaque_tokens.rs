//! An endpoint for an issuer that gives clients opaque tokens: the issuer is asked about each of them
//! (RFC 7662). The settings are in a file, with the credentials by which this resource asks:
//!
//! ```json
//! {
//!   "resource": "https://app.example.com/mcp",
//!   "issuers": [{
//!     "issuer": "https://login.example.com",
//!     "introspection": {
//!       "url": "https://login.example.com/oauth2/introspect",
//!       "client_id": "resource-1",
//!       "client_secret_file": "/run/secrets/introspection"
//!     }
//!   }]
//! }
//! ```
//!
//! `SETTINGS=settings.json BIND=127.0.0.1:8080 cargo run --example opaque_tokens` serves it.
//! `tests/interop/introspection` calls it with tokens of `oidc-provider`.

use std::{env, error::Error, fs};

use actix_mcp_auth::{AuthedUser, McpAuth, McpAuthSettings};
use actix_web::{App, HttpServer, Responder, web};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let settings: McpAuthSettings =
        serde_json::from_str(&fs::read_to_string(env::var("SETTINGS")?)?)?;
    let auth = McpAuth::from_settings(settings)?.build()?;
    HttpServer::new(move || {
        App::new()
            .configure(auth.discovery())
            .service(web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(whoami)))
    })
    .workers(1)
    .bind(env::var("BIND")?)?
    .run()
    .await?;
    Ok(())
}

/// In place of a real MCP server; docs/mcp.md shows one with rmcp.
async fn whoami(me: AuthedUser) -> impl Responder {
    let scopes: Vec<_> = me.scopes().iter().collect();
    format!("{} may {}", me.subject().id(), scopes.join(" "))
}
