//! The contract of revocation logs and refresh locks, on real servers: each test over each server.
//!
//! The servers are behind the features `test-redis` and `test-postgres`, at `TEST_REDIS_URL` and
//! `TEST_POSTGRES_URL`; each test has a prefix of its own there. A test that flushes or restarts
//! Redis starts a private one, for which `redis-server` must be installed.
#![cfg(any(feature = "test-redis", feature = "test-postgres"))]
#![allow(clippy::unwrap_used, missing_docs)]

#[macro_use]
mod tests;
mod connections;
mod place;
#[cfg(feature = "test-postgres")]
mod postgres;
#[path = "../../../stores/tests/contract/proxy.rs"]
mod proxy;
mod reader;
#[cfg(feature = "test-redis")]
mod redis;
#[cfg(feature = "test-redis")]
mod redis_server;
mod refresh_lock;
