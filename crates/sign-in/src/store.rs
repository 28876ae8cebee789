//! Any session store of actix-session, behind one type.
//!
//! Stores are used directly, and not through `actix_session::Session`, which is written only after
//! the handler has returned, and cannot be loaded again.

use std::{collections::HashMap, error::Error, future::Future, time::Duration};

use actix_session::storage::{LoadError, SessionKey, SessionStore};
use actix_web::cookie::time;
use futures_util::future::{LocalBoxFuture, ready};
use mcp_auth_core::session::SessionError;
use tokio::time::timeout;

use crate::stored::StoredSession;

/// The longest that a call of a store may take. Stores need not have a limit of their own:
/// `RedisSessionStore` waits for ever on a connection that is half-open. Three attempts to keep new
/// tokens take less than a claim of a refresh lasts.
const STORE_LIMIT: Duration = Duration::from_secs(3);

/// A store that keeps sessions under the keys that it gives them.
pub(crate) trait Store: Send + Sync {
    /// The session of this key; `None` where there is none.
    fn load<'s>(
        &'s self,
        key: &'s str,
    ) -> LocalBoxFuture<'s, Result<Option<StoredSession>, SessionError>>;

    /// Keeps a session under a new key.
    fn save<'s>(
        &'s self,
        session: &'s StoredSession,
        time_to_live: Duration,
    ) -> LocalBoxFuture<'s, Result<String, SessionError>>;

    /// Replaces a session, whose key can change.
    fn update<'s>(
        &'s self,
        key: &'s str,
        session: &'s StoredSession,
        time_to_live: Duration,
    ) -> LocalBoxFuture<'s, Result<String, SessionError>>;

    /// Removes a session.
    fn delete<'s>(&'s self, key: &'s str) -> LocalBoxFuture<'s, Result<(), SessionError>>;
}

/// Keeps a session in its key, and so in the cookie. Unlike `CookieSessionStore` of actix-session it
/// has no bound of its own, so that one check tells of every cookie that browsers would drop.
pub(crate) struct InCookie;

impl Store for InCookie {
    fn load<'s>(
        &'s self,
        key: &'s str,
    ) -> LocalBoxFuture<'s, Result<Option<StoredSession>, SessionError>> {
        let entries = serde_json::from_str(key).ok();
        Box::pin(ready(Ok(entries.and_then(StoredSession::from_entries))))
    }

    fn save<'s>(
        &'s self,
        session: &'s StoredSession,
        _: Duration,
    ) -> LocalBoxFuture<'s, Result<String, SessionError>> {
        let key = serde_json::to_string(&session.to_entries()).map_err(SessionError::new);
        Box::pin(ready(key))
    }

    fn update<'s>(
        &'s self,
        _: &'s str,
        session: &'s StoredSession,
        time_to_live: Duration,
    ) -> LocalBoxFuture<'s, Result<String, SessionError>> {
        self.save(session, time_to_live)
    }

    fn delete<'s>(&'s self, _: &'s str) -> LocalBoxFuture<'s, Result<(), SessionError>> {
        Box::pin(ready(Ok(())))
    }
}

/// A store of actix-session.
pub(crate) struct Of<S>(pub(crate) S);

impl<S: SessionStore + Send + Sync> Store for Of<S> {
    fn load<'s>(
        &'s self,
        key: &'s str,
    ) -> LocalBoxFuture<'s, Result<Option<StoredSession>, SessionError>> {
        Box::pin(in_time(async move {
            let Some(key) = parse(key) else { return Ok(None) };
            match self.0.load(&key).await {
                Ok(entries) => Ok(entries.and_then(StoredSession::from_entries)),
                Err(LoadError::Deserialization(_)) => Ok(None),
                Err(error) => Err(with_causes(&error)),
            }
        }))
    }

    fn save<'s>(
        &'s self,
        session: &'s StoredSession,
        time_to_live: Duration,
    ) -> LocalBoxFuture<'s, Result<String, SessionError>> {
        Box::pin(in_time(async move {
            let entries: HashMap<String, String> = session.to_entries();
            let key = self.0.save(entries, &duration(time_to_live)).await;
            key.map(String::from).map_err(|error| with_causes(&error))
        }))
    }

    fn update<'s>(
        &'s self,
        key: &'s str,
        session: &'s StoredSession,
        time_to_live: Duration,
    ) -> LocalBoxFuture<'s, Result<String, SessionError>> {
        Box::pin(in_time(async move {
            let Some(key) = parse(key) else {
                return self.save(session, time_to_live).await;
            };
            let entries = session.to_entries();
            let key = self.0.update(key, entries, &duration(time_to_live)).await;
            key.map(String::from).map_err(|error| with_causes(&error))
        }))
    }

    fn delete<'s>(&'s self, key: &'s str) -> LocalBoxFuture<'s, Result<(), SessionError>> {
        Box::pin(in_time(async move {
            match parse(key) {
                Some(key) => self.0.delete(&key).await.map_err(|e| SessionError::new(&e)),
                None => Ok(()),
            }
        }))
    }
}

/// The result of a call, or an error once it has taken [`STORE_LIMIT`].
async fn in_time<T>(
    call: impl Future<Output = Result<T, SessionError>>,
) -> Result<T, SessionError> {
    timeout(STORE_LIMIT, call).await.unwrap_or_else(|_| {
        Err(SessionError::new(format_args!("the session store did not answer in {STORE_LIMIT:?}")))
    })
}

fn parse(key: &str) -> Option<SessionKey> {
    SessionKey::try_from(key.to_owned()).ok()
}

fn duration(time_to_live: Duration) -> time::Duration {
    time::Duration::try_from(time_to_live).unwrap_or(time::Duration::MAX)
}

/// The text of an error with those of its causes, since the store's own says little.
fn with_causes(error: &dyn Error) -> SessionError {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    SessionError::new(text)
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Instant};

    use actix_session::storage::{SaveError, UpdateError};
    use actix_web::rt::System;
    use mcp_auth_core::{Secret, UnixTime};

    use super::*;

    type Entries = HashMap<String, String>;

    /// A store whose server takes requests and never answers.
    struct Silent;

    impl SessionStore for Silent {
        async fn load(&self, _: &SessionKey) -> Result<Option<Entries>, LoadError> {
            pending().await
        }

        async fn save(&self, _: Entries, _: &time::Duration) -> Result<SessionKey, SaveError> {
            pending().await
        }

        async fn update(
            &self,
            _: SessionKey,
            _: Entries,
            _: &time::Duration,
        ) -> Result<SessionKey, UpdateError> {
            pending().await
        }

        async fn update_ttl(&self, _: &SessionKey, _: &time::Duration) -> anyhow::Result<()> {
            pending().await
        }

        async fn delete(&self, _: &SessionKey) -> anyhow::Result<()> {
            pending().await
        }
    }

    #[test]
    fn a_store_that_does_not_answer_is_an_error_after_3_s() {
        let store = Of(Silent);
        let token = Secret::new("e30.eyJpYXQiOjEwMDAsImV4cCI6MTMwMCwic2lkIjoic2Vzc2lvbl8xIn0.");
        let now = UnixTime::from_secs(1_000);
        let session = StoredSession::new(token.clone(), token, now).unwrap();
        let began = Instant::now();
        let (loaded, saved, updated, deleted) = System::new().block_on(async {
            let ttl = Duration::from_secs(60);
            tokio::join!(
                store.load("key"),
                store.save(&session, ttl),
                store.update("key", &session, ttl),
                store.delete("key"),
            )
        });
        let errors = [loaded.err(), saved.err(), updated.err(), deleted.err()];
        for error in errors {
            let error = error.unwrap().to_string();
            assert_eq!(error, "the session store did not answer in 3s");
        }
        assert!(began.elapsed() < STORE_LIMIT + Duration::from_secs(2));
    }
}
