//! [`PostgresFollower`]: polls the table.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use mcp_auth_core::revocation::{LogBatch, LogEntry, LogError, LogFollower};
use sqlx::{PgConnection, Row, postgres::PgRow};
use tokio::time::sleep;

use super::tables::Tables;
use crate::postgres::connections::{self, Connections, ROW_LIMIT};

/// The pause between two polls.
const POLL_EVERY: Duration = Duration::from_millis(300);
/// How often everything is read without a reason: a table that was restored in place from an older
/// dump has the epoch that was read.
const READ_EVERYTHING_EVERY: Duration = Duration::from_secs(5 * 60);

pub(super) struct PostgresFollower {
    connections: Arc<Connections>,
    tables: Tables,
    /// What the next poll goes on from; `None` where it reads everything: at first, and after a
    /// call that failed or was cancelled, since another server may answer next.
    followed: Option<Followed>,
}

struct Followed {
    connection: PgConnection,
    at: Position,
    everything_read: Instant,
}

/// What the server said at the last poll.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    /// Which server it is: when it was started, and whether it is a replica.
    server: String,
    /// The random value beside the records, `None` before the first append. Another one means that
    /// the records are not those that were read.
    epoch: Option<String>,
    /// Which transactions were visible.
    snapshot: String,
}

impl PostgresFollower {
    pub(super) fn new(connections: Arc<Connections>, tables: Tables) -> Self {
        Self { connections, tables, followed: None }
    }

    async fn read_everything(
        &self,
        mut connection: PgConnection,
    ) -> Result<(Followed, LogBatch), LogError> {
        let (at, entries) = self.read(&mut connection, None).await?;
        let followed = Followed { connection, at, everything_read: Instant::now() };
        Ok((followed, LogBatch::everything(entries)))
    }

    async fn read(
        &self,
        connection: &mut PgConnection,
        snapshot: Option<&str>,
    ) -> Result<(Position, Vec<LogEntry>), LogError> {
        let rows = connections::rows(connection, &self.tables.read(snapshot), ROW_LIMIT).await?;
        let mut rows = rows.iter();
        let position = rows.next().map(position).transpose().map_err(LogError::new)?;
        let position = position.ok_or_else(|| LogError::new("the answer has no rows"))?;
        let entries: Result<_, _> = rows.map(entry).collect();
        Ok((position, entries.map_err(LogError::new)?))
    }
}

#[async_trait]
impl LogFollower for PostgresFollower {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        let (followed, batch) = match self.followed.take() {
            None => self.read_everything(self.connections.connect().await?).await?,
            Some(mut followed) => {
                sleep(POLL_EVERY).await;
                let before = &followed.at;
                let (at, entries) =
                    self.read(&mut followed.connection, Some(&before.snapshot)).await?;
                let is_same = at.server == before.server && at.epoch == before.epoch;
                if is_same && followed.everything_read.elapsed() < READ_EVERYTHING_EVERY {
                    followed.at = at;
                    (followed, LogBatch::added(entries))
                } else {
                    self.read_everything(followed.connection).await?
                }
            }
        };
        self.followed = Some(followed);
        Ok(batch)
    }
}

fn position(row: &PgRow) -> sqlx::Result<Position> {
    Ok(Position { server: row.try_get(0)?, epoch: row.try_get(1)?, snapshot: row.try_get(2)? })
}

fn entry(row: &PgRow) -> sqlx::Result<LogEntry> {
    let (slot, time, text): (String, i64, String) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(LogEntry::new(slot, u64::try_from(time).unwrap_or(0), text))
}
