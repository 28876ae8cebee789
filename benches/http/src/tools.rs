//! The MCP server: one tool on the official SDK, with a rule and without authentication.

use actix_mcp_auth::{mcp::ToolRules, scopes};
use mcp_auth_rmcp::Caller;
use rmcp::{tool, tool_router};

use crate::people::Model;

scopes! {
    /// Call the tool.
    pub ToolsCall = "tools:call";
}

/// The server without authentication.
pub struct Open;

#[tool_router(server_handler)]
impl Open {
    /// Answers.
    #[tool]
    async fn answer(&self) -> String {
        "ok".to_owned()
    }
}

/// The server whose tool knows who is calling.
pub struct Protected;

#[tool_router(server_handler)]
impl Protected {
    /// Answers a known user.
    #[tool]
    async fn answer(&self, me: Caller<Model>) -> String {
        assert!(!me.name.is_empty(), "every user has a name");
        "ok".to_owned()
    }
}

/// What the tool requires.
pub fn rules() -> ToolRules {
    ToolRules::new().tool("answer").requires::<ToolsCall>().other_tools().refused()
}
