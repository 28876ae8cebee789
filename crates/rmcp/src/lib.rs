//! What servers written with [rmcp], the official MCP SDK, need of
//! [actix-mcp-auth](https://docs.rs/actix-mcp-auth): a tool gets the user who is calling, and what
//! they may do, as an argument; a list of tools shows what the caller may use.
//!
//! It is a package of its own, since rmcp has breaking releases more often than we do: its version
//! says which rmcp it is for (0.1: rmcp 3).
//!
//! # Three lines
//!
//! The middleware finds out who is calling; [`carry`] hands it over to rmcp, whose handlers see no
//! HTTP request; [`Caller`] takes it up as an argument of a tool.
//!
//! ```
//! use actix_web::HttpMessage;
//! use rmcp_actix_web::transport::StreamableHttpService;
//! # use std::sync::Arc;
//! # use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
//! # #[derive(Clone)] struct Tools;
//! # impl rmcp::ServerHandler for Tools {}
//!
//! let service = StreamableHttpService::builder()
//!     .service_factory(Arc::new(|| Ok(Tools)))
//!     .session_manager(Arc::new(NeverSessionManager::default()))
//!     .on_request_fn(|request, extensions| {
//!         mcp_auth_rmcp::carry(request.extensions().get(), extensions);
//!     })
//!     .build();
//! # drop(service);
//! ```
//!
//! ```
//! use mcp_auth_rmcp::Caller;
//! use rmcp::{tool, tool_router};
//!
//! struct User { name: String }
//! struct Tools;
//!
//! #[tool_router]
//! impl Tools {
//!     /// Greets the signed-in person.
//!     #[tool]
//!     async fn greet(&self, me: Caller<User>) -> String {
//!         format!("Hello, {}", me.name)
//!     }
//! }
//! ```
//!
//! # Lists that show what the caller may use
//!
//! The rules for tools are enforced by `auth.mcp().rules(…)`, before rmcp sees the message. Given
//! the same rules, [`tools_for`] leaves out of `tools/list` what would be refused; nothing depends
//! on it.
//!
//! ```
//! use std::sync::Arc;
//!
//! use mcp_auth_core::mcp::ToolRules;
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

mod caller;
mod carried;
mod lists;

pub use caller::{Caller, MaybeCaller};
pub use carried::carry;
pub use lists::{prompts_for, resources_for, tools_for};

/// The code of docs/mcp.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mcp.md")]
struct McpGuide;
