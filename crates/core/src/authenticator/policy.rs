//! The settings of one resource.

use std::time::Duration;

use super::TokenCheck;
use crate::{
    cache::TokenCacheSettings,
    config::ConfigError,
    identity::api_key::ApiKey,
    issuer::Issuer,
    metadata::resource::Resource,
    permission::{Authority, Need, PermissionPolicy},
    revocation::{RevocationSettings, Revocations},
    scope::Scope,
    token::audience::{AudiencePolicy, ResourceKind},
    token::bearer::BearerToken,
    token::rules::TokenRules,
};

/// What one resource requires of its callers. Every default is the safe one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResourcePolicy {
    /// The resource.
    pub resource: Resource,
    /// Whether each path below the resource's is a resource of its own, which tokens must name
    /// exactly: those of [`Resource::below`]. Default: no.
    pub resources_below: bool,
    /// Whether it is an MCP server. Default: yes.
    pub kind: ResourceKind,
    /// How strictly tokens must be meant for it, for issuers without a policy of their own.
    /// Default: they must name it, and may name others as well.
    pub audience_policy: AudiencePolicy,
    /// Audiences that are accepted besides the resource. Default: none.
    pub audiences: Vec<String>,
    /// By how much clocks may differ. Default 30 s, at most 5 min.
    pub leeway: Duration,
    /// The longest lifetime of a token, from now and from its time of issue. Revocations are kept for
    /// it. Default 31 days.
    pub max_token_lifetime: Duration,
    /// Scopes that every request needs. Default: none.
    pub required_scopes: Vec<Scope>,
    /// Which permissions there are, and where they are granted. Default: none.
    pub permissions: PermissionPolicy,
    /// What clients are told to ask for when they sign in, besides the required scopes. Default:
    /// nothing.
    pub ask_at_sign_in: Vec<&'static Need>,
    /// The answer to a verified subject without a user. Default: a 403 without a challenge.
    pub unknown_user: UnknownUser,
    /// The application's own checks of verified tokens. Default: none.
    pub checks: Vec<TokenCheck>,
    /// The longest token that is parsed, in bytes. Default 16 KiB.
    pub max_token_len: usize,
    /// Whether `typ` must be `at+jwt` (RFC 9068). Default: no, since WorkOS sends none.
    pub strict_type: bool,
    /// Whether every claim that RFC 9068 §2.2 requires must be there. Default: no.
    pub strict_claims: bool,
    /// Static keys that are accepted besides tokens. Default: none.
    pub api_keys: Vec<ApiKey>,
    /// The revocations, which resources can share. Default: none yet, in memory, and this policy's
    /// clones share them.
    pub revocations: Revocations,
    /// How long verified tokens are cached, and how many. Default: for 60 s at most.
    pub token_cache: TokenCacheSettings,
}

/// The answer to a verified subject that has no user in the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnknownUser {
    /// A 403 without a challenge: signing in again would not help, and clients must not try it
    /// again and again.
    #[default]
    Forbidden,
    /// 401: the client asks the person to sign in again, perhaps as somebody else.
    Unauthorized,
}

impl ResourcePolicy {
    /// The safe defaults for a resource.
    pub fn new(resource: Resource) -> Self {
        Self {
            resource,
            resources_below: false,
            kind: ResourceKind::default(),
            audience_policy: AudiencePolicy::default(),
            audiences: Vec::new(),
            leeway: TokenRules::DEFAULT_LEEWAY,
            max_token_lifetime: TokenRules::DEFAULT_MAX_LIFETIME,
            required_scopes: Vec::new(),
            permissions: PermissionPolicy::default(),
            ask_at_sign_in: Vec::new(),
            unknown_user: UnknownUser::default(),
            checks: Vec::new(),
            max_token_len: BearerToken::DEFAULT_MAX_LEN,
            strict_type: false,
            strict_claims: false,
            api_keys: Vec::new(),
            revocations: Revocations::in_memory(RevocationSettings::default()),
            token_cache: TokenCacheSettings::default(),
        }
    }

    /// Checks a policy with [resources below](Self::resources_below): what is good at the configured
    /// resource without naming it would be good at each of them.
    pub(super) fn refuse_what_names_no_resource(&self) -> Result<(), ConfigError> {
        match (self.audiences.first(), self.api_keys.first()) {
            (Some(audience), _) => Err(good_everywhere(&format!("the audience {audience}"))),
            (_, Some(key)) => Err(good_everywhere(&format!("the static key {}", key.name()))),
            _ => Ok(()),
        }
    }

    /// What the callers of one issuer are granted.
    pub(super) fn authority_of(&self, issuer: &Issuer) -> Authority {
        Authority::of_issuer(issuer, &self.permissions, &self.required_scopes, &self.resource)
    }

    /// What the callers of all these issuers are granted in common: see [`Authority::of_all`].
    pub(super) fn authority_of_all<'i>(
        &self,
        issuers: impl IntoIterator<Item = &'i Issuer>,
    ) -> Authority {
        Authority::of_all(issuers, &self.permissions, &self.required_scopes, &self.resource)
    }
}

/// What cannot be combined with [`ResourcePolicy::resources_below`].
pub(super) fn good_everywhere(what: &str) -> ConfigError {
    ConfigError::invalid(
        "resources_below",
        format!("together with {what}"),
        "must stand without it: it names none of the resources below, and would be good at all of \
         them",
        ".resources_below() and tokens that have the resource in aud",
    )
}
