//! What a revocation says: whom it is about, and what it does to them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{base64url, keyed_hash::random_bytes, time::UnixTime};

/// One record of the revocation log. Records are never changed: a later one supersedes an earlier
/// one of the same kind about the same key (`issuer` and `what`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revocation {
    /// The version of the format: [`Revocation::VERSION`].
    pub version: u16,
    /// Names the record, in logs.
    pub id: RevocationId,
    /// The issuer, by the name that it is configured with; `None` for a static key.
    pub issuer: Option<Box<str>>,
    /// Whom it is about.
    pub what: Revoked,
    /// What it does.
    pub effect: Effect,
    /// Why, in the operator's words. It is written to logs and never sent to clients.
    pub reason: Box<str>,
    /// When it was made, by the clock of the process that made it; at the latest known time of its
    /// key or after it.
    #[serde(with = "crate::time::millis")]
    pub at: UnixTime,
}

impl Revocation {
    /// The version of the format that this crate writes, and the newest that it reads.
    pub const VERSION: u16 = 1;

    /// The time by which records of one effect and key supersede each other.
    pub(crate) fn time(&self) -> UnixTime {
        match self.effect {
            Effect::IssuedBefore(time) | Effect::IssuedBeforeByIssuer(time) => time,
            Effect::Standing | Effect::Lifted => self.at,
        }
    }
}

/// The name of a revocation record: 16 random bytes, as base64url.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RevocationId(Box<str>);

impl RevocationId {
    /// A new random name.
    pub(crate) fn random() -> Self {
        Self(base64url::encode(&random_bytes::<16>()).into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RevocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom a revocation is about. All but [`StaticKey`](Self::StaticKey) are within an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Revoked {
    /// Every token of the issuer.
    Everything,
    /// A person or machine, by `sub`.
    Subject(Box<str>),
    /// What one client does for one person.
    SubjectAtClient {
        /// `sub`.
        subject: Box<str>,
        /// `client_id`.
        client: Box<str>,
    },
    /// An agent that the person has disconnected. It refuses the same as
    /// [`SubjectAtClient`](Self::SubjectAtClient) and is lifted on its own, so that neither the
    /// person nor the operator ends what the other has revoked.
    DisconnectedAgent {
        /// `sub`.
        subject: Box<str>,
        /// `client_id`.
        client: Box<str>,
    },
    /// A person within one organization.
    SubjectInOrganization {
        /// `sub`.
        subject: Box<str>,
        /// `org_id`.
        organization: Box<str>,
    },
    /// An OAuth client, by `client_id`, for all persons.
    Client(Box<str>),
    /// An organization, by `org_id`, with all its members.
    Organization(Box<str>),
    /// A session, by `sid`.
    Session(Box<str>),
    /// One token, by `jti`.
    Token(Box<str>),
    /// The browser sessions of a person, by `sub`; the person's agents go on.
    SessionsOf(Box<str>),
    /// A static key, by its name.
    StaticKey(Box<str>),
    /// An acting party, by `act.sub`: an agent, or a member of staff who impersonates.
    Actor(Box<str>),
    /// Revokes nothing: the application's user for this `sub` has changed, and is dropped from the
    /// caches of all processes.
    UserChanged(Box<str>),
    /// Revokes nothing: any of the issuer's users may have changed, and all are dropped from the
    /// caches of all processes.
    UsersChanged,
}

impl Revoked {
    /// A person or machine, by `sub`.
    pub fn subject(sub: impl Into<Box<str>>) -> NewRevocation {
        Self::Subject(sub.into()).into()
    }

    /// What one client does for one person, by `sub` and `client_id`.
    pub fn subject_at_client(
        sub: impl Into<Box<str>>,
        client_id: impl Into<Box<str>>,
    ) -> NewRevocation {
        Self::SubjectAtClient { subject: sub.into(), client: client_id.into() }.into()
    }

    /// An agent that the person has disconnected, by `sub` and `client_id`.
    pub fn disconnected_agent(
        sub: impl Into<Box<str>>,
        client_id: impl Into<Box<str>>,
    ) -> NewRevocation {
        Self::DisconnectedAgent { subject: sub.into(), client: client_id.into() }.into()
    }

    /// A person within one organization, by `sub` and `org_id`.
    pub fn subject_in_organization(
        sub: impl Into<Box<str>>,
        org_id: impl Into<Box<str>>,
    ) -> NewRevocation {
        Self::SubjectInOrganization { subject: sub.into(), organization: org_id.into() }.into()
    }

    /// An OAuth client, by `client_id`.
    pub fn client(client_id: impl Into<Box<str>>) -> NewRevocation {
        Self::Client(client_id.into()).into()
    }

    /// An organization, by `org_id`.
    pub fn organization(org_id: impl Into<Box<str>>) -> NewRevocation {
        Self::Organization(org_id.into()).into()
    }

    /// A session, by `sid`.
    pub fn session(sid: impl Into<Box<str>>) -> NewRevocation {
        Self::Session(sid.into()).into()
    }

    /// One token, by `jti`.
    pub fn token(jti: impl Into<Box<str>>) -> NewRevocation {
        Self::Token(jti.into()).into()
    }

    /// The browser sessions of a person, by `sub`.
    pub fn sessions_of(sub: impl Into<Box<str>>) -> NewRevocation {
        Self::SessionsOf(sub.into()).into()
    }

    /// A static key, by its name.
    pub fn static_key(name: impl Into<Box<str>>) -> NewRevocation {
        Self::StaticKey(name.into()).into()
    }

    /// An acting party, by `act.sub`.
    pub fn actor(sub: impl Into<Box<str>>) -> NewRevocation {
        Self::Actor(sub.into()).into()
    }

    /// Every token of an issuer.
    pub fn everything() -> NewRevocation {
        Self::Everything.into()
    }

    /// The application's user has changed: drops it from the caches of all processes.
    pub fn user_changed(sub: impl Into<Box<str>>) -> NewRevocation {
        Self::UserChanged(sub.into()).into()
    }

    /// Whether it revokes anything.
    pub(crate) fn revokes(&self) -> bool {
        !matches!(self, Self::UserChanged(_) | Self::UsersChanged)
    }

    /// The kind, as one byte for hashes and one word for logs.
    pub(crate) fn kind(&self) -> (u8, &'static str) {
        match self {
            Self::Everything => (0, "everything"),
            Self::Subject(_) => (1, "subject"),
            Self::SubjectAtClient { .. } => (2, "subject_at_client"),
            Self::SubjectInOrganization { .. } => (3, "subject_in_organization"),
            Self::Client(_) => (4, "client"),
            Self::Organization(_) => (5, "organization"),
            Self::Session(_) => (6, "session"),
            Self::Token(_) => (7, "token"),
            Self::SessionsOf(_) => (8, "sessions_of"),
            Self::StaticKey(_) => (9, "static_key"),
            Self::Actor(_) => (10, "actor"),
            Self::UserChanged(_) => (11, "user_changed"),
            Self::UsersChanged => (12, "users_changed"),
            Self::DisconnectedAgent { .. } => (13, "disconnected_agent"),
        }
    }

    /// The values that name it, in order.
    pub(crate) fn values(&self) -> [&str; 2] {
        match self {
            Self::Everything | Self::UsersChanged => ["", ""],
            Self::SubjectAtClient { subject, client }
            | Self::DisconnectedAgent { subject, client } => [subject, client],
            Self::SubjectInOrganization { subject, organization } => [subject, organization],
            Self::Subject(one)
            | Self::Client(one)
            | Self::Organization(one)
            | Self::Session(one)
            | Self::Token(one)
            | Self::SessionsOf(one)
            | Self::StaticKey(one)
            | Self::Actor(one)
            | Self::UserChanged(one) => [one, ""],
        }
    }
}

/// What a revocation does. For each key the latest of each effect counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Refuses tokens that were issued until this instant of our clock: the comparison with `iat`
    /// allows for clock skew, by the leeway.
    #[serde(with = "crate::time::millis")]
    IssuedBefore(UnixTime),
    /// Refuses tokens that were issued until this instant of the issuer's clock, exactly.
    #[serde(with = "crate::time::millis")]
    IssuedBeforeByIssuer(UnixTime),
    /// Refuses every token, later ones too, until it is lifted.
    Standing,
    /// Ends [`Standing`](Self::Standing) of the same key, and leaves a cut-off behind: tokens that
    /// were issued until the lift stay refused.
    Lifted,
}

/// What [`Revocations::revoke`](super::Revocations::revoke) is called with. Made by the functions of
/// [`Revoked`].
///
/// ```
/// # mod actix_mcp_auth { pub mod revocation { pub use mcp_auth_core::revocation::*; } }
/// use actix_mcp_auth::revocation::Revoked;
///
/// let agent = Revoked::subject_at_client("user_01ABC", "https://agent.example.com/client.json")
///     .of_issuer("https://your-subdomain.authkit.app")
///     .standing()
///     .because("the laptop was lost");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "nothing is revoked before it is passed to `revoke`"]
pub struct NewRevocation {
    pub(crate) what: Revoked,
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) standing: bool,
    pub(crate) reason: Box<str>,
}

impl NewRevocation {
    /// The longest value and reason, in bytes.
    pub(crate) const MAX_LEN: usize = 2048;

    /// The issuer, by any of its names. It can be left out where only one is configured.
    pub fn of_issuer(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Refuses later tokens too, until the revocation is lifted. Without it a client that refreshes
    /// its token, or a person who signs in again, is accepted. A static key is always revoked in
    /// this way, since it has no time of issue.
    pub fn standing(mut self) -> Self {
        self.standing = true;
        self
    }

    /// Why, for logs and for the list of revocations in force. At most 2,048 bytes.
    pub fn because(mut self, reason: impl Into<Box<str>>) -> Self {
        self.reason = reason.into();
        self
    }

    /// What it is about.
    pub fn what(&self) -> &Revoked {
        &self.what
    }
}

impl From<Revoked> for NewRevocation {
    fn from(what: Revoked) -> Self {
        let standing = matches!(what, Revoked::StaticKey(_));
        Self { what, issuer: None, standing, reason: Box::default() }
    }
}
