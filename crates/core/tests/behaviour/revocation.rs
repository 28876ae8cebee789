//! Revocations: which tokens they refuse, for how long, and what is shared with other processes.

use std::{sync::Arc, time::Duration};

use mcp_auth_core::{
    Authenticator, Issuer, Rejection, ResourcePolicy, UnixTime,
    rejection::TokenError,
    revocation::{
        LogBatch, LogEntry, NewRevocation, RevocationSettings, Revocations, RevokeError, Revoked,
    },
};
use serde_json::{Value, json};

use crate::{
    recording_log::RecordingLog,
    world::{ISSUER, NOW, World, at_once, call, policy},
};

mod bounds;
mod effects;
mod fail_open;
mod kinds;
mod sharing;
mod users;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// An authenticator, and who signs its tokens.
struct Site {
    world: Arc<World>,
    authenticator: Arc<Authenticator>,
}

impl Site {
    fn new() -> Self {
        Self::of(Issuer::new(ISSUER).unwrap(), policy())
    }

    fn of(issuer: Issuer, policy: ResourcePolicy) -> Self {
        let world = World::new(&["a"]);
        world.fetch(Some(vec!["a"]));
        let authenticator = Arc::new(world.authenticator(issuer, policy));
        Self { world, authenticator }
    }

    /// One whose revocations are shared over a log.
    fn with(revocations: &Revocations) -> Self {
        let mut policy = policy();
        policy.revocations = revocations.clone();
        Self::of(Issuer::new(ISSUER).unwrap(), policy)
    }

    /// One with a log that was read and is empty.
    fn with_log() -> (Self, Arc<RecordingLog>) {
        let (log, revocations) = RecordingLog::open(RevocationSettings::default());
        let site = Self::with(&revocations);
        site.take_in_everything(Vec::new());
        (site, log)
    }

    fn revocations(&self) -> &Revocations {
        self.authenticator.revocations()
    }

    /// A token of `user_ada`, issued so many seconds after [`NOW`].
    fn token(&self, iat: f64, change: impl FnOnce(&mut Value)) -> String {
        let iat = NOW.as_secs_f64() + iat;
        self.world.token("a", |claims| {
            claims["iat"] = json!(iat);
            claims["exp"] = json!(iat + 86_400.0);
            change(claims);
        })
    }

    fn resolved(&self, new: NewRevocation) -> NewRevocation {
        self.authenticator.resolve_issuer(new).unwrap()
    }

    fn try_revoke(&self, new: NewRevocation, now: UnixTime) -> Result<(), RevokeError> {
        at_once(self.revocations().revoke(self.resolved(new), now)).map(drop)
    }

    fn revoke(&self, new: NewRevocation, now: UnixTime) {
        self.try_revoke(new, now).unwrap();
    }

    fn lift(&self, new: NewRevocation, now: UnixTime) {
        at_once(self.revocations().lift(self.resolved(new), now)).unwrap();
    }

    /// Takes in all that a log has, and returns what it lacks.
    fn take_in_everything(&self, entries: Vec<LogEntry>) -> Vec<LogEntry> {
        self.revocations().take_in(LogBatch::everything(entries), NOW)
    }

    /// Whether the token is refused because of a revocation. The keys are as of `now`.
    fn refuses(&self, token: &str, now: UnixTime) -> bool {
        *self.world.now.lock().unwrap() = now;
        self.world.fetch(Some(vec!["a"]));
        match call(&self.authenticator, token, now) {
            Ok(_) => false,
            Err(rejection) => {
                assert_eq!(rejection, Rejection::from(TokenError::Revoked), "{token}");
                true
            }
        }
    }
}

fn ada() -> NewRevocation {
    Revoked::subject("user_ada")
}
