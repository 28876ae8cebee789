//! Settings from environment variables.

use mcp_auth_core::{ConfigError, Secret, setting_source};

use super::{ApiKeySettings, IssuerSettings, McpAuthSettings};
use crate::{
    auth::McpAuth,
    builder::McpAuthBuilder,
    setting_names::{SettingNames, renamed},
};

const RESOURCE: &str = "MCP_AUTH_RESOURCE";
const SERVED_AT: &str = "MCP_AUTH_SERVED_AT";
const AUTHKIT: &str = "WORKOS_AUTHKIT_DOMAIN";
const ISSUER: &str = "MCP_AUTH_ISSUER";
const JWKS_URI: &str = "MCP_AUTH_JWKS_URI";
const JWKS_FILE: &str = "MCP_AUTH_JWKS_FILE";
const KEYS_OVER_PLAIN_HTTP: &str = "MCP_AUTH_KEYS_OVER_PLAIN_HTTP";
const AUDIENCES: &str = "MCP_AUTH_AUDIENCES";
const LEEWAY: &str = "MCP_AUTH_LEEWAY_SECONDS";
const CA: &str = "MCP_AUTH_CA";
const PROXY: &str = "MCP_AUTH_PROXY";
const API_KEYS: &str = "MCP_AUTH_API_KEYS";
const WORKOS_API_KEY: &str = "WORKOS_API_KEY";

/// The fields of [`McpAuthSettings`] that are read from variables.
const VARIABLES: SettingNames = &[
    ("resource", RESOURCE),
    ("served_at", SERVED_AT),
    ("authkit_domain", AUTHKIT),
    ("authkit_jwks_uri", JWKS_URI),
    ("issuers[0].issuer", ISSUER),
    ("issuers[0].jwks_uri", JWKS_URI),
    ("authkit_jwks_file", JWKS_FILE),
    ("issuers[0].jwks_file", JWKS_FILE),
    ("issuers[0].keys_over_plain_http", KEYS_OVER_PLAIN_HTTP),
    ("audiences", AUDIENCES),
    ("leeway_seconds", LEEWAY),
    ("ca_pem", CA),
    ("proxy", PROXY),
    ("api_keys", API_KEYS),
    ("workos_api_key", WORKOS_API_KEY),
];

impl McpAuth {
    /// Starts the configuration from environment variables:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `MCP_AUTH_RESOURCE` | the resource's public URL, byte for byte; required |
    /// | `WORKOS_AUTHKIT_DOMAIN` | the AuthKit domain; or |
    /// | `MCP_AUTH_ISSUER` | any other issuer; one of the two is required |
    /// | `MCP_AUTH_JWKS_URI` | where that issuer's keys are; default: discovered |
    /// | `MCP_AUTH_JWKS_FILE` | a file with that issuer's keys, which are then not fetched |
    /// | `MCP_AUTH_KEYS_OVER_PLAIN_HTTP` | hosts of the own network, separated by commas, from which that issuer's keys may come without TLS |
    /// | `MCP_AUTH_AUDIENCES` | further accepted audiences, separated by commas |
    /// | `WORKOS_API_KEY` | with AuthKit: asks the WorkOS API about newcomers; default: userinfo |
    /// | `MCP_AUTH_LEEWAY_SECONDS` | by how much clocks may differ; default 30, at most 300 |
    /// | `MCP_AUTH_SERVED_AT` | the resource's path in the application, behind a proxy that changes it |
    /// | `MCP_AUTH_CA` | further certificate authorities, in PEM |
    /// | `MCP_AUTH_PROXY` | the HTTP proxy on the way out, or `direct` for none; default: `HTTPS_PROXY`, with `NO_PROXY` |
    /// | `MCP_AUTH_API_KEYS` | static keys, `name:key`, separated by commas or white space |
    ///
    /// Each can be in a file instead, as secrets are handed to containers: `WORKOS_API_KEY_FILE`
    /// names the file that has the value, with or without white space around it. Both at once is
    /// a mistake.
    ///
    /// ```no_run
    /// # use actix_mcp_auth::{BuildError, McpAuth};
    /// # fn main() -> Result<(), BuildError> {
    /// let auth = McpAuth::from_env()?.build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What is missing or wrong is named, with an example. Nothing falls back to anything
    /// insecure.
    pub fn from_env() -> Result<McpAuthBuilder, ConfigError> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// The same, with the variables looked up by `var`: for settings that live elsewhere, and for
    /// tests.
    ///
    /// # Errors
    /// As for [`from_env`](Self::from_env).
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<McpAuthBuilder, ConfigError> {
        let settings = McpAuthSettings::from_vars(var)?;
        match Self::from_settings(settings) {
            Ok(builder) => Ok(builder.settings_named(VARIABLES)),
            Err(error) => Err(renamed(error, VARIABLES)),
        }
    }
}

impl McpAuthSettings {
    fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let var = |name: &str| setting_source::variable(&var, name);
        let mut settings = Self::of(var(RESOURCE)?.ok_or_else(|| {
            ConfigError::missing(
                RESOURCE,
                "must be the public URL of the protected resource",
                "https://app.example.com/mcp",
            )
        })?);
        match (var(AUTHKIT)?, var(ISSUER)?) {
            (Some(domain), None) => {
                settings.authkit_domain = Some(domain);
                settings.authkit_jwks_uri = var(JWKS_URI)?;
                settings.authkit_jwks_file = var(JWKS_FILE)?.map(|path| path.trim().into());
                settings.workos_api_key =
                    var(WORKOS_API_KEY)?.map(|key| Secret::new(key.trim().to_owned()));
            }
            (None, Some(issuer)) => {
                let mut issuer = IssuerSettings::of(issuer, var(JWKS_URI)?);
                issuer.jwks_file = var(JWKS_FILE)?.map(|path| path.trim().into());
                if let Some(list) = var(KEYS_OVER_PLAIN_HTTP)? {
                    issuer.keys_over_plain_http = comma_separated(&list);
                }
                settings.issuers.push(issuer);
            }
            (Some(_), Some(name)) => {
                return Err(ConfigError::invalid(
                    ISSUER,
                    name,
                    format!("must not be set together with {AUTHKIT}"),
                    "(unset)",
                ));
            }
            (None, None) => {
                return Err(ConfigError::missing(
                    AUTHKIT,
                    format!("must be your AuthKit domain (or set {ISSUER} to another issuer)"),
                    "your-subdomain.authkit.app",
                ));
            }
        }
        if let Some(list) = var(AUDIENCES)? {
            settings.audiences = comma_separated(&list);
        }
        settings.leeway_seconds = var(LEEWAY)?.map(|text| whole_seconds(&text)).transpose()?;
        settings.served_at = var(SERVED_AT)?.map(|path| path.trim().to_owned());
        settings.ca_pem = var(CA)?;
        settings.proxy = var(PROXY)?.map(|url| Secret::new(url.trim().to_owned()));
        if let Some(list) = var(API_KEYS)? {
            settings.api_keys = api_keys(&list)?;
        }
        Ok(settings)
    }
}

fn comma_separated(list: &str) -> Vec<String> {
    list.split(',').map(|one| one.trim().to_owned()).collect()
}

fn api_keys(list: &str) -> Result<Vec<ApiKeySettings>, ConfigError> {
    let separator = |c: char| c == ',' || c.is_whitespace();
    let parts = list.split(separator).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.split_once(':') {
            Some((name, key)) => Ok(ApiKeySettings::of(name, key)),
            // The part may be a key: it is not shown.
            None => Err(ConfigError::invalid(
                API_KEYS,
                "a list with a part without a colon",
                "must be names with their keys, separated by commas",
                "nightly-export:(the output of `openssl rand -base64 32`)",
            )),
        })
        .collect()
}

/// How many they may be is for the builder to say.
fn whole_seconds(text: &str) -> Result<f64, ConfigError> {
    text.trim()
        .parse::<u32>()
        .map(f64::from)
        .map_err(|_| ConfigError::invalid(LEEWAY, text, "must be a whole number of seconds", "30"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BuildError;

    fn from(vars: &[(&str, &str)]) -> Result<McpAuthBuilder, ConfigError> {
        McpAuth::from_vars(|name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn the_least_settings_are_resource_and_domain() {
        let resource = (RESOURCE, "https://h/mcp");
        assert!(from(&[resource, (AUTHKIT, "x.authkit.app")]).unwrap().build().is_ok());
        assert!(from(&[resource, (ISSUER, "https://i")]).unwrap().build().is_ok());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_with_an_example() {
        let (resource, domain) = ((RESOURCE, "https://h/mcp"), (AUTHKIT, "x.authkit.app"));
        for (vars, named, example) in [
            (vec![], RESOURCE, "https://app.example.com/mcp"),
            (vec![(RESOURCE, "  "), domain], RESOURCE, "https://app.example.com/mcp"),
            (vec![(RESOURCE, "h/mcp"), domain], RESOURCE, "https://app.example.com/mcp"),
            (vec![resource], AUTHKIT, "your-subdomain.authkit.app"),
            (vec![resource, (AUTHKIT, "x y")], AUTHKIT, "your-subdomain.authkit.app"),
            (vec![resource, domain, (ISSUER, "https://i")], ISSUER, AUTHKIT),
            (vec![resource, (ISSUER, "i")], ISSUER, "https://login.example.com"),
            (vec![resource, domain, (JWKS_URI, "jwks")], JWKS_URI, "https://"),
            (vec![resource, domain, (LEEWAY, "301")], LEEWAY, "30"),
            (vec![resource, domain, (LEEWAY, "soon")], LEEWAY, "30"),
            (vec![resource, domain, (SERVED_AT, "mcp")], SERVED_AT, "/mcp"),
            (vec![resource, domain, (CA, "no certificate")], CA, "BEGIN"),
            (vec![resource, domain, (AUDIENCES, "api,")], AUDIENCES, "api://bookmarks"),
            (vec![resource, domain, (API_KEYS, "export")], API_KEYS, "nightly-export:"),
            (vec![resource, domain, (API_KEYS, "export:short")], API_KEYS, "openssl rand"),
        ] {
            let built = from(&vars).map_err(BuildError::from).and_then(McpAuthBuilder::build);
            let error = built.map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with(named) && error.contains(example), "{vars:?}: {error}");
        }
    }
}
