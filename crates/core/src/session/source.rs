//! Where sessions come from.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use super::{credential::SessionCredential, page::ErrorPage};

/// The future of [`SessionSource::load`], which stays on its thread.
pub type LoadFuture<'r> = Pin<Box<dyn Future<Output = Result<LoadedSession, SessionError>> + 'r>>;

/// Finds the session of a request by its cookies. The adapter for sign-in implements it.
///
/// It is shared by the server's workers. Its futures stay on theirs, as those of session stores do.
pub trait SessionSource: Send + Sync + 'static {
    /// The issuer whose people sign in. The resource must trust it.
    fn issuer(&self) -> &str;

    /// How long a session can last after its sign-in. Revocations are kept for this time at least.
    fn max_age(&self) -> Duration;

    /// The session of a request with these values of `Cookie` headers.
    ///
    /// # Errors
    /// Where the sessions are out of reach: the answer is 503. A session that is unknown, expired
    /// or damaged is no error, but none.
    fn load<'r>(&'r self, cookies: Vec<&'r [u8]>) -> LoadFuture<'r>;

    /// Where a person signs in to come back to `return_to`, a path of the application's own origin
    /// with its query. `None`: the answer is 401.
    fn sign_in_url(&self, return_to: &str) -> Option<String>;

    /// A page in the application's own design, as HTML, for a navigation that is refused. It is sent
    /// with the page's status and with [`ErrorPage::HEADERS`]. `None` (the default): a plain page.
    fn error_page(&self, _page: &ErrorPage) -> Option<String> {
        None
    }
}

/// What a request's cookies have led to.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LoadedSession {
    /// What the session proves; `None` where there is none.
    pub credential: Option<SessionCredential>,
    /// Values of `Set-Cookie` headers for the answer, whatever it is.
    pub set_cookies: Vec<SetCookie>,
}

impl LoadedSession {
    /// There is no session.
    pub fn none() -> Self {
        Self::default()
    }

    /// There is a session.
    pub fn of(credential: impl Into<SessionCredential>) -> Self {
        Self { credential: Some(credential.into()), set_cookies: Vec::new() }
    }

    /// With a cookie for the answer.
    #[must_use]
    pub fn set_cookie(mut self, value: impl Into<String>) -> Self {
        self.set_cookies.push(SetCookie(value.into()));
        self
    }
}

/// The value of a `Set-Cookie` header. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie(String);

impl SetCookie {
    /// The value, for the answer.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetCookie(…)")
    }
}

/// The sessions are out of reach. Its text goes to the log, and never to the client.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionError(Box<str>);

impl SessionError {
    /// From the error of the session store, or from a message.
    pub fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string().into())
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SessionError {}
