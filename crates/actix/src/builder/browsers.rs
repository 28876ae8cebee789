//! Whose web pages may call.

use mcp_auth_core::ConfigError;

use super::McpAuthBuilder;

impl McpAuthBuilder {
    /// Lets the pages of a web origin call, such as `https://chat.example.com`. Default: those of
    /// the resource's own origin; and where that is on a loopback address, every page of the same
    /// machine.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Lets every web page call. The token still protects the resource; what is given up is the
    /// protection of local servers against DNS rebinding.
    pub fn allow_any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }
}

/// `scheme://host:port` as browsers write it, those of applications and extensions included.
pub(super) fn checked_origin(origin: String) -> Result<String, ConfigError> {
    let rest = origin.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]".contains(c);
    match !rest.is_empty() && rest.chars().all(plain) && origin == origin.to_ascii_lowercase() {
        true => Ok(origin),
        false => Err(ConfigError::invalid(
            "allow_origin",
            origin,
            "must be an origin in lower case: scheme, host and perhaps a port, with nothing behind it",
            "https://chat.example.com",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_of_applications_can_be_allowed() {
        for origin in ["vscode-webview://abc", "chrome-extension://abc", "http://[::1]:6274"] {
            assert_eq!(checked_origin(origin.into()).unwrap(), origin);
        }
    }
}
