//! A store over a place: the fixture of the contract.

use std::sync::Arc;

use mcp_auth_core::{
    IdentityStore, Subject, async_trait,
    contract_tests::{Fixture, Linking, Outage, Provisioning},
};

use crate::place::Place;

pub(crate) struct Over<S> {
    // First, so that its connections are gone when the place is removed.
    store: Arc<S>,
    pub(crate) place: Place,
}

/// A user as one of the ORMs has it.
pub(crate) trait Person {
    fn sub(&self) -> String;
}

impl<S: IdentityStore<User: Person>> Over<S> {
    pub(crate) fn new(place: Place, store: S) -> Self {
        Self { store: Arc::new(store), place }
    }
}

#[async_trait]
impl<S: IdentityStore<User: Person>> Fixture for Over<S> {
    type Store = S;

    fn store(&self) -> Arc<S> {
        self.store.clone()
    }

    async fn add(&self, user: &Subject) {
        self.place.add(user).await;
    }

    fn subject_of(&self, user: &S::User) -> String {
        user.sub()
    }

    fn subject(&self, n: usize) -> String {
        self.place.subject(n)
    }

    fn holds(&self, sub: &str) -> bool {
        self.place.holds(sub)
    }
}

#[async_trait]
impl<S: IdentityStore<User: Person>> Outage for Over<S> {
    async fn begin(&self) {
        self.place.begin_outage().await;
    }

    async fn end(&self) {
        self.place.end_outage().await;
    }
}

#[async_trait]
impl<S: IdentityStore<User: Person>> Provisioning for Over<S> {
    async fn count(&self) -> usize {
        self.place.count().await
    }
}

#[async_trait]
impl<S: IdentityStore<User: Person>> Linking for Over<S> {
    async fn add_unlinked(&self, email: &str) {
        self.place.add_unlinked(email).await;
    }

    async fn linked_to(&self, email: &str) -> Vec<Option<String>> {
        self.place.linked_to(email).await
    }
}
