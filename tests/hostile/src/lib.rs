//! What the tests of the hostile suite share: a server under test, clients that send malformed
//! requests, checks that are written from the standards and without the product's code, and the
//! table.
//!
//! - [`server`]: an application behind the middleware, and an HTTP client
//! - [`wire`]: a client that writes bytes to a socket
//! - [`answer`]: an answer, checked as soon as it is read
//! - [`challenge`]: the grammar of `WWW-Authenticate`
//! - [`forge`]: keys and tokens of every kind
//! - [`gate`]: the whole decision in process, with a fixed clock
//! - [`class`]: cases and outcomes, and the row of the table
#![allow(clippy::unwrap_used)]

pub mod answer;
pub mod challenge;
pub mod class;
pub mod forge;
pub mod gate;
pub mod server;
pub mod wire;

pub use answer::Answer;
pub use class::{Class, Expected};
pub use gate::Gate;
pub use server::{METADATA_URL, RESOURCE, Request, Server, builder_for};
pub use wire::Wire;

/// Whether the samples are large: set by `tests/hostile/run` (`HOSTILE_FULL=1`), and not by
/// `cargo test`, which must be fast.
pub fn full() -> bool {
    std::env::var_os("HOSTILE_FULL").is_some_and(|value| value == "1")
}
