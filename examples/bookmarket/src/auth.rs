//! Authentication: all of Bookmarket's configuration of `actix-mcp-auth`.

use std::time::Duration;

use actix_mcp_auth::{
    BuildError, Found, Issuer, McpAuth, Newcomer, Resource, StoreError, permission::Permission,
    revocation::SharedRevocations, scopes, stores::IdentityStoreExt,
};

use crate::{
    settings::{Grants, Settings, UnknownUser},
    store::{Store, User},
};

scopes! {
    /// See one's bookmarks.
    pub BookmarksRead = "bookmarks:read";
    /// Add and delete them, and see them.
    pub BookmarksWrite = "bookmarks:write" implies BookmarksRead;
}

/// All of them, as scopes that an issuer can be asked for.
pub const SCOPES: [&str; 2] = [BookmarksRead::NAME, BookmarksWrite::NAME];

/// How long a person's row is cached, which saves a query for most calls.
const USER_TTL: Duration = Duration::from_secs(30);
const MAX_USERS: u64 = 10_000;

/// Protects `resource` by the tokens of `issuer`, and finds the caller among our own users.
///
/// # Errors
/// The two do not go together, such as an http issuer for an https resource.
pub fn protect(
    resource: &Resource,
    issuer: Issuer,
    store: &Store,
    revocations: &SharedRevocations,
    settings: &Settings,
) -> Result<McpAuth, BuildError> {
    let auth = McpAuth::builder(resource.clone())
        .resource_name("Bookmarket")
        .revocations(revocations)
        .permissions::<(BookmarksRead, BookmarksWrite)>();
    let mut auth = match settings.grants {
        Grants::Own => {
            // AuthKit grants neither by scope, so Bookmarket grants them.
            let read_only = settings.read_only.clone();
            auth.issuer(issuer).grants(move |principal, _: &User| {
                match read_only.iter().any(|id| id == principal.subject().id()) {
                    true => [BookmarksRead::NAME],
                    false => [BookmarksWrite::NAME],
                }
            })
        }
        Grants::Scopes => {
            // Another issuer can. Clients ask for one scope at first, and for more after a 403.
            let scopes = Issuer::AUTHKIT_SCOPES.into_iter().chain(SCOPES);
            auth.issuer(issuer.scopes(scopes)?).ask_at_sign_in::<BookmarksRead>()
        }
    };
    if let Some(leeway) = settings.leeway {
        auth = auth.leeway(leeway);
    }
    let auth = match settings.unknown_user {
        UnknownUser::Refuse => auth.users(store.identities().cached(USER_TTL, MAX_USERS)),
        UnknownUser::Provision => {
            let accounts = store.clone();
            let open_account = move |newcomer: Newcomer| {
                let accounts = accounts.clone();
                async move {
                    let opened = accounts.provision(newcomer.subject().id()).await;
                    opened.map(Found::from).map_err(StoreError::new)
                }
            };
            let users = store.identities().provision_with(open_account);
            auth.users(users.cached(USER_TTL, MAX_USERS))
        }
    };
    auth.build()
}

/// The signed-in person, as an argument of a tool.
pub type Caller = mcp_auth_rmcp::Caller<User>;
