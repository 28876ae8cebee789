//! Where an issuer's userinfo endpoint is, if the configuration says so.

use super::Issuer;
use crate::config::ConfigError;

impl Issuer {
    /// Names the userinfo endpoint (OpenID Connect Core §5.3), which is asked for the profiles of
    /// people without a user ([`Newcomer::profile`](crate::Newcomer::profile)), instead of
    /// discovering it.
    ///
    /// The request carries the person's access token. For this reason a discovered endpoint is used
    /// only on the issuer's own origin (scheme, host and port), and one elsewhere must be named
    /// here: Google, Microsoft Entra ID and Amazon Cognito have theirs on other hosts. A URL that
    /// is named here may be at a private address. Default: discovered. Not asked where
    /// [`workos_api_key`](Self::workos_api_key) is set.
    ///
    /// ```
    /// # use mcp_auth_core::Issuer;
    /// let google = Issuer::new("https://accounts.google.com")?
    ///     .userinfo_endpoint("https://openidconnect.googleapis.com/v1/userinfo")?;
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// Where it is no absolute `https` URL. `http` is for loopback addresses where the issuer is on one,
    /// and for the own host of an issuer that is named [`over_plain_http`](Self::over_plain_http).
    pub fn userinfo_endpoint(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        let url = url.into();
        if !self.may_get_tokens(&url) {
            return Err(ConfigError::invalid(
                "userinfo endpoint",
                url,
                "must be an absolute https URL",
                "https://openidconnect.googleapis.com/v1/userinfo",
            ));
        }
        self.userinfo = Some(url.into());
        Ok(self)
    }

    /// The userinfo endpoint that the configuration names; `None` where it is discovered.
    pub fn configured_userinfo_endpoint(&self) -> Option<&str> {
        self.userinfo.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_a_userinfo_endpoint_is_named_with_https() {
        let remote = Issuer::new("https://i").unwrap();
        let named = remote.clone().userinfo_endpoint("https://elsewhere/userinfo").unwrap();
        assert_eq!(named.configured_userinfo_endpoint(), Some("https://elsewhere/userinfo"));
        for url in ["", "userinfo", "http://127.0.0.1:1/userinfo", "ftp://i/userinfo"] {
            let error = remote.clone().userinfo_endpoint(url).unwrap_err().to_string();
            assert!(error.contains("https://openidconnect.googleapis.com"), "{error}");
        }
        let local = Issuer::new("http://127.0.0.1:1").unwrap();
        assert!(local.userinfo_endpoint("http://127.0.0.1:2/userinfo").unwrap().is_without_tls());
    }
}
