//! Part of [actix-mcp-auth](https://docs.rs/actix-mcp-auth); depend on that.
//!
//! What several processes share: implementations of
//! [`RevocationLog`](mcp_auth_core::revocation::RevocationLog) and
//! [`RefreshLock`](mcp_auth_core::session::RefreshLock).
//!
//! | feature | revocations | a record reaches the others | one refresh of a session at a time |
//! |---|---|---|---|
#![cfg_attr(
    feature = "redis",
    doc = "| `redis` | [`RedisRevocationLog`] | at once | [`RedisRefreshLock`] |"
)]
#![cfg_attr(
    not(feature = "redis"),
    doc = "| `redis` | `RedisRevocationLog` | at once | `RedisRefreshLock` |"
)]
#![cfg_attr(
    feature = "postgres",
    doc = "| `postgres` | [`PostgresRevocationLog`] | within 0.3 s | [`PostgresRefreshLock`] |"
)]
#![cfg_attr(
    not(feature = "postgres"),
    doc = "| `postgres` | `PostgresRevocationLog` | within 0.3 s | `PostgresRefreshLock` |"
)]
//!
//! All are plain async code for a tokio runtime, without a thread of their own, and every call is
//! bounded in time. A connection belongs to the runtime in which it was made; a call from another
//! runtime, after that one has ended, connects anew.
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod refresh_bounds;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod server_url;

#[cfg(feature = "postgres")]
pub use postgres::{PostgresRefreshLock, PostgresRevocationLog};
#[cfg(feature = "redis")]
pub use redis::{RedisRefreshLock, RedisRevocationLog};
