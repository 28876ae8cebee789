//! Keys that are at hand: in a file, or in memory.

use std::path::PathBuf;

use super::{Issuer, JwksLocation};
use crate::{
    config::ConfigError,
    keys::{Algorithm, KeySet, LocalJwks, local, signature::Josekit},
};

impl Issuer {
    /// Uses this key set (RFC 7517 §5) and sends no request for one: a JSON text, or a [`LocalJwks`],
    /// which an application that rotates its keys can replace. For an application that is its own
    /// authorization server, for installations without a way out, and for tests.
    ///
    /// ```
    /// # use mcp_auth_core::Issuer;
    /// # let json = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1",
    /// #     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// let own = Issuer::new("https://app.example.com")?.jwks(json)?;
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// Where it is no key set, or has no key that can be used.
    pub fn jwks<K>(mut self, keys: K) -> Result<Self, ConfigError>
    where
        K: TryInto<LocalJwks>,
        K::Error: Into<ConfigError>,
    {
        self.jwks = JwksLocation::Memory(keys.try_into().map_err(Into::into)?);
        Ok(self)
    }

    /// Reads the key set from a file and sends no request for one. The file is read at start-up, again
    /// each minute, and for a token of an unknown key, so that it can be replaced while the
    /// application runs: write the new one beside it and rename it.
    ///
    /// # Errors
    /// Where it cannot be read now, is longer than 64 KiB, or has no key that can be used.
    pub fn jwks_file(mut self, path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        const SETTING: &str = "jwks_file";
        let path = path.into();
        let shown = path.display().to_string();
        let json = local::read_file(&path).map_err(|error| {
            let expected = format!("must be a file with a JWK set that can be read ({error})");
            ConfigError::invalid(SETTING, &*shown, expected, "/etc/mcp-auth/jwks.json")
        })?;
        if let Err(error) = KeySet::parse(json.as_bytes(), Algorithm::ALL, &Josekit) {
            return Err(local::unusable(SETTING, shown, &error));
        }
        self.jwks = JwksLocation::File(path);
        Ok(self)
    }
}

impl TryFrom<&str> for LocalJwks {
    type Error = ConfigError;

    fn try_from(json: &str) -> Result<Self, ConfigError> {
        Self::new(json)
    }
}

impl TryFrom<String> for LocalJwks {
    type Error = ConfigError;

    fn try_from(json: String) -> Result<Self, ConfigError> {
        Self::new(json)
    }
}
