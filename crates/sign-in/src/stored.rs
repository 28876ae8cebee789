//! What is kept of a session, and when it ends.

use std::{collections::HashMap, fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_auth_core::{Secret, UnixTime, session::SessionToken};
use openssl::sha::sha256;
use serde::Deserialize;

/// A session, as the store keeps it. Times are in seconds since 1970.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredSession {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Secret,
    /// The session's id at the issuer.
    pub(crate) sid: String,
    pub(crate) signed_in_at: u64,
    /// When the tokens were obtained. It stands for the last use: a session that is used is
    /// refreshed.
    pub(crate) refreshed_at: u64,
    /// The access token's `iat` and `exp`.
    pub(crate) issued_at: u64,
    pub(crate) expires_at: u64,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    /// Without use.
    pub(crate) idle: Duration,
    /// In all.
    pub(crate) absolute: Duration,
}

/// What has to be done with a session before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing.
    Fresh,
    /// Its access token is good, and should be renewed.
    Renew,
    /// Its access token has expired.
    MustRenew,
    /// It has ended.
    Ended,
}

/// `iat` and `exp` of an access token.
#[derive(Deserialize)]
struct Times {
    iat: Option<f64>,
    exp: f64,
    sid: Option<String>,
}

impl StoredSession {
    /// A session with its first tokens. `None`: the access token does not say when it expires, or to
    /// which session it belongs.
    ///
    /// The token's times are read without verifying it, to know when to renew it. Each request's
    /// decision verifies it.
    pub(crate) fn new(access: Secret, refresh: Secret, now: UnixTime) -> Option<Self> {
        let times = times(&access)?;
        let sid = times.sid.clone()?;
        let now = seconds(now);
        Some(Self::of(access, refresh, times, sid, now, now))
    }

    /// The same session with new tokens.
    pub(crate) fn renewed(&self, access: Secret, refresh: Secret, now: UnixTime) -> Option<Self> {
        let times = times(&access)?;
        let (sid, since) = (self.sid.clone(), self.signed_in_at);
        Some(Self::of(access, refresh, times, sid, since, seconds(now)))
    }

    fn of(
        access_token: Secret,
        refresh_token: Secret,
        times: Times,
        sid: String,
        signed_in_at: u64,
        refreshed_at: u64,
    ) -> Self {
        let issued_at = times.iat.map_or(refreshed_at, |iat| iat as u64);
        let expires_at = times.exp as u64;
        Self { access_token, refresh_token, sid, signed_in_at, refreshed_at, issued_at, expires_at }
    }

    /// What has to be done with it now. Renewing begins when a third of the access token's lifetime
    /// is left, and at half of the idle time in any case, since that counts as use.
    pub(crate) fn due(&self, lifetimes: Lifetimes, now: UnixTime) -> Due {
        let now = seconds(now);
        let idle = lifetimes.idle.as_secs();
        let unused = now.saturating_sub(self.refreshed_at);
        let lifetime = self.expires_at.saturating_sub(self.issued_at);
        let left = self.expires_at.saturating_sub(now);
        if unused >= idle || now.saturating_sub(self.signed_in_at) >= lifetimes.absolute.as_secs() {
            Due::Ended
        } else if left == 0 {
            Due::MustRenew
        } else if left <= lifetime / 3 || unused >= idle / 2 {
            Due::Renew
        } else {
            Due::Fresh
        }
    }

    /// How long the store and the browser have to keep it.
    pub(crate) fn time_to_live(&self, lifetimes: Lifetimes, now: UnixTime) -> Duration {
        let age = Duration::from_secs(seconds(now).saturating_sub(self.signed_in_at));
        lifetimes.idle.min(lifetimes.absolute.saturating_sub(age)).max(Duration::from_secs(1))
    }

    /// Names the refresh of this session's tokens.
    pub(crate) fn refresh_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(sha256(self.refresh_token.expose().as_bytes()))
    }

    /// What core verifies.
    pub(crate) fn credential(&self) -> SessionToken {
        let since = UnixTime::from_secs(self.signed_in_at);
        SessionToken::new(self.access_token.clone(), since).session(self.sid.as_str())
    }

    /// The entries of a session store.
    pub(crate) fn to_entries(&self) -> HashMap<String, String> {
        let entries = [
            ("access", self.access_token.expose().to_owned()),
            ("refresh", self.refresh_token.expose().to_owned()),
            ("sid", self.sid.clone()),
            ("since", self.signed_in_at.to_string()),
            ("renewed", self.refreshed_at.to_string()),
            ("iat", self.issued_at.to_string()),
            ("exp", self.expires_at.to_string()),
        ];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// From those entries; `None` where they are of something else.
    pub(crate) fn from_entries(mut entries: HashMap<String, String>) -> Option<Self> {
        let number = |name| entries.get(name)?.parse().ok();
        let (signed_in_at, refreshed_at) = (number("since")?, number("renewed")?);
        let (issued_at, expires_at) = (number("iat")?, number("exp")?);
        Some(Self {
            access_token: Secret::new(entries.remove("access")?),
            refresh_token: Secret::new(entries.remove("refresh")?),
            sid: entries.remove("sid")?,
            signed_in_at,
            refreshed_at,
            issued_at,
            expires_at,
        })
    }
}

fn times(token: &Secret) -> Option<Times> {
    let payload = token.expose().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

pub(crate) fn seconds(time: UnixTime) -> u64 {
    time.duration_since(UnixTime::from_secs(0)).as_secs()
}

/// Shows neither tokens nor the session's id.
impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession")
            .field("signed_in_at", &self.signed_in_at)
            .field("refreshed_at", &self.refreshed_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIMES: Lifetimes =
        Lifetimes { idle: Duration::from_secs(10_000), absolute: Duration::from_secs(100_000) };

    fn token(iat: u64, exp: u64) -> Secret {
        let claims = format!("{{\"iat\":{iat},\"exp\":{exp},\"sid\":\"session_1\"}}");
        Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)))
    }

    fn session() -> StoredSession {
        let now = UnixTime::from_secs(1_000);
        StoredSession::new(token(1_000, 1_300), Secret::new("refresh"), now).unwrap()
    }

    #[test]
    fn r38_a_session_is_renewed_with_a_third_of_its_token_left() {
        let due = |now| session().due(LIFETIMES, UnixTime::from_secs(now));
        assert_eq!([due(1_000), due(1_199)], [Due::Fresh; 2]);
        assert_eq!([due(1_200), due(1_299)], [Due::Renew; 2]);
        assert_eq!([due(1_300), due(10_999)], [Due::MustRenew; 2]);
        assert_eq!(due(11_000), Due::Ended, "idle");
    }

    #[test]
    fn r38_a_session_ends_by_its_age_however_often_it_is_used() {
        let late = UnixTime::from_secs(100_999);
        let used = session().renewed(token(100_900, 101_900), Secret::new("next"), late).unwrap();
        assert_eq!(used.due(LIFETIMES, late), Due::Fresh);
        assert_eq!(used.due(LIFETIMES, UnixTime::from_secs(101_000)), Due::Ended);
        assert_eq!(used.time_to_live(LIFETIMES, late), Duration::from_secs(1));
        assert_eq!((used.sid.as_str(), used.signed_in_at), ("session_1", 1_000));
    }

    #[test]
    fn r38_a_long_token_is_renewed_so_that_use_is_noticed() {
        let now = UnixTime::from_secs(1_000);
        let long = StoredSession::new(token(1_000, 90_000), Secret::new("r"), now).unwrap();
        assert_eq!(long.due(LIFETIMES, UnixTime::from_secs(5_999)), Due::Fresh);
        assert_eq!(long.due(LIFETIMES, UnixTime::from_secs(6_000)), Due::Renew);
    }

    #[test]
    fn a_session_survives_its_store_and_others_do_not() {
        let entries = session().to_entries();
        assert_eq!(StoredSession::from_entries(entries.clone()).unwrap(), session());
        for name in entries.keys() {
            let mut without = entries.clone();
            without.remove(name);
            assert!(StoredSession::from_entries(without).is_none(), "{name}");
        }
        let now = UnixTime::from_secs(1);
        for token in ["", "a.b.c", "e30.e30.e30"] {
            let made = StoredSession::new(Secret::new(token), Secret::new("r"), now);
            assert!(made.is_none(), "{token}");
        }
    }

    #[test]
    fn r09_debug_of_a_session_shows_no_tokens() {
        let shown = format!("{:?}", session());
        assert!(!shown.contains("refresh\"") && !shown.contains("e30"), "{shown}");
        assert!(!shown.contains("session_1"), "{shown}");
    }
}
