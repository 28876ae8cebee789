//! Which of an issuer's tokens are access tokens.

use std::sync::Arc;

use super::Issuer;
use crate::token::verified::VerifiedToken;

impl Issuer {
    /// Says which of this issuer's tokens are access tokens, where their claims leave it open.
    ///
    /// An audience that is no URL can be a client id, which ID tokens have in `aud`. There a token
    /// must show that it is an access token: by `scope`, `scp`, `client_id`, the claim `typ: Bearer`
    /// or `token_use: access`, or the header `typ: at+jwt`. Some issuers set none of these, or set
    /// `at_hash` in access tokens as well. The rule is asked for their tokens alone, after their
    /// signature and their other claims were found good. A token that says itself that it is of
    /// another kind (`typ` or `token_use`: `ID`, `Refresh`; `events`) is refused in any case.
    ///
    /// Name a claim that the issuer's ID tokens do not have. Default: such tokens are refused, with
    /// the reason `id_token`.
    ///
    /// ```
    /// # use mcp_auth_core::Issuer;
    /// let entra = Issuer::new("https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0")?
    ///     .audience("00000000-0000-0000-0000-000000000001")
    ///     .access_token_if(|token| token.claim::<String>("idtyp") == Ok(Some("app".into())));
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn access_token_if(
        mut self,
        rule: impl Fn(&VerifiedToken) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.access_tokens = Some(Arc::new(rule));
        self
    }

    /// Whether there is such a rule.
    pub(crate) fn tells_kind(&self) -> bool {
        self.access_tokens.is_some()
    }

    /// Whether the rule takes this for an access token.
    pub(crate) fn says_access_token(&self, token: &VerifiedToken) -> bool {
        self.access_tokens.as_ref().is_some_and(|rule| rule(token))
    }
}
