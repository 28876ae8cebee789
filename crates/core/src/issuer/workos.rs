//! The two families of WorkOS tokens: Connect, which MCP clients get, and the sessions of a web
//! sign-in.

use std::sync::Arc;

use super::{Issuer, JwksLocation};
use crate::{
    config::ConfigError, metadata::resource::parse_web_url, secret::Secret,
    token::audience::AudiencePolicy, token::verified::VerifiedToken,
};

const AUTHKIT_EXAMPLE: &str = "your-subdomain.authkit.app";
const API: &str = "https://api.workos.com";

/// The WorkOS API, and the key to it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkosApi {
    /// Where it is: `https://api.workos.com`, without a slash at the end.
    pub url: String,
    /// The API key (`sk_…`).
    pub key: Secret,
}

impl Issuer {
    /// WorkOS AuthKit by its domain, as the dashboard shows it, or as a URL. Accepts the tokens of
    /// WorkOS Connect, which MCP clients get: issuer `https://<domain>`, keys at
    /// `https://<domain>/oauth2/jwks`. `http://127.0.0.1:PORT` stands for a local development
    /// authority.
    ///
    /// # Errors
    /// Where `domain` is neither a domain nor such a URL.
    pub fn authkit(domain: impl AsRef<str>) -> Result<Self, ConfigError> {
        let domain = domain.as_ref().trim().trim_end_matches('/');
        let name = match domain.contains("://") {
            true => domain.to_owned(),
            false => format!("https://{domain}"),
        };
        let wrong = |expected: &str| {
            ConfigError::invalid("AuthKit domain", domain, expected, AUTHKIT_EXAMPLE)
        };
        if domain.is_empty() {
            return Err(wrong("must be a domain, or a URL"));
        }
        let (url, _) = parse_web_url(&name).map_err(|expected| wrong(&expected))?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must be a domain, without a path"));
        }
        let jwks = JwksLocation::Uri(format!("{name}/oauth2/jwks"));
        let workos = Self { jwks, preset: true, ..Self::new(name)? };
        Ok(workos.advertising(Self::AUTHKIT_SCOPES)?.machine_if(is_client))
    }

    /// The sessions of a WorkOS web sign-in, by the environment's client id (`client_…`): issuer
    /// `https://api.workos.com` in each of its spellings, keys at
    /// `https://api.workos.com/sso/jwks/<client id>`.
    ///
    /// These tokens have no `aud`. What binds them to the application is the key set, which belongs
    /// to this one client ([`AudiencePolicy::BoundByKeySet`]). They are for web routes: an MCP
    /// resource refuses this issuer at start-up.
    ///
    /// ```
    /// # use mcp_auth_core as actix_mcp_auth;
    /// use actix_mcp_auth::Issuer;
    ///
    /// let sessions = Issuer::workos_sessions("client_01ABC")?;
    /// assert_eq!(sessions.name(), "https://api.workos.com");
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// Where `client_id` is no client id.
    pub fn workos_sessions(client_id: impl AsRef<str>) -> Result<Self, ConfigError> {
        Self::workos_sessions_at(API, client_id)
    }

    /// The same, with the API at another address: a stand-in for tests.
    ///
    /// # Errors
    /// As for [`workos_sessions`](Self::workos_sessions), and where `url` is no issuer's.
    pub fn workos_sessions_at(
        url: impl AsRef<str>,
        client_id: impl AsRef<str>,
    ) -> Result<Self, ConfigError> {
        let (url, client_id) = (url.as_ref(), client_id.as_ref().trim());
        let is_id =
            |id: &str| id.len() > 7 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !client_id.starts_with("client_") || !is_id(client_id) {
            return Err(ConfigError::invalid(
                "WorkOS client id",
                client_id,
                "must be the client id of the environment, as the dashboard shows it",
                "client_01ABC",
            ));
        }
        let sessions = Self::new(url)?
            .jwks_uri(format!("{url}/sso/jwks/{client_id}"))?
            .also_named(format!("{url}/"))
            .also_named(format!("{url}/user_management/{client_id}"))
            .audience_policy(AudiencePolicy::BoundByKeySet)
            // Some environments put the client id into `aud`.
            .audience(client_id);
        Ok(Self { of_sessions: true, ..sessions.machine_if(is_client) })
    }

    /// Whether its tokens are those of sessions.
    pub(crate) fn issues_session_tokens(&self) -> bool {
        self.of_sessions
    }

    /// Asks the WorkOS API about newcomers instead of the userinfo endpoint, with the
    /// environment's API key (`sk_…`).
    #[must_use]
    pub fn workos_api_key(self, key: impl Into<Arc<str>>) -> Self {
        self.workos_api_at(API, key)
    }

    /// The same, with the API at another address: a stand-in for tests.
    #[must_use]
    pub fn workos_api_at(mut self, url: impl Into<String>, key: impl Into<Arc<str>>) -> Self {
        self.workos_api = Some(WorkosApi { url: url.into(), key: Secret::new(key) });
        self
    }

    /// The WorkOS API, where newcomers are asked about there.
    pub fn workos_api(&self) -> Option<&WorkosApi> {
        self.workos_api.as_ref()
    }
}

/// Machines have their client's id for a subject.
fn is_client(token: &VerifiedToken) -> bool {
    token.subject().starts_with("client_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authkit_takes_a_domain_or_a_url() {
        for domain in ["x.authkit.app", "https://x.authkit.app", "https://x.authkit.app/"] {
            let issuer = Issuer::authkit(domain).unwrap();
            assert_eq!(issuer.name(), "https://x.authkit.app");
            assert_eq!(
                issuer.jwks_location(),
                &JwksLocation::Uri("https://x.authkit.app/oauth2/jwks".into())
            );
        }
        assert!(Issuer::authkit("http://127.0.0.1:8788").unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_workos_environment_is_told_with_an_example() {
        for domain in ["", "x y", "http://x.authkit.app", "x.authkit.app/path", "https://x/?a=1"] {
            let error = Issuer::authkit(domain).unwrap_err().to_string();
            assert!(error.contains(AUTHKIT_EXAMPLE), "{error}");
        }
        for id in ["", "client_", "sk_live_1", "client_1/../x", "https://api.workos.com"] {
            let error = Issuer::workos_sessions(id).unwrap_err().to_string();
            assert!(error.contains("client_01ABC"), "{error}");
        }
    }

    #[test]
    fn r18_sessions_are_accepted_in_every_spelling_of_their_issuer() {
        let sessions = Issuer::workos_sessions("client_01ABC").unwrap();
        let names: Vec<&str> = sessions.names().map(|name| &**name).collect();
        assert_eq!(
            names,
            [
                "https://api.workos.com",
                "https://api.workos.com/",
                "https://api.workos.com/user_management/client_01ABC",
            ]
        );
        let keys = "https://api.workos.com/sso/jwks/client_01ABC".to_owned();
        assert_eq!(sessions.jwks_location(), &JwksLocation::Uri(keys));
    }
}
