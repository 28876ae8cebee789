//! Configuration, checked at start-up.

use std::{
    fmt, mem,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use mcp_auth_core::{
    ApiKey, AudiencePolicy, Authenticator, BearerToken, ConfigError, Issuer,
    ProtectedResourceMetadata, Resource, ResourceKind, ResourcePolicy, Scope, TokenCacheSettings,
    TokenCheck, UnknownUser,
    mcp::{SessionBindings, SessionSettings},
    permission::{Need, PermissionPolicy},
    refresh::RefreshSettings,
    revocation::{RevocationSettings, Revocations},
    signature::{Josekit, SignatureBackend},
};

use crate::{
    auth::{Inner, McpAuth},
    below::ResourcesBelow,
    browser::BrowserSessions,
    clock::ChosenClock,
    cors::OriginPolicy,
    discovery::{Discovery, Document, MetadataProxy},
    host::HostPolicy,
    observe::{self, LogSampling, Observer},
    refresher::{JwksRefresher, ProxySettings, RefresherPlan, RootCertificates},
    revocation::{Changes, SharedRevocations},
    setting_names::{SettingNames, renamed},
};

mod api_keys;
mod browsers;
mod deployment;
mod documents;
mod error;
mod issuers;
mod operation;
mod permissions;
mod revocations;
mod tokens;
mod users;

use browsers::{checked_header, checked_host, checked_origin};
use deployment::checked_path;
use documents::{OFFLINE_ACCESS, refuse_offline_access, scopes};
pub use error::BuildError;
use issuers::no_keys_shared;
use users::UseStore;

/// Configures [`McpAuth`]: one call per wish, each with a safe default. Mistakes are told by
/// [`build`](Self::build).
///
/// The calls stand by subject: API keys, browsers, deployment, documents, issuers, operation,
/// permissions, revocations, tokens, users.
#[must_use = "nothing is protected before `build`"]
pub struct McpAuthBuilder {
    resource: Result<Resource, ConfigError>,
    kind: ResourceKind,
    resources_below: bool,
    served_at: Option<String>,
    issuers: Vec<Result<Issuer, ConfigError>>,
    users: Option<UseStore>,
    api_keys: Vec<Result<ApiKey, ConfigError>>,
    audiences: Vec<String>,
    audience_policy: AudiencePolicy,
    leeway: Option<Duration>,
    required_scopes: Vec<String>,
    advertised_scopes: Vec<String>,
    permissions: PermissionPolicy,
    ask_at_sign_in: Vec<&'static Need>,
    resource_name: Option<String>,
    resource_documentation: Option<String>,
    resource_metadata: serde_json::Map<String, serde_json::Value>,
    unknown_user: UnknownUser,
    strict_type: bool,
    strict_claims: bool,
    checks: Vec<TokenCheck>,
    max_token_len: usize,
    hosts: Vec<String>,
    origins: Vec<String>,
    any_origin: bool,
    headers: Vec<String>,
    shim: Option<bool>,
    openid_shim: bool,
    roots: Result<RootCertificates, ConfigError>,
    proxy: ProxySettings,
    refresh: RefreshSettings,
    token_cache: TokenCacheSettings,
    signatures: Arc<dyn SignatureBackend>,
    time_limit: Duration,
    log_sampling: LogSampling,
    sessions: SessionSettings,
    revocations: Option<SharedRevocations>,
    max_token_lifetime: Option<Duration>,
    clock: ChosenClock,
    /// Whose keys are read.
    keys_of: Option<Arc<JwksRefresher>>,
    /// Which settings were read under other names; a later one renames what an earlier one says.
    names: Vec<SettingNames>,
}

/// No store and no issuer is waited for any longer, unless the application says so.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(10);

impl McpAuthBuilder {
    pub(crate) fn new(resource: Result<Resource, ConfigError>, kind: ResourceKind) -> Self {
        Self {
            resource,
            kind,
            resources_below: false,
            served_at: None,
            issuers: Vec::new(),
            users: None,
            api_keys: Vec::new(),
            audiences: Vec::new(),
            audience_policy: AudiencePolicy::default(),
            leeway: None,
            required_scopes: Vec::new(),
            advertised_scopes: Vec::new(),
            permissions: PermissionPolicy::default(),
            ask_at_sign_in: Vec::new(),
            resource_name: None,
            resource_documentation: None,
            resource_metadata: serde_json::Map::new(),
            unknown_user: UnknownUser::default(),
            strict_type: false,
            strict_claims: false,
            checks: Vec::new(),
            max_token_len: BearerToken::DEFAULT_MAX_LEN,
            hosts: Vec::new(),
            origins: Vec::new(),
            any_origin: false,
            headers: Vec::new(),
            shim: None,
            openid_shim: false,
            roots: Ok(RootCertificates::default()),
            proxy: ProxySettings::default(),
            refresh: RefreshSettings::default(),
            token_cache: TokenCacheSettings::default(),
            signatures: Arc::new(Josekit),
            time_limit: DEFAULT_TIME_LIMIT,
            log_sampling: LogSampling::default(),
            sessions: SessionSettings::default(),
            revocations: None,
            max_token_lifetime: None,
            clock: ChosenClock::default(),
            keys_of: None,
            names: Vec::new(),
        }
    }

    /// Tells of mistakes by the names that settings have where they were read.
    pub(crate) fn settings_named(mut self, names: SettingNames) -> Self {
        self.names.push(names);
        self
    }

    /// Checks the settings and starts the refresher of keys, which fetches them at once in the
    /// background. An issuer that cannot be reached is no error here: requests are answered with
    /// 503 until it can.
    ///
    /// # Errors
    /// [`BuildError`]: a setting that cannot be used, in one sentence.
    pub fn build(mut self) -> Result<McpAuth, BuildError> {
        let names = mem::take(&mut self.names);
        self.check_and_start().map_err(|error| match error {
            BuildError::Config(error) => BuildError::Config(names.into_iter().fold(error, renamed)),
            other => other,
        })
    }

    fn check_and_start(self) -> Result<McpAuth, BuildError> {
        let resource = self.resource?;
        let mut issuers = self.issuers.into_iter().collect::<Result<Vec<_>, _>>()?;
        if !resource.is_loopback() {
            let names_http = |issuer: &Issuer| issuer.name().starts_with("http:");
            issuers = issuers
                .into_iter()
                .map(|issuer| if names_http(&issuer) { issuer } else { issuer.over_tls_only() })
                .collect();
        }
        let server = issuers.iter().find(|issuer| issuer.is_authorization_server());
        let first = server.or(issuers.first()).ok_or_else(no_issuer)?;
        let served_at = self.served_at.map(checked_path).transpose()?;
        let api_keys = self.api_keys.into_iter().collect::<Result<Vec<_>, _>>()?;
        let tls = self.roots?.connector()?;
        let proxy = self.proxy.proxy(|name| std::env::var(name).ok())?;
        if let Some(proxy) = &proxy {
            observe::outbound_proxy(resource.as_str(), proxy, proxy.source());
        }
        let required = scopes("require_scopes", &self.required_scopes)?;
        refuse_offline_access("require_scopes", required.iter().map(Scope::as_str))?;
        let asked = self.ask_at_sign_in.iter().flat_map(|need| need.permissions());
        refuse_offline_access("ask_at_sign_in", asked.map(|permission| permission.name()))?;
        let advertised = scopes("scopes_supported", &self.advertised_scopes)?;

        let mut hosts = HostPolicy::of(&resource);
        for host in self.hosts {
            hosts.allow_further(checked_host(host)?);
        }
        let mut origins = OriginPolicy::of(&resource);
        for origin in self.origins {
            origins.allow(checked_origin(origin)?);
        }
        if self.any_origin {
            origins.allow_any();
        }
        for name in self.headers {
            origins.allow_header(checked_header(name)?);
        }

        self.refresh.check()?;
        self.sessions.check()?;
        let mut policy = ResourcePolicy::new(resource.clone());
        policy.kind = self.kind;
        policy.resources_below = self.resources_below;
        policy.api_keys = api_keys;
        policy.audiences = self.audiences;
        policy.audience_policy = self.audience_policy;
        policy.leeway = self.leeway.unwrap_or(policy.leeway);
        policy.required_scopes = required.clone();
        policy.permissions = self.permissions;
        policy.permissions.on_unreadable_claim(observe::grant_claim_unreadable);
        policy.ask_at_sign_in = self.ask_at_sign_in;
        policy.unknown_user = self.unknown_user;
        policy.strict_type = self.strict_type;
        policy.strict_claims = self.strict_claims;
        policy.checks = self.checks;
        policy.max_token_len = self.max_token_len;
        policy.token_cache = self.token_cache;
        policy.max_token_lifetime = self.max_token_lifetime.unwrap_or(policy.max_token_lifetime);
        let revocations = self
            .revocations
            .unwrap_or_else(|| SharedRevocations::in_memory(RevocationSettings::default()));
        policy.revocations = Revocations::clone(&revocations);

        let (resource_url, clock) = (resource.as_str(), self.clock.clone());
        let mut plan =
            RefresherPlan::new(resource_url, clock, self.refresh, self.signatures, &issuers)
                .connecting_with(tls)
                .going_through(proxy)
                .sharing(self.keys_of.clone());
        let passes_on = self.shim.unwrap_or(first.preset_metadata().is_some());
        let shim = MetadataProxy {
            document: match passes_on {
                true => Document::AuthorizationServer(plan.watch_metadata(first)),
                false => Document::Absent,
            },
            openid: self.openid_shim && passes_on,
        };
        let mut authenticator = Authenticator::new(policy, plan.profiles())?;
        authenticator.introspect_with(plan.http());
        for issuer in &issuers {
            let (keys, refresh) = plan.watch_keys(issuer)?;
            authenticator.trust(issuer.clone(), keys, refresh)?;
        }
        if self.keys_of.is_some() && !plan.shares_keys() {
            return Err(no_keys_shared(&issuers).into());
        }
        if let Some(users) = self.users {
            users(&mut authenticator)?;
        }
        authenticator.check_permissions()?;
        authenticator.check_advertised("scopes_supported", &advertised)?;

        if advertised.iter().any(|scope| scope.as_str() == OFFLINE_ACCESS) {
            observe::offline_access_not_listed(resource.as_str());
        }
        let listed = required.into_iter().chain(advertised);
        let listed = listed.chain(authenticator.granted_by_scope());
        let listed = authenticator.told_to_clients(listed);
        let servers = issuers.iter().filter(|issuer| issuer.is_authorization_server());
        let metadata = ProtectedResourceMetadata::new(&resource, servers.map(Issuer::name))
            .scopes(&listed)
            .name(self.resource_name)
            .documentation(self.resource_documentation)
            .further(self.resource_metadata)?;
        for doubt in resource.warnings() {
            observe::public_url_doubtful(resource.as_str(), doubt);
        }
        observe::not_granted_by_scope(resource.as_str(), &authenticator);
        for (issuer, host) in
            issuers.iter().flat_map(|issuer| issuer.plain_http_hosts().map(move |h| (issuer, h)))
        {
            observe::keys_over_plain_http(issuer.name(), &host);
        }
        for issuer in authenticator.issuers_without_scope_limit() {
            observe::issuer_scopes_unlimited(resource.as_str(), issuer);
        }
        let sharing = authenticator.issuers_sharing_subjects();
        if !sharing.is_empty() {
            observe::issuers_share_subjects(resource.as_str(), &sharing);
        }
        let authenticator = Arc::new(authenticator);
        authenticator.forget_revoked_users();
        Ok(McpAuth::from_inner(Inner {
            challenge: authenticator.challenge(&[]),
            discovery_checked: AtomicBool::new(false),
            below: self
                .resources_below
                .then(|| ResourcesBelow::new(&resource, served_at.as_deref())),
            discovery: Discovery::new(
                &resource,
                served_at.as_deref(),
                self.resources_below,
                &metadata,
                &issuers,
                shim,
            ),
            observer: Observer::new(resource.as_str(), self.log_sampling),
            hosts,
            origins,
            authenticator,
            changes: Changes::of(&revocations),
            revocations,
            http: plan.http(),
            refresher: Arc::new(plan.start().map_err(BuildError::Thread)?),
            browser: BrowserSessions::default(),
            sessions: SessionBindings::new(self.sessions),
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

impl fmt::Debug for McpAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpAuthBuilder")
            .field("resource", &self.resource)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
