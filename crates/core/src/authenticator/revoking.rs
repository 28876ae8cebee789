//! Revocations of one resource: by the names of its own issuers and static keys.

use std::{sync::Arc, time::Duration};

use super::Authenticator;
use crate::{
    identity::{IssuerAwareness, Subject, principal::Principal},
    issuer::Issuer,
    rejection::{Rejection, TokenError, UnavailableReason},
    revocation::{
        IssuerRecords, NewRevocation, NoContact, Revocation, RevocationListener, Revocations,
        RevokeError, Revoked,
    },
    time::UnixTime,
    token::claims::NumericDate,
};

impl Authenticator {
    /// Whether an issuer has this name, and is trusted.
    pub fn trusts(&self, issuer: &str) -> bool {
        self.by_iss.contains_key(issuer)
    }

    /// The revocations that its decisions ask.
    pub fn revocations(&self) -> &Revocations {
        &self.policy.revocations
    }

    /// Rejects a caller whose token or key was revoked by one of these names. Where that is not known,
    /// since the revocation log cannot be read, the request is unavailable.
    pub(super) fn check_revocations(
        &self,
        principal: &Principal,
        names: &[Arc<IssuerRecords>],
        now: UnixTime,
    ) -> Result<(), Rejection> {
        let (keys, leeway) = (principal.revocation_keys(), self.policy.leeway);
        match self.policy.revocations.refuses(names, keys, leeway, now) {
            Ok(false) => Ok(()),
            Ok(true) => Err(TokenError::Revoked.into()),
            Err(no_contact) => {
                let silence = match no_contact {
                    NoContact::NeverRead => None,
                    NoContact::SilentFor(time) => Some(time),
                };
                Err(UnavailableReason::Revocations { silence }.into())
            }
        }
    }

    /// A revocation with its issuer by the name that it is configured with: the only issuer where
    /// none is named.
    ///
    /// # Errors
    /// Where no issuer is named and not exactly one is configured; where the issuer or the static
    /// key is not configured here.
    pub fn resolve_issuer(&self, mut new: NewRevocation) -> Result<NewRevocation, RevokeError> {
        if let Revoked::StaticKey(name) = &new.what {
            return match self.api_keys.contains(name) {
                true => Ok(new),
                false => Err(RevokeError::UnknownStaticKey { found: name.to_string() }),
            };
        }
        let issuers = || self.trusted.iter().map(|trusted| &trusted.issuer);
        let issuer = match &new.issuer {
            Some(name) => self.by_iss.get(&**name).map(|&at| &self.trusted[at].issuer),
            None if self.trusted.len() == 1 => issuers().next(),
            None => return Err(RevokeError::NoIssuer),
        };
        let unknown = || RevokeError::UnknownIssuer {
            found: new.issuer.as_deref().unwrap_or_default().to_owned(),
            configured: issuers().map(|issuer| issuer.name().to_owned()).collect(),
        };
        new.issuer = Some(issuer.map(Issuer::name).ok_or_else(unknown)?.into());
        Ok(new)
    }

    /// Whether a caller who was accepted is revoked by now: for responses that are still open. It
    /// asks memory alone, whether or not the log is in contact: only a record ends a response.
    pub fn is_revoked(&self, caller: &Principal) -> bool {
        let names = self.issuer_records(caller);
        let (keys, leeway) = (caller.revocation_keys(), self.policy.leeway);
        self.revocations().index().refuses(names, keys, leeway)
    }

    /// When a caller's token ends: its `exp` with the leeway. `None` for a static key, which does
    /// not end.
    pub fn expires_at(&self, caller: &Principal) -> Option<UnixTime> {
        let exp = caller.token()?.expires_at().map(NumericDate::as_secs_f64)?;
        let end = Duration::try_from_secs_f64(exp + self.policy.leeway.as_secs_f64()).ok()?;
        Some(UnixTime::since_epoch(end))
    }

    /// Where the revocations of a caller are.
    fn issuer_records(&self, caller: &Principal) -> &[Arc<IssuerRecords>] {
        match caller.token() {
            None => &self.revoked_static_keys,
            Some(token) => self
                .by_iss
                .get(token.issuer())
                .map_or(&[], |&issuer| &*self.trusted[issuer].revocations),
        }
    }

    /// Drops the users that a revocation is about from the identity store's cache, from now on.
    pub fn forget_revoked_users(self: &Arc<Self>) {
        let listener: Arc<dyn RevocationListener> = self.clone();
        self.revocations().listen(Arc::downgrade(&listener));
    }
}

impl RevocationListener for Authenticator {
    fn recorded(&self, record: &Revocation) {
        let issuer = record.issuer.as_deref().and_then(|name| self.by_iss.get(name));
        let (Some(store), Some(&issuer)) = (&self.store, issuer) else { return };
        // Where issuers share their subjects, a person is cached under each of them.
        let issuers = match store.issuers() {
            IssuerAwareness::Shared => &self.trusted[..],
            _ => &self.trusted[issuer..=issuer],
        };
        let forget = |sub: &str| {
            for trusted in issuers {
                store.forget(&Subject::new(trusted.issuer.shared_name(), sub));
            }
        };
        match &record.what {
            Revoked::Subject(sub) | Revoked::SessionsOf(sub) | Revoked::UserChanged(sub) => {
                forget(sub);
            }
            Revoked::SubjectAtClient { subject, .. }
            | Revoked::DisconnectedAgent { subject, .. }
            | Revoked::SubjectInOrganization { subject, .. } => {
                forget(subject);
            }
            Revoked::Everything | Revoked::Organization(_) | Revoked::UsersChanged => {
                store.forget_all();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
