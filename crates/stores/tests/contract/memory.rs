//! The store in memory.

use std::sync::Arc;

use mcp_auth_core::{
    IdentityStore, Newcomer, StoreError, Subject, async_trait,
    contract_tests::{Fixture, Provisioning},
};
use mcp_auth_stores::{IdentityStoreExt, MemoryIdentityStore};

/// A user is its own subject.
struct InMemory<S> {
    users: MemoryIdentityStore<String>,
    store: Arc<S>,
}

fn in_memory() -> InMemory<impl IdentityStore<User = String>> {
    let users = MemoryIdentityStore::new();
    let all = users.clone();
    let store = users.clone().provision_with(move |newcomer: Newcomer| {
        let all = all.clone();
        async move {
            let sub = newcomer.subject().id();
            all.insert(sub, sub.to_owned());
            Ok::<_, StoreError>(Some(sub.to_owned()))
        }
    });
    InMemory { users, store: Arc::new(store) }
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

mod process {
    use super::*;

    mcp_auth_core::contract_tests!(
        #[tokio::test]
        in_memory(); finding, provisioning
    );
}
