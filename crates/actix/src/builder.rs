//! Configuration, checked at start-up.

use std::{fmt, io, sync::Arc, time::Duration};

use mcp_auth_core::{
    Authenticator, BearerToken, Challenge, Clock, ConfigError, IdentityStore, Issuer,
    ProtectedResourceMetadata, Resource, ResourcePolicy, Scope, TokenCacheSettings, UnknownUser,
    refresh::RefreshSettings,
    signature::{Josekit, SignatureBackend},
};

use crate::{
    auth::{Inner, McpAuth},
    clock::SystemClock,
    cors::OriginPolicy,
    discovery::{Discovery, Shim},
    observe::{LogSampling, Observer},
    refresher::RefresherPlan,
};

/// Configures [`McpAuth`]: one call per wish, each with a safe default. Mistakes are told by
/// [`build`](Self::build).
#[must_use = "nothing is protected before `build`"]
pub struct McpAuthBuilder {
    resource: Result<Resource, ConfigError>,
    issuers: Vec<Result<Issuer, ConfigError>>,
    users: Option<UseStore>,
    audiences: Vec<String>,
    leeway: Option<Duration>,
    required_scopes: Vec<String>,
    advertised_scopes: Vec<String>,
    resource_name: Option<String>,
    resource_documentation: Option<String>,
    unknown_user: UnknownUser,
    strict_type: bool,
    max_token_len: usize,
    origins: Vec<String>,
    any_origin: bool,
    shim: Option<bool>,
    openid_shim: bool,
    refresh: RefreshSettings,
    token_cache: TokenCacheSettings,
    signatures: Arc<dyn SignatureBackend>,
    time_limit: Duration,
    log_sampling: LogSampling,
    clock: Arc<dyn Clock>,
}

/// No store and no issuer is waited for any longer, unless the application says so.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(10);

/// Puts a store of any user type into the authenticator, which has no type parameter.
type UseStore = Box<dyn FnOnce(&mut Authenticator) -> Result<(), ConfigError> + Send>;

/// Why there is no [`McpAuth`].
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting cannot be used; the sentence says which, why, and what would do.
    Config(ConfigError),
    /// The refresher's thread could not be started.
    Thread(io::Error),
}

impl McpAuthBuilder {
    pub(crate) fn new(resource: Result<Resource, ConfigError>) -> Self {
        Self {
            resource,
            issuers: Vec::new(),
            users: None,
            audiences: Vec::new(),
            leeway: None,
            required_scopes: Vec::new(),
            advertised_scopes: Vec::new(),
            resource_name: None,
            resource_documentation: None,
            unknown_user: UnknownUser::default(),
            strict_type: false,
            max_token_len: BearerToken::DEFAULT_MAX_LEN,
            origins: Vec::new(),
            any_origin: false,
            shim: None,
            openid_shim: false,
            refresh: RefreshSettings::default(),
            token_cache: TokenCacheSettings::default(),
            signatures: Arc::new(Josekit),
            time_limit: DEFAULT_TIME_LIMIT,
            log_sampling: LogSampling::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Trusts WorkOS AuthKit, by its domain: see [`Issuer::authkit`].
    pub fn authkit(mut self, domain: impl AsRef<str>) -> Self {
        self.issuers.push(Issuer::authkit(domain));
        self
    }

    /// Trusts an issuer: its identifier, whose keys are then discovered, or an [`Issuer`] with
    /// settings of its own. May be called several times; the first is named first to clients.
    pub fn issuer<I>(mut self, issuer: I) -> Self
    where
        I: TryInto<Issuer>,
        I::Error: Into<ConfigError>,
    {
        self.issuers.push(issuer.try_into().map_err(Into::into));
        self
    }

    /// Resolves callers to the application's own users. Default: none, and
    /// [`AuthedUser`](crate::AuthedUser) holds the [`Principal`](mcp_auth_core::Principal). The
    /// last call counts.
    pub fn users(mut self, store: impl IdentityStore) -> Self {
        self.users = Some(Box::new(|authenticator| authenticator.resolve_users_with(store)));
        self
    }

    /// What becomes of a verified subject without a user. Default: a plain 403.
    pub fn unknown_user(mut self, answer: UnknownUser) -> Self {
        self.unknown_user = answer;
        self
    }

    /// A further audience that is accepted in tokens, besides the resource. Default: none.
    ///
    /// Every token that the issuer makes for that audience is then good here as well. It is meant
    /// for issuers that cannot put the resource into `aud`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// By how much clocks may differ. Default 30 s, at most 5 min.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// Demands scopes of every request: they stand in each challenge and in the metadata. Default:
    /// none.
    pub fn require_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.required_scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Scopes to tell clients of in `scopes_supported`, besides those required. Default: none.
    pub fn scopes_supported<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.advertised_scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// What people call the resource: `resource_name` in its metadata. Default: none.
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    /// A page for developers: `resource_documentation` in its metadata. Default: none.
    pub fn resource_documentation(mut self, url: impl Into<String>) -> Self {
        self.resource_documentation = Some(url.into());
        self
    }

    /// Accepts only tokens whose `typ` is `at+jwt` (RFC 9068 §2.1). Default: absent and `JWT` will
    /// do too, since WorkOS sends none.
    pub fn strict_token_type(mut self) -> Self {
        self.strict_type = true;
        self
    }

    /// The longest token that is looked at, in bytes. Default 16 KiB. The server's own bound on
    /// headers counts as well: 128 KiB in actix-web.
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.max_token_len = bytes;
        self
    }

    /// Lets the pages of a web origin call, such as `https://chat.example.com`. Default: those of
    /// the resource's own origin; and where that is on a loopback address, every page of the same
    /// machine.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Lets every web page call. The token still protects the resource; what is given up is the
    /// protection of local servers against DNS rebinding.
    pub fn allow_any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// Whether the first issuer's metadata is passed on at this origin, for clients of the MCP
    /// revision 2025-03-26, which look nowhere else. Default: for AuthKit only.
    pub fn authorization_server_metadata(mut self, pass_on: bool) -> Self {
        self.shim = Some(pass_on);
        self
    }

    /// Passes the same document on at `/.well-known/openid-configuration` as well. Default: no.
    pub fn openid_configuration(mut self) -> Self {
        self.shim = Some(true);
        self.openid_shim = true;
        self
    }

    /// When keys are fetched again: see [`RefreshSettings`] for the defaults.
    pub fn refresh(mut self, settings: RefreshSettings) -> Self {
        self.refresh = settings;
        self
    }

    /// How long verified tokens are remembered, and how many. Default: for 60 s at most and never
    /// past the token's `exp`, 16,384 tokens, 64 MiB; [`TokenCacheSettings::off`] verifies every
    /// request anew. [`token_cache`](mcp_auth_core::token_cache) tells what ends an entry.
    pub fn token_cache(mut self, settings: TokenCacheSettings) -> Self {
        self.token_cache = settings;
        self
    }

    /// What checks signatures. Default: [`Josekit`], and so OpenSSL; with the feature `aws-lc-rs`
    /// there is `AwsLcRs`, which is faster. What is accepted does not depend on it.
    pub fn signature_backend(mut self, backend: impl SignatureBackend) -> Self {
        self.signatures = Arc::new(backend);
        self
    }

    /// The longest that a decision may take: waiting for a key, finding the user, provisioning one.
    /// Longer is a 503. Default 10 s.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How many refusals are written to the log: see [`LogSampling`]. Default: of each reason the
    /// first 10 in 10 s, then ever fewer, with the number of those left out;
    /// [`LogSampling::off`] writes all.
    pub fn log_sampling(mut self, sampling: LogSampling) -> Self {
        self.log_sampling = sampling;
        self
    }

    /// Another clock than the machine's, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the settings and starts the refresher of keys, which fetches them at once in the
    /// background. An issuer that cannot be reached is no error here: requests are answered with
    /// 503 until it can.
    ///
    /// # Errors
    /// [`BuildError`]: a setting that cannot be used, in one sentence.
    pub fn build(self) -> Result<McpAuth, BuildError> {
        let resource = self.resource?;
        let mut issuers = self.issuers.into_iter().collect::<Result<Vec<_>, _>>()?;
        if !resource.is_loopback() {
            let names_http = |issuer: &Issuer| issuer.name().starts_with("http:");
            issuers = issuers
                .into_iter()
                .map(|issuer| if names_http(&issuer) { issuer } else { issuer.over_tls_only() })
                .collect();
        }
        let first = issuers.first().ok_or_else(no_issuer)?;
        let required = scopes("require_scopes", &self.required_scopes)?;
        let advertised = scopes("scopes_supported", &self.advertised_scopes)?;

        let mut origins = OriginPolicy::of(&resource);
        for origin in self.origins {
            origins.allow(checked_origin(origin)?);
        }
        if self.any_origin {
            origins.allow_any();
        }

        self.refresh.check()?;
        let mut policy = ResourcePolicy::new(resource.clone());
        policy.audiences = self.audiences;
        policy.leeway = self.leeway.unwrap_or(policy.leeway);
        policy.required_scopes = required.clone();
        policy.unknown_user = self.unknown_user;
        policy.strict_type = self.strict_type;
        policy.max_token_len = self.max_token_len;
        policy.token_cache = self.token_cache;

        let (resource_url, clock) = (resource.as_str(), self.clock.clone());
        let mut plan = RefresherPlan::new(resource_url, clock, self.refresh, self.signatures);
        let passes_on = self.shim.unwrap_or(first.preset_metadata().is_some());
        let shim = match (passes_on, self.openid_shim) {
            (false, _) => Shim::Off,
            (true, false) => Shim::OAuth(plan.watch_metadata(first)),
            (true, true) => Shim::OAuthAndOpenId(plan.watch_metadata(first)),
        };
        let mut authenticator = Authenticator::new(policy, plan.profiles())?;
        for issuer in &issuers {
            let (keys, refresh) = plan.watch_keys(issuer);
            authenticator.trust(issuer.clone(), keys, refresh)?;
        }
        if let Some(users) = self.users {
            users(&mut authenticator)?;
        }

        let mut listed = required.clone();
        listed.extend(advertised.into_iter().filter(|scope| !required.contains(scope)));
        let metadata = ProtectedResourceMetadata::new(&resource, issuers.iter().map(Issuer::name))
            .scopes(&listed)
            .name(self.resource_name)
            .documentation(self.resource_documentation);
        Ok(McpAuth::from_inner(Inner {
            challenge: Challenge::new(&resource, &required),
            discovery: Discovery::new(&resource, &metadata, &issuers, shim),
            observer: Observer::new(resource.as_str(), self.log_sampling),
            origins,
            authenticator,
            refresher: plan.start().map_err(BuildError::Thread)?,
            time_limit: self.time_limit,
            clock: self.clock,
        }))
    }
}

fn no_issuer() -> ConfigError {
    ConfigError::missing(
        "issuer",
        "must be told with .authkit(…) or .issuer(…) who signs the tokens",
        "your-subdomain.authkit.app",
    )
}

fn scopes(setting: &str, names: &[String]) -> Result<Vec<Scope>, ConfigError> {
    names.iter().map(|name| name.parse::<Scope>().map_err(|error| error.named(setting))).collect()
}

/// `scheme://host:port` as browsers write it, those of applications and extensions included.
fn checked_origin(origin: String) -> Result<String, ConfigError> {
    let rest = origin.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]".contains(c);
    match !rest.is_empty() && rest.chars().all(plain) && origin == origin.to_ascii_lowercase() {
        true => Ok(origin),
        false => Err(ConfigError::invalid(
            "allow_origin",
            origin,
            "must be an origin in lower case: scheme, host and perhaps a port, with nothing behind it",
            "https://chat.example.com",
        )),
    }
}

impl From<ConfigError> for BuildError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "the refresher of keys could not be started: {error}"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Thread(error) => Some(error),
        }
    }
}

impl fmt::Debug for McpAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpAuthBuilder")
            .field("resource", &self.resource)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(McpAuthBuilder) -> McpAuthBuilder) -> String {
        let builder = McpAuth::builder("https://app.example.com/mcp").authkit("x.authkit.app");
        change(builder).build().map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_mistake_is_told_at_start_up_in_a_sentence() {
        let refresh = |change: fn(&mut RefreshSettings)| {
            let mut settings = RefreshSettings::default();
            change(&mut settings);
            settings
        };
        for (error, tells) in [
            (refused(|b| b.issuer("http://127.0.0.1:1")), "loopback issuer of a loopback"),
            (refused(|b| b.issuer("login.example.com")), "absolute URL"),
            (refused(|b| b.authkit("x.authkit.app")), "once only"),
            (refused(|b| b.audience("")), "audience"),
            (refused(|b| b.leeway(Duration::from_secs(301))), "at most 300 s"),
            (refused(|b| b.require_scopes(["a b"])), "require_scopes"),
            (refused(|b| b.allow_origin("https://h/path")), "allow_origin"),
            (refused(|b| b.allow_origin("chat.example.com")), "allow_origin"),
            (refused(|b| b.allow_origin("*")), "allow_origin"),
            (refused(|b| b.refresh(refresh(|s| s.max_max_age = Duration::ZERO))), "refresh."),
        ] {
            assert!(error.contains(tells) && error.contains("for example"), "{error}");
        }
        let none = McpAuth::builder("https://app.example.com/mcp").build().unwrap_err();
        assert!(none.to_string().contains(".authkit(…)"), "{none}");
        let nothing = McpAuth::builder("").authkit("x.authkit.app").build().unwrap_err();
        assert!(nothing.to_string().starts_with("resource is \"\""), "{nothing}");
    }

    #[test]
    fn r27_a_document_without_tls_is_for_a_loopback_resource_only() {
        let issuer = Issuer::new("https://localhost:8443").unwrap();
        let issuer = issuer.jwks_uri("http://127.0.0.1:1/jwks").unwrap();
        let error = refused(|_| McpAuth::builder("https://h/mcp").issuer(issuer.clone()));
        assert!(error.contains("https"), "{error}");
        assert!(McpAuth::builder("http://127.0.0.1:2/mcp").issuer(issuer).build().is_ok());
    }

    #[test]
    fn origins_of_applications_can_be_allowed() {
        for origin in ["vscode-webview://abc", "chrome-extension://abc", "http://[::1]:6274"] {
            assert_eq!(checked_origin(origin.into()).unwrap(), origin);
        }
    }
}
