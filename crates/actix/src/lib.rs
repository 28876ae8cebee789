//! Part of [actix-mcp-auth](https://docs.rs/actix-mcp-auth); depend on that.
//!
//! Everything that touches a request or a socket: [`McpAuth`] and its builder, the
//! [middleware](McpAuth::middleware), the extractors [`AuthedUser`] and [`MaybeAuthed`], the
//! [discovery routes](McpAuth::discovery), and the one refresher of keys. What is decided is
//! decided in [`mcp_auth_core`].
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accept_sessions;
mod audit;
mod auth;
mod authorize;
mod below;
mod browser;
mod builder;
mod clock;
mod cors;
mod discovery;
mod entry;
mod extract;
mod extractor_error;
mod health;
mod host;
mod mcp;
mod middleware;
mod observe;
mod percent;
mod refresher;
mod rejected;
mod responder;
mod response;
mod revocation;
mod setting_names;
mod settings;
mod well_known;

pub use audit::{AuditCounts, AuditLog, AuditLogBuilder};
pub use auth::McpAuth;
pub use authorize::{Authorized, RequirePermission};
pub use builder::{BuildError, McpAuthBuilder};
pub use clock::SystemClock;
pub use extract::{AuthedUser, MaybeAuthed};
pub use health::{Health, IssuerHealth};
pub use mcp::McpMiddleware;
pub use middleware::McpAuthMiddleware;
pub use observe::LogSampling;
pub use revocation::SharedRevocations;
pub use settings::McpAuthSettings;
