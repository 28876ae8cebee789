//! Faults that tests inject.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use crate::lock::lock;
use crate::paths::{EVENTS, WEBHOOK_ENDPOINTS};

/// The part of the authority that a [`Fault`] or a delay is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// Every path.
    All,
    /// Both key sets: `/oauth2/jwks` and `/sso/jwks/<client id>`.
    Jwks,
    /// Everything under `/.well-known/`.
    Metadata,
    /// WorkOS's API: `/events`, `/webhook_endpoints` and everything under `/user_management/`, the
    /// sign-in with a browser included.
    WorkOsApi,
    /// One path, with its leading slash: `/oauth2/userinfo`.
    Path(String),
}

impl Endpoint {
    fn matches(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Jwks => path == "/oauth2/jwks" || path.starts_with("/sso/jwks/"),
            Self::Metadata => path.starts_with("/.well-known/"),
            Self::WorkOsApi => {
                path == EVENTS
                    || path.starts_with(WEBHOOK_ENDPOINTS)
                    || path.starts_with("/user_management/")
            }
            Self::Path(exact) => path == exact,
        }
    }

    /// A narrower endpoint takes precedence over a wider one.
    fn precision(&self) -> u8 {
        match self {
            Self::All => 0,
            Self::Jwks | Self::Metadata | Self::WorkOsApi => 1,
            Self::Path(_) => 2,
        }
    }
}

/// A wrong answer, sent instead of the correct one until
/// [`clear_faults`](crate::TestAuthority::clear_faults).
///
/// ```
/// use mcp_auth_testing::{Endpoint, Fault, TestAuthority};
///
/// # fn main() -> Result<(), mcp_auth_testing::StartError> {
/// let authority = TestAuthority::start()?;
/// authority.inject(Endpoint::Jwks, Fault::Html);
/// // … whoever fetches keys now gets an HTML page with status 200 …
/// authority.clear_faults();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 503 with a JSON error.
    Unavailable,
    /// 200 with a web page, as captive portals and error pages of proxies do.
    Html,
    /// 200 with JSON that ends in the middle.
    TruncatedJson,
    /// 200 with `{"keys":[]}`.
    EmptyKeySet,
    /// 200 with JSON of at least this many bytes.
    HugeBody(usize),
    /// 302 to this URL.
    Redirect(String),
    /// 200 and the first bytes of a body whose rest is never sent.
    StalledBody,
    /// 200 and an endless body, one byte per interval. A client with a timeout per read only waits
    /// forever.
    Drip(Duration),
    /// 200 and the first bytes of a body; then the connection is reset (TCP RST).
    Reset,
    /// No answer: the request is read, and nothing is sent.
    Silence,
    /// This answer.
    Custom {
        /// The status, such as 200. Anything that is no HTTP status becomes 500.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body, byte for byte.
        body: Vec<u8>,
    },
}

impl Fault {
    /// An answer of this status in JSON, such as an error of WorkOS's API.
    ///
    /// ```
    /// use mcp_auth_testing::{Endpoint, Fault, TestAuthority};
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<(), mcp_auth_testing::StartError> {
    /// let authority = TestAuthority::builder().workos_api_key("sk_test_1").start()?;
    /// let authenticate = Endpoint::Path("/user_management/authenticate".into());
    /// let error = json!({ "code": "invitation_invalid", "message": "The invitation is invalid." });
    /// authority.inject(authenticate, Fault::json(400, error));
    /// # Ok(())
    /// # }
    /// ```
    pub fn json(status: u16, body: impl Into<Value>) -> Self {
        let body = body.into().to_string().into_bytes();
        Self::Custom { status, content_type: "application/json".into(), body }
    }
}

/// The current faults and delays.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    wrong: Mutex<HashMap<Endpoint, Fault>>,
    slow: Mutex<HashMap<Endpoint, Duration>>,
}

impl Faults {
    pub(crate) fn inject(&self, endpoint: Endpoint, fault: Fault) {
        lock(&self.wrong).insert(endpoint, fault);
    }

    pub(crate) fn slow_down(&self, endpoint: Endpoint, delay: Duration) {
        lock(&self.slow).insert(endpoint, delay);
    }

    pub(crate) fn clear(&self) {
        lock(&self.wrong).clear();
        lock(&self.slow).clear();
    }

    pub(crate) fn fault_at(&self, path: &str) -> Option<Fault> {
        most_precise(&lock(&self.wrong), path)
    }

    pub(crate) fn delay_at(&self, path: &str) -> Option<Duration> {
        most_precise(&lock(&self.slow), path)
    }
}

fn most_precise<T: Clone>(choices: &HashMap<Endpoint, T>, path: &str) -> Option<T> {
    choices
        .iter()
        .filter(|(endpoint, _)| endpoint.matches(path))
        .max_by_key(|(endpoint, _)| endpoint.precision())
        .map(|(_, choice)| choice.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrower_choice_wins() {
        let faults = Faults::default();
        faults.inject(Endpoint::All, Fault::Unavailable);
        faults.inject(Endpoint::Jwks, Fault::Html);
        faults.inject(Endpoint::Path("/sso/jwks/client_1".into()), Fault::Silence);

        assert_eq!(faults.fault_at("/oauth2/token"), Some(Fault::Unavailable));
        assert_eq!(faults.fault_at("/oauth2/jwks"), Some(Fault::Html));
        assert_eq!(faults.fault_at("/sso/jwks/client_1"), Some(Fault::Silence));
        faults.clear();
        assert_eq!(faults.fault_at("/oauth2/jwks"), None);
    }
}
