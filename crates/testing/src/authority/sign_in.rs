//! Control of sign-ins with a browser (WorkOS User Management).

use std::fmt;
use std::sync::atomic::Ordering;

use super::TestAuthority;
use crate::grants::Grant;
use crate::lock::lock;
use crate::random;
use crate::session_tokens;
use crate::workos::{Sessions, WorkOsEvent};

/// The session of a person who signed in with a browser, and its first tokens, as
/// `/user_management/authenticate` answers with them.
///
/// `Debug` shows the session's id and no token.
#[derive(Clone)]
#[non_exhaustive]
pub struct BrowserSession {
    /// The session, `session_…`: `sid` of the access token.
    pub id: String,
    /// A session token.
    pub access_token: String,
    /// Good for one refresh.
    pub refresh_token: String,
}

impl fmt::Debug for BrowserSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSession").field("id", &self.id).finish_non_exhaustive()
    }
}

/// # Sign-in with a browser
///
/// [`TestAuthorityBuilder::workos_api_key`](crate::TestAuthorityBuilder::workos_api_key) serves its
/// endpoints over HTTP, under `/user_management/`.
impl TestAuthority {
    /// Signs a person (by id) in without a browser, in their own organization if they have one.
    ///
    /// ```
    /// use mcp_auth_testing::TestAuthority;
    ///
    /// # fn main() -> Result<(), mcp_auth_testing::StartError> {
    /// let authority = TestAuthority::builder().workos_api_key("sk_test_1").start()?;
    /// let session = authority.sign_in_session("user_ada");
    /// assert_eq!(authority.active_sessions("user_ada"), [session.id.as_str()]);
    ///
    /// // … as if an administrator ended it in the dashboard …
    /// let webhook = authority.end_session(&session.id).map(|event| event.webhook("secret"));
    /// assert!(webhook.is_some() && authority.active_sessions("user_ada").is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// If OpenSSL cannot sign.
    pub fn sign_in_session(&self, person_id: &str) -> BrowserSession {
        let state = &self.0.state;
        let grant = Grant {
            id: random::ulid(),
            consent: Sessions::new_id(self.now()),
            client_id: state.settings.client_id.clone(),
            person: person_id.to_owned(),
            scope: Vec::new(),
            resources: Vec::new(),
            nonce: None,
            organization: None,
        };
        let tokens = session_tokens::begin(state, grant).expect("OpenSSL signs");
        BrowserSession {
            id: tokens.session.id,
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
        }
    }

    /// The ids of a person's sessions that have neither ended nor expired, the oldest first.
    pub fn active_sessions(&self, person_id: &str) -> Vec<String> {
        let sessions = self.0.state.workos.sessions.of(person_id, self.now());
        sessions.into_iter().map(|session| session.id).collect()
    }

    /// Ends a session: it cannot be refreshed. Its access tokens stay valid until they expire.
    /// Returns the event `session.revoked`, which `GET /events` lists; `None` if there is no such
    /// session.
    pub fn end_session(&self, session_id: &str) -> Option<WorkOsEvent> {
        self.0.state.end_session(session_id)
    }

    /// From now on, who signs in with a browser is this staff member (by e-mail address), who acts
    /// as the person: tokens carry `act`, and answers `impersonator`. `None` ends it, for sessions
    /// that begin later.
    pub fn impersonate(&self, staff: Option<&str>) {
        lock(&self.0.state.changeable).impersonator = staff.map(str::to_owned);
    }

    /// How many authorization codes `/user_management/authenticate` answered, accepted and refused
    /// ones. Calls without the right client secret, and those answered by a fault or 429, do not
    /// count.
    pub fn code_exchanges(&self) -> u64 {
        self.0.state.workos.exchanges.codes.load(Ordering::SeqCst)
    }

    /// How many refresh tokens it answered, accepted and refused ones; counted as
    /// [`code_exchanges`](Self::code_exchanges).
    pub fn refreshes(&self) -> u64 {
        self.0.state.workos.exchanges.refreshes.load(Ordering::SeqCst)
    }
}
