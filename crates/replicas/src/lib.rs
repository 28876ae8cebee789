//! Part of [actix-mcp-auth](https://docs.rs/actix-mcp-auth); depend on that.
//!
//! Revocation logs that several processes share: implementations of
//! [`RevocationLog`](mcp_auth_core::revocation::RevocationLog).
//!
//! | log | feature | a record reaches the others |
//! |---|---|---|
#![cfg_attr(feature = "redis", doc = "| [`RedisRevocationLog`] | `redis` | at once |")]
#![cfg_attr(not(feature = "redis"), doc = "| `RedisRevocationLog` | `redis` | at once |")]
#![cfg_attr(
    feature = "postgres",
    doc = "| [`PostgresRevocationLog`] | `postgres` | within 0.3 s |"
)]
#![cfg_attr(
    not(feature = "postgres"),
    doc = "| `PostgresRevocationLog` | `postgres` | within 0.3 s |"
)]
//!
//! Both are plain async code for a tokio runtime, without a thread of their own, and every call is
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
mod server_url;

#[cfg(feature = "postgres")]
pub use postgres::PostgresRevocationLog;
#[cfg(feature = "redis")]
pub use redis::RedisRevocationLog;
