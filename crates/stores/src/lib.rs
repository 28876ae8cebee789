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
#![cfg_attr(feature = "sea-orm", doc = "| [`SeaOrmIdentityStore`] | `sea-orm` |")]
#![cfg_attr(not(feature = "sea-orm"), doc = "| `SeaOrmIdentityStore` | `sea-orm` |")]
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cached;
mod linking;
#[cfg(feature = "memory")]
mod memory;
mod per_issuer;
mod provisioning;
#[cfg(feature = "sea-orm")]
mod sea_orm;
mod shared_subjects;
mod wrappers;

pub use cached::CachedIdentityStore;
pub use linking::LinkingIdentityStore;
#[cfg(feature = "memory")]
pub use memory::MemoryIdentityStore;
pub use per_issuer::IssuerStores;
pub use provisioning::ProvisioningIdentityStore;
#[cfg(feature = "sea-orm")]
pub use sea_orm::SeaOrmIdentityStore;
pub use shared_subjects::SharedSubjectsIdentityStore;
pub use wrappers::IdentityStoreExt;
