//! What became of a refresh, and how other processes are told.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{seal::Seal, stored::StoredSession};

/// The name under which outcomes are sealed.
const SEALED_AS: &str = "refresh";

/// What became of a refresh.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// The session has new tokens, and is in the store under this key.
    Renewed(Arc<Renewed>),
    /// The issuer does not renew the session, with this code.
    Refused(Arc<str>),
    /// There is no answer; the refresh token may still be good.
    Failed(Arc<str>),
}

pub(crate) struct Renewed {
    pub(crate) key: String,
    pub(crate) session: StoredSession,
}

/// An outcome as other processes get it.
#[derive(Serialize, Deserialize)]
enum Published {
    Renewed { key: String, session: HashMap<String, String> },
    Refused { code: String },
}

impl Outcome {
    /// Seals it for other processes; `None` for one that they should not take over. `switches`: it is
    /// of a refresh that switches to another organization.
    pub(crate) fn seal(&self, seal: &Seal, switches: bool) -> Option<String> {
        let published = match self {
            Self::Renewed(renewed) => Published::Renewed {
                key: renewed.key.clone(),
                session: renewed.session.to_entries(),
            },
            Self::Refused(code) if !switches => Published::Refused { code: code.to_string() },
            Self::Refused(_) | Self::Failed(_) => return None,
        };
        let text = serde_json::to_string(&published).ok()?;
        Some(seal.seal(SEALED_AS, &text))
    }

    /// Opens the outcome of another process; `None` for anything else.
    pub(crate) fn open(seal: &Seal, sealed: &str) -> Option<Self> {
        let text = seal.open(SEALED_AS, sealed)?;
        Some(match serde_json::from_str(&text).ok()? {
            Published::Renewed { key, session } => {
                let session = StoredSession::from_entries(session)?;
                Self::Renewed(Arc::new(Renewed { key, session }))
            }
            Published::Refused { code } => Self::Refused(code.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use futures_util::FutureExt as _;
    use mcp_auth_core::{Secret, UnixTime};

    use super::*;
    use crate::{
        cookies::{Cookies, MAX_COOKIE},
        store::{InCookie, Store as _},
    };

    /// The most that the locks over Redis and PostgreSQL take.
    const MAX_OUTCOME: usize = 64 * 1024;
    /// The longest access token that is accepted, unless the application raises the bound.
    const MAX_TOKEN: usize = 16 * 1024;

    fn seal() -> Seal {
        Seal::new(&"k".repeat(32)).unwrap()
    }

    /// A session with an access token of this length, as the store in the cookie keeps it.
    fn renewed(length: usize) -> Renewed {
        let mut payload = String::from(r#"{"iat":1000,"exp":1300,"sid":"session_1"}"#);
        payload.push_str(&" ".repeat(length * 3 / 4));
        let mut token = format!("e30.{}.", URL_SAFE_NO_PAD.encode(payload));
        token.truncate(length);
        let now = UnixTime::from_secs(1_000);
        let short = Secret::new("e30.eyJpYXQiOjEwMDAsImV4cCI6MTMwMCwic2lkIjoic2Vzc2lvbl8xIn0.");
        let refresh = || Secret::new("r".repeat(64));
        let mut session = StoredSession::new(short, refresh(), now).unwrap();
        session.access_token = Secret::new(token);
        let key = InCookie.save(&session, std::time::Duration::ZERO).now_or_never();
        Renewed { key: key.unwrap().unwrap(), session }
    }

    fn sealed(renewed: Renewed) -> String {
        Outcome::Renewed(Arc::new(renewed)).seal(&seal(), false).unwrap()
    }

    #[test]
    fn another_process_opens_an_outcome_as_it_was_sealed() {
        let session = renewed(700);
        let (key, stored) = (session.key.clone(), session.session.clone());
        let text = sealed(session);
        assert!(!text.contains("e30.eyJ"), "{text}");
        match Outcome::open(&seal(), &text) {
            Some(Outcome::Renewed(opened)) => {
                assert_eq!(opened.key, key);
                assert_eq!(opened.session, stored);
            }
            _ => panic!("not opened"),
        }
        let refused = Outcome::Refused("invalid_grant".into());
        let text = refused.seal(&seal(), false).unwrap();
        assert!(matches!(Outcome::open(&seal(), &text), Some(Outcome::Refused(_))));
        assert!(refused.seal(&seal(), true).is_none(), "the session itself may go on");
        assert!(Outcome::Failed("".into()).seal(&seal(), false).is_none());
        assert!(Outcome::open(&Seal::new(&"x".repeat(32)).unwrap(), &text).is_none());
    }

    #[test]
    fn the_outcome_of_the_longest_session_is_within_the_bound() {
        let cookies = Cookies::new(seal(), true);
        let fits = |length: &usize| {
            cookies
                .set("mcp-auth-session", &renewed(*length).key, std::time::Duration::ZERO)
                .is_some()
        };
        let longest = (0..MAX_COOKIE).rev().find(fits).unwrap();
        let in_cookie = sealed(renewed(longest)).len();
        assert!(longest > 2_500 && in_cookie < 9_000, "{longest}: {in_cookie}");
        // In a store on a server, the key is short and the token may be longer.
        let key = "k".repeat(64);
        let on_server = sealed(Renewed { key, ..renewed(MAX_TOKEN) }).len();
        assert!(on_server > 16 * 1024 && on_server < MAX_OUTCOME / 2, "{on_server}");
        let twice = sealed(renewed(MAX_TOKEN)).len();
        assert!(twice < MAX_OUTCOME, "{twice}");
    }
}
