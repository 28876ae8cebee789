//! The keys by which a token's revocations are found, computed once for each token.

use crate::{keyed_hash::KeyedHash, revocation::record::Revoked, time::UnixTime};

/// What a token says about whom it was issued to. What it does not say is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Named<'t> {
    pub(crate) subject: Option<&'t str>,
    pub(crate) client: Option<&'t str>,
    pub(crate) organization: Option<&'t str>,
    pub(crate) session: Option<&'t str>,
    pub(crate) token: Option<&'t str>,
    pub(crate) actor: Option<&'t str>,
    /// Whether it is a session of a browser.
    pub(crate) is_browser: bool,
}

/// Under which keys a caller is revoked, and the time that cut-offs are compared with: a token's
/// `iat`, and for a session the time of sign-in.
#[derive(Debug)]
pub(crate) struct RevocationKeys {
    pub(super) hashes: Box<[u128]>,
    pub(super) issued_at: Option<f64>,
    is_static_key: bool,
}

impl RevocationKeys {
    /// The keys of a token.
    pub(crate) fn of_token(hash: &KeyedHash, named: Named<'_>, issued_at: Option<f64>) -> Self {
        let Named { subject, client, organization, session, token, actor, is_browser } = named;
        let one = |value: Option<&str>, make: fn(Box<str>) -> Revoked| Some(make(value?.into()));
        let subject_and = |other: Option<&str>| Some((Box::from(subject?), Box::from(other?)));
        let keys = [
            Some(Revoked::Everything),
            one(subject, Revoked::Subject),
            subject_and(client)
                .map(|(subject, client)| Revoked::SubjectAtClient { subject, client }),
            subject_and(client)
                .map(|(subject, client)| Revoked::DisconnectedAgent { subject, client }),
            subject_and(organization).map(|(subject, organization)| {
                Revoked::SubjectInOrganization { subject, organization }
            }),
            one(client, Revoked::Client),
            one(organization, Revoked::Organization),
            one(session, Revoked::Session),
            one(token, Revoked::Token),
            one(actor, Revoked::Actor),
            one(subject.filter(|_| is_browser), Revoked::SessionsOf),
        ];
        let hashes = keys.iter().flatten().map(|what| hash_of(hash, what)).collect();
        Self { hashes, issued_at, is_static_key: false }
    }

    /// The key of a static key, which has no time of issue.
    pub(crate) fn of_static_key(hash: &KeyedHash, name: &str) -> Self {
        let what = Revoked::StaticKey(name.into());
        Self { hashes: Box::new([hash_of(hash, &what)]), issued_at: None, is_static_key: true }
    }

    /// About how many bytes it owns besides itself.
    pub(crate) fn weight(&self) -> usize {
        size_of_val(&*self.hashes)
    }

    /// Whether the token was issued until `cut_off`. One that does not say when it was issued counts
    /// as issued before.
    pub(super) fn issued_until(&self, cut_off: UnixTime) -> bool {
        self.issued_at.is_none_or(|issued| issued <= cut_off.as_secs_f64())
    }

    /// Whether a lift leaves it refused. A static key has no time of issue and is not issued anew:
    /// the lift makes it good again.
    pub(super) fn stays_refused_by_lift(&self, lift: UnixTime) -> bool {
        !self.is_static_key && self.issued_until(lift)
    }
}

/// The hash of a key without its issuer.
pub(super) fn hash_of(hash: &KeyedHash, what: &Revoked) -> u128 {
    let [first, second] = what.values();
    hash.of_parts([&[what.kind().0][..], first.as_bytes(), second.as_bytes()])
}
