//! Settings that an application reads with serde, from whatever file it has, or from environment
//! variables. Each link of the chain leads to the next, and a value is checked by the last alone:
//!
//! | link | what it does |
//! |---|---|
//! | `env` | variables and their files to [`McpAuthSettings`] |
//! | `apply` | those to calls of the builder |
//! | `McpAuthBuilder::build` | checks the values, and fills in core's `ResourcePolicy` |
//! | `setting_names` | tells a mistake by the name that the setting has where it was written |

use std::path::PathBuf;

use mcp_auth_core::Secret;
use serde::{Deserialize, Deserializer};

mod apply;
mod env;
mod introspection;

use introspection::IntrospectionSettings;

/// The settings of one resource, for a section of the application's own configuration file. Every
/// field is one call of [`McpAuthBuilder`](crate::McpAuthBuilder), whose documentation tells its default.
///
/// | field | meaning |
/// |---|---|
/// | `resource` | the resource's public URL, byte for byte; required |
/// | `mcp` | whether it is an MCP server; default true. False as for [`McpAuth::api`](crate::McpAuth::api) |
/// | `authkit_domain` | the AuthKit domain |
/// | `authkit_jwks_uri`, or `authkit_jwks_file` | where AuthKit's keys are; default: discovered |
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
/// | `resources_below` | whether each path below the resource's is a resource of its own; default false |
/// | `served_at` | the resource's path in the application, behind a proxy that changes it |
/// | `allow_origins` | web pages that may call |
/// | `allow_hosts` | further host names of a resource on a loopback address |
/// | `authorization_server_metadata`, `openid_configuration` | what is passed on to older clients |
/// | `ca_pem`, or `ca_file` | further certificate authorities in PEM, as text or as a file |
/// | `proxy`, or `proxy_file` | the HTTP proxy on the way out, or `direct` for none; default: `HTTPS_PROXY` |
/// | `proxy_exceptions` | hosts that are reached without it; default: `NO_PROXY` |
/// | `api_keys` | static keys, each with `name`, `key` or `key_file`, and `scopes` |
///
/// An issuer has `issuer` (required), `jwks_uri` or `jwks_file`, `also_named`, `audiences`, `audience_policy`
/// (`bound_by_key_set` as well), `scopes`, `scope_prefix` and `keys_over_plain_http`, each as the call of that name of [`Issuer`](mcp_auth_core::Issuer). With
/// several issuers, give each its `scopes`: they are all that its tokens' `scope` can grant.
///
/// `introspection` of an issuer ([`Issuer::introspection`](mcp_auth_core::Issuer::introspection)) has
/// `url` and `client_id` (required), and `client_secret`, `client_secret_file` or
/// `private_key_file` (PEM, `private_key_jwt`), one of them. `secret_in` is `header` (default,
/// `client_secret_basic`) or `form` (`client_secret_post`), `tokens` is `opaque` (default), `jwts` or
/// `opaque_and_jwts`, and `ttl_seconds` the ceiling.
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
    authkit_jwks_uri: Option<String>,
    authkit_jwks_file: Option<PathBuf>,
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
    #[serde(default)]
    resources_below: bool,
    served_at: Option<String>,
    #[serde(default)]
    allow_origins: Vec<String>,
    #[serde(default)]
    allow_hosts: Vec<String>,
    authorization_server_metadata: Option<bool>,
    #[serde(default)]
    openid_configuration: bool,
    ca_pem: Option<String>,
    ca_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "secret")]
    proxy: Option<Secret>,
    proxy_file: Option<PathBuf>,
    proxy_exceptions: Option<Vec<String>>,
    #[serde(default)]
    api_keys: Vec<ApiKeySettings>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerSettings {
    issuer: String,
    jwks_uri: Option<String>,
    jwks_file: Option<PathBuf>,
    #[serde(default)]
    also_named: Vec<String>,
    #[serde(default)]
    audiences: Vec<String>,
    audience_policy: Option<PolicyName>,
    scopes: Option<Vec<String>>,
    scope_prefix: Option<String>,
    introspection: Option<IntrospectionSettings>,
    #[serde(default)]
    keys_over_plain_http: Vec<String>,
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

impl McpAuthSettings {
    /// The settings of a resource, everything else by default.
    fn of(resource: String) -> Self {
        Self {
            resource,
            mcp: true,
            authkit_domain: None,
            authkit_jwks_uri: None,
            authkit_jwks_file: None,
            issuers: Vec::new(),
            workos_sessions: None,
            workos_api_key: None,
            workos_api_key_file: None,
            audiences: Vec::new(),
            audience_policy: None,
            leeway_seconds: None,
            time_limit_seconds: None,
            max_token_bytes: None,
            strict_rfc9068: false,
            require_scopes: Vec::new(),
            scopes_supported: Vec::new(),
            resource_name: None,
            resource_documentation: None,
            resources_below: false,
            served_at: None,
            allow_origins: Vec::new(),
            allow_hosts: Vec::new(),
            authorization_server_metadata: None,
            openid_configuration: false,
            ca_pem: None,
            ca_file: None,
            proxy: None,
            proxy_file: None,
            proxy_exceptions: None,
            api_keys: Vec::new(),
        }
    }
}

impl IssuerSettings {
    fn of(issuer: String, jwks_uri: Option<String>) -> Self {
        Self {
            issuer,
            jwks_uri,
            jwks_file: None,
            also_named: Vec::new(),
            audiences: Vec::new(),
            audience_policy: None,
            scopes: None,
            scope_prefix: None,
            introspection: None,
            keys_over_plain_http: Vec::new(),
        }
    }
}

impl ApiKeySettings {
    fn of(name: &str, key: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: Some(Secret::new(key.to_owned())),
            key_file: None,
            scopes: Vec::new(),
        }
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

fn yes() -> bool {
    true
}
