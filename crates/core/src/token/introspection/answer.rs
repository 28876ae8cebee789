//! An introspection endpoint's answer (RFC 7662 §2.2), read as strictly as a token's payload.

use std::{fmt, sync::Arc};

use serde::de::MapAccess;

use crate::{
    http::HttpResponse,
    rejection::TokenError,
    scope::ScopeSet,
    strict_json::{self, ObjectReader, Simple},
    token::claims::Claims,
};

/// What an issuer says about a token.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// It is an active access token. The claims are not checked yet.
    Active(Arc<ActiveToken>),
    /// It is not active: expired, revoked, unknown, or not for this resource to know.
    Inactive,
    /// It is active, and of no use here.
    Refused(TokenError),
}

/// What an issuer says of an active access token. Only [`Answer::read`] makes one.
pub(crate) struct ActiveToken {
    claims: Claims,
    scopes: Option<ScopeSet>,
}

impl ActiveToken {
    /// The answer's members, unchecked.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// `scope`, where the answer has it.
    pub(crate) fn listed_scopes(&self) -> Option<&ScopeSet> {
        self.scopes.as_ref()
    }
}

/// Shows what [`Claims`] shows.
impl fmt::Debug for ActiveToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ActiveToken").field(&self.claims).finish()
    }
}

impl Answer {
    /// Reads a response.
    ///
    /// # Errors
    /// Why it says nothing about the token, for the log.
    pub(crate) fn read(response: &HttpResponse) -> Result<Self, String> {
        match response.status() {
            200 => Self::read_body(response.body()).map_err(str::to_owned),
            status @ (400 | 401 | 403) => Err(format!(
                "it answers {status}: are client id, secret or key, and the method of \
                 authentication those that it has for this client, and may the client introspect \
                 tokens?"
            )),
            status => Err(format!("it answers {status}")),
        }
    }

    fn read_body(body: &[u8]) -> Result<Self, &'static str> {
        let mut members = Members::default();
        strict_json::read_object(body, &mut members).map_err(
            |_| "its answer is not a JSON object with each member once and `active` true or false",
        )?;
        match members.active {
            Some(true) => {}
            Some(false) => return Ok(Self::Inactive),
            None => return Err("its answer has no member `active`"),
        }
        if members.is_other_kind {
            return Ok(Self::Refused(TokenError::UnacceptableType));
        }
        let claims = match Claims::parse(body) {
            Ok(claims) => claims,
            Err(error) => return Ok(Self::Refused(error)),
        };
        if members.is_dpop && !claims.has_cnf {
            return Ok(Self::Refused(TokenError::UnconfirmedBinding));
        }
        let scopes = claims.lists_scopes().then(|| claims.clone().scopes());
        Ok(Self::Active(Arc::new(ActiveToken { claims, scopes })))
    }
}

/// What is read besides the claims.
#[derive(Default)]
struct Members {
    active: Option<bool>,
    /// Whether it is a DPoP token (RFC 9449 §6.2).
    is_dpop: bool,
    /// Whether a member says that it is something else than an access token: endpoints answer for
    /// refresh tokens and ID tokens as well.
    is_other_kind: bool,
}

impl<'de> ObjectReader<'de> for Members {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "active" => self.active = Some(map.next_value()?),
            // `token_type` is RFC 7662's; `typ` is Keycloak's and `token_use` Ory's.
            "token_type" | "typ" | "token_use" => match strict_json::read_simple(map)? {
                Simple::Text(kind) => self.read_kind(&kind),
                Simple::Other => {}
                _ => self.is_other_kind = true,
            },
            _ => strict_json::skip_value(map)?,
        }
        Ok(())
    }
}

impl Members {
    fn read_kind(&mut self, kind: &str) {
        const ACCESS_TOKEN: [&str; 7] = [
            "bearer",
            "access_token",
            "access",
            "urn:ietf:params:oauth:token-type:access_token",
            "jwt",
            "at+jwt",
            "application/at+jwt",
        ];
        match kind.eq_ignore_ascii_case("dpop") {
            true => self.is_dpop = true,
            false => {
                let known = ACCESS_TOKEN.iter().any(|known| kind.eq_ignore_ascii_case(known));
                self.is_other_kind |= !known;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Answer, String> {
        Answer::read(&HttpResponse::new(200).with_body(body))
    }

    #[test]
    fn r32_only_active_true_is_an_active_token() {
        assert!(matches!(read(r#"{"active":true,"sub":"s"}"#), Ok(Answer::Active(_))));
        for inactive in [r#"{"active":false}"#, r#"{"active":false,"aud":null,"exp":"soon"}"#] {
            assert!(matches!(read(inactive), Ok(Answer::Inactive)), "{inactive}");
        }
        for unusable in [
            "{}",
            "",
            "null",
            "[true]",
            "true",
            r#"{"active":"true"}"#,
            r#"{"active":1}"#,
            r#"{"active":null}"#,
            r#"{"active":true,"active":true}"#,
            r#"{"active":false,"active":true}"#,
            r#"{"active":true,"sub":"a","sub":"b"}"#,
            r#"{"active":true} {"active":true}"#,
            r#"{"Active":true}"#,
            "<html><body>active</body></html>",
        ] {
            assert!(read(unusable).is_err(), "{unusable}");
        }
    }

    #[test]
    fn r32_no_status_but_200_is_an_answer() {
        for status in [201, 204, 302, 400, 401, 403, 404, 429, 500, 503] {
            let response = HttpResponse::new(status).with_body(r#"{"active":true}"#);
            let why = Answer::read(&response).unwrap_err();
            assert!(why.contains(&status.to_string()), "{why}");
        }
    }

    #[test]
    fn r32_a_claim_of_the_wrong_type_is_refused_as_in_a_jwt() {
        let body = r#"{"active":true,"exp":"soon"}"#;
        let Ok(Answer::Refused(error)) = read(body) else { panic!("not refused") };
        assert_eq!(error, TokenError::MalformedPayload { claim: Some("exp") });
    }

    #[test]
    fn r32_refresh_tokens_and_id_tokens_are_refused() {
        for kind in [
            r#""token_type":"Bearer""#,
            r#""token_type":"access_token""#,
            r#""token_type":null"#,
            r#""typ":"Bearer","token_type":"bearer""#,
            r#""token_use":"access_token""#,
        ] {
            let answer = read(&format!(r#"{{"active":true,{kind}}}"#));
            assert!(matches!(answer, Ok(Answer::Active(_))), "{kind}");
        }
        for kind in [
            r#""token_type":"refresh_token""#,
            r#""token_use":"refresh_token","token_type":"Bearer""#,
            r#""typ":"Refresh""#,
            r#""typ":"ID""#,
            r#""token_type":7"#,
        ] {
            let answer = read(&format!(r#"{{"active":true,{kind}}}"#));
            let refused = matches!(answer, Ok(Answer::Refused(TokenError::UnacceptableType)));
            assert!(refused, "{kind}");
        }
    }

    #[test]
    fn r31_r32_a_dpop_token_without_cnf_is_refused() {
        let answer = read(r#"{"active":true,"token_type":"DPoP"}"#);
        assert!(matches!(answer, Ok(Answer::Refused(TokenError::UnconfirmedBinding))));
        let bound = read(r#"{"active":true,"token_type":"DPoP","cnf":{"jkt":"x"}}"#);
        let Ok(Answer::Active(token)) = bound else { panic!("not read") };
        assert!(token.claims().has_cnf);
    }

    #[test]
    fn r09_debug_of_an_answer_shows_no_other_claim() {
        let answer = read(r#"{"active":true,"sub":"s","username":"ada@example.com"}"#);
        assert!(!format!("{answer:?}").contains("ada@"));
    }
}
