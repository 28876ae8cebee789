//! Settings from environment variables.

use mcp_auth_core::{ConfigError, setting_source};

use crate::settings::SignInSettings;

pub(crate) const CLIENT_ID: &str = "WORKOS_CLIENT_ID";
pub(crate) const API_KEY: &str = "WORKOS_API_KEY";
pub(crate) const REDIRECT_URL: &str = "WORKOS_REDIRECT_URL";
pub(crate) const COOKIE_PASSWORD: &str = "WORKOS_COOKIE_PASSWORD";

/// Reads the variables; each can be in a file that the variable with `_FILE` at its end names.
pub(crate) fn settings(
    var: impl Fn(&str) -> Option<String>,
) -> Result<SignInSettings, ConfigError> {
    let required = |name, expected: &str, example: &str| match setting_source::variable(&var, name)
    {
        Ok(Some(value)) => Ok(value.trim().to_owned()),
        Ok(None) => Err(ConfigError::missing(name, expected, example)),
        Err(error) => Err(error),
    };
    SignInSettings::new(
        required(CLIENT_ID, "must be the client id of the environment in WorkOS", "client_01ABC")?,
        required(API_KEY, "must be an API key of the environment in WorkOS", "sk_test_a1B2c3")?,
        required(
            REDIRECT_URL,
            "must be the URL of the callback, which is registered in WorkOS",
            "https://app.example.com/callback",
        )?,
        required(
            COOKIE_PASSWORD,
            "must have at least 32 bytes, the same in every replica",
            "the output of `openssl rand -base64 32`",
        )?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        (CLIENT_ID, "client_01ABC"),
        (API_KEY, "sk_test_a1B2c3"),
        (REDIRECT_URL, "https://app.example.com/callback"),
        (COOKIE_PASSWORD, "0123456789abcdef0123456789abcdef"),
    ];

    fn with(changed: &str, value: Option<&str>) -> Result<SignInSettings, ConfigError> {
        settings(|name| {
            let good = GOOD.iter().find(|(known, _)| *known == name);
            let good = good.map(|(_, value)| *value);
            if name == changed { value } else { good }.map(str::to_owned)
        })
    }

    #[test]
    fn r38_a_setting_that_is_missing_or_wrong_is_named() {
        assert!(with("", None).is_ok());
        for (name, _) in GOOD {
            let error = with(name, None).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains("for example"), "{error}");
        }
        for (name, value) in [
            (CLIENT_ID, "01ABC"),
            (API_KEY, "pk_1"),
            (API_KEY, "sk_test a"),
            (REDIRECT_URL, "http://app.example.com/callback"),
            (REDIRECT_URL, "https://app.example.com"),
            (REDIRECT_URL, "https://app.example.com/callback?a=b"),
            (REDIRECT_URL, "https://user@app.example.com/callback"),
            (REDIRECT_URL, "app.example.com/callback"),
            (COOKIE_PASSWORD, "short"),
        ] {
            let error = with(name, Some(value)).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains("for example"), "{error}");
            let is_secret = name == API_KEY || name == COOKIE_PASSWORD;
            assert!(!is_secret || !error.contains(value), "{error}");
        }
        for loopback in ["http://localhost:8080/callback", "http://127.0.0.1/cb", "http://[::1]/cb"]
        {
            assert!(with(REDIRECT_URL, Some(loopback)).is_ok(), "{loopback}");
        }
    }

    #[test]
    fn r09_debug_of_settings_shows_no_secrets() {
        let shown = format!("{:?}", with("", None).unwrap());
        assert!(!shown.contains("a1B2c3") && !shown.contains("abcdef"), "{shown}");
    }
}
