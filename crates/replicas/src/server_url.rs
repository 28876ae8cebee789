//! URLs of servers in error messages, without what may be secret.

use mcp_auth_core::ConfigError;

/// The error of a URL that is not one of a server. `expected` completes "…, but it …".
pub(crate) fn invalid(setting: &str, url: &str, expected: &str, example: &str) -> ConfigError {
    ConfigError::invalid(setting, without_secrets(url), expected, example)
}

/// A URL without user, password and parameters. It need not be a valid one, so whatever stands
/// before the last `@` is taken for a password.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('@') => (format!("{scheme}://"), rest),
        _ => (String::new(), url),
    };
    let (hidden, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => ("…@", rest),
        None => ("", rest),
    };
    let address = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}{hidden}{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_of_valid_and_invalid_urls() {
        for (url, shown) in [
            ("redis://localhost:6379/1", "redis://localhost:6379/1"),
            ("redis://:hunter2@localhost", "redis://…@localhost"),
            ("redis://ada:hun@ter2@localhost", "redis://…@localhost"),
            ("redis://ada:hun?ter2@localhost", "redis://…@localhost"),
            ("ada:hunter2@localhost", "…@localhost"),
            ("postgres://localhost/app?password=hunter2", "postgres://localhost/app"),
            ("postgres://localhost/app?password=hunter2@", "postgres://…@"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(url), shown, "{url}");
        }
    }
}
