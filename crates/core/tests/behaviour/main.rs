//! The whole way of a request with a clock that stands still: no socket, no runtime, no waiting.
#![allow(clippy::unwrap_used)]

mod authenticate;
#[cfg(feature = "aws-lc-rs")]
mod backends;
mod keys_under_fire;
mod mcp_methods;
mod startup;
mod token_cache;
mod users;
mod world;
