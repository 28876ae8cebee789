//! Part of [actix-mcp-auth](https://docs.rs/actix-mcp-auth); depend on that.
//!
//! With AuthKit, people and staff end access in WorkOS. This crate lets it take effect here: it
//! receives webhooks, reads the events that webhooks have missed, checks the set-up, and lists and ends
//! the agents of a person. It is built
//! from core's [`AuthHandle`](mcp_auth_core::AuthHandle), whose HTTP client and revocation log it
//! uses.
//!
//! | file | subject |
//! |---|---|
//! | `settings` | what [`WorkOs`] is made from |
//! | `api` | requests to WorkOS's API |
//! | `event` | an event, from a webhook or from the API |
//! | `hook` | the application's own work for an event |
//! | `mapping` | what an event revokes |
//! | `effect` | an event's revocations, and the application's hook |
//! | `signature` | the signature of a webhook |
//! | `webhooks` | the service that receives them |
//! | `poller` | the thread that reads events |
//! | `check` | the check of the set-up |
//! | `agents` | the agents that a person has authorized |
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agents;
mod api;
mod check;
mod effect;
mod event;
mod hook;
mod log;
mod mapping;
mod poller;
mod settings;
mod signature;
mod webhooks;
mod workos;

pub use agents::WorkOsAgents;
pub use api::ApiError;
pub use check::{Finding, SetupCheck};
pub use event::Event;
pub use settings::WorkOsSettings;
pub use webhooks::Webhooks;
pub use workos::WorkOs;
