//! The MCP endpoint over real HTTP, in both protocol eras: with and without sessions, by which
//! names it may be called, where it is mounted, and what tools require.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod carried;
mod eras;
mod hosts;
mod mounting;
mod server;
mod sessions;
mod signatures;
