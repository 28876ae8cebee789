//! The store in memory.

use std::sync::{Arc, Mutex};

use mcp_auth_core::{
    Found, IdentityStore, Lookup, Newcomer, Profile, StoreError, Subject, async_trait,
    contract_tests::{Fixture, ISSUER, Linking, Provisioning, rules},
};
use mcp_auth_stores::{IdentityStoreExt, MemoryIdentityStore};

/// A user is its own subject, or its address while it has no subject.
struct InMemory<S> {
    users: MemoryIdentityStore<String>,
    /// Those who were known by their address before: address and, once linked, subject.
    known: Known,
    store: Arc<S>,
}

type Known = Arc<Mutex<Vec<(String, Option<String>)>>>;

fn in_memory() -> InMemory<impl IdentityStore<User = String>> {
    linking_if(|subject| subject.is_none())
}

/// A store whose `link` writes where `may_link` says so of the subject that is there.
fn linking_if(
    may_link: fn(&Option<String>) -> bool,
) -> InMemory<impl IdentityStore<User = String>> {
    let users = MemoryIdentityStore::new();
    let known = Known::default();
    let all = users.clone();
    let store = users.clone().provision_with(move |newcomer: Newcomer| {
        let all = all.clone();
        async move {
            let sub = newcomer.subject().id();
            all.insert(sub, sub.to_owned());
            Ok::<_, StoreError>(Some(sub.to_owned()).into())
        }
    });
    let (look, write, linked) = (known.clone(), known.clone(), users.clone());
    let store = store.link_by_verified_email(
        ISSUER,
        move |profile: Profile| {
            let look = look.clone();
            async move {
                let found = with_address(&look, &profile);
                // As over a database, others are served between the look-up and the write.
                tokio::task::yield_now().await;
                Ok(found)
            }
        },
        |user: &String| !user.contains('@'),
        move |email: String, newcomer: Newcomer| {
            let sub = newcomer.subject().id().to_owned();
            let mut rows = write.lock().unwrap();
            let free = rows.iter_mut().find(|row| row.0 == email && may_link(&row.1));
            let user = free.map(|row| {
                row.1 = Some(sub.clone());
                linked.insert(&*sub, sub.clone());
                sub
            });
            std::future::ready(Ok(user))
        },
    );
    InMemory { users, known, store: Arc::new(store) }
}

fn with_address(known: &Known, profile: &Profile) -> Vec<String> {
    let rows = known.lock().unwrap();
    let has_it = |row: &&(String, _)| Some(&*row.0) == profile.verified_email();
    let found = rows.iter().filter(has_it);
    found.map(|(email, sub)| sub.clone().unwrap_or_else(|| email.clone())).collect()
}

#[async_trait]
impl<S: IdentityStore<User = String>> Fixture for InMemory<S> {
    type Store = S;

    fn store(&self) -> Arc<S> {
        self.store.clone()
    }

    async fn add(&self, user: &Subject) {
        self.users.insert(user.id(), user.id().to_owned());
    }

    fn subject_of(&self, user: &String) -> String {
        user.clone()
    }
}

#[async_trait]
impl<S: IdentityStore<User = String>> Provisioning for InMemory<S> {
    async fn count(&self) -> usize {
        let text = format!("{:?}", self.users);
        text.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
    }
}

#[async_trait]
impl<S: IdentityStore<User = String>> Linking for InMemory<S> {
    async fn add_unlinked(&self, email: &str) {
        self.known.lock().unwrap().push((email.to_owned(), None));
    }

    async fn linked_to(&self, email: &str) -> Vec<Option<String>> {
        let known = self.known.lock().unwrap();
        known.iter().filter(|row| row.0 == email).map(|row| row.1.clone()).collect()
    }
}

/// The contract tells a `link` without a condition, although the store looks before it calls it.
#[tokio::test]
#[should_panic(expected = "two subjects became one user")]
async fn r33_a_link_without_a_condition_breaks_the_contract() {
    rules::r33_links_one_of_many_newcomers_with_one_address(&linking_if(|_| true)).await;
}

mod process {
    use super::*;

    #[tokio::test]
    async fn refuses_deactivated_users() {
        let over = in_memory();
        let ada = Subject::new(ISSUER, "user_ada");
        over.add(&ada).await;
        assert_eq!(over.users.refuse("user_ada").as_deref().map(String::as_str), Some("user_ada"));
        assert_eq!(over.store().find(&Lookup::new(&ada)).await.unwrap(), Found::Refused);
        assert_eq!(over.store().find_cached(&Lookup::new(&ada)), None);
        assert_eq!(over.count().await, 0);
        assert_eq!(over.users.remove("user_ada"), None);
        assert!(over.store().find(&Lookup::new(&ada)).await.unwrap().is_nobody());
        over.users.refuse("user_ada");
        over.add(&ada).await;
        assert!(over.store().find(&Lookup::new(&ada)).await.unwrap().user().is_some());
    }

    mcp_auth_core::contract_tests!(
        #[tokio::test]
        in_memory(); finding, provisioning, linking
    );
}
