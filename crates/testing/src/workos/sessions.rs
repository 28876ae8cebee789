//! The sessions of people who signed in with a browser.

use std::sync::Mutex;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::event::WorkOsEvent;
use super::timestamp::{iso8601, millis_of};
use crate::lock::lock;
use crate::random;

/// The most sessions; beyond it the oldest is evicted.
const MOST_SESSIONS: usize = 10_000;

/// A session of a browser, from the exchange of the code until it is ended or expires.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    /// `session_…`, also `sid` of its tokens.
    pub(crate) id: String,
    pub(crate) person: String,
    /// The organization that was used last.
    pub(crate) organization: Option<String>,
    /// The address of the staff member who acts as the person.
    pub(crate) impersonator: Option<String>,
    pub(crate) created_at: SystemTime,
    /// When its refresh token expires.
    pub(crate) expires_at: SystemTime,
}

#[derive(Default)]
pub(crate) struct Sessions(Mutex<Vec<Session>>);

impl Sessions {
    /// What a file has kept.
    pub(crate) fn restored(sessions: Vec<Session>) -> Self {
        Self(Mutex::new(sessions))
    }

    /// Those that have neither ended nor expired, the oldest first.
    pub(crate) fn all(&self, now: SystemTime) -> Vec<Session> {
        let active = |session: &&Session| session.expires_at > now;
        lock(&self.0).iter().filter(active).cloned().collect()
    }

    /// An id for a session that begins at `now`.
    pub(crate) fn new_id(now: SystemTime) -> String {
        format!("session_{}", random::sorted_ulid(millis_of(now)))
    }

    pub(crate) fn begin(&self, session: Session) {
        let mut sessions = lock(&self.0);
        sessions.retain(|other| other.expires_at > session.created_at);
        if sessions.len() >= MOST_SESSIONS {
            sessions.remove(0);
        }
        sessions.push(session);
    }

    /// The session, unless it has ended or expired.
    pub(crate) fn active(&self, id: &str, now: SystemTime) -> Option<Session> {
        let sessions = lock(&self.0);
        sessions.iter().find(|session| session.id == id && session.expires_at > now).cloned()
    }

    /// Replaces a session that was refreshed. Returns whether it is still there.
    pub(crate) fn update(&self, session: &Session) -> bool {
        let mut sessions = lock(&self.0);
        let known = sessions.iter_mut().find(|known| known.id == session.id);
        known.map(|known| session.clone_into(known)).is_some()
    }

    /// The active sessions of a person.
    pub(crate) fn of(&self, person: &str, now: SystemTime) -> Vec<Session> {
        let is_theirs = |session: &&Session| session.person == person && session.expires_at > now;
        lock(&self.0).iter().filter(is_theirs).cloned().collect()
    }

    /// Removes sessions and returns them.
    pub(crate) fn end(&self, which: impl Fn(&Session) -> bool) -> Vec<Session> {
        let mut sessions = lock(&self.0);
        let (ended, left) = std::mem::take(&mut *sessions).into_iter().partition(which);
        *sessions = left;
        ended
    }
}

impl Session {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "object": "session",
            "id": self.id,
            "user_id": self.person,
            "organization_id": self.organization,
            "impersonator": self.impersonator.as_deref().map(impersonator),
            "status": "active",
            "auth_method": "password",
            "ip_address": null,
            "user_agent": null,
            "expires_at": iso8601(self.expires_at),
            "ended_at": null,
            "created_at": iso8601(self.created_at),
            "updated_at": iso8601(self.created_at),
        })
    }

    /// The event that tells of its end.
    pub(crate) fn revoked(&self) -> WorkOsEvent {
        WorkOsEvent::session_revoked(&self.id, &self.person)
            .with("organization_id", self.organization.clone())
            .with("impersonator", self.impersonator.as_deref().map(impersonator))
            .with("expires_at", iso8601(self.expires_at))
            .with("created_at", iso8601(self.created_at))
    }
}

/// A staff member who acts as somebody, as WorkOS describes them.
pub(crate) fn impersonator(email: &str) -> Value {
    json!({ "email": email, "reason": null })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn session(id: usize, created_at: SystemTime) -> Session {
        Session {
            id: format!("session_{id}"),
            person: "user_ada".into(),
            organization: None,
            impersonator: None,
            created_at,
            expires_at: created_at + Duration::from_secs(60),
        }
    }

    #[test]
    fn sessions_are_bounded_and_expired_ones_are_dropped() {
        let (sessions, now) = (Sessions::default(), SystemTime::now());
        for n in 0..=MOST_SESSIONS {
            sessions.begin(session(n, now));
        }
        assert!(sessions.active("session_0", now).is_none());
        assert_eq!(sessions.of("user_ada", now).len(), MOST_SESSIONS);

        let later = now + Duration::from_secs(60);
        assert!(sessions.active("session_1", later).is_none(), "expired");
        sessions.begin(session(0, later));
        assert_eq!(lock(&sessions.0).len(), 1);
    }
}
