//! Settings from the environment.

use std::time::Duration;

use mcp_auth_core::{ApiKey, ConfigError, Issuer, Resource};

use crate::{auth::McpAuth, builder::McpAuthBuilder, secret_file};

const RESOURCE: &str = "MCP_AUTH_RESOURCE";
const SERVED_AT: &str = "MCP_AUTH_SERVED_AT";
const AUTHKIT: &str = "WORKOS_AUTHKIT_DOMAIN";
const ISSUER: &str = "MCP_AUTH_ISSUER";
const JWKS_URI: &str = "MCP_AUTH_JWKS_URI";
const AUDIENCES: &str = "MCP_AUTH_AUDIENCES";
const LEEWAY: &str = "MCP_AUTH_LEEWAY_SECONDS";
const CA: &str = "MCP_AUTH_CA";
const API_KEYS: &str = "MCP_AUTH_API_KEYS";
const WORKOS_API_KEY: &str = "WORKOS_API_KEY";

impl McpAuth {
    /// Starts the configuration from environment variables:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `MCP_AUTH_RESOURCE` | the resource's public URL, byte for byte; required |
    /// | `WORKOS_AUTHKIT_DOMAIN` | the AuthKit domain; or |
    /// | `MCP_AUTH_ISSUER` | any other issuer; one of the two is required |
    /// | `MCP_AUTH_JWKS_URI` | where that issuer's keys are; default: discovered |
    /// | `MCP_AUTH_AUDIENCES` | further accepted audiences, separated by commas |
    /// | `WORKOS_API_KEY` | with AuthKit: asks the WorkOS API about newcomers; default: userinfo |
    /// | `MCP_AUTH_LEEWAY_SECONDS` | by how much clocks may differ; default 30, at most 300 |
    /// | `MCP_AUTH_SERVED_AT` | the resource's path in the application, behind a proxy that changes it |
    /// | `MCP_AUTH_CA` | further certificate authorities, in PEM |
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
        let var = |name: &str| value_of(&var, name);
        let resource = var(RESOURCE)?.ok_or_else(|| {
            ConfigError::missing(
                RESOURCE,
                "must be the public URL of the protected resource",
                "https://app.example.com/mcp",
            )
        })?;
        let resource = Resource::parse(&resource).map_err(|error| error.named(RESOURCE))?;
        let mut builder = Self::builder(resource).issuer(issuer(&var)?);
        for audience in audiences(var(AUDIENCES)?)? {
            builder = builder.audience(audience);
        }
        if let Some(seconds) = var(LEEWAY)? {
            builder = builder.leeway(leeway(&seconds)?);
        }
        if let Some(path) = var(SERVED_AT)? {
            builder = builder.served_at(path.trim());
        }
        if let Some(pem) = var(CA)? {
            builder = builder.trust_ca_pem_of(CA, pem.as_bytes());
        }
        if let Some(keys) = var(API_KEYS)? {
            builder = builder.api_keys(api_keys(&keys)?);
        }
        Ok(builder)
    }
}

/// A variable, or what stands in the file that its `_FILE` names.
fn value_of(
    var: impl Fn(&str) -> Option<String>,
    name: &str,
) -> Result<Option<String>, ConfigError> {
    let set = |name: &str| var(name).filter(|value| !value.trim().is_empty());
    let file = format!("{name}_FILE");
    match (set(name), set(&file)) {
        (value, None) => Ok(value),
        (None, Some(path)) => secret_file::read(&file, path.trim()).map(Some),
        (Some(_), Some(path)) => Err(ConfigError::invalid(
            file,
            path,
            format!("must not be set together with {name}"),
            "(unset)",
        )),
    }
}

fn issuer(
    var: &impl Fn(&str) -> Result<Option<String>, ConfigError>,
) -> Result<Issuer, ConfigError> {
    let issuer = match (var(AUTHKIT)?, var(ISSUER)?) {
        (Some(domain), None) => {
            let authkit = Issuer::authkit(domain).map_err(|error| error.named(AUTHKIT))?;
            match var(WORKOS_API_KEY)? {
                Some(key) => authkit.workos_api_key(key.trim()),
                None => authkit,
            }
        }
        (None, Some(name)) => Issuer::new(name).map_err(|error| error.named(ISSUER))?,
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
    };
    match var(JWKS_URI)? {
        Some(uri) => issuer.jwks_uri(uri).map_err(|error| error.named(JWKS_URI)),
        None => Ok(issuer),
    }
}

fn audiences(list: Option<String>) -> Result<Vec<String>, ConfigError> {
    let list = list.unwrap_or_default();
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let audiences: Vec<String> = list.split(',').map(|one| one.trim().to_owned()).collect();
    match audiences.iter().any(String::is_empty) {
        false => Ok(audiences),
        true => Err(ConfigError::invalid(
            AUDIENCES,
            list,
            "must be audiences separated by commas, none of them empty",
            "api://bookmarks,client_01ABC",
        )),
    }
}

fn api_keys(list: &str) -> Result<Vec<ApiKey>, ConfigError> {
    let separator = |c: char| c == ',' || c.is_whitespace();
    let parts = list.split(separator).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.split_once(':') {
            Some((name, key)) => ApiKey::new(name, key).map_err(|error| error.named(API_KEYS)),
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

fn leeway(seconds: &str) -> Result<Duration, ConfigError> {
    match seconds.trim().parse() {
        Ok(seconds @ 0..=300) => Ok(Duration::from_secs(seconds)),
        _ => Err(ConfigError::invalid(
            LEEWAY,
            seconds,
            "must be a whole number of seconds from 0 to 300",
            "30",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (vec![resource, domain, (AUDIENCES, "api,")], AUDIENCES, "api://bookmarks"),
            (vec![resource, domain, (API_KEYS, "export")], API_KEYS, "nightly-export:"),
            (vec![resource, domain, (API_KEYS, "export:short")], API_KEYS, "openssl rand"),
        ] {
            let error = from(&vars).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with(named) && error.contains(example), "{vars:?}: {error}");
        }
    }
}
