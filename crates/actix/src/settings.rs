//! Settings that an application reads with serde, from whatever file it has.

use std::{path::PathBuf, time::Duration};

use mcp_auth_core::{ApiKey, AudiencePolicy, ConfigError, Issuer, Secret};
use serde::{Deserialize, Deserializer};

use crate::{auth::McpAuth, builder::McpAuthBuilder, secret_file};

/// The settings of one resource, for a section of the application's own configuration file. Every
/// field is one call of [`McpAuthBuilder`], whose documentation tells its default.
///
/// | field | meaning |
/// |---|---|
/// | `resource` | the resource's public URL, byte for byte; required |
/// | `mcp` | whether it is an MCP server; default true. False as for [`McpAuth::api`] |
/// | `authkit_domain` | the AuthKit domain |
/// | `issuers` | any other issuers, see below; at least one of the two is required |
/// | `workos_sessions` | the client id whose web sessions are accepted; with `mcp = false` only |
/// | `workos_api_key`, or `workos_api_key_file` | with AuthKit: asks the WorkOS API about newcomers |
/// | `audiences` | further accepted audiences |
/// | `audience_policy` | `this_resource` or `this_resource_only` |
/// | `leeway_seconds` | by how much clocks may differ, in seconds |
/// | `time_limit_seconds` | the longest that a decision may take, in seconds |
/// | `max_token_bytes` | the longest token that is looked at, in bytes |
/// | `strict_rfc9068` | tokens must keep to RFC 9068 in full |
/// | `require_scopes`, `scopes_supported` | scopes that every request needs; that clients are told of |
/// | `resource_name`, `resource_documentation` | for the metadata document |
/// | `served_at` | the resource's path in the application, behind a proxy that changes it |
/// | `allow_origins` | web pages that may call |
/// | `allow_hosts` | further host names of a resource on a loopback address |
/// | `authorization_server_metadata`, `openid_configuration` | what is passed on to older clients |
/// | `ca_file` | further certificate authorities, a file in PEM |
/// | `api_keys` | static keys, each with `name`, `key` or `key_file`, and `scopes` |
///
/// An issuer has `issuer` (required), `jwks_uri`, `also_named`, `audiences`, `audience_policy`
/// (`bound_by_key_set` as well) and `scopes`, each as the call of that name of [`Issuer`]. With
/// several issuers, give each its `scopes`: they are all that its tokens' `scope` can grant.
///
/// What is misspelt is an error of serde's that names it. Secrets are shown by no `Debug`.
///
/// ```
/// use actix_mcp_auth::{McpAuth, McpAuthSettings};
///
/// let settings: McpAuthSettings = serde_json::from_str(
///     r#"{
///         "resource": "https://app.example.com/mcp",
///         "issuers": [{ "issuer": "https://login.example.com/realms/main" }],
///         "leeway_seconds": 10
///     }"#,
/// )?;
/// let auth = McpAuth::from_settings(settings)?.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpAuthSettings {
    resource: String,
    #[serde(default = "yes")]
    mcp: bool,
    authkit_domain: Option<String>,
    #[serde(default)]
    issuers: Vec<IssuerSettings>,
    workos_sessions: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    workos_api_key: Option<Secret>,
    workos_api_key_file: Option<PathBuf>,
    #[serde(default)]
    audiences: Vec<String>,
    audience_policy: Option<PolicyName>,
    leeway_seconds: Option<f64>,
    time_limit_seconds: Option<f64>,
    max_token_bytes: Option<usize>,
    #[serde(default)]
    strict_rfc9068: bool,
    #[serde(default)]
    require_scopes: Vec<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
    resource_name: Option<String>,
    resource_documentation: Option<String>,
    served_at: Option<String>,
    #[serde(default)]
    allow_origins: Vec<String>,
    #[serde(default)]
    allow_hosts: Vec<String>,
    authorization_server_metadata: Option<bool>,
    #[serde(default)]
    openid_configuration: bool,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    api_keys: Vec<ApiKeySettings>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerSettings {
    issuer: String,
    jwks_uri: Option<String>,
    #[serde(default)]
    also_named: Vec<String>,
    #[serde(default)]
    audiences: Vec<String>,
    audience_policy: Option<PolicyName>,
    scopes: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiKeySettings {
    name: String,
    #[serde(default, deserialize_with = "secret")]
    key: Option<Secret>,
    key_file: Option<PathBuf>,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PolicyName {
    ThisResource,
    ThisResourceOnly,
    BoundByKeySet,
}

impl McpAuth {
    /// Starts the configuration from settings that the application read with serde.
    ///
    /// # Errors
    /// What is wrong is named by its field, with an example; the rest is told by
    /// [`build`](McpAuthBuilder::build).
    pub fn from_settings(settings: McpAuthSettings) -> Result<McpAuthBuilder, ConfigError> {
        let s = settings;
        let mut builder = match s.mcp {
            true => Self::builder(s.resource),
            false => Self::api(s.resource),
        };
        let api_key = either(
            "workos_api_key",
            s.workos_api_key,
            "workos_api_key_file",
            s.workos_api_key_file,
        )?;
        match (s.authkit_domain, api_key) {
            (Some(domain), key) => {
                let authkit =
                    Issuer::authkit(domain).map_err(|error| error.named("authkit_domain"))?;
                builder = builder.issuer(match key {
                    Some(key) => authkit.workos_api_key(key),
                    None => authkit,
                });
            }
            (None, Some(_)) => {
                return Err(ConfigError::missing(
                    "authkit_domain",
                    "must be there, since workos_api_key is",
                    "your-subdomain.authkit.app",
                ));
            }
            (None, None) => {}
        }
        for (n, issuer) in s.issuers.into_iter().enumerate() {
            builder = builder.issuer(issuer.into_issuer(n)?);
        }
        if let Some(client_id) = s.workos_sessions {
            let sessions = Issuer::workos_sessions(client_id);
            builder = builder.issuer(sessions.map_err(|error| error.named("workos_sessions"))?);
        }
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
        if let Some(path) = s.ca_file {
            builder =
                builder.trust_ca_pem_of("ca_file", secret_file::read("ca_file", path)?.as_bytes());
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
        let mut issuer = Issuer::new(self.issuer).map_err(named("issuer"))?;
        if let Some(uri) = self.jwks_uri {
            issuer = issuer.jwks_uri(uri).map_err(named("jwks_uri"))?;
        }
        if let Some(scopes) = self.scopes {
            issuer = issuer.scopes(scopes).map_err(named("scopes"))?;
        }
        issuer = self.also_named.into_iter().fold(issuer, Issuer::also_named);
        issuer = self.audiences.into_iter().fold(issuer, Issuer::audience);
        Ok(match self.audience_policy {
            Some(policy) => issuer.audience_policy(policy.into()),
            None => issuer,
        })
    }
}

impl ApiKeySettings {
    fn into_api_key(self) -> Result<ApiKey, ConfigError> {
        let setting = format!("api_keys.{}", self.name);
        let (key, file) = (format!("{setting}.key"), format!("{setting}.key_file"));
        let Some(value) = either(&key, self.key, &file, self.key_file)? else {
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

/// A secret, or the file that has it; both is a mistake.
fn either(
    setting: &str,
    value: Option<Secret>,
    file_setting: &str,
    file: Option<PathBuf>,
) -> Result<Option<String>, ConfigError> {
    match (value, file) {
        (Some(_), Some(file)) => Err(ConfigError::invalid(
            file_setting,
            file.display().to_string(),
            format!("must not be set together with {setting}"),
            "(unset)",
        )),
        (Some(value), None) => Ok(Some(value.expose().to_owned())),
        (None, Some(file)) => secret_file::read(file_setting, file).map(Some),
        (None, None) => Ok(None),
    }
}

fn seconds(setting: &str, seconds: f64) -> Result<Duration, ConfigError> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        ConfigError::invalid(setting, seconds.to_string(), "must be a number of seconds", "30")
    })
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

fn yes() -> bool {
    true
}
