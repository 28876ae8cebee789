//! What every wrapper passes on to the store beneath.

use std::{future::ready, time::Duration};

use mcp_auth_core::{
    Found, IdentityStore, Lookup, StoreError, async_trait,
    contract_tests::{
        ISSUER,
        wrapping::{CachingStore, forgets_what_it_is_told_to as check},
    },
};
use mcp_auth_stores::{IdentityStoreExt, IssuerStores};

type Beneath = CachingStore<String>;

const MINUTE: Duration = Duration::from_secs(60);

fn linking(store: impl IdentityStore<User = String>) -> impl IdentityStore<User = String> {
    store.link_by_verified_email(
        ISSUER,
        |_| ready(Ok(Vec::new())),
        |_: &String| true,
        |_, _| ready(Ok(None)),
    )
}

fn provisioning(store: impl IdentityStore<User = String>) -> impl IdentityStore<User = String> {
    store.provision_with(|_| ready(Ok(Found::Nobody)))
}

#[tokio::test]
async fn r35_every_wrapper_forgets_what_it_is_told_to() {
    let user = || "Ada".to_owned();
    check(user(), |store: Beneath| store.cached(MINUTE, 10)).await;
    check(user(), |store: Beneath| store.shared_subjects()).await;
    check(user(), |store: Beneath| provisioning(store)).await;
    check(user(), |store: Beneath| linking(store)).await;
    check(user(), |store: Beneath| IssuerStores::new().with(ISSUER, store)).await;
}

#[tokio::test]
async fn r35_nested_wrappers_forget_what_they_are_told_to() {
    let user = || "Ada".to_owned();
    let nested = |store: Beneath| linking(provisioning(store.shared_subjects()));
    check(user(), nested).await;
    check(user(), |store| nested(store).cached(MINUTE, 10)).await;
    check(user(), |store| provisioning(store.cached(MINUTE, 10)).shared_subjects()).await;
    check(user(), |store| IssuerStores::new().with(ISSUER, linking(store.cached(MINUTE, 10))))
        .await;
}

/// Has `find_cached` of the store beneath and not its `forget`.
struct Deaf(Beneath);

#[async_trait]
impl IdentityStore for Deaf {
    type User = String;

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<String>, StoreError> {
        self.0.find(who).await
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<std::sync::Arc<String>> {
        self.0.find_cached(who)
    }
}

#[tokio::test]
#[should_panic(expected = "forget does not reach the store beneath")]
async fn r35_a_wrapper_that_forgets_nobody_breaks_the_contract() {
    check("Ada".to_owned(), Deaf).await;
}
