//! From a verified subject to the application's own user.
//!
//! | file | what is there |
//! |---|---|
//! | `subject` | [`Subject`] (issuer and `sub`), [`ClientId`] |
//! | `lookup` | [`Lookup`], what a store is asked for; [`Found`], what it answers |
//! | `store` | [`IdentityStore`], the trait that stores implement |
//! | `newcomer` | [`Newcomer`], a person without a user |
//! | `principal` | [`Principal`](principal::Principal), the caller as the token proves it |
//! | `profile` | what an issuer tells about a person |
//! | `api_key` | static keys |
//! | `erased` | a store without its type parameter |

pub mod api_key;
mod erased;
mod lookup;
mod newcomer;
pub mod principal;
pub mod profile;
mod store;
mod subject;

pub(crate) use erased::{ErasedStore, ErasedUser, Resolved};
pub(crate) use lookup::LookupClaims;
pub use lookup::{Found, Lookup, LookupKey};
pub use newcomer::Newcomer;
pub(crate) use newcomer::ProvisioningContext;
pub(crate) use store::StoreErrorKind;
pub use store::{IdentityStore, IssuerAwareness, StoreError};
pub use subject::{ClientId, Subject};
