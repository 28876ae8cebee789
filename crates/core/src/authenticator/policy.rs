//! What one resource demands.

use std::time::Duration;

use crate::{
    bearer::BearerToken,
    permission::{Need, PermissionPolicy},
    resource::Resource,
    rules::TokenRules,
    scope::Scope,
    token_cache::TokenCacheSettings,
};

/// What one resource demands of its callers. Every default is the safe one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResourcePolicy {
    /// The resource.
    pub resource: Resource,
    /// Audiences that are accepted besides the resource. Default: none.
    pub audiences: Vec<String>,
    /// By how much clocks may differ. Default 30 s, at most 5 min.
    pub leeway: Duration,
    /// Scopes that every request needs. Default: none.
    pub required_scopes: Vec<Scope>,
    /// Which permissions there are, and where they are granted. Default: none.
    pub permissions: PermissionPolicy,
    /// What clients are told to ask for when they sign in, besides the required scopes. Default:
    /// nothing.
    pub ask_at_sign_in: Vec<&'static Need>,
    /// What becomes of a verified subject without a user. Default: a plain 403.
    pub unknown_user: UnknownUser,
    /// The longest token that is looked at, in bytes. Default 16 KiB.
    pub max_token_len: usize,
    /// Whether `typ` must be `at+jwt` (RFC 9068). Default: no, since WorkOS sends none.
    pub strict_type: bool,
    /// How long verified tokens are remembered, and how many. Default: for 60 s at most.
    pub token_cache: TokenCacheSettings,
}

/// What becomes of a verified subject that has no user in the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnknownUser {
    /// A plain 403: another sign-in would not help, and clients must not be sent round in circles.
    #[default]
    Forbidden,
    /// 401: the client shall sign in again, perhaps as somebody else.
    Unauthorized,
}

impl ResourcePolicy {
    /// The safe defaults for a resource.
    pub fn new(resource: Resource) -> Self {
        Self {
            resource,
            audiences: Vec::new(),
            leeway: TokenRules::DEFAULT_LEEWAY,
            required_scopes: Vec::new(),
            permissions: PermissionPolicy::default(),
            ask_at_sign_in: Vec::new(),
            unknown_user: UnknownUser::default(),
            max_token_len: BearerToken::DEFAULT_MAX_LEN,
            strict_type: false,
            token_cache: TokenCacheSettings::default(),
        }
    }
}
