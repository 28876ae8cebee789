//! Settings of sign-ins with a browser (WorkOS User Management).

use std::time::Duration;

use super::TestAuthorityBuilder;

/// `iss` of session tokens.
#[derive(Clone)]
pub(super) enum SessionIssuer {
    Named(String),
    /// The authority itself, by another name than that of its Connect tokens.
    Local,
}

impl SessionIssuer {
    pub(super) fn name(self, port: u16) -> String {
        match self {
            Self::Named(name) => name,
            Self::Local => format!("http://localhost:{port}"),
        }
    }
}

/// # Sign-in with a browser
impl TestAuthorityBuilder {
    /// `iss` of session tokens. Default: `https://api.workos.com`. WorkOS also writes it as
    /// `https://api.workos.com/` and `https://api.workos.com/user_management/<client id>`.
    pub fn session_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.session_issuer = SessionIssuer::Named(issuer.into());
        self
    }

    /// `iss` of session tokens is `http://localhost:PORT`: this authority, by another name than
    /// [`issuer`](crate::TestAuthority::issuer) has. Their keys are at
    /// `<iss>/sso/jwks/<client id>`. Default: as [`session_issuer`](Self::session_issuer) says.
    pub fn local_session_issuer(mut self) -> Self {
        self.session_issuer = SessionIssuer::Local;
        self
    }

    /// Lifetime of session tokens. Default: that of the others,
    /// [`token_lifetime`](Self::token_lifetime).
    pub fn session_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.session_token_lifetime = Some(lifetime);
        self
    }

    /// Adds a redirect URI of the environment, where a sign-in with a browser may go back to. On
    /// loopback the port may vary. Default: every https URI, and http on loopback.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }
}
