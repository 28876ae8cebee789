//! From settings to the builder. Nothing is checked here that a type or the builder checks.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use mcp_auth_core::{
    ApiKey, AudiencePolicy, ConfigError, Issuer, Resource, Secret, setting_source,
};

use super::{ApiKeySettings, IssuerSettings, McpAuthSettings, PolicyName};
use crate::{auth::McpAuth, builder::McpAuthBuilder, setting_names::SettingNames};

/// The builder's names for settings, and the fields that they are read from.
const FIELDS: SettingNames = &[
    ("leeway", "leeway_seconds"),
    ("audience", "audiences"),
    ("api_key", "api_keys"),
    ("allow_origin", "allow_origins"),
    ("allow_host", "allow_hosts"),
];

impl McpAuth {
    /// Starts the configuration from settings that the application read with serde.
    ///
    /// # Errors
    /// What is wrong is named by its field, with an example; the rest is told by
    /// [`build`](McpAuthBuilder::build).
    pub fn from_settings(settings: McpAuthSettings) -> Result<McpAuthBuilder, ConfigError> {
        let mut s = settings;
        let resource = Resource::parse(&s.resource)?;
        let builder = match s.mcp {
            true => Self::builder(resource),
            false => Self::api(resource),
        };
        let mut builder = s.trust_issuers(builder.settings_named(FIELDS))?;
        for key in s.api_keys {
            builder = builder.api_keys([key.into_api_key()?]);
        }
        for audience in s.audiences {
            builder = builder.audience(audience);
        }
        if let Some(policy) = s.audience_policy {
            builder = builder.audience_policy(policy.into());
        }
        if let Some(leeway) = s.leeway_seconds {
            builder = builder.leeway(seconds("leeway_seconds", leeway)?);
        }
        if let Some(limit) = s.time_limit_seconds {
            builder = builder.time_limit(seconds("time_limit_seconds", limit)?);
        }
        if let Some(bytes) = s.max_token_bytes {
            builder = builder.max_token_len(bytes);
        }
        if s.strict_rfc9068 {
            builder = builder.strict_rfc9068();
        }
        builder = builder.require_scopes(s.require_scopes).scopes_supported(s.scopes_supported);
        if let Some(name) = s.resource_name {
            builder = builder.resource_name(name);
        }
        if let Some(url) = s.resource_documentation {
            builder = builder.resource_documentation(url);
        }
        if s.resources_below {
            builder = builder.resources_below();
        }
        if let Some(path) = s.served_at {
            builder = builder.served_at(path);
        }
        for origin in s.allow_origins {
            builder = builder.allow_origin(origin);
        }
        for host in s.allow_hosts {
            builder = builder.allow_host(host);
        }
        if let Some(pass_on) = s.authorization_server_metadata {
            builder = builder.authorization_server_metadata(pass_on);
        }
        if s.openid_configuration {
            builder = builder.openid_configuration();
        }
        let setting = if s.ca_pem.is_some() { "ca_pem" } else { "ca_file" };
        if let Some(pem) = setting_source::value("ca_pem", s.ca_pem, "ca_file", s.ca_file)? {
            builder = builder.trust_ca_pem_of(setting, pem.as_bytes());
        }
        builder = match secret("proxy", s.proxy, "proxy_file", s.proxy_file)?.as_deref() {
            None => builder,
            Some("direct") => builder.without_proxy(),
            Some(url) => builder.proxy(url),
        };
        if let Some(hosts) = s.proxy_exceptions {
            builder = builder.proxy_exceptions(hosts);
        }
        Ok(builder)
    }
}

impl McpAuthSettings {
    fn trust_issuers(
        &mut self,
        mut builder: McpAuthBuilder,
    ) -> Result<McpAuthBuilder, ConfigError> {
        let api_key = secret(
            "workos_api_key",
            self.workos_api_key.take(),
            "workos_api_key_file",
            self.workos_api_key_file.take(),
        )?;
        let of_authkit = |setting: &str| {
            ConfigError::missing(
                "authkit_domain",
                format!("must be there, since {setting} is"),
                "your-subdomain.authkit.app",
            )
        };
        match self.authkit_domain.take() {
            Some(domain) => {
                let mut authkit =
                    Issuer::authkit(domain).map_err(|error| error.named("authkit_domain"))?;
                if let Some(key) = api_key {
                    authkit = authkit.workos_api_key(key);
                }
                let uri = self.authkit_jwks_uri.take();
                let has_uri = uri.is_some();
                if let Some(uri) = uri {
                    authkit =
                        authkit.jwks_uri(uri).map_err(|error| error.named("authkit_jwks_uri"))?;
                }
                if let Some(path) = self.authkit_jwks_file.take() {
                    let named = "authkit_jwks_file";
                    refuse_both(has_uri, named, "authkit_jwks_uri", &path)?;
                    authkit = authkit.jwks_file(path).map_err(|error| error.named(named))?;
                }
                builder = builder.issuer(authkit);
            }
            None if api_key.is_some() => return Err(of_authkit("workos_api_key")),
            None if self.authkit_jwks_uri.is_some() => return Err(of_authkit("authkit_jwks_uri")),
            None if self.authkit_jwks_file.is_some() => {
                return Err(of_authkit("authkit_jwks_file"));
            }
            None => {}
        }
        for (n, issuer) in self.issuers.drain(..).enumerate() {
            builder = builder.issuer(issuer.into_issuer(n)?);
        }
        if let Some(client_id) = self.workos_sessions.take() {
            let sessions = Issuer::workos_sessions(client_id);
            builder = builder.issuer(sessions.map_err(|error| error.named("workos_sessions"))?);
        }
        Ok(builder)
    }
}

impl IssuerSettings {
    /// `n` names it in errors: `issuers[0].jwks_uri`.
    fn into_issuer(self, n: usize) -> Result<Issuer, ConfigError> {
        let named = |field: &str| {
            let setting = format!("issuers[{n}].{field}");
            move |error: ConfigError| error.named(setting)
        };
        let hosts = self.keys_over_plain_http;
        let mut issuer = named_issuer(self.issuer, &hosts).map_err(named("issuer"))?;
        for host in hosts {
            issuer = issuer.keys_over_plain_http(host).map_err(named("keys_over_plain_http"))?;
        }
        let has_uri = self.jwks_uri.is_some();
        if let Some(uri) = self.jwks_uri {
            issuer = issuer.jwks_uri(uri).map_err(named("jwks_uri"))?;
        }
        if let Some(path) = self.jwks_file {
            let both = refuse_both(has_uri, "jwks_file", "jwks_uri", &path);
            let issuer_with = both.and_then(|()| issuer.jwks_file(path));
            issuer = issuer_with.map_err(named("jwks_file"))?;
        }
        if let Some(scopes) = self.scopes {
            issuer = issuer.scopes(scopes).map_err(named("scopes"))?;
        }
        if let Some(prefix) = self.scope_prefix {
            issuer = issuer.scope_prefix(prefix).map_err(named("scope_prefix"))?;
        }
        if let Some(introspection) = self.introspection {
            issuer = introspection.apply(issuer, &format!("issuers[{n}].introspection"))?;
        }
        issuer = self.also_named.into_iter().fold(issuer, Issuer::also_named);
        issuer = self.audiences.into_iter().fold(issuer, Issuer::audience);
        Ok(match self.audience_policy {
            Some(policy) => issuer.audience_policy(policy.into()),
            None => issuer,
        })
    }
}

/// Two places of the keys are a mistake.
fn refuse_both(
    has_other: bool,
    setting: &str,
    other: &str,
    path: &Path,
) -> Result<(), ConfigError> {
    match has_other {
        false => Ok(()),
        true => Err(ConfigError::invalid(
            setting,
            path.display().to_string(),
            format!("must not be set together with {other}"),
            "(unset)",
        )),
    }
}

/// An issuer by its identifier, which may have `http` where its host is among those that are named.
fn named_issuer(name: String, plain_http: &[String]) -> Result<Issuer, ConfigError> {
    match Issuer::over_plain_http(&*name) {
        Ok(issuer)
            if plain_http.iter().any(|h| issuer.names_plain_http_host(&format!("http://{h}/"))) =>
        {
            Ok(issuer)
        }
        _ => Issuer::new(name),
    }
}

impl ApiKeySettings {
    fn into_api_key(self) -> Result<ApiKey, ConfigError> {
        let setting = format!("api_keys.{}", self.name);
        let (key, file) = (format!("{setting}.key"), format!("{setting}.key_file"));
        let Some(value) = secret(&key, self.key, &file, self.key_file)? else {
            return Err(ConfigError::missing(
                key,
                "must be the key, or key_file the file that has it",
                "(the output of `openssl rand -base64 32`)",
            ));
        };
        let scopes: Vec<_> = self
            .scopes
            .iter()
            .map(|scope| scope.parse().map_err(|error: ConfigError| error.named(&*setting)))
            .collect::<Result<_, _>>()?;
        Ok(ApiKey::new(&self.name, value).map_err(|error| error.named(&*setting))?.scopes(&scopes))
    }
}

impl From<PolicyName> for AudiencePolicy {
    fn from(name: PolicyName) -> Self {
        match name {
            PolicyName::ThisResource => Self::ThisResource,
            PolicyName::ThisResourceOnly => Self::ThisResourceOnly,
            PolicyName::BoundByKeySet => Self::BoundByKeySet,
        }
    }
}

/// A secret, or the content of the file that has it.
fn secret(
    setting: &str,
    value: Option<Secret>,
    file_setting: &str,
    file: Option<PathBuf>,
) -> Result<Option<String>, ConfigError> {
    let value = value.map(|secret| secret.expose().to_owned());
    setting_source::value(setting, value, file_setting, file)
}

pub(super) fn seconds(setting: &str, seconds: f64) -> Result<Duration, ConfigError> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        ConfigError::invalid(setting, seconds.to_string(), "must be a number of seconds", "30")
    })
}
