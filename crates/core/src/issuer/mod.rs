//! Who may sign tokens: an issuer and where its keys are.

use std::{fmt, sync::Arc};

use crate::{
    config::ConfigError, keys::algorithm::Algorithm,
    metadata::documents::AuthorizationServerMetadata, scope::Scope,
    token::audience::AudiencePolicy, token::verified::VerifiedToken,
};

mod introspection;
mod kinds;
mod local_keys;
mod name;
pub mod names;
mod parties;
mod scope_names;
mod scopes;
mod settings;
mod urls;
mod userinfo;
mod workos;

use introspection::IntrospectionSettings;
use name::check_issuer_url;
use parties::MachineRule;
pub(crate) use scope_names::ScopeNames;
pub use settings::{ActorRule, JwksLocation};
use urls::HostAndPort;
pub use workos::WorkosApi;

/// Whether a token is an access token ([`Issuer::access_token_if`]).
type AccessTokenRule = Arc<dyn Fn(&VerifiedToken) -> bool + Send + Sync>;

/// A trusted authorization server: one key set, and the spellings of `iss` that its keys may sign.
///
/// The name is kept byte for byte: real issuers exist with and without a trailing slash, and
/// neither is wrong (RFC 8414 §3.3, "identical").
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::Issuer;
///
/// let workos = Issuer::authkit("your-subdomain.authkit.app").unwrap();
/// assert_eq!(workos.name(), "https://your-subdomain.authkit.app");
///
/// let any = Issuer::new("https://login.example.com/realms/main").unwrap();
/// # assert!(Issuer::new("login.example.com").is_err());
/// ```
#[derive(Clone)]
pub struct Issuer {
    name: Arc<str>,
    also: Vec<Arc<str>>,
    jwks: JwksLocation,
    algorithms: Vec<Algorithm>,
    audiences: Vec<String>,
    /// The scopes that clients can ask for, by the names that are compared.
    scopes: Option<Vec<Scope>>,
    /// The same by the names that the configuration has.
    told_scopes: Option<Vec<Scope>>,
    scope_names: ScopeNames,
    /// Whether `scopes` limits what this issuer's tokens grant: only where the application said so.
    scopes_limit: bool,
    audience_policy: Option<AudiencePolicy>,
    access_tokens: Option<AccessTokenRule>,
    machines: MachineRule,
    actor_rule: ActorRule,
    workos_api: Option<WorkosApi>,
    userinfo: Option<Arc<str>>,
    introspection: IntrospectionSettings,
    loopback: bool,
    /// Whether the application accepts that its name has `http` on a host of a network.
    named_over_http: bool,
    /// The hosts whose documents may come over `http`.
    plain_http: Vec<HostAndPort>,
    preset: bool,
    /// Whether its tokens are those of sessions.
    of_sessions: bool,
}

const EXAMPLE: &str = "https://login.example.com";

impl Issuer {
    /// An issuer by its identifier, byte for byte as it stands in its tokens' `iss`. Its keys are
    /// discovered from its metadata, unless [`jwks_uri`](Self::jwks_uri) names them.
    ///
    /// # Errors
    /// Where `name` is no absolute `https` URL (`http` for loopback addresses), has a query or a
    /// fragment (RFC 8414 §2), is the URL of a metadata document, or names all tenants of Microsoft
    /// Entra ID at once. An explicit default port and capitals in the host are kept as they are.
    pub fn new(name: impl Into<String>) -> Result<Self, ConfigError> {
        let name = name.into();
        let loopback = check_issuer_url("issuer", &name, EXAMPLE)?;
        Ok(Self::of(name, loopback))
    }

    fn of(name: String, loopback: bool) -> Self {
        Self {
            name: name.into(),
            also: Vec::new(),
            jwks: JwksLocation::Discovered,
            algorithms: Algorithm::ALL.to_vec(),
            audiences: Vec::new(),
            scopes: None,
            told_scopes: None,
            scope_names: ScopeNames::default(),
            scopes_limit: false,
            audience_policy: None,
            access_tokens: None,
            machines: MachineRule::default(),
            actor_rule: ActorRule::default(),
            workos_api: None,
            userinfo: None,
            introspection: IntrospectionSettings::default(),
            loopback,
            named_over_http: false,
            plain_http: Vec::new(),
            preset: false,
            of_sessions: false,
        }
    }

    /// A further spelling of `iss` in tokens that the same keys sign, such as one with a trailing
    /// slash. Compared byte for byte, like the name.
    #[must_use]
    pub fn also_named(mut self, iss: impl Into<Arc<str>>) -> Self {
        self.also.push(iss.into());
        self
    }

    /// Narrows the algorithms that this issuer may use. Default: [`Algorithm::ALL`], each with its
    /// own kind of key only.
    #[must_use]
    pub fn algorithms(mut self, allowed: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = allowed.into_iter().collect();
        self
    }

    /// A further audience that is accepted in this issuer's tokens, besides the resource.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How strictly this issuer's tokens must be meant for the resource. Default: what the resource
    /// asks of all issuers, which is [`AudiencePolicy::ThisResource`] unless told otherwise.
    #[must_use]
    pub fn audience_policy(mut self, policy: AudiencePolicy) -> Self {
        self.audience_policy = Some(policy);
        self
    }

    /// The identifier, byte for byte.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The identifier, shared.
    pub(crate) fn shared_name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// Every spelling of `iss` that is accepted, the name first.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.name).chain(&self.also)
    }

    /// Where the keys are.
    pub fn jwks_location(&self) -> &JwksLocation {
        &self.jwks
    }

    /// The algorithms that it may use.
    pub fn allowed_algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// The audiences that it may use besides the resource.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// Whether its keys come from the same place and may be used in the same way as those of another,
    /// so that one copy of them serves both.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.name == other.name
            && self.jwks == other.jwks
            && self.algorithms == other.algorithms
            && self.loopback == other.loopback
            && self.named_over_http == other.named_over_http
            && self.plain_http == other.plain_http
            && self.preset == other.preset
    }

    /// What it asks of `aud`, where that is not left to the resource.
    pub(crate) fn own_audience_policy(&self) -> Option<AudiencePolicy> {
        self.audience_policy
    }

    /// Whether clients can get a token from it by OAuth, so that it is named to them: not where its
    /// tokens come from a web sign-in alone.
    pub fn is_authorization_server(&self) -> bool {
        self.audience_policy != Some(AudiencePolicy::BoundByKeySet)
    }

    /// The metadata that this issuer is known to have without asking it: for AuthKit alone.
    pub fn preset_metadata(&self) -> Option<AuthorizationServerMetadata> {
        self.preset.then(|| AuthorizationServerMetadata::of_authkit(&self.name))
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("names", &self.names().collect::<Vec<_>>())
            .field("jwks", &self.jwks)
            .field("userinfo", &self.userinfo)
            .field("introspection", &self.introspection.endpoint)
            .field("plain_http", &self.plain_http)
            .field("algorithms", &self.algorithms)
            .field("audiences", &self.audiences)
            .field("audience_policy", &self.audience_policy)
            .field("scope_limit", &self.scope_limit())
            .finish_non_exhaustive()
    }
}

impl TryFrom<&str> for Issuer {
    type Error = ConfigError;

    fn try_from(name: &str) -> Result<Self, ConfigError> {
        Self::new(name)
    }
}

impl TryFrom<String> for Issuer {
    type Error = ConfigError;

    fn try_from(name: String) -> Result<Self, ConfigError> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests;
