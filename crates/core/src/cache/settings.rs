//! The settings of the token cache.

use std::time::Duration;

use crate::config::ConfigError;

/// How long verified tokens are cached, and how many.
///
/// ```
/// use std::time::Duration;
/// # mod actix_mcp_auth { pub mod token { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::token::TokenCacheSettings;
///
/// let mut settings = TokenCacheSettings::default();
/// settings.ttl = Duration::from_secs(10);
/// assert!(TokenCacheSettings::off().ttl.is_zero());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCacheSettings {
    /// The longest time that a verified token is cached, whatever its `exp`. Default 60 s, at most
    /// 1 h; zero switches the cache off.
    ///
    /// A withdrawn key, a revocation and `exp` end an entry at once. This ceiling bounds what these
    /// rules do not foresee.
    pub ttl: Duration,
    /// The most tokens that are cached. Default 16,384.
    pub capacity: usize,
    /// The most bytes that the cached tokens take, with all that they own. Default 64 MiB. A token
    /// counts for at least `max_bytes / capacity`; a token of WorkOS takes about 1 KiB.
    pub max_bytes: usize,
}

impl TokenCacheSettings {
    /// No cache: every request verifies its signature.
    pub fn off() -> Self {
        Self { ttl: Duration::ZERO, ..Self::default() }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting that is out of range, with what was expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        const MOST: Duration = Duration::from_secs(60 * 60);
        if self.ttl > MOST {
            let found = format!("{} s", self.ttl.as_secs_f64());
            let expected = "must be at most 3600 s (0 s switches the cache off)";
            return Err(ConfigError::invalid("token_cache.ttl", found, expected, "60 s"));
        }
        if self.capacity > 1 << 28 {
            return Err(ConfigError::invalid(
                "token_cache.capacity",
                self.capacity.to_string(),
                "must be at most 268435456",
                "16384",
            ));
        }
        Ok(())
    }
}

impl Default for TokenCacheSettings {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(60), capacity: 16_384, max_bytes: 64 * 1024 * 1024 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_16_384_tokens_in_64_mib_is_the_default() {
        let TokenCacheSettings { ttl, capacity, max_bytes } = TokenCacheSettings::default();
        assert_eq!((ttl.as_secs(), capacity, max_bytes), (60, 16_384, 67_108_864));
        assert!(TokenCacheSettings::off().ttl.is_zero(), "and none at all where it is off");
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        assert_eq!(TokenCacheSettings::default().check(), Ok(()));
        assert_eq!(TokenCacheSettings::off().check(), Ok(()));
        let hour = Duration::from_secs(3600);
        let mut settings = TokenCacheSettings { ttl: hour, ..Default::default() };
        assert_eq!(settings.check(), Ok(()));
        settings.ttl += Duration::from_millis(1);
        assert_eq!(settings.check().unwrap_err().setting(), "token_cache.ttl");
        let mut settings = TokenCacheSettings { capacity: 268_435_456, ..Default::default() };
        assert_eq!(settings.check(), Ok(()));
        settings.capacity += 1;
        assert_eq!(settings.check().unwrap_err().setting(), "token_cache.capacity");
    }
}
