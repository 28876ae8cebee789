//! Audit records: from a request to the application's sink.
//!
//! | file | what is there |
//! |---|---|
//! | `log` | [`AuditLog`], what applications start and hand to their middlewares |
//! | `queue` | the bounded queue, and the thread that empties it into the sink |
//! | `sinks` | the sinks that come with this crate |
//! | `call` | the records of one request that have no outcome yet |
//! | `named_client` | the name of the client that calls |
//! | `tap` | reads outcomes from a response's body while it passes |
//!
//! A request only ever adds to the queue, which never waits: a record that finds it full is counted
//! and dropped.

mod call;
mod log;
mod named_client;
mod queue;
mod sinks;
mod tap;

pub(crate) use call::OpenCall;
pub use log::{AuditLog, AuditLogBuilder};
pub use queue::AuditCounts;
pub(crate) use tap::ResponseTap;
