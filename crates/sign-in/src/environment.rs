//! Settings from environment variables.

use mcp_auth_core::{ConfigError, Secret, setting_source};

pub(crate) const CLIENT_ID: &str = "WORKOS_CLIENT_ID";
pub(crate) const API_KEY: &str = "WORKOS_API_KEY";
pub(crate) const REDIRECT_URL: &str = "WORKOS_REDIRECT_URL";
pub(crate) const COOKIE_PASSWORD: &str = "WORKOS_COOKIE_PASSWORD";

/// The values of the variables.
pub(crate) struct Variables {
    pub(crate) client_id: String,
    pub(crate) api_key: Secret,
    pub(crate) redirect_url: String,
    pub(crate) cookie_password: Secret,
}

/// Reads the variables; each can be in a file that the variable with `_FILE` at its end names.
pub(crate) fn read(var: impl Fn(&str) -> Option<String>) -> Result<Variables, ConfigError> {
    let required = |name, expected: &str, example: &str| match setting_source::variable(&var, name)
    {
        Ok(Some(value)) => Ok(value.trim().to_owned()),
        Ok(None) => Err(ConfigError::missing(name, expected, example)),
        Err(error) => Err(error),
    };
    Ok(Variables {
        client_id: required(
            CLIENT_ID,
            "must be the client id of the environment in WorkOS",
            "client_01ABC",
        )?,
        api_key: Secret::new(required(
            API_KEY,
            "must be an API key of the environment in WorkOS",
            "sk_test_a1B2c3",
        )?),
        redirect_url: required(
            REDIRECT_URL,
            "must be the URL of the callback, which is registered in WorkOS",
            "https://app.example.com/callback",
        )?,
        cookie_password: Secret::new(required(
            COOKIE_PASSWORD,
            "must have at least 32 bytes, the same in every replica",
            "the output of `openssl rand -base64 32`",
        )?),
    })
}
