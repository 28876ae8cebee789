//! The caller, as the token or static key proves it.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    identity::api_key::{ApiKey, ApiKeyName},
    identity::{ClientId, Lookup, LookupClaims, Subject},
    issuer::{ActorRule, Issuer},
    keyed_hash::KeyedHash,
    rejection::TokenError,
    revocation::{Named, RevocationKeys},
    scope::ScopeSet,
    session::{SessionIdentity, SessionStart},
    time::UnixTime,
    token::claims::{Actor, ClaimTypeError, NumericDate},
    token::rules,
    token::verified::VerifiedToken,
};

/// The caller: a person, an agent or a member of staff who acts for a person, a program on its own
/// behalf, or the holder of a static key.
pub struct Principal {
    proof: Proof,
    subject: Subject,
    kind: PrincipalKind,
    lookup_claims: Box<LookupClaims>,
    revocation_keys: RevocationKeys,
}

/// What proved who the caller is. Nearly always a token, which is therefore not boxed.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
enum Proof {
    Token(VerifiedToken),
    /// A static key, with the scopes that holding it grants.
    ApiKey(ScopeSet),
    Session(Box<SessionProof>),
}

/// The session of a browser.
#[derive(Debug)]
struct SessionProof {
    /// The access token of the session; none where the application vouches for the person.
    token: Option<VerifiedToken>,
    signed_in_at: UnixTime,
    sid: Option<Box<str>>,
    organization: Option<Box<str>>,
}

/// The kind of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// A person who signed in.
    User,
    /// An agent on behalf of a person ([`ActorRule::Agent`], [`ActorRule::Person`]). The subject is
    /// the person; the actor is the agent.
    Agent(Actor),
    /// A member of staff who impersonates a person ([`ActorRule::Staff`]). The subject is the
    /// person; the actor is the member of staff. An impersonated person is never provisioned.
    Impersonated(Actor),
    /// A program on its own behalf (client credentials). It is never looked up among the users.
    Machine(ClientId),
    /// The holder of a static key, by the key's name. It is never looked up among the users, and
    /// never provisioned.
    ApiKey(ApiKeyName),
}

impl PrincipalKind {
    /// Whether the subject is a person: only persons are looked up among the users.
    pub fn is_person(&self) -> bool {
        matches!(self, Self::User | Self::Agent(_) | Self::Impersonated(_))
    }
}

impl Principal {
    /// The principal of a token. `claim_names` are the claims that the identity store has named.
    ///
    /// # Errors
    /// Where the person in `act` ([`ActorRule::Person`]) is no subject.
    pub(crate) fn new(
        token: VerifiedToken,
        issuer: &Issuer,
        claim_names: &[&'static str],
        hash: &KeyedHash,
    ) -> Result<Self, TokenError> {
        let (subject, kind) = subject_and_kind(&token, issuer)?;
        let lookup_claims = lookup_claims(&token, claim_names);
        let issued_at = token.issued_at().map(NumericDate::as_secs_f64);
        let revocation_keys =
            RevocationKeys::of_token(hash, named(&token, &subject, &kind), issued_at);
        // The limit applies here, once, so that nothing after it sees what the issuer may not grant.
        let names = issuer.scope_names();
        let token = match names.are_the_same() {
            true => token,
            false => token.renaming_scopes(|scope| names.local(scope)),
        };
        let token = token.limited_to(issuer.scope_limit());
        let proof = Proof::Token(token);
        Ok(Self { proof, subject, kind, lookup_claims, revocation_keys })
    }

    /// The principal of a session's token.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub(crate) fn of_session(
        token: VerifiedToken,
        issuer: &Issuer,
        claim_names: &[&'static str],
        hash: &KeyedHash,
        session: &SessionStart,
    ) -> Result<Self, TokenError> {
        let mut principal = Self::new(token, issuer, claim_names, hash)?;
        let Proof::Token(token) = principal.proof else { return Ok(principal) };
        let sid = session.sid.as_deref().or(token.session()).map(Box::from);
        let named = Named {
            session: sid.as_deref(),
            is_browser: true,
            ..named(&token, &principal.subject, &principal.kind)
        };
        // Never the `iat` of the token: refreshing it must not revive a session that was revoked.
        let signed_in_at = Some(session.signed_in_at.as_secs_f64());
        principal.revocation_keys = RevocationKeys::of_token(hash, named, signed_in_at);
        principal.proof = Proof::Session(Box::new(SessionProof {
            organization: token.organization().map(Box::from),
            token: Some(token),
            signed_in_at: session.signed_in_at,
            sid,
        }));
        Ok(principal)
    }

    /// A person for whom the application vouches. `issuer` is the name that the issuer is configured
    /// with.
    pub(crate) fn of_identity(
        identity: SessionIdentity,
        issuer: Arc<str>,
        hash: &KeyedHash,
    ) -> Self {
        let SessionIdentity { subject, signed_in_at, sid, organization, .. } = identity;
        let subject = Subject::new(issuer, subject);
        let named = Named {
            subject: Some(subject.id()),
            organization: organization.as_deref(),
            session: sid.as_deref(),
            is_browser: true,
            ..Named::default()
        };
        let keys = RevocationKeys::of_token(hash, named, Some(signed_in_at.as_secs_f64()));
        let session = SessionProof { token: None, signed_in_at, sid, organization };
        Self {
            proof: Proof::Session(Box::new(session)),
            subject,
            kind: PrincipalKind::User,
            lookup_claims: Box::default(),
            revocation_keys: keys,
        }
    }

    /// The holder of a static key.
    pub(crate) fn of_api_key(name: &ApiKeyName, scopes: ScopeSet, hash: &KeyedHash) -> Self {
        Self {
            proof: Proof::ApiKey(scopes),
            subject: Subject::new(ApiKey::ISSUER, name.shared()),
            kind: PrincipalKind::ApiKey(name.clone()),
            lookup_claims: Box::default(),
            revocation_keys: RevocationKeys::of_static_key(hash, name.as_str()),
        }
    }

    /// What an identity store is asked for.
    pub(crate) fn lookup(&self) -> Lookup<'_> {
        Lookup::with_claims(&self.subject, &self.lookup_claims)
    }

    /// Under which keys it is revoked.
    pub(crate) fn revocation_keys(&self) -> &RevocationKeys {
        &self.revocation_keys
    }

    /// About how many bytes it owns, itself included.
    pub(crate) fn weight(&self) -> usize {
        let token = self.token().map_or(0, VerifiedToken::weight);
        let claims: usize =
            self.lookup_claims.iter().map(|claim| size_of_val(claim) + claim.1.len()).sum();
        let actor = self.actor().and_then(|actor| actor.subject.as_deref()).map_or(0, str::len);
        let keys = self.revocation_keys.weight();
        size_of::<Self>() + token + self.subject.id().len() + claims + actor + keys
    }

    /// Issuer and `sub`: what names the caller permanently. For the holder of a static key it is
    /// [`ApiKey::ISSUER`] and the key's name.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The issuer, by the name that it is configured with, whichever of its names is in the token.
    /// For the holder of a static key, [`ApiKey::ISSUER`].
    pub fn issuer(&self) -> &str {
        self.subject.issuer()
    }

    /// Person, agent, impersonated person, program, or the holder of a static key.
    pub fn kind(&self) -> &PrincipalKind {
        &self.kind
    }

    /// The OAuth client through which the caller calls: the token's `client_id`, else its `azp`. It
    /// is unique within its [`issuer`](Self::issuer) only.
    pub fn client(&self) -> Option<&str> {
        self.token()?.client_id()
    }

    /// The session's id: `sid` of a token. In a token of WorkOS Connect it is the id of a consent.
    pub fn session(&self) -> Option<&str> {
        match &self.proof {
            Proof::Session(session) => session.sid.as_deref(),
            _ => self.token()?.session(),
        }
    }

    /// When the person signed in, where the caller is the session of a browser; `None` for a
    /// bearer token or a static key. It tells pages and agents apart.
    pub fn signed_in_at(&self) -> Option<UnixTime> {
        match &self.proof {
            Proof::Session(session) => Some(session.signed_in_at),
            _ => None,
        }
    }

    /// The organization that the caller acts in: `org_id` of a token.
    pub fn organization(&self) -> Option<&str> {
        match &self.proof {
            Proof::Session(session) => session.organization.as_deref(),
            _ => self.token()?.organization(),
        }
    }

    /// Who acts, where it is not the subject: an agent, or a member of staff.
    pub fn actor(&self) -> Option<&Actor> {
        match &self.kind {
            PrincipalKind::Agent(actor) | PrincipalKind::Impersonated(actor) => Some(actor),
            _ => None,
        }
    }

    /// The scopes that the token grants, or the static key. See [`VerifiedToken::scopes`] for the
    /// limit that an issuer may have.
    pub fn scopes(&self) -> &ScopeSet {
        match &self.proof {
            Proof::Token(token) => token.scopes(),
            Proof::ApiKey(scopes) => scopes,
            Proof::Session(session) => {
                session.token.as_ref().map_or(ScopeSet::none(), VerifiedToken::scopes)
            }
        }
    }

    /// Any claim of the token by its name; see [`VerifiedToken::claim`]. A static key has none.
    ///
    /// # Errors
    /// Where the claim is not of type `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClaimTypeError> {
        self.token().map_or(Ok(None), |token| token.claim(name))
    }

    /// The token; `None` for a static key, and for a session without one.
    pub fn token(&self) -> Option<&VerifiedToken> {
        match &self.proof {
            Proof::Token(token) => Some(token),
            Proof::ApiKey(_) => None,
            Proof::Session(session) => session.token.as_ref(),
        }
    }
}

/// The named claims that the token has, as JSON texts.
fn lookup_claims(token: &VerifiedToken, names: &[&'static str]) -> Box<LookupClaims> {
    let read = |name: &'static str| {
        let value: serde_json::Value = token.claim(name).ok()??;
        Some((name, value.to_string().into_boxed_str()))
    };
    names.iter().copied().filter_map(read).collect()
}

/// Under which names the caller of a token is revoked. The actor of any rule counts: an agent, a
/// member of staff, and an agent in `sub` of whom the person in `act` is the subject.
fn named<'t>(token: &'t VerifiedToken, subject: &'t Subject, kind: &'t PrincipalKind) -> Named<'t> {
    let actor = match kind {
        PrincipalKind::Agent(actor) | PrincipalKind::Impersonated(actor) => Some(actor),
        _ => token.actor(),
    };
    Named {
        subject: Some(subject.id()),
        client: token.client_id(),
        organization: token.organization(),
        session: token.session(),
        token: token.token_id(),
        actor: actor.and_then(|actor| actor.subject.as_deref()),
        is_browser: false,
    }
}

/// Who the token is about, and what `act` makes of it (RFC 8693 §4.1). The actor rule comes first:
/// under [`ActorRule::Person`] `sub` is the agent, which may be the client as well.
fn subject_and_kind(
    token: &VerifiedToken,
    issuer: &Issuer,
) -> Result<(Subject, PrincipalKind), TokenError> {
    let name = issuer.shared_name();
    if let (Some(actor), ActorRule::Person) = (token.actor(), issuer.actor_rule()) {
        let person = actor.subject.as_deref().filter(|person| rules::is_subject(person));
        let person = person.ok_or(TokenError::MalformedPayload { claim: Some("act") })?;
        let agent = Actor { subject: Some(token.subject().into()) };
        return Ok((Subject::new(name, person), PrincipalKind::Agent(agent)));
    }
    let subject = Subject::new(name, token.subject());
    let kind = match token.actor() {
        _ if issuer.is_machine(token) => PrincipalKind::Machine(ClientId::new(subject.clone())),
        Some(actor) if issuer.actor_rule() == ActorRule::Agent => {
            PrincipalKind::Agent(actor.clone())
        }
        Some(actor) => PrincipalKind::Impersonated(actor.clone()),
        None => PrincipalKind::User,
    };
    Ok((subject, kind))
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("proof", &self.proof)
            .field("subject", &self.subject)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
