//! What a session proves.

use std::fmt;

use crate::{
    secret::{Redacted, Secret},
    time::UnixTime,
};

/// What a session proves who is calling with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SessionCredential {
    /// An access token of a configured issuer, which is verified as any other.
    Token(SessionToken),
    /// An identity that the application vouches for.
    Identity(SessionIdentity),
}

/// The access token of a session.
#[derive(Debug, Clone)]
pub struct SessionToken {
    pub(crate) token: Secret,
    pub(crate) start: SessionStart,
}

/// When a session began, and its id.
#[derive(Clone)]
pub(crate) struct SessionStart {
    pub(crate) signed_in_at: UnixTime,
    pub(crate) sid: Option<Box<str>>,
}

impl SessionToken {
    /// A token of a session that began with a sign-in at `signed_in_at`.
    pub fn new(token: Secret, signed_in_at: UnixTime) -> Self {
        Self { token, start: SessionStart { signed_in_at, sid: None } }
    }

    /// The session's id at the issuer. Default: the token's claim `sid`.
    #[must_use]
    pub fn session(mut self, sid: impl Into<Box<str>>) -> Self {
        self.start.sid = Some(sid.into());
        self
    }
}

/// Who is signed in, by the application's own word: for teams that keep a sign-in of their own. The
/// identity store is asked for the same subject as for an agent's token.
///
/// ```
/// # mod actix_mcp_auth { pub use mcp_auth_core::session; pub mod operation { pub use mcp_auth_core::UnixTime; } }
/// use actix_mcp_auth::{operation::UnixTime, session::SessionIdentity};
///
/// let signed_in_at = UnixTime::from_secs(1_800_000_000);
/// let ada = SessionIdentity::new("https://login.example.com", "user_01ABC", signed_in_at);
/// ```
#[derive(Clone)]
pub struct SessionIdentity {
    pub(crate) issuer: Box<str>,
    pub(crate) subject: Box<str>,
    pub(crate) signed_in_at: UnixTime,
    pub(crate) sid: Option<Box<str>>,
    pub(crate) organization: Option<Box<str>>,
}

impl SessionIdentity {
    /// A person by issuer and `sub`, who signed in at `signed_in_at`. The issuer must be one that
    /// the resource trusts, by any of its names.
    pub fn new(
        issuer: impl Into<Box<str>>,
        subject: impl Into<Box<str>>,
        signed_in_at: UnixTime,
    ) -> Self {
        let (issuer, subject) = (issuer.into(), subject.into());
        Self { issuer, subject, signed_in_at, sid: None, organization: None }
    }

    /// The session's id, by which it can be revoked. Default: none.
    #[must_use]
    pub fn session(mut self, sid: impl Into<Box<str>>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// The organization that the person has signed in to. Default: none.
    #[must_use]
    pub fn organization(mut self, organization: impl Into<Box<str>>) -> Self {
        self.organization = Some(organization.into());
        self
    }
}

impl SessionCredential {
    /// When the person signed in.
    pub fn signed_in_at(&self) -> UnixTime {
        match self {
            Self::Token(token) => token.start.signed_in_at,
            Self::Identity(identity) => identity.signed_in_at,
        }
    }
}

impl From<SessionToken> for SessionCredential {
    fn from(token: SessionToken) -> Self {
        Self::Token(token)
    }
}

impl From<SessionIdentity> for SessionCredential {
    fn from(identity: SessionIdentity) -> Self {
        Self::Identity(identity)
    }
}

/// Shows no session id.
impl fmt::Debug for SessionStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStart")
            .field("signed_in_at", &self.signed_in_at)
            .field("sid", &Redacted::of(&self.sid))
            .finish()
    }
}

/// Shows no session id.
impl fmt::Debug for SessionIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionIdentity")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("signed_in_at", &self.signed_in_at)
            .field("sid", &Redacted::of(&self.sid))
            .field("organization", &self.organization)
            .finish()
    }
}
