//! placeholder
pub use mcp_auth_actix::{
    AuthedUser, BuildError, IssuerHealth, MaybeAuthed, McpAuth, McpAuthBuilder, McpAuthMiddleware,
    McpAuthService, SystemClock,
};
#[doc(inline)]
pub use mcp_auth_core as core;
pub use mcp_auth_core::{
    Actor, Algorithm, Authenticated, ClientId, Clock, ConfigError, IdentityStore, IdentityStoreExt,
    Issuer, JwksLocation, Newcomer, Principal, PrincipalKind, Rejection, Resource, Scope, ScopeSet,
    StoreError, Subject, UnixTime, UnknownUser, VerifiedToken, async_trait,
};

#[cfg(feature = "memory")]
pub use mcp_auth_stores::MemoryIdentityStore;
#[cfg(feature = "sea-orm")]
pub use mcp_auth_stores::SeaOrmIdentityStore;

/// An in-process authorization server for development and tests.
#[cfg(feature = "testing")]
pub mod testing {
    pub use mcp_auth_testing::*;
}
