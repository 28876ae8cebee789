//! Part of [actix-mcp-auth](https://docs.rs/actix-mcp-auth); depend on that.
//!
//! Identity stores: from a verified subject to the application's own user, over whatever the
//! application keeps its users in. Each store is behind a feature of its own; none needs a table
//! or a column that is not there already.
//!
//! | store | feature |
//! |---|---|
#![cfg_attr(feature = "memory", doc = "| [`MemoryIdentityStore`] | `memory` |")]
#![cfg_attr(not(feature = "memory"), doc = "| `MemoryIdentityStore` | `memory` |")]
#![cfg_attr(feature = "diesel", doc = "| [`DieselIdentityStore`] | `diesel` |")]
#![cfg_attr(not(feature = "diesel"), doc = "| `DieselIdentityStore` | `diesel` |")]
#![cfg_attr(feature = "diesel-async", doc = "| [`DieselAsyncIdentityStore`] | `diesel-async` |")]
#![cfg_attr(not(feature = "diesel-async"), doc = "| `DieselAsyncIdentityStore` | `diesel-async` |")]
#![cfg_attr(feature = "sea-orm", doc = "| [`SeaOrmIdentityStore`] | `sea-orm` |")]
#![cfg_attr(not(feature = "sea-orm"), doc = "| `SeaOrmIdentityStore` | `sea-orm` |")]
#![cfg_attr(feature = "sqlx", doc = "| [`SqlxIdentityStore`] | `sqlx` |")]
#![cfg_attr(not(feature = "sqlx"), doc = "| `SqlxIdentityStore` | `sqlx` |")]
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cached;
#[cfg(feature = "diesel")]
mod diesel;
#[cfg(feature = "diesel-async")]
mod diesel_async;
mod linking;
#[cfg(feature = "memory")]
mod memory;
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sea-orm", feature = "sqlx"))]
mod one_user;
mod per_issuer;
mod provisioning;
#[cfg(feature = "sea-orm")]
mod sea_orm;
mod shared_subjects;
#[cfg(feature = "sqlx")]
mod sqlx;
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
mod subject_key;
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sea-orm", feature = "sqlx"))]
mod timeout;
mod wrappers;

pub use cached::CachedIdentityStore;
#[cfg(feature = "diesel")]
pub use diesel::{DieselIdentityStore, FindBySubject};
#[cfg(feature = "diesel-async")]
pub use diesel_async::{DieselAsyncIdentityStore, FindBySubjectAsync};
pub use linking::LinkingIdentityStore;
#[cfg(feature = "memory")]
pub use memory::MemoryIdentityStore;
pub use per_issuer::IssuerStores;
pub use provisioning::ProvisioningIdentityStore;
#[cfg(feature = "sea-orm")]
pub use sea_orm::SeaOrmIdentityStore;
pub use shared_subjects::SharedSubjectsIdentityStore;
#[cfg(feature = "sqlx")]
pub use sqlx::SqlxIdentityStore;
#[cfg(any(feature = "diesel", feature = "diesel-async"))]
pub use subject_key::PaddedText;
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
pub use subject_key::SubjectKey;
pub use wrappers::IdentityStoreExt;

/// What the macros are written with.
#[cfg(any(feature = "diesel", feature = "diesel-async"))]
#[doc(hidden)]
pub use ::diesel as __diesel;
/// What the macros are written with.
#[cfg(feature = "diesel-async")]
#[doc(hidden)]
pub use ::diesel_async as __diesel_async;
