//! [actix-mcp-auth](https://docs.rs/actix-mcp-auth) for servers that are written with [rmcp], the
//! official MCP SDK, and served by `rmcp-actix-web`: the MCP endpoint of a protected resource, the
//! user who is calling as an argument of a tool, a start-up check of rules for tools, and lists that
//! show what the caller may use.
//!
//! It is a separate package, since rmcp has breaking releases more often than actix-mcp-auth: the
//! version says which rmcp it is for (0.1: rmcp 3).
//!
//! # A server
//!
//! [`endpoint`](endpoint()) builds the MCP service for a protected resource, and hands over the
//! caller whom the middleware found; [`Caller`] is that user as an argument of a tool.
//!
//! ```
//! use actix_mcp_auth::McpAuth;
//! use actix_web::App;
//! use mcp_auth_rmcp::Caller;
//! use rmcp::{tool, tool_router};
//!
//! struct Tools;
//!
//! #[tool_router(server_handler)]
//! impl Tools {
//!     /// Says who is signed in.
//!     #[tool]
//!     async fn whoami(&self, me: Caller) -> String {
//!         format!("You are {}", me.subject().id())
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = McpAuth::builder("https://app.example.com/mcp")
//!     .authkit("your-subdomain.authkit.app")
//!     .build()?;
//! let tools = mcp_auth_rmcp::endpoint(auth.resource(), || Tools).build()?;
//!
//! // In the closure of HttpServer::new:
//! App::new().service(tools.scope().wrap(auth.mcp())).configure(auth.discovery());
//! # Ok(())
//! # }
//! ```
//!
//! # Rules for tools
//!
//! A tool that takes a `Caller<User, BookmarksWrite>` requires that permission. [`tool_rules!`] makes the
//! rules from the signatures; they can also be written by hand. The rules are enforced by
//! `auth.mcp().rules(…)`, before rmcp sees the message. [`check_tools`] compares them with the server's
//! tools at start-up, so that a mistyped name is an error and not a tool that is open to everybody.
//!
//! # Lists that show what the caller may use
//!
//! Given the same rules, [`tools_for`] leaves out of `tools/list` what would be refused. Nothing is
//! enforced by it.
//!
//! ```
//! use std::sync::Arc;
//!
//! use actix_mcp_auth::mcp::ToolRules;
//! use rmcp::{
//!     ErrorData, RoleServer, ServerHandler,
//!     handler::server::tool::ToolRouter,
//!     model::{ListToolsResult, PaginatedRequestParams},
//!     service::RequestContext,
//!     tool, tool_handler, tool_router,
//! };
//!
//! struct Tools {
//!     router: ToolRouter<Self>,
//!     rules: Arc<ToolRules>,
//! }
//!
//! #[tool_router]
//! impl Tools {
//!     /// Deletes a bookmark.
//!     #[tool]
//!     async fn delete_bookmark(&self) {}
//! }
//!
//! #[tool_handler(router = self.router)]
//! impl ServerHandler for Tools {
//!     async fn list_tools(
//!         &self,
//!         _: Option<PaginatedRequestParams>,
//!         context: RequestContext<RoleServer>,
//!     ) -> Result<ListToolsResult, ErrorData> {
//!         mcp_auth_rmcp::tools_for(&self.rules, &context, self.router.list_all())
//!     }
//! }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod caller;
mod carried;
mod endpoint;
mod lists;
#[doc(hidden)]
pub mod signature;
mod tool_check;

pub use caller::{Caller, MaybeCaller};
pub use carried::carry;
pub use endpoint::{Endpoint, EndpointBuilder, endpoint};
pub use lists::{prompts_for, resources_for, tools_for};
pub use tool_check::{ToolRulesMismatch, check_tools};

/// The code of docs/mcp.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mcp.md")]
struct McpGuide;
