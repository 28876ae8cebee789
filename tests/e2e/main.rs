//! End to end over real HTTP: an Actix application behind the middleware, `TestAuthority` as the
//! authorization server, and a plain HTTP client. A test's name carries the ID of the obligation
//! that it proves (docs/obligations.md).
#![allow(clippy::unwrap_used)]

mod agents;
mod api_keys;
mod audiences;
mod audit;
mod browsers;
mod challenges;
mod contents;
#[cfg(any(feature = "test-postgres", feature = "test-mysql"))]
mod databases;
mod deactivated;
mod deployment;
mod discovery;
mod events;
mod extractors;
mod field;
mod flood;
mod gateway;
mod guides;
mod introspection;
mod issuers;
mod key_discovery;
mod keys;
mod keys_at_hand;
mod keys_in_network;
mod keys_shared;
mod logs;
mod mcp_anonymous;
mod mcp_bodies;
mod mcp_rules;
mod mcp_sessions;
mod metrics;
mod newcomers;
mod obligations;
mod permissions;
mod private_ca;
mod providers;
mod proxy;
mod readme;
mod resources_below;
mod revocation_events;
mod sessions;
mod settings;
mod setup_mistakes;
mod sign_in;
mod streams;
mod support;
mod tokens;
mod two_issuers;
mod userinfo;
mod users;
mod workos;
