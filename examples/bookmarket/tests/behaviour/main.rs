//! What Bookmarket does, seen from outside: over real HTTP, as settings, as a process. The same
//! for every store and every database: `../../test-every-store` runs it over all of them.
#![allow(clippy::expect_used, reason = "a test that cannot go on should say so and stop")]

mod access;
mod activity;
mod activity_page;
mod agent;
mod agents;
mod audit;
mod bookmarks;
mod browser;
/// Memory has no address, is never out of reach and never fails: none of this applies to it.
#[cfg(any(feature = "diesel", all(feature = "sea-orm", not(feature = "memory"))))]
mod database;
mod eras;
mod health;
mod oauth;
mod pages;
mod place;
mod process;
mod revoke;
mod server;
mod settings;
mod sign_in;
mod tool_rules;
mod workos;
