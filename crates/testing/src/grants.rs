//! Transactions, authorization codes and refresh tokens.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::lock::lock;
use crate::random;

/// The most open sign-ins; beyond it, those nearest to their expiry are evicted.
const MOST_TRANSACTIONS: usize = 1000;

/// A valid authorization request, before and while a person decides on it.
#[derive(Clone)]
pub(crate) struct Transaction {
    pub(crate) client: Client,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scope: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
    pub(crate) login_hint: Option<String>,
    /// The organization that a session of the browser is asked for.
    pub(crate) organization: Option<String>,
    /// Who signed in, by id.
    pub(crate) person: Option<String>,
    pub(crate) expires_at: i64,
    pub(crate) outcome: Option<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Approved,
    Denied,
}

/// What a person approved for a client. Revoking it revokes every token of it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) id: String,
    /// The id of the consent that it comes from, `app_consent_…`; or that of the session of a
    /// browser, `session_…`. Tokens carry it as `sid`.
    pub(crate) consent: String,
    pub(crate) client_id: String,
    pub(crate) person: String,
    pub(crate) scope: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) nonce: Option<String>,
    /// The organization of a session of the browser.
    pub(crate) organization: Option<String>,
}

pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) expires_at: i64,
    used: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct Refresh {
    grant: Grant,
    expires_at: i64,
    used: bool,
}

/// Why a code or refresh token is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    Unknown,
    Expired,
    /// Used before: everything issued from it is revoked now.
    Reused {
        consent: String,
    },
    Revoked,
    /// It was issued to another client.
    Foreign,
}

#[derive(Default)]
pub(crate) struct Grants(Mutex<Book>);

/// What outlives the process where a file keeps it: refresh tokens, and what is revoked.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredGrants {
    refresh: BTreeMap<String, Refresh>,
    revoked_grants: BTreeSet<String>,
    revoked_tokens: BTreeSet<String>,
}

#[derive(Default)]
struct Book {
    transactions: HashMap<String, Transaction>,
    codes: HashMap<String, Code>,
    refresh: HashMap<String, Refresh>,
    /// `jti` of an access token to the grant it came from.
    issued: HashMap<String, String>,
    revoked_grants: HashSet<String>,
    revoked_tokens: HashSet<String>,
}

impl Grants {
    /// What a file keeps.
    pub(crate) fn stored(&self, now: i64) -> StoredGrants {
        let book = lock(&self.0);
        let good = book.refresh.iter().filter(|(_, refresh)| refresh.expires_at > now);
        // Which grant an access token came from is not kept, so it counts as revoked itself.
        let of_revoked = book.issued.iter().filter(|(_, id)| book.revoked_grants.contains(*id));
        let revoked = of_revoked.map(|(jti, _)| jti).chain(&book.revoked_tokens);
        StoredGrants {
            refresh: good.map(|(token, refresh)| (token.clone(), refresh.clone())).collect(),
            revoked_tokens: revoked.cloned().collect(),
            revoked_grants: book.revoked_grants.iter().cloned().collect(),
        }
    }

    /// What a file has kept.
    pub(crate) fn restored(stored: StoredGrants) -> Self {
        Self(Mutex::new(Book {
            refresh: stored.refresh.into_iter().collect(),
            revoked_grants: stored.revoked_grants.into_iter().collect(),
            revoked_tokens: stored.revoked_tokens.into_iter().collect(),
            ..Book::default()
        }))
    }

    /// Stores a transaction and returns its id.
    pub(crate) fn open(&self, transaction: Transaction, now: i64) -> String {
        let mut book = lock(&self.0);
        book.transactions.retain(|_, t| t.expires_at > now);
        while book.transactions.len() >= MOST_TRANSACTIONS {
            let oldest = book.transactions.iter().min_by_key(|(_, t)| t.expires_at);
            let Some(id) = oldest.map(|(id, _)| id.clone()) else {
                break;
            };
            book.transactions.remove(&id);
        }
        let id = random::secret();
        book.transactions.insert(id.clone(), transaction);
        id
    }

    pub(crate) fn transaction(&self, id: &str, now: i64) -> Option<Transaction> {
        let book = lock(&self.0);
        let found = book.transactions.get(id)?;
        (found.expires_at > now).then(|| found.clone())
    }

    pub(crate) fn sign_in(&self, id: &str, person: Option<String>) {
        if let Some(transaction) = lock(&self.0).transactions.get_mut(id) {
            transaction.person = person;
        }
    }

    /// Records the decision; `false` if there was one already.
    pub(crate) fn decide(&self, id: &str, outcome: Outcome) -> bool {
        let mut book = lock(&self.0);
        match book.transactions.get_mut(id) {
            Some(transaction) if transaction.outcome.is_none() => {
                transaction.outcome = Some(outcome);
                true
            }
            _ => false,
        }
    }

    /// A new code for what `person` approved by this consent.
    pub(crate) fn issue_code(
        &self,
        transaction: &Transaction,
        person: &str,
        consent: String,
        expires_at: i64,
        now: i64,
    ) -> String {
        let mut book = lock(&self.0);
        // Used codes are kept for a while, so that their reuse is detected.
        book.codes.retain(|_, code| code.expires_at + 3600 > now);
        let code = random::secret();
        book.codes.insert(
            code.clone(),
            Code {
                grant: Grant {
                    id: random::ulid(),
                    consent,
                    client_id: transaction.client.id.clone(),
                    person: person.to_owned(),
                    scope: transaction.scope.clone(),
                    resources: transaction.resources.clone(),
                    nonce: transaction.nonce.clone(),
                    organization: transaction.organization.clone(),
                },
                redirect_uri: transaction.redirect_uri.clone(),
                challenge: transaction.challenge.clone(),
                expires_at,
                used: false,
            },
        );
        code
    }

    /// Consumes a code if `check` accepts it. A second use revokes the tokens of the first.
    pub(crate) fn redeem_code<E: From<Unusable>>(
        &self,
        code: &str,
        client_id: &str,
        now: i64,
        check: impl FnOnce(&Code) -> Result<(), E>,
    ) -> Result<Grant, E> {
        let mut book = lock(&self.0);
        let found = book.codes.get_mut(code).ok_or(Unusable::Unknown)?;
        if found.grant.client_id != client_id {
            return Err(Unusable::Foreign.into());
        }
        if found.used {
            let Grant { id, consent, .. } = found.grant.clone();
            book.revoked_grants.insert(id);
            return Err(Unusable::Reused { consent }.into());
        }
        if found.expires_at <= now {
            return Err(Unusable::Expired.into());
        }
        check(found)?;
        found.used = true;
        Ok(found.grant.clone())
    }

    pub(crate) fn issue_refresh(&self, grant: Grant, expires_at: i64, now: i64) -> String {
        let mut book = lock(&self.0);
        book.refresh.retain(|_, refresh| refresh.expires_at > now);
        let token = random::secret();
        let refresh = Refresh { grant, expires_at, used: false };
        book.refresh.insert(token.clone(), refresh);
        token
    }

    /// Consumes a refresh token if `check` accepts it. A second use revokes the whole family
    /// (OAuth 2.1 §4.3.1).
    pub(crate) fn redeem_refresh<E: From<Unusable>>(
        &self,
        token: &str,
        client_id: &str,
        now: i64,
        check: impl FnOnce(&Grant) -> Result<(), E>,
    ) -> Result<Grant, E> {
        let mut book = lock(&self.0);
        let book = &mut *book;
        let found = book.refresh.get_mut(token).ok_or(Unusable::Unknown)?;
        if found.grant.client_id != client_id {
            return Err(Unusable::Foreign.into());
        }
        if found.used {
            let Grant { id, consent, .. } = found.grant.clone();
            book.revoked_grants.insert(id);
            return Err(Unusable::Reused { consent }.into());
        }
        if book.revoked_grants.contains(&found.grant.id) {
            return Err(Unusable::Revoked.into());
        }
        if found.expires_at <= now {
            return Err(Unusable::Expired.into());
        }
        check(&found.grant)?;
        found.used = true;
        Ok(found.grant.clone())
    }

    /// Forgets the codes and refresh tokens of these grants. Access tokens stay valid.
    pub(crate) fn end_refreshing(&self, which: impl Fn(&Grant) -> bool) {
        let mut book = lock(&self.0);
        book.codes.retain(|_, code| !which(&code.grant));
        book.refresh.retain(|_, refresh| !which(&refresh.grant));
    }

    pub(crate) fn record(&self, jti: &str, grant: &Grant) {
        lock(&self.0).issued.insert(jti.to_owned(), grant.id.clone());
    }

    pub(crate) fn revoke_token(&self, jti: &str) {
        lock(&self.0).revoked_tokens.insert(jti.to_owned());
    }

    pub(crate) fn is_revoked(&self, jti: &str) -> bool {
        let book = lock(&self.0);
        book.revoked_tokens.contains(jti)
            || book.issued.get(jti).is_some_and(|grant| book.revoked_grants.contains(grant))
    }
}
