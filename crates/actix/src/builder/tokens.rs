//! What a token must say, and how it is checked.

use std::{sync::Arc, time::Duration};

use mcp_auth_core::{
    AudiencePolicy, TokenCacheSettings, TokenCheck, VerifiedToken, signature::SignatureBackend,
};

use super::McpAuthBuilder;

impl McpAuthBuilder {
    /// A further audience that is accepted in tokens, besides the resource. Default: none.
    ///
    /// Every token that the issuer makes for that audience is then good here as well. It is meant
    /// for issuers that cannot put the resource into `aud`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How strictly tokens must be meant for this resource, for issuers that have no policy of
    /// their own ([`Issuer::audience_policy`](mcp_auth_core::Issuer::audience_policy)). Default:
    /// [`AudiencePolicy::ThisResource`].
    pub fn audience_policy(mut self, policy: AudiencePolicy) -> Self {
        self.audience_policy = policy;
        self
    }

    /// By how much clocks may differ. Default 30 s, at most 5 min.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// Accepts only tokens whose `typ` is `at+jwt` (RFC 9068 §2.1). Default: absent and `JWT` will
    /// do too, since WorkOS sends none.
    pub fn strict_token_type(mut self) -> Self {
        self.strict_type = true;
        self
    }

    /// Accepts only tokens that keep to RFC 9068 in full: `typ` is `at+jwt` (§2.1), and `iss`,
    /// `exp`, `aud`, `sub`, `client_id`, `iat` and `jti` are all there (§2.2). Default: no, since
    /// WorkOS and others send no `typ`, and some leave out `jti` or `client_id`.
    pub fn strict_rfc9068(mut self) -> Self {
        self.strict_claims = true;
        self.strict_token_type()
    }

    /// Refuses callers by any claim of their verified token: only some clients, tenants or
    /// organizations may call, for example. An error is a 403 with the reason `refused_by_policy`,
    /// and its text is in the log and nowhere else. Default: no check. May be called several times;
    /// all must pass.
    ///
    /// It is called on every request with a token, bearer or session, after its signature, claims and
    /// revocations were checked, so it must not wait for anything. Static keys have no token and are
    /// not checked. With several issuers, [`issuer`](VerifiedToken::issuer) tells whose token it is.
    ///
    /// ```
    /// # use actix_mcp_auth::McpAuth;
    /// let auth = McpAuth::builder("https://app.example.com/mcp")
    ///     .issuer("https://login.example.com")
    ///     .check(|token| match token.organization() {
    ///         Some("org_01ABC") => Ok(()),
    ///         _ => Err("not our organization"),
    ///     })
    ///     .build()?;
    /// # Ok::<(), actix_mcp_auth::BuildError>(())
    /// ```
    pub fn check<E: Into<String>>(
        mut self,
        check: impl Fn(&VerifiedToken) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push(TokenCheck::new(check));
        self
    }

    /// The longest token that is looked at, in bytes. Default 16 KiB. The server's own bound on
    /// headers counts as well: 128 KiB in actix-web.
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.max_token_len = bytes;
        self
    }

    /// What checks signatures. Default: [`Josekit`](mcp_auth_core::signature::Josekit), and so
    /// OpenSSL; with the feature `aws-lc-rs` there is `AwsLcRs`, which is faster. What is accepted
    /// does not depend on it.
    pub fn signature_backend(mut self, backend: impl SignatureBackend) -> Self {
        self.signatures = Arc::new(backend);
        self
    }

    /// How long verified tokens are remembered, and how many. Default: for 60 s at most and never
    /// past the token's `exp`, 16,384 tokens, 64 MiB; [`TokenCacheSettings::off`] verifies every
    /// request anew. [`cache`](mcp_auth_core::cache) tells what ends an entry.
    pub fn token_cache(mut self, settings: TokenCacheSettings) -> Self {
        self.token_cache = settings;
        self
    }
}
