//! Settings from the environment.

use std::time::Duration;

use mcp_auth_core::{ConfigError, Issuer, Resource};

use crate::{auth::McpAuth, builder::McpAuthBuilder};

const RESOURCE: &str = "MCP_AUTH_RESOURCE";
const AUTHKIT: &str = "WORKOS_AUTHKIT_DOMAIN";
const ISSUER: &str = "MCP_AUTH_ISSUER";
const JWKS_URI: &str = "MCP_AUTH_JWKS_URI";
const AUDIENCES: &str = "MCP_AUTH_AUDIENCES";
const LEEWAY: &str = "MCP_AUTH_LEEWAY_SECONDS";
const API_KEY: &str = "WORKOS_API_KEY";

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
    ///
    /// ```no_run
    /// # use mcp_auth_actix::{BuildError, McpAuth};
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
        let var = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        let resource = var(RESOURCE).ok_or_else(|| {
            ConfigError::missing(
                RESOURCE,
                "must be the public URL of the protected resource",
                "https://app.example.com/mcp",
            )
        })?;
        let resource = Resource::parse(&resource).map_err(|error| error.named(RESOURCE))?;
        let mut builder = Self::builder(resource).issuer(issuer(&var)?);
        for audience in var(AUDIENCES).iter().flat_map(|list| list.split(',')).map(str::trim) {
            if audience.is_empty() {
                return Err(ConfigError::invalid(
                    AUDIENCES,
                    var(AUDIENCES).unwrap_or_default(),
                    "must be audiences separated by commas, none of them empty",
                    "api://bookmarks,client_01ABC",
                ));
            }
            builder = builder.audience(audience);
        }
        if let Some(seconds) = var(LEEWAY) {
            builder = builder.leeway(leeway(&seconds)?);
        }
        Ok(builder)
    }
}

fn issuer(var: &impl Fn(&str) -> Option<String>) -> Result<Issuer, ConfigError> {
    let issuer = match (var(AUTHKIT), var(ISSUER)) {
        (Some(domain), None) => {
            let authkit = Issuer::authkit(domain).map_err(|error| error.named(AUTHKIT))?;
            match var(API_KEY) {
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
    match var(JWKS_URI) {
        Some(uri) => issuer.jwks_uri(uri).map_err(|error| error.named(JWKS_URI)),
        None => Ok(issuer),
    }
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
        ] {
            let error = from(&vars).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with(named) && error.contains(example), "{vars:?}: {error}");
        }
    }
}
