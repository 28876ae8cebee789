//! The names of the keys in Redis.

use mcp_auth_core::ConfigError;

/// The keys of one prefix. It stands within braces, so that a cluster keeps all keys in one
/// hash slot and one script may use them.
#[derive(Debug, Clone)]
pub(super) struct Keys(Box<str>);

impl Default for Keys {
    fn default() -> Self {
        Self(Self::DEFAULT_PREFIX.into())
    }
}

impl Keys {
    const DEFAULT_PREFIX: &str = "mcp-auth";

    pub(super) fn new(prefix: &str) -> Result<Self, ConfigError> {
        let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '{' | '}');
        if prefix.is_empty() || !prefix.chars().all(allowed) {
            return Err(ConfigError::invalid(
                "key_prefix",
                prefix,
                "must consist of printable ASCII characters other than braces and spaces",
                Self::DEFAULT_PREFIX,
            ));
        }
        Ok(Self(prefix.into()))
    }

    /// A hash: the latest entry of each slot, and the epoch.
    pub(super) fn state(&self) -> String {
        self.key("state")
    }

    /// A stream: what was written to the state, in order.
    pub(super) fn stream(&self) -> String {
        self.key("stream")
    }

    /// A counter: how many entries the stream ever had.
    pub(super) fn seq(&self) -> String {
        self.key("seq")
    }

    /// A hash.
    pub(super) fn checkpoints(&self) -> String {
        self.key("checkpoints")
    }

    /// A string that expires: who holds the lease.
    pub(super) fn lease(&self, name: &str) -> String {
        self.key(&format!("lease:{name}"))
    }

    /// A string that expires: the claim of a refresh, or its outcome.
    pub(super) fn refresh(&self, key: &str) -> String {
        self.key(&format!("refresh:{key}"))
    }

    fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_prefix_are_in_one_hash_slot() {
        let keys = Keys::new("my-app:prod").unwrap();
        let of_log = [keys.state(), keys.stream(), keys.seq(), keys.checkpoints()];
        for key in of_log.into_iter().chain([keys.lease("{x}"), keys.refresh("{x}")]) {
            assert!(key.starts_with("{my-app:prod}:"), "{key}");
        }
    }

    #[test]
    fn a_prefix_with_braces_is_rejected() {
        for prefix in ["", "{a}", "a}", "a b", "ä"] {
            let error = Keys::new(prefix).unwrap_err().to_string();
            assert!(error.starts_with("key_prefix is ") && error.contains("mcp-auth"), "{error}");
        }
    }
}
