//! An MCP server on rmcp with rules for its tools: the one of docs/mcp.md, as it stands there.
//!
//! `MCP_AUTH_RESOURCE=http://127.0.0.1:8080/mcp WORKOS_AUTHKIT_DOMAIN=your-subdomain.authkit.app
//! cargo run --example mcp_tool_rules`; `tests/interop/guides` runs it with real clients.

use std::{env, error::Error, sync::Arc};

use actix_mcp_auth::{McpAuth, Principal, mcp::ToolRules, permission::Permission, scopes};
use actix_web::{App, HttpServer};
use mcp_auth_rmcp::{Caller, check_tools, tool_rules, tools_for};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{ListToolsResult, PaginatedRequestParams},
    service::RequestContext,
    tool, tool_handler, tool_router,
};

scopes! {
    /// Read reports.
    pub ReportsRead = "reports:read";
    /// Publish reports, and read them.
    pub ReportsWrite = "reports:write" implies ReportsRead;
}

#[derive(Clone)]
struct Tools {
    rules: Arc<ToolRules>,
}

#[tool_router]
impl Tools {
    /// Says who is signed in.
    #[tool]
    async fn whoami(&self, me: Caller) -> String {
        format!("You are {}", me.subject().id())
    }

    /// Lists the reports.
    #[tool]
    async fn list_reports(&self, _: Caller<Principal, ReportsRead>) -> String {
        "spring, autumn".to_owned()
    }

    /// Publishes the next report.
    #[tool]
    async fn publish_report(&self, me: Caller<Principal, ReportsWrite>) -> String {
        format!("published for {}", me.subject().id())
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    /// Leaves out what the rules would refuse to the caller.
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        tools_for(&self.rules, &context, Self::tool_router().list_all())
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Who may call which tool, by its signature.
    let rules = tool_rules!(Tools: whoami, list_reports, publish_report);
    // A tool that was forgotten in that line ends the program here.
    check_tools(&rules, &Tools::tool_router().list_all())?;
    let rules = rules.other_tools().refused();

    let auth = McpAuth::from_env()? // MCP_AUTH_RESOURCE, WORKOS_AUTHKIT_DOMAIN
        .permissions::<(ReportsRead, ReportsWrite)>()
        // What a caller may do, by what the application knows of them. Here everybody may read.
        .grants(|_, _: &Principal| [ReportsRead::NAME])
        .build()?;
    let mcp = auth.mcp().rules(rules.clone())?;
    let tools = Tools { rules: rules.into() };
    let tools = mcp_auth_rmcp::endpoint(auth.resource(), move || tools.clone()).build()?;
    HttpServer::new(move || {
        App::new().service(tools.scope().wrap(mcp.clone())).configure(auth.discovery())
    })
    .bind(env::var("BIND").as_deref().unwrap_or("127.0.0.1:8080"))?
    .run()
    .await?;
    Ok(())
}
