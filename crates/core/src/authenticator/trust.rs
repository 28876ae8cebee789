//! The trusted issuers and the identity store, and the combinations that are refused at start-up.

use std::sync::Arc;

use super::{
    Authenticator, introspector::Introspector, policy::good_everywhere,
    trusted_issuer::TrustedIssuer,
};
use crate::{
    config::ConfigError,
    identity::{IdentityStore, IssuerAwareness},
    issuer::{Issuer, JwksLocation},
    keys::issuer_keys::{AwaitRefresh, IssuerKeys},
    token::audience::{AudiencePolicy, AudienceRule, ResourceKind},
    token::rules::TokenRules,
};

impl Authenticator {
    /// Trusts an issuer's tokens, with the keys that `refresh` keeps fresh.
    ///
    /// # Errors
    /// Where another issuer has the same `iss`; where the issuer is reached without TLS and the
    /// resource is not on the same machine; where its tokens need not name an MCP resource; where
    /// another issuer is asked about opaque tokens as well; where its tokens could be good at every
    /// resource [below](super::ResourcePolicy::resources_below) the configured one.
    pub fn trust(
        &mut self,
        issuer: Issuer,
        keys: Arc<IssuerKeys>,
        refresh: Arc<dyn AwaitRefresh>,
    ) -> Result<(), ConfigError> {
        if issuer.audiences().iter().any(String::is_empty) {
            return Err(empty_audience());
        }
        if issuer.names().any(|name| name.is_empty()) {
            return Err(ConfigError::invalid(
                "issuer",
                "",
                "must not be empty",
                "https://login.example.com",
            ));
        }
        if issuer.is_without_tls() && !self.policy.resource.is_loopback() {
            return Err(ConfigError::invalid(
                "issuer",
                issuer.name(),
                "must use https (http is for a loopback issuer of a loopback resource)",
                "https://login.example.com",
            ));
        }
        let audience_policy = issuer.own_audience_policy().unwrap_or(self.policy.audience_policy);
        if audience_policy == AudiencePolicy::BoundByKeySet {
            self.refuse_unaddressed(&issuer)?;
        }
        if self.policy.resources_below {
            refuse_good_everywhere(&issuer, audience_policy)?;
        }
        let introspector = self.introspector(&issuer)?;
        for name in issuer.names() {
            if self.by_iss.insert(name.clone(), self.trusted.len()).is_some() {
                return Err(ConfigError::invalid(
                    "issuer",
                    &**name,
                    "must be configured once only",
                    "https://login.example.com",
                ));
            }
        }
        let rules = TokenRules {
            issuer_names: issuer.names().cloned().collect(),
            audience: AudienceRule {
                resource: self.policy.resource.clone(),
                others: [&self.policy.audiences[..], issuer.audiences()].concat(),
                policy: audience_policy,
                of_sessions: issuer.issues_session_tokens(),
            },
            leeway: self.policy.leeway,
            max_lifetime: self.policy.max_token_lifetime,
            strict_type: self.policy.strict_type,
            strict_claims: self.policy.strict_claims,
            issuer_tells_kind: issuer.tells_kind(),
        };
        let authority = Arc::new(self.policy.authority_of(&issuer));
        let index = self.policy.revocations.index();
        let revocations = index.records_of_issuer(&rules.issuer_names);
        self.trusted.push(TrustedIssuer {
            issuer,
            rules,
            keys,
            refresh,
            authority,
            revocations,
            introspector,
        });
        let issuers = self.trusted.iter().map(|trusted| &trusted.issuer);
        self.everybody = Arc::new(self.policy.authority_of_all(issuers));
        self.refuse_confusion()
    }

    /// "MCP servers MUST validate that access tokens were issued specifically for them" (R19): only
    /// a resource that is no MCP server may do without `aud`, and only where a key set is named,
    /// which can then belong to one client.
    fn refuse_unaddressed(&self, issuer: &Issuer) -> Result<(), ConfigError> {
        let expected = if self.policy.kind == ResourceKind::Mcp {
            "must not be used on an MCP resource, whose tokens must name it in `aud`: declare a \
             resource that is not MCP with McpAuth::api"
        } else if *issuer.jwks_location() == JwksLocation::Discovered {
            "must be used with the key set of one client, named with jwks_uri"
        } else {
            return Ok(());
        };
        let found = format!("BoundByKeySet for {}", issuer.name());
        Err(ConfigError::invalid(
            "audience_policy",
            found,
            expected,
            "AudiencePolicy::ThisResource",
        ))
    }

    /// What asks an issuer about its tokens. An opaque token does not say which issuer it is from:
    /// with two, one would be shown the other's tokens.
    fn introspector(&self, issuer: &Issuer) -> Result<Option<Introspector>, ConfigError> {
        let Some((_, settings)) = issuer.introspects() else { return Ok(None) };
        settings.check()?;
        match self.introspecting_issuer().filter(|_| settings.tokens.has_opaque()) {
            None => Ok(Introspector::of(issuer)),
            Some(other) => Err(ConfigError::invalid(
                "introspection",
                format!("of {} and of {}", self.trusted[other].issuer.name(), issuer.name()),
                "must ask one issuer of a resource at most about opaque tokens, since these do not \
                 say which issuer may see them; the others can be asked about JWTs",
                ".introspected_tokens(IntrospectedTokens::Jwts)",
            )),
        }
    }

    /// Resolves callers to the application's users. Without a store, the [`Principal`](crate::Principal) is the user.
    ///
    /// # Errors
    /// Where several issuers are trusted and the store looks at `sub` alone.
    pub fn resolve_users_with(&mut self, store: impl IdentityStore) -> Result<(), ConfigError> {
        self.store = Some(Arc::new(store));
        self.refuse_confusion()
    }

    /// A `sub` is unique within its issuer only (RFC 7519 §4.1.2): with several issuers, a store
    /// that ignores the issuer would let one's users in as another's.
    fn refuse_confusion(&self) -> Result<(), ConfigError> {
        let ignores =
            self.store.as_ref().is_some_and(|store| store.issuers() == IssuerAwareness::Ignores);
        match ignores && self.trusted.len() > 1 {
            false => Ok(()),
            true => Err(ConfigError::invalid(
                "users",
                "a store that looks at `sub` alone",
                "must tell the subjects of several issuers apart: by a column for the issuer, by a \
                 store per issuer, or by declaring that the issuers share their subjects",
                ".shared_subjects()",
            )),
        }
    }
}

/// What is good at the configured resource without naming it would be good at each one below.
fn refuse_good_everywhere(issuer: &Issuer, policy: AudiencePolicy) -> Result<(), ConfigError> {
    let name = issuer.name();
    match issuer.audiences().first() {
        Some(audience) => Err(good_everywhere(&format!("the audience {audience} of {name}"))),
        None if policy == AudiencePolicy::BoundByKeySet => {
            Err(good_everywhere(&format!("BoundByKeySet for {name}")))
        }
        None => Ok(()),
    }
}

pub(super) fn empty_audience() -> ConfigError {
    ConfigError::invalid("audience", "", "must not be empty", "api://bookmarks")
}
