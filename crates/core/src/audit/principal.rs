//! The caller, as a record names it.

use serde::Serialize;

use super::text::{MAX_NAME, Privacy, clean};
use crate::{
    agents::{AgentName, NameSource},
    identity::principal::{Principal, PrincipalKind},
    secret::Secret,
    token::verified::VerifiedToken,
};

/// The caller, as a record names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditPrincipal {
    /// The issuer, by its configured name.
    pub issuer: Box<str>,
    /// `sub`: the person, program or static key.
    pub subject: Box<str>,
    /// `user`, `agent`, `impersonated`, `machine` or `api_key`.
    pub kind: &'static str,
    /// What proved who the caller is. It tells agents and browsers apart.
    pub credential: Credential,
    /// Who acts for the person: an agent, or a member of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Box<str>>,
    /// The organization that the caller acts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Box<str>>,
    /// The OAuth client: unique within its issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Box<str>>,
    /// What the client is called, where the audit log has names and this one was known when the
    /// outcome was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<Box<str>>,
    /// Whose word the name is: in JSON `application`, `issuer` or `client`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name_source: Option<NameSource>,
    /// `jti`: the id of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<Box<str>>,
    /// `sid`: the id of the session or of the consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Box<str>>,
    /// The application's own key of the user, where the application gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_key: Option<Box<str>>,
    /// The subject and the client id as they are, where a record shows them otherwise.
    #[serde(skip)]
    exact: [Option<Secret>; 2],
}

/// What proved who the caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Credential {
    /// A bearer token: an agent, or another program.
    Token,
    /// The session of a browser.
    Session,
    /// A static key.
    StaticKey,
}

impl AuditPrincipal {
    /// A caller without the application's key of the user.
    pub fn of(principal: &Principal, privacy: Privacy) -> Self {
        let name = |text: &str| clean(text, MAX_NAME, privacy);
        let kind = match principal.kind() {
            PrincipalKind::User => "user",
            PrincipalKind::Agent(_) => "agent",
            PrincipalKind::Impersonated(_) => "impersonated",
            PrincipalKind::Machine(_) => "machine",
            PrincipalKind::ApiKey(_) => "api_key",
        };
        let credential = match principal.signed_in_at() {
            Some(_) => Credential::Session,
            None if principal.token().is_some() => Credential::Token,
            None => Credential::StaticKey,
        };
        let actor = principal.actor().and_then(|actor| actor.subject.as_deref());
        let subject = name(principal.subject().id());
        let client_id = principal.client().map(name);
        let exact = [
            exact(Some(principal.subject().id()), Some(&subject)),
            exact(principal.client(), client_id.as_deref()),
        ];
        Self {
            issuer: name(principal.issuer()),
            subject,
            kind,
            credential,
            actor: actor.map(name),
            organization: principal.organization().map(name),
            client_id,
            client_name: None,
            client_name_source: None,
            token_id: principal.token().and_then(VerifiedToken::token_id).map(name),
            session_id: principal.session().map(name),
            user_key: None,
            exact,
        }
    }

    /// `sub` as it is in the token, for a sink that stores it as a key: [`subject`](Self::subject) is
    /// cut, and has a hash in place of an e-mail address. It is in no JSON and in no `Debug`.
    pub fn exact_subject(&self) -> &str {
        self.exact[0].as_ref().map_or(&self.subject, Secret::expose)
    }

    /// `client_id` as it is in the token, of which the same is true. Two clients can have the same
    /// [`client_id`](Self::client_id) in records, and not here.
    pub fn exact_client_id(&self) -> Option<&str> {
        self.exact[1].as_ref().map(Secret::expose).or(self.client_id.as_deref())
    }

    /// With the name of the client.
    #[must_use]
    pub fn with_client_name(mut self, found: &AgentName, privacy: Privacy) -> Self {
        self.client_name = Some(clean(found.as_str(), MAX_NAME, privacy));
        self.client_name_source = Some(found.source());
        self
    }

    /// With the application's own key of the user, cut to 256 characters.
    #[must_use]
    pub fn with_user_key(mut self, key: &str) -> Self {
        let privacy = Privacy { email_addresses: true, ..Privacy::default() };
        self.user_key = Some(clean(key, MAX_NAME, privacy));
        self
    }
}

/// The text where it is not as the record shows it.
fn exact(text: Option<&str>, shown: Option<&str>) -> Option<Secret> {
    text.filter(|_| text != shown).map(Secret::new)
}
