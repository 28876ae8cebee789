//! The events that happened, by id, which is by time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::SystemTime;

use super::event::WorkOsEvent;
use crate::lock::lock;

#[derive(Default)]
pub(crate) struct EventLog(Mutex<BTreeMap<String, WorkOsEvent>>);

impl EventLog {
    /// Stores an event. If the test chose no time for it, it happened at `now`.
    pub(crate) fn store(&self, event: WorkOsEvent, now: SystemTime) -> WorkOsEvent {
        let mut events = lock(&self.0);
        // Under the lock, so that an id given later is greater.
        let event = if event.is_dated { event } else { event.moved_to(now) };
        events.insert(event.id().to_owned(), event.clone());
        event
    }

    /// All events, the oldest first.
    pub(crate) fn all(&self) -> Vec<WorkOsEvent> {
        lock(&self.0).values().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}
