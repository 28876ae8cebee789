//! An issuer's introspection endpoint, and the request to it (RFC 7662 §2.1).

use std::time::Duration;

use super::credentials::ClientCredentials;
use crate::{http::HttpRequest, secret::Secret, time::UnixTime};

/// Which tokens an issuer is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IntrospectedTokens {
    /// Opaque tokens. Its JWTs are checked with its keys alone. The default.
    #[default]
    Opaque,
    /// JWTs, after their signature and claims were checked: the issuer's answer can refuse a token
    /// and take scopes from it, but not accept one. Opaque tokens are refused.
    Jwts,
    /// Both.
    OpaqueAndJwts,
}

/// Where and how an issuer is asked.
#[derive(Debug, Clone)]
pub(crate) struct IntrospectionEndpoint {
    pub(crate) url: Box<str>,
    pub(crate) credentials: ClientCredentials,
}

impl IntrospectedTokens {
    pub(crate) fn has_opaque(self) -> bool {
        matches!(self, Self::Opaque | Self::OpaqueAndJwts)
    }

    pub(crate) fn has_jwts(self) -> bool {
        matches!(self, Self::Jwts | Self::OpaqueAndJwts)
    }
}

impl IntrospectionEndpoint {
    /// How long a request may take, the whole answer included.
    const TIMEOUT: Duration = Duration::from_secs(5);
    /// The largest answer, in bytes.
    const SIZE_LIMIT: usize = 64 * 1024;

    /// The request about a token of the issuer with this identifier.
    ///
    /// # Errors
    /// What cannot be done, for the log.
    pub(crate) fn request(
        &self,
        issuer: &str,
        token: &Secret,
        now: UnixTime,
    ) -> Result<HttpRequest, &'static str> {
        let form = [("token", token.expose()), ("token_type_hint", "access_token")];
        let request = self.credentials.post(&self.url, &form, issuer, now);
        let request = request.map_err(|_| "the client assertion could not be signed")?;
        Ok(request.time_limit(Self::TIMEOUT).size_limit(Self::SIZE_LIMIT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r32_the_request_is_a_form_bounded_in_time_and_size() {
        let credentials = ClientCredentials::client_secret_basic("c", "s");
        let endpoint = IntrospectionEndpoint { url: "https://i/introspect".into(), credentials };
        let token = Secret::new("an opaque+token");
        let mut request = endpoint.request("https://i", &token, UnixTime::from_secs(1)).unwrap();
        assert_eq!((request.method().as_str(), request.url()), ("POST", "https://i/introspect"));
        assert_eq!((request.max_time(), request.max_size()), (Duration::from_secs(5), 65_536));
        assert!(!format!("{request:?}{endpoint:?}").contains("opaque"));
        let body = String::from_utf8(request.take_body().unwrap()).unwrap();
        assert_eq!(body, "token=an+opaque%2Btoken&token_type_hint=access_token");
    }
}
