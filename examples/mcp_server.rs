//! An MCP server on rmcp with two tools: the one that README.md begins with, as it stands there.
//!
//! `MCP_AUTH_RESOURCE=http://127.0.0.1:8080/mcp WORKOS_AUTHKIT_DOMAIN=your-subdomain.authkit.app
//! cargo run --example mcp_server`; `tests/interop/guides` runs it with real clients.

use std::{env, error::Error};

use actix_mcp_auth::McpAuth;
use actix_web::{App, HttpServer};
use mcp_auth_rmcp::Caller;
use rmcp::{handler::server::wrapper::Parameters, schemars, tool, tool_router};

struct Tools;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Text {
    text: String,
}

#[tool_router(server_handler)]
impl Tools {
    /// Says who is signed in.
    #[tool]
    async fn whoami(&self, me: Caller) -> String {
        format!("You are {}", me.subject().id())
    }

    /// Counts the words of a text.
    #[tool]
    async fn count_words(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        text.split_whitespace().count().to_string()
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = McpAuth::from_env()?.build()?; // MCP_AUTH_RESOURCE, WORKOS_AUTHKIT_DOMAIN
    let tools = mcp_auth_rmcp::endpoint(auth.resource(), || Tools).build()?;
    HttpServer::new(move || {
        App::new().service(tools.scope().wrap(auth.mcp())).configure(auth.discovery())
    })
    .bind(env::var("BIND").as_deref().unwrap_or("127.0.0.1:8080"))?
    .run()
    .await?;
    Ok(())
}
