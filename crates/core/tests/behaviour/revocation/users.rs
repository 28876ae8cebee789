//! Users that an identity store has cached, and are dropped where they were revoked or have changed.

use std::sync::Mutex;

use mcp_auth_core::{
    Found, IdentityStore, IssuerAwareness, Lookup, StoreError, Subject, async_trait,
    revocation::{Revocation, RevocationListener},
};

use super::*;

const OTHER: &str = "https://other.example.com";
const ALIAS: &str = "https://alias.example.com";

/// Writes down whom it has to forget.
struct Forgetting {
    shared: bool,
    forgotten: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl IdentityStore for Forgetting {
    type User = ();

    fn issuers(&self) -> IssuerAwareness {
        match self.shared {
            true => IssuerAwareness::Shared,
            false => IssuerAwareness::Distinguishes,
        }
    }

    async fn find(&self, _: &Lookup<'_>) -> Result<Found<()>, StoreError> {
        Ok(Found::Nobody)
    }

    fn forget(&self, user: &Subject) {
        self.forgotten.lock().unwrap().push(format!("{} {}", user.issuer(), user.id()));
    }

    fn forget_all(&self) {
        self.forgotten.lock().unwrap().push("all".into());
    }
}

/// Who is forgotten for this record, by a resource with two issuers.
fn forgotten_for(shared: bool, new: NewRevocation) -> Vec<String> {
    let forgotten = Arc::new(Mutex::new(Vec::new()));
    let world = World::new(&["a"]);
    let mut authenticator =
        world.authenticator(Issuer::new(ISSUER).unwrap().also_named(ALIAS), policy());
    let other = Issuer::new(OTHER).unwrap();
    authenticator.trust(other, world.keys.clone(), world.clone()).unwrap();
    let store = Forgetting { shared, forgotten: forgotten.clone() };
    authenticator.resolve_users_with(store).unwrap();
    let authenticator = Arc::new(authenticator);
    authenticator.forget_revoked_users();
    at_once(authenticator.revocations().revoke(new, NOW)).unwrap();
    let forgotten = forgotten.lock().unwrap();
    forgotten.clone()
}

#[test]
fn r35_a_person_who_is_revoked_or_has_changed_is_forgotten() {
    let own = vec![format!("{ISSUER} user_ada")];
    for new in [
        ada(),
        ada().standing(),
        Revoked::sessions_of("user_ada"),
        Revoked::user_changed("user_ada"),
        Revoked::subject_at_client("user_ada", "agent"),
        Revoked::subject_in_organization("user_ada", "org_1"),
    ] {
        // By the name that the store knows, whichever name the record has.
        for name in [ISSUER, ALIAS] {
            assert_eq!(forgotten_for(false, new.clone().of_issuer(name)), own, "{new:?}");
        }
        // Where issuers share their subjects, under each of them.
        let mut of_all = own.clone();
        of_all.push(format!("{OTHER} user_ada"));
        assert_eq!(forgotten_for(true, new.of_issuer(OTHER)), of_all);
    }
}

#[test]
fn r35_all_users_are_forgotten_where_any_may_be_meant() {
    for new in [
        Revoked::everything(),
        Revoked::organization("org_1"),
        NewRevocation::from(Revoked::UsersChanged),
    ] {
        assert_eq!(forgotten_for(false, new.of_issuer(ISSUER)), ["all"]);
    }
    for new in [
        Revoked::client("agent"),
        Revoked::session("session_1"),
        Revoked::token("token_1"),
        Revoked::actor("actor_1"),
    ] {
        assert!(forgotten_for(false, new.of_issuer(ISSUER)).is_empty());
    }
    assert!(forgotten_for(true, ada().of_issuer("https://unknown.example.com")).is_empty());
}

/// Revokes once more when it is told of a record.
struct CallsBack {
    revocations: Revocations,
    heard: Mutex<Vec<Revocation>>,
}

impl RevocationListener for CallsBack {
    fn recorded(&self, record: &Revocation) {
        self.heard.lock().unwrap().push(record.clone());
        if record.what == *ada().what() {
            let sessions = Revoked::sessions_of("user_ada").of_issuer(ISSUER);
            at_once(self.revocations.revoke(sessions, NOW)).unwrap();
            let nobody: Arc<dyn RevocationListener> = Arc::new(Deaf);
            self.revocations.listen(Arc::downgrade(&nobody));
        }
    }
}

struct Deaf;

impl RevocationListener for Deaf {
    fn recorded(&self, _: &Revocation) {}
}

/// No lock is held while listeners run.
#[test]
fn r34_a_listener_may_revoke_and_listen() {
    let (site, log) = Site::with_log();
    let revocations = site.revocations().clone();
    let listener = Arc::new(CallsBack { revocations, heard: Mutex::default() });
    let weak: Arc<dyn RevocationListener> = listener.clone();
    site.revocations().listen(Arc::downgrade(&weak));
    site.revoke(ada(), NOW);
    let heard: Vec<_> =
        listener.heard.lock().unwrap().iter().map(|record| record.what.clone()).collect();
    assert_eq!(heard, [ada().what().clone(), Revoked::SessionsOf("user_ada".into())]);
    // What is known already is not told again.
    site.revocations().take_in(LogBatch::added(log.entries()), NOW);
    assert_eq!(listener.heard.lock().unwrap().len(), 2);
}
