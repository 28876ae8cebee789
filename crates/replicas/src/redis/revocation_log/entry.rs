//! Entries as they stand in the hash and in the stream.

use mcp_auth_core::revocation::LogEntry;
use redis::{FromRedisValue, streams::StreamId};

/// How many digits a time has: all that a `u64` can have, so that times compare as text.
const TIME_DIGITS: usize = 20;

/// A time as it is stored.
pub(super) fn stored_time(time: u64) -> String {
    format!("{time:0TIME_DIGITS$}")
}

/// An entry of the hash. What does not look like one is passed on with time 0, so that the reader
/// counts it as unreadable, and nothing stops at it.
pub(super) fn of_hash(slot: &[u8], value: &[u8]) -> LogEntry {
    let slot = String::from_utf8_lossy(slot);
    let value = String::from_utf8_lossy(value);
    let parts = value.split_once(' ').and_then(|(time, text)| Some((time.parse().ok()?, text)));
    let (time, text) = parts.unwrap_or((0, &value));
    LogEntry::new(slot, time, text)
}

/// An entry of the stream.
pub(super) fn of_stream(entry: &StreamId) -> LogEntry {
    let field = |name| field(entry, name).unwrap_or_default();
    LogEntry::new(field("slot"), field("time").parse().unwrap_or(0), field("text"))
}

/// The number of an entry of the stream; `None` where it is not one of ours.
pub(super) fn seq(entry: &StreamId) -> Option<u64> {
    field(entry, "seq")?.parse().ok()
}

fn field(entry: &StreamId, name: &str) -> Option<String> {
    let bytes = Vec::<u8>::from_redis_value(entry.map.get(name)?.clone()).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_the_hash_is_read_as_written() {
        let text = r#"{"a": "b c"}"#;
        for time in [0, 1_790_000_000_000, u64::MAX] {
            let value = format!("{} {text}", stored_time(time));
            assert_eq!(of_hash(b"slot", value.as_bytes()), LogEntry::new("slot", time, text));
        }
        assert!(stored_time(9) < stored_time(10) && stored_time(10) < stored_time(u64::MAX));
    }

    #[test]
    fn a_value_that_is_no_entry_is_passed_on() {
        assert_eq!(of_hash(b"slot", b"junk"), LogEntry::new("slot", 0, "junk"));
        assert_eq!(of_hash(b"slot", b"no time"), LogEntry::new("slot", 0, "no time"));
        assert_eq!(of_hash(b"slot", b"\xff"), LogEntry::new("slot", 0, "\u{fffd}"));
    }
}
