//! An event of WorkOS, as the events API returns it and a webhook carries it.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::timestamp::{iso8601, millis_of};
use super::webhook::SignedWebhook;
use crate::random;

/// An event of WorkOS: what happened to a user, a membership, an organization, a session or a key.
///
/// [`TestAuthority::emit`](crate::TestAuthority::emit) stores one and returns it. The functions
/// named after events, such as [`user_deleted`](Self::user_deleted), make one with the data that
/// WorkOS documents; [`emit_event`](crate::TestAuthority::emit_event) stores it. An event that is
/// not stored can be sent as a webhook all the same.
///
/// `Debug` shows the id and the name of the event, and no data.
#[derive(Clone, PartialEq)]
pub struct WorkOsEvent {
    id: String,
    event: String,
    data: Value,
    created_at: SystemTime,
    /// Whether the test chose the time.
    pub(super) is_dated: bool,
    /// Members of the data that say when the event happened.
    times: &'static [&'static str],
}

impl WorkOsEvent {
    /// An event of this name (`user.deleted`) with this data, which happened just now.
    pub fn new(event: impl Into<String>, data: impl Into<Value>) -> Self {
        Self::of(event, data.into(), &[])
    }

    /// As [`new`](Self::new); the members `times` of the data repeat the time of the event.
    pub(super) fn of(
        event: impl Into<String>,
        data: Value,
        times: &'static [&'static str],
    ) -> Self {
        let (id, created_at) = (String::new(), SystemTime::UNIX_EPOCH);
        let event = Self { id, event: event.into(), data, created_at, is_dated: false, times };
        event.moved_to(SystemTime::now())
    }

    /// Sets when the event happened, in whole milliseconds. The id changes with it, since ids sort
    /// by time.
    #[must_use]
    pub fn at(self, time: SystemTime) -> Self {
        Self { is_dated: true, ..self.moved_to(time) }
    }

    /// Sets a member of the data.
    ///
    /// ```
    /// use mcp_auth_testing::WorkOsEvent;
    ///
    /// let event = WorkOsEvent::session_revoked("session_1", "user_ada")
    ///     .with("organization_id", "org_bletchley");
    /// assert_eq!(event.data()["organization_id"], "org_bletchley");
    /// ```
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let mut members = match self.data {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        members.insert(name.to_owned(), value.into());
        self.data = Value::Object(members);
        self
    }

    /// The id, `event_…`. Ids sort by time.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name, such as `user.deleted`.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// What it is about.
    pub fn data(&self) -> &Value {
        &self.data
    }

    /// When it happened, in whole milliseconds.
    pub fn created_at(&self) -> SystemTime {
        self.created_at
    }

    /// The event in JSON: `object`, `id`, `event`, `data`, `created_at`.
    pub fn to_json(&self) -> Value {
        json!({
            "object": "event",
            "id": self.id,
            "event": self.event,
            "data": self.data,
            "created_at": iso8601(self.created_at),
        })
    }

    /// The webhook that tells of this event, signed with the secret of a webhook endpoint and the
    /// current time of this machine.
    ///
    /// # Panics
    /// If OpenSSL cannot sign.
    pub fn webhook(&self, secret: &str) -> SignedWebhook {
        SignedWebhook::new(self.to_json().to_string(), secret)
    }

    pub(super) fn moved_to(mut self, time: SystemTime) -> Self {
        // `range_start` and `range_end` compare with what the JSON shows.
        let millis = millis_of(time);
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        self.id = format!("event_{}", random::sorted_ulid(millis));
        self.created_at = time;
        for name in self.times {
            self = self.with(name, iso8601(time));
        }
        self
    }
}

impl fmt::Debug for WorkOsEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkOsEvent")
            .field("id", &self.id)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_then_by_order() {
        let now = SystemTime::now();
        let event = |time| WorkOsEvent::new("user.deleted", json!({})).at(time);
        let (first, second) = (event(now), event(now));
        let earlier = event(now - Duration::from_secs(60));
        assert!(earlier.id() < first.id() && first.id() < second.id());
        assert!(first.id().starts_with("event_01"), "{first:?}");
    }

    #[test]
    fn the_time_of_a_preset_moves_with_the_event() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_735_689_600_250);
        let event = WorkOsEvent::session_revoked("session_1", "user_ada").at(time);
        assert_eq!(event.created_at(), time);
        assert_eq!(event.data()["ended_at"], "2025-01-01T00:00:00.250Z");
        assert_eq!(event.to_json()["created_at"], "2025-01-01T00:00:00.250Z");
    }

    #[test]
    fn debug_shows_no_data() {
        let event = WorkOsEvent::user_updated("user_ada").with("email", "ada@example.com");
        let shown = format!("{event:?}");
        assert!(shown.contains("user.updated") && !shown.contains("ada"), "{shown}");
    }
}
