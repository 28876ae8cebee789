//! Part of [actix-mcp-auth](https://docs.rs/actix-mcp-auth); depend on that.
//!
//! People sign in on pages by WorkOS AuthKit: the authorization code flow with PKCE (RFC 7636), a
//! session, its refresh, and sign-out. A session makes the same caller as an agent's token, by
//! core's [`SessionSource`](mcp_auth_core::session::SessionSource).
//!
//! | file | subject |
//! |---|---|
//! | `sign_in`, `context` | [`SignIn`], and what its routes share |
//! | `settings`, `environment` | [`SignInSettings`] |
//! | `routes/` | `/login`, `/callback`, `/logout`, `/login/organization` |
//! | `flow` | a sign-in that has begun: `state`, PKCE, the path to come back to |
//! | `completed` | sign-ins that were completed lately |
//! | `sessions` | from a request's cookies to the session: what core asks |
//! | `refresh` | renews tokens: one refresh for each session at a time |
//! | `outcome` | what became of a refresh, for other processes too |
//! | `stored` | what is kept of a session, and when it ends |
//! | `store` | any store of actix-session |
//! | `cookies`, `seal`, `random` | cookies: their names and attributes, and how their values are sealed |
//! | `authkit` | requests to WorkOS's User Management API |
//! | `pages`, `answers` | what people are told, and how it is sent |
//! | `log` | what operators are told |
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answers;
mod authkit;
mod completed;
mod context;
mod cookies;
mod environment;
mod flow;
mod log;
mod outcome;
mod pages;
mod random;
mod refresh;
mod routes;
mod seal;
mod sessions;
mod settings;
mod sign_in;
mod store;
mod stored;

pub use settings::SignInSettings;
pub use sign_in::SignIn;
