//! The whole decision about a request, with a clock that the tests set: no socket, no runtime, no waiting.
#![allow(clippy::unwrap_used)]

mod authenticate;
#[cfg(feature = "aws-lc-rs")]
mod backends;
mod introspection;
mod keys_under_fire;
mod mcp_methods;
#[path = "../support/recording_log.rs"]
mod recording_log;
mod replaced_keys;
mod revocation;
mod startup;
mod token_cache;
mod users;
mod world;
