//! The sinks that come with this crate.

use std::{future::Future, io::Write};

use async_trait::async_trait;
use mcp_auth_core::audit::{AuditError, AuditRecord, AuditSink};

use crate::observe;

/// Writes one line of JSON for each record, in one call of the writer. The writer is flushed when
/// the queue is empty.
pub(super) struct JsonLines<W> {
    writer: W,
    line: Vec<u8>,
    /// Whether the writer may have taken a part of a line.
    is_broken: bool,
}

impl<W: Write + Send + 'static> JsonLines<W> {
    /// To a file, say.
    pub(super) fn new(writer: W) -> Self {
        Self { writer, line: Vec::new(), is_broken: false }
    }
}

#[async_trait]
impl<W: Write + Send + 'static> AuditSink for JsonLines<W> {
    async fn write(&mut self, record: AuditRecord) -> Result<(), AuditError> {
        self.line.clear();
        if self.is_broken {
            self.line.push(b'\n');
        }
        serde_json::to_writer(&mut self.line, &record)?;
        self.line.push(b'\n');
        self.is_broken = true;
        self.writer.write_all(&self.line)?;
        self.is_broken = false;
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), AuditError> {
        Ok(self.writer.flush()?)
    }
}

/// Writes an event of `tracing` for each record: level info, target `mcp_auth::audit`. Attributes
/// have the names of OpenTelemetry where it has one.
pub(super) struct Tracing;

#[async_trait]
impl AuditSink for Tracing {
    async fn write(&mut self, record: AuditRecord) -> Result<(), AuditError> {
        observe::audit_record(&record);
        Ok(())
    }
}

/// Calls an async function.
pub(super) struct Function<F>(pub(super) F);

#[async_trait]
impl<F, R, E> AuditSink for Function<F>
where
    F: FnMut(AuditRecord) -> R + Send + 'static,
    R: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<AuditError> + 'static,
{
    async fn write(&mut self, record: AuditRecord) -> Result<(), AuditError> {
        let written = (self.0)(record);
        written.await.map_err(Into::into)
    }
}
