//! What every [`IdentityStore`] must do, as tests for a store that an application writes itself
//! (feature `contract-tests`).
//!
//! The author of a store writes a [`Fixture`]: a store over a fresh and empty place, and how a
//! user is added there. [`contract_tests!`](macro@crate::contract_tests) makes a test of each rule.
//! Nothing here needs a particular runtime; the attribute says what runs a test.
//!
//! ```
//! use std::{collections::HashMap, sync::{Arc, RwLock}};
//! # use mcp_auth_core as actix_mcp_auth;
//! use actix_mcp_auth::{
//!     Found, IdentityStore, Lookup, StoreError, Subject, async_trait,
//!     contract_tests::Fixture,
//! };
//!
//! #[derive(Clone)]
//! struct User {
//!     workos_id: String,
//! }
//!
//! #[derive(Default)]
//! struct MyStore(RwLock<HashMap<String, User>>);
//!
//! #[async_trait]
//! impl IdentityStore for MyStore {
//!     type User = User;
//!
//!     async fn find(&self, who: &Lookup<'_>) -> Result<Found<User>, StoreError> {
//!         let users = self.0.read().map_err(|_| StoreError::new("poisoned"))?;
//!         Ok(users.get(who.id()).cloned().into())
//!     }
//! }
//!
//! // The fixture, and one line:
//! #[derive(Default)]
//! struct Fresh(Arc<MyStore>);
//!
//! #[async_trait]
//! impl Fixture for Fresh {
//!     type Store = MyStore;
//!
//!     fn store(&self) -> Arc<MyStore> {
//!         self.0.clone()
//!     }
//!
//!     async fn add(&self, user: &Subject) {
//!         let workos_id = user.id().to_owned();
//!         self.0.0.write().unwrap().insert(workos_id.clone(), User { workos_id });
//!     }
//!
//!     fn subject_of(&self, user: &User) -> String {
//!         user.workos_id.clone()
//!     }
//! }
//!
//! actix_mcp_auth::contract_tests!(
//!     #[tokio::test]
//!     Fresh::default(); finding
//! );
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(mcp_auth_core::contract_tests::run_finding(async || Fresh::default()));
//! ```
//!
//! # The rules
//! | part | what is shown |
//! |---|---|
//! | `finding` | who is there is found, and nobody else: [`rules`], every store |
//! | `outage` | errors while the place is cut off, and recovery: [`Outage`] |
//! | `provisioning` | newcomers are made once, machines never: [`Provisioning`] |
//! | `linking` | newcomers are linked by e-mail address once, and by the word of [`ISSUER`] only: [`Linking`] |
//!
//! A store that makes no users leaves `provisioning` out; one that links none, `linking`; one that
//! cannot be cut off, `outage`.

mod caller;
pub mod rules;
mod time;
pub mod wrapping;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{IdentityStore, Subject};

/// The issuer of all subjects in these rules, and the one that a [`Linking`] fixture trusts with
/// e-mail addresses.
pub const ISSUER: &str = "https://login.example.com";

/// A store over a place of its own, fresh and empty, in which users can be added.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// The store.
    type Store: IdentityStore;

    /// The store; the same one each time.
    fn store(&self) -> Arc<Self::Store>;

    /// Adds a user with this subject, by other means than the store.
    async fn add(&self, user: &Subject);

    /// The `sub` that a user has, as it is kept.
    fn subject_of(&self, user: &<Self::Store as IdentityStore>::User) -> String;

    /// The `sub` of the person number `n`. Default: `user_` and the number.
    fn subject(&self, n: usize) -> String {
        format!("user_{n}")
    }

    /// Whether a user can have this `sub`. Default: any. Where subjects are kept as numbers, only
    /// a number written as that place writes it.
    fn holds(&self, sub: &str) -> bool {
        let _ = sub;
        true
    }
}

/// A fixture whose place can be cut off from the store, as by a server that stops.
#[async_trait]
pub trait Outage: Fixture {
    /// Cuts it off: until [`end`](Self::end), the store cannot tell.
    async fn begin(&self);

    /// The place is there again. The store is not touched: it finds out by itself.
    async fn end(&self);
}

/// A fixture whose store makes users for newcomers.
#[async_trait]
pub trait Provisioning: Fixture {
    /// How many users there are in the place.
    async fn count(&self) -> usize;
}

/// A fixture whose store links newcomers of [`ISSUER`], and of no other issuer, to users with the
/// same verified e-mail address.
#[async_trait]
pub trait Linking: Fixture {
    /// Adds a user who has this address and no subject.
    async fn add_unlinked(&self, email: &str);

    /// The `sub` of each user who has this address, in any order; `None` for one who has none.
    async fn linked_to(&self, email: &str) -> Vec<Option<String>>;
}

/// Makes a test of each rule: the attribute of a test, a fixture (an expression, which may
/// `.await`), and the parts of the contract: see [the module](mod@crate::contract_tests).
///
/// ```ignore
/// actix_mcp_auth::contract_tests!(
///     #[tokio::test]
///     MyFixture::new().await; finding, outage, provisioning
/// );
/// ```
#[macro_export]
macro_rules! contract_tests {
    ($(#[$test:meta])+ $fixture:expr; $($part:ident),+ $(,)?) => {
        $crate::contract_tests!(@parts [$(#[$test])+] [$fixture] $($part)+);
    };
    (@parts $test:tt $fixture:tt $($part:ident)+) => {
        $($crate::contract_tests!(@$part $test $fixture);)+
    };
    (@finding $test:tt $fixture:tt) => {
        $crate::contract_tests!(@rules $test $fixture
            finds_who_is_there
            finds_nobody_else
            compares_byte_for_byte
            takes_odd_subjects_for_text
            takes_long_subjects_whole
            answers_many_at_once
            tells_issuers_apart_if_it_says_so
            never_looks_a_machine_up
        );
    };
    (@outage $test:tt $fixture:tt) => {
        $crate::contract_tests!(@rules $test $fixture an_outage_is_an_error_and_passes);
    };
    (@provisioning $test:tt $fixture:tt) => {
        $crate::contract_tests!(@rules $test $fixture
            makes_a_newcomer_once
            makes_no_machine_and_no_impersonated_person
        );
    };
    (@linking $test:tt $fixture:tt) => {
        $crate::contract_tests!(@rules $test $fixture
            r33_links_a_newcomer_to_the_one_user_with_the_address
            r33_links_by_the_word_of_named_issuers_only
            r33_never_links_a_linked_user_again
            r33_links_one_of_many_newcomers_with_one_address
            r33_links_nobody_by_an_unverified_or_shared_address
        );
    };
    (@rules $test:tt $fixture:tt $($rule:ident)+) => {
        $($crate::contract_tests!(@rule $test $fixture $rule);)+
    };
    (@rule [$(#[$test:meta])+] [$fixture:expr] $rule:ident) => {
        $(#[$test])+
        async fn $rule() {
            $crate::contract_tests::rules::$rule(&$fixture).await;
        }
    };
}

/// All rules of `finding`, one after the other, each in a fresh place: for where a test of each
/// is too much.
///
/// # Panics
/// Where a rule is broken.
pub async fn run_finding<F: Fixture>(fresh: impl AsyncFn() -> F) {
    rules::finds_who_is_there(&fresh().await).await;
    rules::finds_nobody_else(&fresh().await).await;
    rules::compares_byte_for_byte(&fresh().await).await;
    rules::takes_odd_subjects_for_text(&fresh().await).await;
    rules::takes_long_subjects_whole(&fresh().await).await;
    rules::answers_many_at_once(&fresh().await).await;
    rules::tells_issuers_apart_if_it_says_so(&fresh().await).await;
    rules::never_looks_a_machine_up(&fresh().await).await;
}
