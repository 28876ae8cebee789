//! Whether an issuer is asked about its tokens (RFC 7662).

use std::time::Duration;

use super::Issuer;
use crate::{
    config::ConfigError,
    token::introspection::{ClientCredentials, IntrospectedTokens, IntrospectionEndpoint},
};

/// What the configuration says about introspection.
#[derive(Debug, Clone)]
pub(crate) struct IntrospectionSettings {
    pub(crate) endpoint: Option<IntrospectionEndpoint>,
    pub(crate) tokens: IntrospectedTokens,
    pub(crate) ttl: Duration,
}

impl Default for IntrospectionSettings {
    fn default() -> Self {
        let tokens = IntrospectedTokens::default();
        Self { endpoint: None, tokens, ttl: Duration::from_secs(30) }
    }
}

impl Issuer {
    /// Asks this issuer's introspection endpoint (RFC 7662) about opaque tokens, as the client that
    /// the issuer has registered for this resource. Default: opaque tokens are refused.
    ///
    /// The members of the answer go through the rules for claims: it needs `aud`, `sub` and `exp`,
    /// and `iss` must be right where it is there. What can be no opaque token is refused without a
    /// question: other characters than those of a token, fewer than 16 or more than 4,096 of them,
    /// and every JWT. An opaque token does not say whose it is, so that one issuer of a resource at
    /// most may be asked about opaque tokens.
    ///
    /// A call takes 5 s at most, its answer 64 KiB; 64 are in flight at a time, and 64 wait. Beyond these
    /// limits, and where the endpoint does not answer, the request gets 503. That a token is not
    /// active is remembered for 10 s.
    ///
    /// ```
    /// # mod actix_mcp_auth { pub use mcp_auth_core::*; pub mod issuer { pub use mcp_auth_core::*; } }
    /// use actix_mcp_auth::{Issuer, issuer::ClientCredentials};
    ///
    /// let issuer = Issuer::new("https://login.example.com")?.introspection(
    ///     "https://login.example.com/oauth2/introspect",
    ///     ClientCredentials::client_secret_basic("resource-1", "s3cr3t"),
    /// )?;
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// Where `url` is no absolute `https` URL, or where the credentials have no client id or an empty
    /// secret. `http` is for loopback addresses where the issuer is on one, and for the own host of an
    /// issuer that is named [`over_plain_http`](Self::over_plain_http).
    pub fn introspection(
        mut self,
        url: impl Into<String>,
        credentials: ClientCredentials,
    ) -> Result<Self, ConfigError> {
        let url = url.into();
        if !self.may_get_tokens(&url) {
            return Err(ConfigError::invalid(
                "introspection endpoint",
                url,
                "must be an absolute https URL",
                "https://login.example.com/oauth2/introspect",
            ));
        }
        credentials.check()?;
        self.introspection.endpoint = Some(IntrospectionEndpoint { url: url.into(), credentials });
        Ok(self)
    }

    /// Which tokens [`introspection`](Self::introspection) asks about. Default: opaque ones.
    #[must_use]
    pub fn introspected_tokens(mut self, tokens: IntrospectedTokens) -> Self {
        self.introspection.tokens = tokens;
        self
    }

    /// For how long an answer that a token is active may be used: the longest time for which a token
    /// that was revoked at the issuer still passes. Default 30 s, at most 1 h; zero asks on every
    /// request. A token's `exp`, a revocation here, and the settings of the token cache end it
    /// earlier.
    #[must_use]
    pub fn introspection_ttl(mut self, ttl: Duration) -> Self {
        self.introspection.ttl = ttl;
        self
    }

    /// The settings; `None` where the issuer is not asked.
    pub(crate) fn introspects(&self) -> Option<(&IntrospectionEndpoint, &IntrospectionSettings)> {
        Some((self.introspection.endpoint.as_ref()?, &self.introspection))
    }
}

impl IntrospectionSettings {
    /// The longest `ttl`.
    const MAX_TTL: Duration = Duration::from_secs(60 * 60);

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self.ttl > Self::MAX_TTL {
            false => Ok(()),
            true => Err(ConfigError::invalid(
                "introspection_ttl",
                format!("{} s", self.ttl.as_secs_f64()),
                "must be at most 3600 s (0 s asks on every request)",
                "30 s",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> ClientCredentials {
        ClientCredentials::client_secret_basic("c", "s")
    }

    #[test]
    fn r27_r32_an_introspection_endpoint_is_named_with_https() {
        let remote = Issuer::new("https://i").unwrap();
        assert!(remote.clone().introspection("https://elsewhere/i", credentials()).is_ok());
        for url in ["", "introspect", "http://127.0.0.1:1/i", "http://i/i", "ftp://i/i"] {
            let error = remote.clone().introspection(url, credentials()).unwrap_err().to_string();
            assert!(error.contains("https://login.example.com/oauth2/introspect"), "{error}");
        }
        let local = Issuer::new("http://127.0.0.1:1").unwrap();
        let local = local.introspection("http://127.0.0.1:2/i", credentials()).unwrap();
        assert!(local.is_without_tls());
    }

    #[test]
    fn r32_missing_credentials_are_an_error_with_an_example() {
        let remote = Issuer::new("https://i").unwrap();
        let none = ClientCredentials::client_secret_basic("c", "");
        let error = remote.introspection("https://i/i", none).unwrap_err().to_string();
        assert!(error.contains("client_secret is missing"), "{error}");
        assert!(error.contains("for example"), "{error}");
    }

    #[test]
    fn r32_30_s_is_the_default_and_an_hour_the_most() {
        let issuer = Issuer::new("https://i").unwrap();
        assert!(issuer.introspects().is_none());
        assert_eq!(issuer.introspection.ttl, Duration::from_secs(30));
        let hour = Duration::from_secs(3600);
        assert_eq!(issuer.clone().introspection_ttl(hour).introspection.check(), Ok(()));
        let longer = issuer.introspection_ttl(hour + Duration::from_millis(1));
        assert_eq!(longer.introspection.check().unwrap_err().setting(), "introspection_ttl");
    }
}
