//! An event of WorkOS: the same from a webhook and from the API.

use std::{fmt, time::SystemTime};

use mcp_auth_core::UnixTime;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// Something that has happened in WorkOS. Its signature was verified, or it was read from WorkOS's
/// API. It may come more than once, and in any order.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Its id, which is the same in a webhook and in the API.
    pub id: String,
    /// What has happened, such as `user.deleted`.
    #[serde(rename = "event")]
    pub name: String,
    /// The object that it is about, as WorkOS sends it. It contains personal data.
    pub data: Value,
    /// When it happened, by WorkOS's clock.
    #[serde(deserialize_with = "time")]
    pub created_at: UnixTime,
}

impl Event {
    /// A text member of the object.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name)?.as_str()
    }
}

/// Reads a time as WorkOS writes it (RFC 3339).
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time = humantime::parse_rfc3339(&text).map_err(de::Error::custom)?;
    let elapsed = time.duration_since(SystemTime::UNIX_EPOCH).map_err(de::Error::custom)?;
    Ok(UnixTime::since_epoch(elapsed))
}

/// Shows no data, which is personal.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_and_shows_no_data() {
        let json = r#"{"object":"event","id":"event_1","event":"user.deleted",
            "data":{"id":"user_1","email":"ada@example.com"},
            "created_at":"2026-11-29T10:00:00.123Z","context":{}}"#;
        let event: Event = serde_json::from_str(json).unwrap();
        assert_eq!(event.text("id"), Some("user_1"));
        assert!((event.created_at.as_secs_f64() - 1_795_946_400.123).abs() < 1e-3);
        assert!(!format!("{event:?}").contains("ada"));
        assert!(serde_json::from_str::<Event>(&json.replace("2026-", "")).is_err());
    }
}
