//! Part of [actix-mcp-auth](https://docs.rs/actix-mcp-auth); depend on that.
//!
//! This crate decides; it never acts. It opens no socket, sleeps never and reads no clock: every
//! function that needs the time is given it, so that a frozen clock tests all of it.
//!
//! The way of a request, in the order of the modules:
//!
//! | step | module |
//! |---|---|
//! | the `Authorization` header | [`bearer`] |
//! | the token's three parts | [`jws`] |
//! | the issuer's keys, and when to fetch them again | [`keys`], [`refresh`] |
//! | the signature | [`signature`] |
//! | the claims, rule by rule | [`claims`], [`rules`], [`audience`] |
//! | the session of a page | [`session`] |
//! | verified tokens, cached | [`cache`] |
//! | tokens that were revoked | [`revocation`] |
//! | who is calling | [`principal`], [`api_key`] |
//! | the application's own user | [`identity`] |
//! | what an MCP message may do | [`mcp`] |
//! | any stop on the way | [`rejection`], [`challenge`] |
//! | requests to other servers | [`http`] |
//! | the agents of a person, and their names | [`agents`] |
//!
//! [`Authenticator::authenticate`] is that whole line, once. [`metadata`] builds the documents by
//! which a client finds the way to a token.
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod agents;
pub mod audit;
pub mod authenticator;
pub mod cache;
pub mod config;
#[cfg(feature = "contract-tests")]
pub mod contract_tests;
pub mod handle;
pub mod http;
pub mod identity;
pub mod issuer;
pub mod keys;
pub mod log_limit;
pub mod mcp;
pub mod metadata;
pub mod permission;
pub mod rejection;
pub mod revocation;
pub mod scope;
pub mod session;
pub mod setting_source;
pub mod time;
pub mod token;
pub mod token_bucket;

mod base64url;
mod keyed_hash;
mod secret;
mod strict_json;

pub use identity::{api_key, principal, profile};
pub use keys::{algorithm, issuer_keys, jwk, jws, refresh, signature};
pub use metadata::{challenge, resource};
pub use token::introspection::{ClientCredentials, IntrospectedTokens};
pub use token::{audience, bearer, claims, description, header_mistake, rules, verified};

/// What an [`IdentityStore`] is written with.
pub use async_trait::async_trait;

pub use algorithm::Algorithm;
pub use api_key::{ApiKey, ApiKeyName};
pub use audience::{AudiencePolicy, ResourceKind};
#[cfg(feature = "testing")]
pub use authenticator::AuthenticatedBuilder;
pub use authenticator::{
    Authenticated, Authenticator, IncomingRequest, ResourcePolicy, Step, TokenCheck, UnknownUser,
    Waiting,
};
pub use bearer::BearerToken;
pub use cache::{TokenCacheSettings, TokenCacheUse};
pub use challenge::Challenge;
pub use claims::{Actor, Claims, NumericDate};
pub use config::ConfigError;
pub use description::{KeyIdHash, TokenDescription};
pub use handle::AuthHandle;
pub use header_mistake::HeaderMistake;
pub use http::{HttpClient, HttpError, HttpRequest, HttpResponse};
pub use identity::{
    ClientId, Found, IdentityStore, IssuerAwareness, Lookup, LookupKey, Newcomer, StoreError,
    Subject,
};
pub use issuer::{ActorRule, Issuer, JwksLocation, names::IssuerNames};
pub use issuer_keys::{AwaitRefresh, IssuerKeys};
pub use jws::CompactJws;
pub use keys::{KeySet, LocalJwks, VerificationKey};
pub use metadata::{AuthorizationServerMetadata, ProtectedResourceMetadata};
pub use permission::{Any, Grants, Permission, Requirement};
pub use principal::{Principal, PrincipalKind};
pub use profile::{FetchProfile, Profile, ProfileError};
pub use rejection::Rejection;
pub use resource::Resource;
pub use revocation::{
    NewRevocation, Revocation, RevocationHealth, RevocationLog, Revocations, RevokeError, Revoked,
};
pub use scope::{Scope, ScopeSet};
pub use secret::Secret;
pub use time::{Clock, UnixTime};
pub use verified::VerifiedToken;
