//! [`RedisFollower`]: reads the hash, then the stream.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::revocation::{LogBatch, LogEntry, LogError, LogFollower};
use redis::{
    Cmd, RedisResult,
    aio::MultiplexedConnection,
    cmd, pipe,
    streams::{StreamId, StreamReadReply},
};

use super::{
    entry,
    position::{Position, Report},
};
use crate::redis::{keys::Keys, server::Server};

/// For how long a read waits for entries.
const BLOCK: Duration = Duration::from_secs(1);
/// How many entries are read at once.
const COUNT: usize = 1_000;

pub(super) struct RedisFollower {
    server: Arc<Server>,
    keys: Keys,
    /// `None` before the first call, and after one that failed or was cancelled.
    connection: Option<MultiplexedConnection>,
    /// `None` where everything has to be read.
    position: Option<Position>,
}

impl RedisFollower {
    pub(super) fn new(server: Arc<Server>, keys: Keys) -> Self {
        Self { server, keys, connection: None, position: None }
    }

    async fn read(
        &mut self,
        connection: &mut MultiplexedConnection,
        is_new: bool,
    ) -> RedisResult<LogBatch> {
        if let Some(entries) = self.read_added(connection, is_new).await? {
            return Ok(LogBatch::added(entries));
        }
        self.position = None;
        let (position, entries) = self.read_everything(connection).await?;
        self.position = Some(position);
        Ok(LogBatch::everything(entries))
    }

    /// What was added since the position. `None` where it is not known.
    async fn read_added(
        &mut self,
        connection: &mut MultiplexedConnection,
        is_new: bool,
    ) -> RedisResult<Option<Vec<LogEntry>>> {
        let Some(position) = &mut self.position else { return Ok(None) };
        if !is_new {
            let read = xread(&self.keys, position, Some(BLOCK));
            let entries = entries_of(read.query_async(connection).await?);
            if !entries.is_empty() {
                return Ok(position.advance(&entries));
            }
        }
        // `XREAD` waits without an error for a stream that is gone: that nothing was read does not
        // mean that there is nothing to read.
        let mut report = pipe();
        report
            .atomic()
            .hget(self.keys.state(), "")
            .get(self.keys.seq())
            .xrange(self.keys.stream(), position.id(), position.id())
            .add_command(xread(&self.keys, position, None));
        let (epoch, seq, at_position, after) = report.query_async(connection).await?;
        let after = entries_of(after);
        let is_cut = after.len() == COUNT;
        Ok(position.check(&Report { epoch, seq, at_position, after, is_cut }))
    }

    /// The position first: what is written while the hash is read is in the stream behind it.
    async fn read_everything(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<(Position, Vec<LogEntry>)> {
        let mut end = pipe();
        end.atomic().hget(self.keys.state(), "").get(self.keys.seq()).xrevrange_count(
            self.keys.stream(),
            "+",
            "-",
            1,
        );
        let (epoch, seq, end) = end.query_async(connection).await?;
        let position = Position::at_end(epoch, seq, end);
        let (mut entries, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let mut scan = cmd("HSCAN");
            scan.arg(self.keys.state()).arg(cursor).arg("COUNT").arg(COUNT);
            let part: Vec<(Vec<u8>, Vec<u8>)>;
            (cursor, part) = scan.query_async(connection).await?;
            let is_entry = |(slot, _): &&(Vec<u8>, Vec<u8>)| !slot.is_empty();
            entries.extend(part.iter().filter(is_entry).map(|(s, v)| entry::of_hash(s, v)));
            if cursor == 0 {
                return Ok((position, entries));
            }
        }
    }
}

#[async_trait]
impl LogFollower for RedisFollower {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        // Taken out, so that a call that fails or is cancelled leaves no connection with an answer
        // under way.
        let (mut connection, is_new) = match self.connection.take() {
            Some(connection) => (connection, false),
            None => (self.server.connect(BLOCK).await?, true),
        };
        let batch = self.read(&mut connection, is_new).await.map_err(LogError::new)?;
        self.connection = Some(connection);
        Ok(batch)
    }
}

/// Reads the entries after a position, and waits for them where `block` says so.
fn xread(keys: &Keys, position: &Position, block: Option<Duration>) -> Cmd {
    let mut read = cmd("XREAD");
    read.arg("COUNT").arg(COUNT);
    if let Some(block) = block {
        read.arg("BLOCK").arg(block.as_millis() as u64);
    }
    read.arg("STREAMS").arg(keys.stream()).arg(position.id());
    read
}

fn entries_of(reply: Option<StreamReadReply>) -> Vec<StreamId> {
    reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).collect()
}
