//! What Bookmarket does, seen from outside: over real HTTP, as settings, as a process.
#![allow(clippy::expect_used, reason = "a test that cannot go on should say so and stop")]

mod access;
mod agent;
mod bookmarks;
mod eras;
mod oauth;
mod process;
mod server;
mod settings;
