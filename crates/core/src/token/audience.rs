//! Checks a token's audience (`aud`).

use crate::{
    metadata::resource::Resource,
    rejection::TokenError,
    token::claims::Claims,
    token::kind::{self, Kind, TokenForm},
};

/// How strictly `aud` is checked. No policy accepts a token whose `aud` names only other resources.
///
/// ```
/// # mod actix_mcp_auth { pub use mcp_auth_core::*; pub mod issuer { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::{Issuer, issuer::AudiencePolicy};
///
/// let issuer = Issuer::new("https://login.example.com")?
///     .audience_policy(AudiencePolicy::ThisResourceOnly);
/// # Ok::<(), mcp_auth_core::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AudiencePolicy {
    /// `aud` must contain this resource or a configured audience. It may contain others as well:
    /// many issuers add their own userinfo endpoint. The default.
    #[default]
    ThisResource,
    /// The same, and `aud` must contain nothing else. This rejects tokens that another server
    /// accepts as well and could replay here.
    ThisResourceOnly,
    /// `aud` may be absent, because the issuer has a key set per client, so that the signature
    /// proves for which client the token was issued. A present `aud` is checked as in
    /// [`ThisResource`](Self::ThisResource).
    ///
    /// MCP forbids it: tokens for an MCP resource must name it. Use it for web routes that accept
    /// the tokens of a web sign-in, such as those of WorkOS
    /// ([`Issuer::workos_sessions`](crate::Issuer::workos_sessions)). The resource must be declared
    /// as [not MCP](ResourceKind::Api).
    BoundByKeySet,
}

/// The kind of a resource, which decides which audience policies are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ResourceKind {
    /// An MCP server: tokens of every issuer must name it in `aud`. The default.
    #[default]
    Mcp,
    /// Any other API, or the routes of a web application.
    Api,
}

/// The audiences that are accepted.
#[derive(Debug, Clone)]
pub(crate) struct AudienceRule {
    /// The protected resource.
    pub(crate) resource: Resource,
    /// Audiences that are accepted instead of the resource.
    pub(crate) others: Vec<String>,
    pub(crate) policy: AudiencePolicy,
    /// Whether the issuer's tokens are those of sessions, which have a `sid`; it issues no ID tokens
    /// with the same keys.
    pub(crate) of_sessions: bool,
}

impl AudienceRule {
    /// "The resource server MUST validate that the `aud` claim contains a resource indicator value
    /// corresponding to an identifier the resource server expects for itself" (RFC 9068 §4).
    pub(crate) fn check<'t>(
        &self,
        form: impl Into<TokenForm<'t>>,
        claims: &Claims,
    ) -> Result<Kind, TokenError> {
        let form = form.into();
        let Some(found) = claims.audiences() else {
            return match (self.policy, form) {
                // No key has confirmed an introspected token, so that nothing binds it.
                (AudiencePolicy::BoundByKeySet, TokenForm::Jwt(_)) => kind::of(form, claims, false),
                _ => Err(TokenError::MissingClaim("aud")),
            };
        };
        let names_us = |audience: &str| audience == self.resource.as_str();
        let names_other = |audience: &str| self.others.iter().any(|other| other == audience);
        let names_a_resource = |audience: &str| {
            names_us(audience) || (names_other(audience) && !kind::can_be_a_client_id(audience))
        };
        let by_name = found.clone().any(names_a_resource);
        if !by_name && !found.clone().any(names_other) {
            return Err(TokenError::ForeignAudience {
                expected: self.accepted(),
                found: found.map(str::to_owned).collect(),
            });
        }
        if self.policy == AudiencePolicy::ThisResourceOnly {
            let mut found = found;
            let foreign = found.find(|audience| !names_us(audience) && !names_other(audience));
            if let Some(foreign) = foreign {
                return Err(TokenError::FurtherAudience { found: foreign.to_owned() });
            }
        }
        // A session token with the client id for its audience has neither scopes nor a client id.
        let is_of_session = self.of_sessions && claims.session().is_some();
        let is_known = by_name || (is_of_session && !claims.marks.token_hash);
        kind::of(form, claims, !is_known)
    }

    fn accepted(&self) -> Vec<String> {
        std::iter::once(self.resource.as_str().to_owned()).chain(self.others.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{algorithm::Algorithm, jws::JoseHeader};

    fn check(policy: AudiencePolicy, json: &str) -> Result<(), TokenError> {
        let header = JoseHeader { algorithm: Algorithm::Rs256, key_id: None, token_type: None };
        let resource = Resource::parse("https://h/mcp").unwrap();
        let others = vec!["api".into(), "https://api.example.com".into()];
        let rule = AudienceRule { resource, others, policy, of_sessions: false };
        match rule.check(&header, &Claims::parse(json.as_bytes()).unwrap())? {
            Kind::AccessToken => Ok(()),
            Kind::Unclear => Err(TokenError::IdToken),
        }
    }

    fn aud(json: &str) -> Result<(), TokenError> {
        check(AudiencePolicy::ThisResource, json)
    }

    #[test]
    fn r19_aud_contains_this_resource_or_a_configured_audience() {
        for json in [
            r#"{"aud":"https://h/mcp"}"#,
            r#"{"aud":["https://other","https://h/mcp"]}"#,
            r#"{"aud":"api","scope":"a"}"#,
        ] {
            assert_eq!(aud(json), Ok(()), "{json}");
        }
        for json in [
            r#"{"aud":"https://h/mcp/"}"#,
            r#"{"aud":"https://h"}"#,
            r#"{"aud":"https://h/mcp/other"}"#,
            r#"{"aud":[]}"#,
            r#"{"aud":""}"#,
        ] {
            assert!(matches!(aud(json), Err(TokenError::ForeignAudience { .. })), "{json}");
        }
        assert_eq!(aud("{}"), Err(TokenError::MissingClaim("aud")));
    }

    #[test]
    fn r19_the_error_names_expected_and_found_audiences() {
        let foreign = TokenError::ForeignAudience {
            expected: ["https://h/mcp", "api", "https://api.example.com"].map(Into::into).into(),
            found: vec!["https://a".into(), "https://b".into()],
        };
        assert_eq!(aud(r#"{"aud":["https://a","https://b"]}"#), Err(foreign));
    }

    #[test]
    fn r19_strict_policy_rejects_further_audiences() {
        let only = |json| check(AudiencePolicy::ThisResourceOnly, json);
        for json in [r#"{"aud":"https://h/mcp"}"#, r#"{"aud":["https://h/mcp","api"]}"#] {
            assert_eq!(only(json), Ok(()), "{json}");
        }
        for json in [
            r#"{"aud":["https://h/mcp","https://other"]}"#,
            r#"{"aud":["https://other","api"],"scope":"a"}"#,
        ] {
            let found = "https://other".to_owned();
            assert_eq!(only(json), Err(TokenError::FurtherAudience { found }), "{json}");
        }
        assert_eq!(only("{}"), Err(TokenError::MissingClaim("aud")));
    }

    #[test]
    fn r19_bound_by_key_set_accepts_no_aud_but_no_foreign_one() {
        let bound = |json| check(AudiencePolicy::BoundByKeySet, json);
        assert_eq!(bound("{}"), Ok(()));
        assert_eq!(bound(r#"{"aud":"https://h/mcp"}"#), Ok(()));
        for json in [r#"{"aud":"https://other"}"#, r#"{"aud":[]}"#] {
            assert!(matches!(bound(json), Err(TokenError::ForeignAudience { .. })), "{json}");
        }
    }

    #[test]
    fn r21_an_id_token_for_a_configured_client_id_is_rejected() {
        assert_eq!(aud(r#"{"aud":"api"}"#), Err(TokenError::IdToken));
        assert_eq!(aud(r#"{"aud":"api","nonce":"n"}"#), Err(TokenError::IdToken));
        assert_eq!(aud(r#"{"aud":"api","scope":"a","at_hash":"h"}"#), Err(TokenError::IdToken));
        assert_eq!(aud(r#"{"aud":"api","client_id":"c"}"#), Ok(()));
    }

    #[test]
    fn r21_an_audience_that_is_a_url_is_no_client_id() {
        for (resource, json) in [
            ("Auth0, client credentials", r#"{"azp":"c","gty":"client-credentials"}"#),
            ("Cloudflare Access", r#"{"type":"app","identity_nonce":"n"}"#),
            ("FusionAuth", r#"{"applicationId":"c","roles":["a"]}"#),
        ] {
            let mut claims: serde_json::Value = serde_json::from_str(json).unwrap();
            claims["aud"] = "https://api.example.com".into();
            assert_eq!(aud(&claims.to_string()), Ok(()), "{resource}");
            claims["at_hash"] = "h".into();
            assert_eq!(aud(&claims.to_string()), Err(TokenError::IdToken), "{resource}");
        }
    }

    #[test]
    fn r21_an_id_token_that_names_the_resource_as_well_is_rejected() {
        let with =
            |members: &str| aud(&format!(r#"{{"aud":["client","https://h/mcp"],{members}}}"#));
        for members in [
            r#""at_hash":"h""#,
            r#""c_hash":"h""#,
            r#""nonce":"n","auth_time":1"#,
            r#""azp":"client","typ":"ID","nonce":"n""#,
            r#""token_use":"id""#,
            r#""typ":"Refresh","scope":"openid""#,
            r#""typ":"Offline""#,
            r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}}"#,
        ] {
            assert_eq!(with(members), Err(TokenError::IdToken), "{members}");
        }
        for members in [
            r#""sid":"s""#,
            r#""nonce":"n","typ":"Bearer","auth_time":1"#,
            r#""token_use":"access","auth_time":1"#,
            r#""scope":"openid","nonce":"n","auth_time":1"#,
            r#""client_id":"c","at_hash":"h""#,
            r#""typ":7,"token_use":{"id":1}"#,
        ] {
            assert_eq!(with(members), Ok(()), "{members}");
        }
    }
}
