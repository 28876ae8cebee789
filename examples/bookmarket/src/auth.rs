//! Authentication: all of Bookmarket's configuration of `actix-mcp-auth`.

use std::time::Duration;

use actix_mcp_auth::{
    AuthedUser, BuildError, Found, Issuer, McpAuth, McpAuthBuilder, Newcomer, Resource, StoreError,
    agents::AgentNames, permission::Permission, revocation::SharedRevocations, scopes,
    stores::IdentityStoreExt, workos::WorkOs,
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

/// Protects the MCP server `resource` by the tokens of `issuer`, and finds the caller among our own
/// users.
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
    let auth = permissions(McpAuth::builder(resource.clone()));
    let auth = match settings.grants {
        // AuthKit grants neither by scope, so Bookmarket grants them.
        Grants::Own => grant(auth.issuer(issuer), settings),
        Grants::Scopes => {
            // Another issuer can. Clients ask for one scope at first, and for more after a 403.
            let scopes = Issuer::AUTHKIT_SCOPES.into_iter().chain(SCOPES);
            auth.issuer(issuer.scopes(scopes)?).ask_at_sign_in::<BookmarksRead>()
        }
    };
    with_users(auth, store, revocations, settings)
}

/// Protects the pages at `site` by the `sessions` of people, who are the same users as with the
/// tokens of their agents. A session has no scopes, so Bookmarket always grants permissions here.
///
/// # Errors
/// As [`protect`].
pub fn protect_pages(
    site: &str,
    sessions: Issuer,
    store: &Store,
    revocations: &SharedRevocations,
    settings: &Settings,
) -> Result<McpAuth, BuildError> {
    let auth = permissions(McpAuth::api(site)).issuer(sessions);
    with_users(grant(auth, settings), store, revocations, settings)
}

fn permissions(auth: McpAuthBuilder) -> McpAuthBuilder {
    auth.resource_name("Bookmarket").permissions::<(BookmarksRead, BookmarksWrite)>()
}

/// Everybody may do everything, except read-only people.
fn grant(auth: McpAuthBuilder, settings: &Settings) -> McpAuthBuilder {
    let read_only = settings.read_only.clone();
    auth.grants(move |principal, _: &User| {
        match read_only.iter().any(|id| id == principal.subject().id()) {
            true => [BookmarksRead::NAME],
            false => [BookmarksWrite::NAME],
        }
    })
}

fn with_users(
    auth: McpAuthBuilder,
    store: &Store,
    revocations: &SharedRevocations,
    settings: &Settings,
) -> Result<McpAuth, BuildError> {
    let mut auth = auth.revocations(revocations);
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

/// What agents are called: by the consents in WorkOS, where it can be asked, and by the documents
/// that clients publish about themselves.
pub fn agent_names(auth: &McpAuth, workos: Option<&WorkOs>) -> AgentNames {
    let names = AgentNames::new(&auth.handle()).on_error(|client_id, error| {
        tracing::warn!(?client_id, %error, "an agent has no name");
    });
    match workos.and_then(|workos| workos.agents().ok()) {
        Some(agents) => names.directory(agents),
        None => names,
    }
}

/// What to call a person: their name where we know it, else who they are to the issuer.
pub fn name_of(user: &AuthedUser<User>) -> String {
    user.name.clone().unwrap_or_else(|| user.principal().subject().id().to_owned())
}

/// The signed-in person, as an argument of a tool.
pub type Caller = mcp_auth_rmcp::Caller<User>;
