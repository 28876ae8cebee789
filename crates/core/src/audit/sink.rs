//! Where records go.

use std::error::Error;

use async_trait::async_trait;

use super::record::AuditRecord;

/// Why a record could not be written: the sink's own error.
pub type AuditError = Box<dyn Error + Send + Sync>;

/// Takes audit records. It runs on a thread of its own behind a bounded queue, so it may wait: it
/// never delays a request. A record whose [`write`](Self::write) fails or panics is lost, counted
/// and logged, and is not written again.
///
/// ```
/// # mod actix_mcp_auth { pub use mcp_auth_core::async_trait; pub use mcp_auth_core::audit; }
/// use actix_mcp_auth::{async_trait, audit::{AuditError, AuditRecord, AuditSink}};
///
/// struct InMemory(Vec<AuditRecord>);
///
/// #[async_trait]
/// impl AuditSink for InMemory {
///     async fn write(&mut self, record: AuditRecord) -> Result<(), AuditError> {
///         self.0.push(record);
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait AuditSink: Send + 'static {
    /// Writes one record. Records come one at a time, in the order in which their outcomes became
    /// known. A runtime of tokio is there.
    ///
    /// # Errors
    /// The sink's own.
    async fn write(&mut self, record: AuditRecord) -> Result<(), AuditError>;

    /// Called when the queue is empty, and at the end: for sinks that write several records
    /// together. Default: nothing.
    ///
    /// # Errors
    /// The sink's own. They are logged.
    async fn flush(&mut self) -> Result<(), AuditError> {
        Ok(())
    }
}
