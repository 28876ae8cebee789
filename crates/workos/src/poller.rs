//! Reads the events of WorkOS's API: what webhooks have missed takes effect by this.
//!
//! One process at a time reads, by a lease in the revocation log; each reads once at its start. The
//! position is a checkpoint in the same log, so any process goes on where another stopped.

use std::time::Duration;

use mcp_auth_core::{UnixTime, revocation::LogError};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::{
    api::{Api, ApiError, PAGE, Page},
    effect::{Effects, NotDone, now},
    event::Event,
    log,
    mapping::EVENTS,
};

/// Names lease and checkpoint.
const NAME: &str = "workos-events";
/// How long a lease lasts. It is renewed with every page.
const LEASE: Duration = Duration::from_secs(30);
/// How often a process that does not have the lease asks for it.
const LEASE_RETRY: Duration = Duration::from_secs(5);
/// The pauses after failures: the first, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How often the application's hook may fail for an event before the next one is read.
const MAX_HOOK_FAILURES: u32 = 5;

/// Reads events for ever.
pub(crate) struct Poller {
    pub(crate) api: Api,
    pub(crate) effects: Effects,
    /// Which process this is.
    pub(crate) holder: String,
}

/// The position in the events, as the checkpoint stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// The id of the last event.
    after: String,
    /// Its time in milliseconds since 1970, for when WorkOS does not know the id any more.
    time: u64,
}

/// Why reading was interrupted.
#[derive(Debug)]
enum Interrupted {
    Api(ApiError),
    Log(LogError),
    NotDone(NotDone),
}

impl Poller {
    pub(crate) async fn run(self) {
        let mut pause = BACK_OFF.0;
        // A process that was killed leaves its lease behind. What was missed while none ran must not
        // wait until that expires, and it is harmless that several read.
        let mut is_first = true;
        loop {
            match self.read_what_is_new(is_first).await {
                Ok(wait) => {
                    is_first = false;
                    pause = BACK_OFF.0;
                    sleep(wait).await;
                }
                Err(error) => {
                    log::events_not_read(&error.to_string());
                    sleep(error.retry_after().unwrap_or(pause).min(BACK_OFF.1)).await;
                    pause = (pause * 2).min(BACK_OFF.1);
                }
            }
        }
    }

    /// Reads page by page to the end, and returns how long to wait. Without the lease it reads only
    /// where this is the first time.
    async fn read_what_is_new(&self, is_first: bool) -> Result<Duration, Interrupted> {
        let log = self.effects.revocations.log();
        loop {
            let has_lease = log.lease(NAME, &self.holder, LEASE).await?;
            if !has_lease && !is_first {
                return Ok(LEASE_RETRY);
            }
            let position = self.position().await?;
            let page = self.page(position.as_ref()).await?;
            let count = page.data.len();
            for event in page.data {
                let position = Position::of(&event);
                self.carry_out(event).await?;
                self.keep(&position).await?;
            }
            if count < PAGE {
                let poll_every = self.effects.settings.poll_every;
                return Ok(if has_lease { poll_every } else { LEASE_RETRY });
            }
        }
    }

    async fn position(&self) -> Result<Option<Position>, LogError> {
        let text = self.effects.revocations.log().checkpoint(NAME).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn keep(&self, position: &Position) -> Result<(), LogError> {
        let text = serde_json::to_string(position).unwrap_or_default();
        self.effects.revocations.log().set_checkpoint(NAME, &text).await
    }

    /// The events after a position; where there is none, or WorkOS does not know it any more, those
    /// of a time.
    async fn page(&self, position: Option<&Position>) -> Result<Page<Event>, ApiError> {
        if let Some(position) = position {
            match self.request(("after", &position.after)).await {
                // The id is not known any more.
                Err(ApiError::Status { status: 400 | 404 | 422, .. }) => {}
                answer => return answer,
            }
        }
        let look_back = self.effects.settings.look_back;
        let from = match position {
            Some(position) => UnixTime::since_epoch(Duration::from_millis(position.time)),
            None => UnixTime::since_epoch(
                now().duration_since(UnixTime::default()).saturating_sub(look_back),
            ),
        };
        let seconds = now().duration_since(from).as_secs();
        let why = if position.is_some() { "WorkOS has lost the position" } else { "first start" };
        log::events_from_look_back(seconds, why);
        self.request(("range_start", &rfc3339(from))).await
    }

    async fn request(&self, from: (&str, &str)) -> Result<Page<Event>, ApiError> {
        let (events, limit) = (EVENTS.join(","), PAGE.to_string());
        // In the default order, `after` goes back in time.
        let parameters = [("events", &*events), ("order", "asc"), ("limit", &*limit), from];
        self.api.page("/events", &parameters).await
    }

    /// A hook that fails for ever must not keep later revocations back.
    async fn carry_out(&self, event: Event) -> Result<(), Interrupted> {
        let mut failures = 0;
        loop {
            match self.effects.carry_out(event.clone()).await {
                Ok(()) => {
                    log::event_carried_out(&event, "events");
                    return Ok(());
                }
                Err(error @ NotDone::Revocation(_)) => return Err(Interrupted::NotDone(error)),
                Err(error @ NotDone::Hook(_)) => {
                    failures += 1;
                    if failures == MAX_HOOK_FAILURES {
                        log::event_skipped(&event, &error);
                        return Ok(());
                    }
                    sleep(BACK_OFF.0 * failures).await;
                }
            }
        }
    }
}

impl Position {
    fn of(event: &Event) -> Self {
        let time = event.created_at.duration_since(UnixTime::default()).as_millis();
        Self { after: event.id.clone(), time: u64::try_from(time).unwrap_or(u64::MAX) }
    }
}

fn rfc3339(time: UnixTime) -> String {
    let elapsed = time.duration_since(UnixTime::default());
    let time = std::time::SystemTime::UNIX_EPOCH.checked_add(elapsed);
    humantime::format_rfc3339_millis(time.unwrap_or(std::time::SystemTime::UNIX_EPOCH)).to_string()
}

impl Interrupted {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(ApiError::TooManyRequests { retry_after }) => *retry_after,
            _ => None,
        }
    }
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Api(error) => error.fmt(f),
            Self::Log(error) => write!(f, "the revocation log does not answer: {error}"),
            Self::NotDone(error) => error.fmt(f),
        }
    }
}

impl From<ApiError> for Interrupted {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<LogError> for Interrupted {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_kept_as_text() {
        let position = Position { after: "event_1".into(), time: 1_800_000_000_123 };
        let text = serde_json::to_string(&position).unwrap();
        assert_eq!(serde_json::from_str::<Position>(&text).unwrap(), position);
        assert_eq!(rfc3339(UnixTime::from_secs(0)), "1970-01-01T00:00:00.000Z");
    }
}
