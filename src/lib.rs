//! **actix-mcp-auth** turns an Actix-web application into an OAuth-protected MCP server, or API,
//! in about ten lines: the same people, signed in at the same place, for whom AI agents now act
//! as well. No OAuth tables, no keys to manage.
//!
//! It is the *resource server* of OAuth 2.1 and of the MCP authorization specification. Signing
//! people in, asking for their consent and issuing tokens stays with the authorization server
//! that the application uses already: WorkOS AuthKit by [one call](McpAuthBuilder::authkit), any
//! other OAuth or OIDC issuer by [another](McpAuthBuilder::issuer).
//!
//! # The parts
//!
//! - [`McpAuth`]: built once from the resource's public URL and an issuer; cloned into workers.
//! - [`McpAuth::discovery`]: the well-known routes that lead a client to the authorization server.
//! - [`McpAuth::middleware`]: around a resource, a scope or the whole application. Who has no
//!   token, or a bad one, gets the challenge that the specifications ask for.
//! - [`McpAuth::mcp`]: the same around an MCP endpoint, with rules for single tools, messages that
//!   need nobody signed in, and sessions that stay with whom they were given to. The package
//!   `mcp-auth-rmcp` serves an MCP server written with rmcp behind it.
//! - [`AuthedUser`]: the application's own user, in a handler. [`MaybeAuthed`] where signing in is
//!   optional.
//! - [`Authorized`]: the same user, who is allowed what the handler needs. [`scopes!`] declares
//!   permissions; `require` demands them around a route.
//! - [`IdentityStore`]: from the token's subject to that user. [`stores`] has one for what
//!   applications keep their users in, each behind a feature; a store of one's own is one function.
//! - [`audit`]: one record for each message, for a sink of the application's.
//! - [`agents`]: the agents of a person, to be listed and disconnected.
//!
//! The types of these calls are at the root. The others are in modules by subject: [`agents`], [`audit`],
//! [`issuer`], [`keys`], [`mcp`], [`operation`], [`permission`], [`rejection`], [`stores`], [`token`], and
//! `testing` with the feature of that name.
//!
//! # Ten lines
//!
#![cfg_attr(feature = "sea-orm", doc = "```")]
#![cfg_attr(not(feature = "sea-orm"), doc = "```ignore")]
//! use actix_mcp_auth::{AuthedUser, McpAuth, stores::SeaOrmIdentityStore};
//! use actix_web::{App, HttpServer, Responder, web};
//! # mod users {
//! #     use sea_orm::entity::prelude::*;
//! #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
//! #     #[sea_orm(table_name = "users")]
//! #     pub struct Model {
//! #         #[sea_orm(primary_key)]
//! #         pub id: i32,
//! #         #[sea_orm(unique)]
//! #         pub workos_id: String,
//! #         pub name: String,
//! #     }
//! #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
//! #     pub enum Relation {}
//! #     impl ActiveModelBehavior for ActiveModel {}
//! # }
//!
//! async fn tools(me: AuthedUser<users::Model>) -> impl Responder {
//!     format!("Hello, {}", me.name)
//! }
//!
//! # async fn serve(db: sea_orm::DatabaseConnection) -> Result<(), Box<dyn std::error::Error>> {
//! let auth = McpAuth::builder("https://app.example.com/mcp")
//!     .authkit("your-subdomain.authkit.app")
//!     .users(SeaOrmIdentityStore::new(db, users::Column::WorkosId))
//!     .build()?;
//!
//! HttpServer::new(move || {
//!     App::new()
//!         .configure(auth.discovery())
//!         .service(web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(tools)))
//! })
//! # .bind("127.0.0.1:0")?.run().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What costs nothing until it is asked for
//!
//! [`scopes!`] declares what callers may do, [`Authorized`] and `.require::<P>()` demand it.
//! [`McpAuth::mcp`] judges MCP messages by their body: rules for tools, anonymous methods, sessions
//! that stay with their caller. [`McpAuth::revoke`] ends access before tokens expire.
//! [`audit`] records who did what. [`McpAuth::health`] and the feature `metrics` tell how it goes.
//!
//! # What is refused
//!
//! A token without `iss`, `aud`, `exp` or `sub`; one for another resource; one whose signature is
//! not confirmed by the issuer's own published keys with an algorithm that fits the key (an opaque
//! token is refused, unless its issuer is to be [asked about it](Issuer::introspection)); one that
//! is malformed in any way that two parsers could read differently. There is no switch that turns
//! one of these checks off. [`Rejection`] lists every reason.
//!
//! An outage is never mistaken for a bad token: where the issuer's keys or the identity store are
//! out of reach, or too slow, the answer is 503 with `Retry-After`.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `diesel` | `DieselIdentityStore` |
//! | `diesel-async` | `DieselAsyncIdentityStore` |
//! | `sea-orm` | `SeaOrmIdentityStore` |
//! | `sqlx` | `SqlxIdentityStore` |
//! | `memory` | `MemoryIdentityStore` |
//! | `postgres` | `PostgresRevocationLog`, `PostgresRefreshLock` |
//! | `redis` | `RedisRevocationLog`, `RedisRefreshLock` |
//! | `sign-in` | `sign_in`: sign-in in the browser by WorkOS AuthKit |
//! | `metrics` | decisions, fetches and the age of keys for whichever recorder is installed, by the facade `metrics` |
//! | `contract-tests` | what every store must do, as tests for a store of one's own |
//! | `testing` | the module `testing`: an authorization server for development and tests, tokens and tool calls for unit tests; `Authenticated::for_tests` |
//! | `aws-lc-rs` | `AwsLcRs`, a faster backend for signatures, chosen in the builder |
//! | `workos` | [`workos`]: webhooks and events of WorkOS, and a check of the set-up |
//! | `vendored-openssl` | builds OpenSSL from source instead of linking the system's |
//!
//! None is on by default, and none changes what another does.
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

pub use mcp_auth_actix::{
    AuthedUser, Authorized, BuildError, MaybeAuthed, McpAuth, McpAuthBuilder, McpAuthMiddleware,
    McpAuthSettings,
};
#[cfg(feature = "contract-tests")]
pub use mcp_auth_core::contract_tests;
pub use mcp_auth_core::{
    ApiKey, AuthHandle, Authenticated, ClientId, ConfigError, Found, IdentityStore, Issuer, Lookup,
    Newcomer, Principal, PrincipalKind, Rejection, Resource, StoreError, Subject, UnknownUser,
    async_trait, scopes,
};

/// The agents that act for a person: a page lists and disconnects them, and shows their names.
pub mod agents {
    pub use mcp_auth_core::agents::{
        Agent, AgentDirectory, AgentError, AgentName, AgentNames, DocumentError, NameError,
        NameSource, StandingAgents,
    };
}

/// Audit records: who did what through which agent, and how it ended.
pub mod audit {
    pub use mcp_auth_actix::{AuditCounts, AuditLog, AuditLogBuilder};
    pub use mcp_auth_core::audit::{
        AuditError, AuditId, AuditPrincipal, AuditRecord, AuditSink, AuditTarget, ClientInfo,
        Credential, Decision, Outcome, Privacy, TargetKind,
    };
}

/// Settings of an [`Issuer`], and of the tokens that are accepted from it.
pub mod issuer {
    pub use mcp_auth_core::{ActorRule, AudiencePolicy, ClientCredentials, IntrospectedTokens};
}

/// The issuers' keys: when they are fetched, and what checks signatures with them.
pub mod keys {
    pub use mcp_auth_actix::IssuerHealth;
    #[cfg(feature = "aws-lc-rs")]
    pub use mcp_auth_core::signature::AwsLcRs;
    pub use mcp_auth_core::{
        Algorithm, KeyIdHash, LocalJwks,
        issuer_keys::LastFetch,
        refresh::RefreshSettings,
        signature::{Josekit, SignatureBackend, SignatureVerifier},
    };
}

/// Rules for MCP messages, and the middleware that enforces them.
pub mod mcp {
    pub use mcp_auth_actix::McpMiddleware;
    pub use mcp_auth_core::mcp::{AnonymousMethods, SessionSettings, ToolRules};
}

/// Health, and settings of the log and of the clock.
pub mod operation {
    pub use mcp_auth_actix::{Health, LogSampling, SystemClock};
    pub use mcp_auth_core::{Clock, UnixTime};
}

/// What a caller may do, as types. [`scopes!`](crate::scopes) declares permissions.
pub mod permission {
    pub use mcp_auth_actix::RequirePermission;
    pub use mcp_auth_core::{
        Any, Grants, Permission, Requirement, Scope, ScopeSet, permission::ClaimPath,
    };
}

/// The kinds of a [`Rejection`].
pub mod rejection {
    pub use mcp_auth_core::rejection::{
        ForbiddenReason, RequestError, TokenError, UnavailableReason,
    };
}

/// Access that ends before tokens expire: what [`McpAuth::revoke`] takes, and the log that several
/// processes share.
pub mod revocation {
    pub use mcp_auth_actix::SharedRevocations;
    pub use mcp_auth_core::revocation::{
        Effect, LogBatch, LogEntry, LogError, LogFollower, NewRevocation, Revocation,
        RevocationHealth, RevocationId, RevocationLog, RevocationSettings, Revocations,
        RevokeError, Revoked,
    };
    #[cfg(feature = "postgres")]
    pub use mcp_auth_replicas::PostgresRevocationLog;
    #[cfg(feature = "redis")]
    pub use mcp_auth_replicas::RedisRevocationLog;
}

/// The sessions of pages: people in the browser beside agents with tokens.
pub mod session {
    pub use mcp_auth_core::Secret;
    pub use mcp_auth_core::session::{
        ErrorPage, LoadFuture, LoadedSession, RefreshClaim, RefreshLock, SessionCredential,
        SessionError, SessionIdentity, SessionSource, SessionToken, SetCookie, is_own_path,
    };
    #[cfg(feature = "postgres")]
    pub use mcp_auth_replicas::PostgresRefreshLock;
    #[cfg(feature = "redis")]
    pub use mcp_auth_replicas::RedisRefreshLock;
}

/// Sign-in in the browser by WorkOS AuthKit: people on pages are the same users as their agents.
#[cfg(feature = "sign-in")]
pub mod sign_in {
    pub use mcp_auth_sign_in::{SignIn, SignInSettings};
}

/// Identity stores, and the types that a store of one's own names beside [`IdentityStore`].
pub mod stores {
    pub use mcp_auth_core::{
        ApiKeyName, IssuerAwareness, IssuerNames, LookupKey, Profile, ProfileError,
    };
    #[cfg(feature = "memory")]
    pub use mcp_auth_stores::MemoryIdentityStore;
    #[cfg(any(feature = "diesel", feature = "diesel-async"))]
    pub use mcp_auth_stores::PaddedText;
    #[cfg(feature = "sea-orm")]
    pub use mcp_auth_stores::SeaOrmIdentityStore;
    #[cfg(feature = "sqlx")]
    pub use mcp_auth_stores::SqlxIdentityStore;
    #[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
    pub use mcp_auth_stores::SubjectKey;
    pub use mcp_auth_stores::{
        CachedIdentityStore, IdentityStoreExt, IssuerStores, LinkingIdentityStore,
        ProvisioningIdentityStore, SharedSubjectsIdentityStore,
    };
    #[cfg(feature = "diesel-async")]
    pub use mcp_auth_stores::{
        DieselAsyncIdentityStore, FindBySubjectAsync, find_by_subject_async,
    };
    #[cfg(feature = "diesel")]
    pub use mcp_auth_stores::{DieselIdentityStore, FindBySubject, find_by_subject};
}

/// An in-process authorization server for development and tests, and what unit tests send.
#[cfg(feature = "testing")]
pub mod testing {
    pub use mcp_auth_core::AuthenticatedBuilder;
    pub use mcp_auth_testing::{
        Algorithm, BrowserSession, Client, Endpoint, Fault, Key, Keys, Person, SignedWebhook,
        StartError, TestAuthority, TestAuthorityBuilder, TokenBuilder, WorkOsEvent, authority,
        bearer, mcp_call,
    };
}

/// Verified tokens: what they say, and how long they are remembered.
pub mod token {
    pub use mcp_auth_core::{
        Actor, TokenCacheSettings, TokenCacheUse, VerifiedToken, claims::ClaimTypeError,
    };
}

/// What happens in WorkOS takes effect: webhooks, events, a check of the set-up, and the agents of a
/// person.
#[cfg(feature = "workos")]
pub mod workos {
    pub use mcp_auth_workos::{
        ApiError, Event, Finding, SetupCheck, Webhooks, WorkOs, WorkOsAgents, WorkOsSettings,
    };
}

/// The code of README.md, compiled.
#[cfg(all(doctest, feature = "sea-orm", feature = "memory", feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The code of docs/agents.md, compiled.
#[cfg(all(doctest, feature = "workos"))]
#[doc = include_str!("../docs/agents.md")]
struct AgentsGuide;

/// The code of docs/deployment.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/deployment.md")]
struct DeploymentGuide;

/// The code of docs/issuers.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/issuers.md")]
struct IssuersGuide;

/// The code of docs/operations.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/operations.md")]
struct OperationsGuide;

/// The code of docs/audit.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/audit.md")]
struct AuditGuide;

/// The code of docs/versions.md, compiled.
#[cfg(all(doctest, feature = "sea-orm"))]
#[doc = include_str!("../docs/versions.md")]
struct VersionsGuide;

/// The code of docs/workos.md, compiled.
#[cfg(all(doctest, feature = "workos"))]
#[doc = include_str!("../docs/workos.md")]
struct WorkOsGuide;

/// The code of docs/revocation.md, compiled.
#[cfg(all(doctest, feature = "redis"))]
#[doc = include_str!("../docs/revocation.md")]
struct RevocationGuide;

/// The code of docs/testing.md, compiled.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../docs/testing.md")]
struct TestingGuide;

/// The code of docs/sign-in.md, compiled.
#[cfg(all(doctest, feature = "redis", feature = "sign-in"))]
#[doc = include_str!("../docs/sign-in.md")]
struct SignInGuide;

/// The code of docs/permissions.md, compiled.
#[cfg(all(doctest, feature = "memory"))]
#[doc = include_str!("../docs/permissions.md")]
struct PermissionsGuide;

/// The code of docs/stores.md, compiled.
#[cfg(all(doctest, feature = "diesel", feature = "diesel-async", feature = "sea-orm"))]
#[doc = include_str!("../docs/stores.md")]
struct StoresGuide;
