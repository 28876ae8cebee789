//! How far a follower has read.

use mcp_auth_core::revocation::LogEntry;
use redis::streams::{StreamId, StreamRangeReply};

use super::entry;

/// A position in the stream, and what the server said there: where it no longer says so, entries
/// were lost or missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    /// The random value beside the records, `None` before the first append. Another one means that
    /// the records are not those that were read.
    pub(super) epoch: Option<String>,
    /// The counter: how many entries the stream ever had.
    pub(super) seq: u64,
    /// The id and the number of the last entry; `None` where the stream was empty.
    pub(super) last: Option<(String, Option<u64>)>,
}

/// What the server says at one instant.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) epoch: Option<String>,
    pub(super) seq: Option<u64>,
    /// The entry at the position's id.
    pub(super) at_position: StreamRangeReply,
    /// The entries after the position.
    pub(super) after: Vec<StreamId>,
    /// Whether there may be more of them.
    pub(super) is_cut: bool,
}

impl Position {
    /// The position at the end of a stream.
    pub(super) fn at_end(epoch: Option<String>, seq: Option<u64>, end: StreamRangeReply) -> Self {
        let last = end.ids.first().map(|last| (last.id.clone(), entry::seq(last)));
        Self { epoch, seq: seq.unwrap_or(0), last }
    }

    /// The id after which the next entry is read.
    pub(super) fn id(&self) -> &str {
        self.last.as_ref().map_or("0-0", |(id, _)| id)
    }

    /// Moves behind entries that follow. `None` where one in between is missing: the stream was
    /// trimmed, or is another one.
    pub(super) fn advance(&mut self, entries: &[StreamId]) -> Option<Vec<LogEntry>> {
        for entry in entries {
            let seq = entry::seq(entry).filter(|seq| Some(*seq) == self.seq.checked_add(1))?;
            self.seq = seq;
            self.last = Some((entry.id.clone(), Some(seq)));
        }
        Some(entries.iter().map(entry::of_stream).collect())
    }

    /// Moves behind what a report has. `None` where the server is not one that has all that was
    /// read: it was flushed, or was replaced by an older copy.
    pub(super) fn check(&mut self, report: &Report) -> Option<Vec<LogEntry>> {
        let found = report.at_position.ids.first().map(|at| (at.id.clone(), entry::seq(at)));
        if report.epoch != self.epoch || found != self.last {
            return None;
        }
        let entries = self.advance(&report.after)?;
        (report.is_cut || report.seq.unwrap_or(0) == self.seq).then_some(entries)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use redis::Value;

    use super::*;

    fn entry(seq: u64) -> StreamId {
        let field = |text: String| Value::BulkString(text.into_bytes());
        let map = HashMap::from([
            ("seq".to_owned(), field(seq.to_string())),
            ("slot".to_owned(), field(format!("slot {seq}"))),
            ("time".to_owned(), field(seq.to_string())),
            ("text".to_owned(), field("{}".to_owned())),
        ]);
        StreamId { id: format!("{seq}-0"), map, ..StreamId::default() }
    }

    fn range(entries: impl IntoIterator<Item = u64>) -> StreamRangeReply {
        StreamRangeReply { ids: entries.into_iter().map(entry).collect() }
    }

    fn position() -> Position {
        Position::at_end(Some("e".to_owned()), Some(5), range([5]))
    }

    fn report(after: &[u64]) -> Report {
        Report {
            epoch: Some("e".to_owned()),
            seq: Some(5 + after.len() as u64),
            at_position: range([5]),
            after: after.iter().copied().map(entry).collect(),
            is_cut: false,
        }
    }

    #[test]
    fn entries_that_follow_move_the_position() {
        let mut position = position();
        let entries = position.check(&report(&[6, 7])).unwrap();
        assert_eq!(entries[1], LogEntry::new("slot 7", 7, "{}"));
        assert_eq!((position.id(), position.seq), ("7-0", 7));
        assert_eq!(position.advance(&[entry(8)]).unwrap().len(), 1);
    }

    #[test]
    fn a_gap_is_noticed() {
        assert_eq!(position().advance(&[entry(7)]), None);
        assert_eq!(position().advance(&[entry(6), entry(8)]), None);
        assert_eq!(position().advance(&[entry(1)]), None);
        assert_eq!(position().advance(&[StreamId::default()]), None);
    }

    #[test]
    fn a_server_that_lacks_what_was_read_is_noticed() {
        let changed = |change: fn(&mut Report)| {
            let mut report = report(&[]);
            change(&mut report);
            position().check(&report)
        };
        assert_eq!(changed(|_| ()), Some(Vec::new()));
        assert_eq!(changed(|report| report.epoch = None), None);
        assert_eq!(changed(|report| report.epoch = Some("f".to_owned())), None);
        assert_eq!(changed(|report| report.seq = None), None);
        assert_eq!(changed(|report| report.seq = Some(4)), None);
        assert_eq!(changed(|report| report.seq = Some(6)), None);
        assert_eq!(changed(|report| report.at_position = range([])), None);
        assert_eq!(changed(|report| report.at_position.ids[0].map.clear()), None);
    }

    #[test]
    fn a_part_of_many_entries_is_not_taken_for_a_loss() {
        let mut report = report(&[6]);
        (report.seq, report.is_cut) = (Some(1_000), true);
        assert_eq!(position().check(&report).unwrap().len(), 1);
    }

    #[test]
    fn a_log_without_entries_has_a_position() {
        let mut position = Position::at_end(None, None, range([]));
        assert_eq!(position.id(), "0-0");
        let empty = Report {
            epoch: None,
            seq: None,
            at_position: range([]),
            after: Vec::new(),
            is_cut: false,
        };
        assert_eq!(position.check(&empty), Some(Vec::new()));
        assert_eq!(position.advance(&[entry(1)]).unwrap().len(), 1);
    }
}
