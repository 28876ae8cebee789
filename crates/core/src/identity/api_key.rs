//! Static keys beside OAuth, for a migration: programs that have such a key keep using it until they
//! can sign in.
//!
//! A key is sent like a token, `Authorization: Bearer`. Only its SHA-256 digest is kept. A key cannot
//! be guessed because of its length.

use std::{fmt, sync::Arc};

use openssl::sha::sha256;

use crate::{
    config::ConfigError,
    scope::{Scope, ScopeSet},
    token::bearer::is_token,
};

/// A static key and the name by which the application knows its holder.
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::ApiKey;
///
/// # let (old, new) = ("an-old-key-of-at-least-32-letters", "the-new-key-of-at-least-32-letters");
/// // Rotation: both are good until the old one is taken out.
/// let keys = [ApiKey::new("nightly-export", old)?, ApiKey::new("nightly-export-2", new)?];
/// # Ok::<(), mcp_auth_core::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ApiKey {
    name: ApiKeyName,
    pub(crate) digest: [u8; 32],
    pub(crate) len: usize,
    pub(crate) scopes: ScopeSet,
}

/// The name of a static key: 1 to 64 letters, digits, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiKeyName(Arc<str>);

const SETTING: &str = "api_key";

impl ApiKey {
    /// The fewest characters of a key: `openssl rand -base64 32` makes 44.
    pub const MIN_LEN: usize = 32;
    /// The fewest different characters of a key: fewer is no random key.
    const MIN_VARIETY: usize = 8;
    /// The issuer in an API key's [`Subject`](crate::Subject): a name that no issuer can have,
    /// since those are URLs.
    pub const ISSUER: &str = "api-key";

    /// A key and its holder's name. Holding it grants no scopes, unless
    /// [`scopes`](Self::scopes) names some.
    ///
    /// # Errors
    /// Where the key is shorter than 32 characters, is not random, or has a character that cannot
    /// stand in a header (RFC 6750 §2.1); where the name is no name. The error does not show the
    /// key.
    pub fn new(name: impl AsRef<str>, key: impl AsRef<str>) -> Result<Self, ConfigError> {
        let name = ApiKeyName::parse(name.as_ref())?;
        let key = key.as_ref();
        let wrong = |expected: String| {
            let found =
                format!("a key of {} characters for {}", key.chars().count(), name.as_str());
            ConfigError::invalid(
                SETTING,
                found,
                expected,
                "(the output of `openssl rand -base64 32`)",
            )
        };
        if key.len() < Self::MIN_LEN {
            return Err(wrong(format!("must have at least {} characters", Self::MIN_LEN)));
        }
        if !is_token(key) {
            return Err(wrong(
                "must be letters, digits and `-._~+/` alone, and `=` at its end".into(),
            ));
        }
        let mut letters = key.as_bytes().to_vec();
        letters.sort_unstable();
        letters.dedup();
        if letters.len() < Self::MIN_VARIETY {
            return Err(wrong("must be random".into()));
        }
        let (digest, len) = (sha256(key.as_bytes()), key.len());
        Ok(Self { name, digest, len, scopes: ScopeSet::default() })
    }

    /// The scopes that holding it grants. Default: none.
    #[must_use]
    pub fn scopes<'s>(mut self, scopes: impl IntoIterator<Item = &'s Scope>) -> Self {
        self.scopes = scopes.into_iter().map(Scope::as_str).collect();
        self
    }

    /// Its holder's name.
    pub fn name(&self) -> &ApiKeyName {
        &self.name
    }
}

impl ApiKeyName {
    fn parse(name: &str) -> Result<Self, ConfigError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        match (1..=64).contains(&name.len()) && name.bytes().all(plain) {
            true => Ok(Self(name.into())),
            false => Err(ConfigError::invalid(
                "api_key name",
                name,
                "must be 1 to 64 letters, digits, `-`, `_` and `.`",
                "nightly-export",
            )),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub(crate) fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for ApiKeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5";

    #[test]
    fn r09_a_key_is_not_shown() {
        let shown = format!("{:?}", ApiKey::new("old", OLD).unwrap());
        assert!(shown.contains("old") && !shown.contains(&OLD[3..9]), "{shown}");
    }

    #[test]
    fn what_is_no_key_is_told_without_showing_it() {
        let short = "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p";
        assert_eq!(short.len(), ApiKey::MIN_LEN - 1);
        for (name, key, tells) in [
            ("n", short, "at least 32"),
            ("n", "", "at least 32"),
            ("n", &format!("{OLD} with spaces"), "letters, digits"),
            ("n", &format!("{OLD}\u{e9}"), "letters, digits"),
            ("n", &format!("={OLD}"), "at its end"),
            ("n", &"changeme".repeat(5)[..], "random"),
            ("", OLD, "1 to 64"),
            ("a b", OLD, "1 to 64"),
        ] {
            let error = ApiKey::new(name, key).unwrap_err().to_string();
            assert!(error.contains(tells), "{error}");
            assert!(key.is_empty() || !error.contains(key), "{error}");
        }
    }
}
