//! Checks a token's claims: one function per rule, named after its claim.

use std::{sync::Arc, time::Duration};

use crate::{
    keys::jws::JoseHeader,
    metadata::resource::Resource,
    rejection::TokenError,
    time::UnixTime,
    token::audience::AudienceRule,
    token::claims::Claims,
    token::kind::{Kind, TokenForm, token_type},
};

/// The rules that tokens of one issuer must satisfy at one resource.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// The accepted values of `iss`.
    pub(crate) issuer_names: Vec<Arc<str>>,
    /// The rule for `aud`.
    pub(crate) audience: AudienceRule,
    /// The tolerated clock skew.
    pub(crate) leeway: Duration,
    /// The longest lifetime of a token.
    pub(crate) max_lifetime: Duration,
    /// Whether `typ` must be `at+jwt` (RFC 9068 §2.1).
    pub(crate) strict_type: bool,
    /// Whether every claim that RFC 9068 §2.2 requires must be present.
    pub(crate) strict_claims: bool,
    /// Whether the issuer says itself which tokens are access tokens, once they are verified.
    pub(crate) issuer_tells_kind: bool,
}

impl TokenRules {
    /// The default for the tolerated clock skew: 30 s.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);
    /// The maximum for the tolerated clock skew: 5 min.
    pub const MAX_LEEWAY: Duration = Duration::from_secs(300);
    /// The default for the longest lifetime of a token: 31 days.
    pub const DEFAULT_MAX_LIFETIME: Duration = Duration::from_secs(31 * 24 * 60 * 60);

    /// The same rules at another resource.
    pub(crate) fn at(&self, resource: &Resource) -> Self {
        let mut rules = self.clone();
        rules.audience.resource = resource.clone();
        rules
    }

    /// Checks all rules in order and returns the first error. The kind is unclear only where the
    /// issuer has a rule for it.
    pub(crate) fn check<'t>(
        &self,
        form: impl Into<TokenForm<'t>>,
        claims: &Claims,
        now: UnixTime,
    ) -> Result<Kind, TokenError> {
        let form = form.into();
        token_type(form, self.strict_type)?;
        issuer(claims, &self.issuer_names)?;
        let kind = self.check_audience(form, claims)?;
        expiry(claims, now, self.leeway)?;
        lifetime(claims, now, self.max_lifetime + self.leeway)?;
        not_before(claims, now, self.leeway)?;
        issued_at(claims, now, self.leeway)?;
        subject(claims)?;
        if self.strict_claims {
            profile_claims(claims)?;
        }
        Ok(kind)
    }

    fn check_audience(&self, form: TokenForm<'_>, claims: &Claims) -> Result<Kind, TokenError> {
        match self.audience.check(form, claims)? {
            Kind::Unclear if !self.issuer_tells_kind => Err(TokenError::IdToken),
            kind => Ok(kind),
        }
    }

    /// Rejects tokens that would be rejected with any key, before a key is fetched for them. The
    /// signature is not verified yet, so that success proves nothing.
    pub(crate) fn check_before_fetch(
        &self,
        header: &JoseHeader,
        claims: &Claims,
        now: UnixTime,
    ) -> Result<(), TokenError> {
        self.check_audience(header.into(), claims)?;
        expiry(claims, now, self.leeway)
    }
}

/// What the issuer's answer about a JWT may add.
impl TokenRules {
    /// Checks those claims that the answer has: every member is optional (RFC 7662 §2.2), and the
    /// JWT's own claims were checked before.
    pub(crate) fn check_answer_about_jwt(
        &self,
        answer: &Claims,
        now: UnixTime,
    ) -> Result<(), TokenError> {
        if answer.issuer().is_some() {
            issuer(answer, &self.issuer_names)?;
        }
        if answer.audiences().is_some() {
            self.check_audience(TokenForm::Introspected, answer)?;
        }
        if answer.exp.is_some() {
            expiry(answer, now, self.leeway)?;
        }
        not_before(answer, now, self.leeway)
    }
}

/// "The issuer identifier MUST exactly match the value of the `iss` claim" (RFC 9068 §4).
fn issuer(claims: &Claims, names: &[Arc<str>]) -> Result<(), TokenError> {
    let Some(iss) = claims.issuer() else { return Err(TokenError::MissingClaim("iss")) };
    match names.iter().any(|name| **name == *iss) {
        true => Ok(()),
        false => Err(TokenError::UntrustedIssuer { found: iss.to_owned() }),
    }
}

/// "The current date/time MUST be before the expiration date/time" (RFC 7519 §4.1.4).
fn expiry(claims: &Claims, now: UnixTime, leeway: Duration) -> Result<(), TokenError> {
    let Some(exp) = claims.exp else { return Err(TokenError::MissingClaim("exp")) };
    let exp = exp.as_secs_f64();
    match now.as_secs_f64() < exp + leeway.as_secs_f64() {
        true => Ok(()),
        false => Err(TokenError::Expired { exp, now }),
    }
}

/// Rejects a token that is good for longer than revocations are kept: from now, and from its time of
/// issue. It could otherwise be accepted again once its revocation is deleted.
fn lifetime(claims: &Claims, now: UnixTime, most: Duration) -> Result<(), TokenError> {
    let Some(exp) = claims.exp else { return Err(TokenError::MissingClaim("exp")) };
    let from_now = exp.as_secs_f64() - now.as_secs_f64();
    let from_issue = claims.iat.map_or(from_now, |iat| exp.as_secs_f64() - iat.as_secs_f64());
    match from_now.max(from_issue) <= most.as_secs_f64() {
        true => Ok(()),
        false => Err(TokenError::LifetimeTooLong),
    }
}

/// "The current date/time MUST be after or equal to the not-before date/time" (RFC 7519 §4.1.5).
fn not_before(claims: &Claims, now: UnixTime, leeway: Duration) -> Result<(), TokenError> {
    match claims.nbf {
        Some(nbf) if now.as_secs_f64() + leeway.as_secs_f64() < nbf.as_secs_f64() => {
            Err(TokenError::NotYetValid)
        }
        _ => Ok(()),
    }
}

/// RFC 7519 §4.1.6 requires no check. A token from the future shows that a clock is wrong.
fn issued_at(claims: &Claims, now: UnixTime, leeway: Duration) -> Result<(), TokenError> {
    match claims.iat {
        Some(iat) if now.as_secs_f64() + leeway.as_secs_f64() < iat.as_secs_f64() => {
            Err(TokenError::IssuedInTheFuture)
        }
        _ => Ok(()),
    }
}

/// "A locally unique and never reassigned identifier", at most 255 characters (OpenID Connect
/// Core §2). Control characters are rejected, because applications store and log it.
fn subject(claims: &Claims) -> Result<(), TokenError> {
    let Some(sub) = claims.subject() else { return Err(TokenError::MissingClaim("sub")) };
    match is_subject(sub) {
        true => Ok(()),
        false => Err(TokenError::UnacceptableSubject),
    }
}

/// Whether `sub` has 1 to 255 characters and no control characters.
pub(crate) fn is_subject(sub: &str) -> bool {
    let is_short = || sub.len() <= 255 || sub.chars().count() <= 255;
    !sub.is_empty() && is_short() && !sub.chars().any(char::is_control)
}

/// RFC 9068 §2.2 requires `client_id`, `iat` and `jti` besides the claims that every token needs
/// here. `azp` does not count as `client_id`.
fn profile_claims(claims: &Claims) -> Result<(), TokenError> {
    let required = [
        ("client_id", claims.names_its_client()),
        ("iat", claims.iat.is_some()),
        ("jti", claims.token_id().is_some()),
    ];
    match required.into_iter().find(|(_, there)| !there) {
        None => Ok(()),
        Some((claim, _)) => Err(TokenError::MissingClaim(claim)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::algorithm::Algorithm;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const LEEWAY: Duration = Duration::from_secs(30);

    fn claims(json: &str) -> Claims {
        Claims::parse(json.as_bytes()).unwrap()
    }

    fn header(token_type: Option<&str>) -> JoseHeader {
        JoseHeader {
            algorithm: Algorithm::Rs256,
            key_id: None,
            token_type: token_type.map(Into::into),
        }
    }

    fn at(claim: &str, offset: f64) -> Claims {
        claims(&format!(r#"{{"{claim}":{}}}"#, NOW.as_secs_f64() + offset))
    }

    #[test]
    fn r18_iss_is_compared_byte_for_byte() {
        let names: [Arc<str>; 2] = ["https://i".into(), "https://j/".into()];
        for iss in ["https://i", "https://j/"] {
            assert_eq!(issuer(&claims(&format!(r#"{{"iss":"{iss}"}}"#)), &names), Ok(()));
        }
        for iss in ["https://i/", "https://j", "https://I", "http://i", "https://i.evil", ""] {
            let found = iss.to_owned();
            assert_eq!(
                issuer(&claims(&format!(r#"{{"iss":"{iss}"}}"#)), &names),
                Err(TokenError::UntrustedIssuer { found })
            );
        }
        assert_eq!(issuer(&claims("{}"), &names), Err(TokenError::MissingClaim("iss")));
    }

    #[test]
    fn r18_sub_has_1_to_255_characters_and_no_controls() {
        let long = |n| format!(r#"{{"sub":"{}"}}"#, "ü".repeat(n));
        assert_eq!(subject(&claims(&long(255))), Ok(()));
        assert_eq!(subject(&claims(r#"{"sub":"a b"}"#)), Ok(()));
        for acceptable in [" ", "~", "a\u{a0}b", "\u{e9}"] {
            let json = serde_json::json!({ "sub": acceptable }).to_string();
            assert_eq!(subject(&claims(&json)), Ok(()), "{acceptable:?}");
        }
        let plain = format!(r#"{{"sub":"{}"}}"#, "a".repeat(256));
        let controls = ["a\0", "a\nb", "\u{1f}", "a\u{7f}", "\u{80}", "\u{e9}\u{9f}"]
            .map(|sub| serde_json::json!({ "sub": sub }).to_string());
        for json in [long(256), long(0), plain].iter().chain(&controls) {
            assert_eq!(subject(&claims(json)), Err(TokenError::UnacceptableSubject), "{json}");
        }
        assert_eq!(subject(&claims("{}")), Err(TokenError::MissingClaim("sub")));
    }

    #[test]
    fn r21_strict_mode_requires_every_claim_of_rfc_9068() {
        let all = r#"{"client_id":"c","iat":1,"jti":"j"}"#;
        assert_eq!(profile_claims(&claims(all)), Ok(()));
        for (json, missing) in [
            (r#"{"azp":"c","iat":1,"jti":"j"}"#, "client_id"),
            (r#"{"client_id":"c","jti":"j"}"#, "iat"),
            (r#"{"client_id":"c","iat":1}"#, "jti"),
        ] {
            assert_eq!(profile_claims(&claims(json)), Err(TokenError::MissingClaim(missing)));
        }
    }

    #[test]
    fn r20_exp_is_required_and_extended_by_the_leeway() {
        assert_eq!(expiry(&at("exp", -29.9), NOW, LEEWAY), Ok(()));
        assert_eq!(expiry(&at("exp", 0.5), NOW, Duration::ZERO), Ok(()));
        for (offset, leeway) in [(-30.0, LEEWAY), (0.0, Duration::ZERO), (-1e9, LEEWAY)] {
            assert!(matches!(
                expiry(&at("exp", offset), NOW, leeway),
                Err(TokenError::Expired { .. })
            ));
        }
        assert_eq!(expiry(&claims(r#"{"exp":1e300}"#), NOW, LEEWAY), Ok(()));
        assert!(expiry(&claims(r#"{"exp":-1e300}"#), NOW, LEEWAY).is_err());
        assert_eq!(expiry(&claims("{}"), NOW, LEEWAY), Err(TokenError::MissingClaim("exp")));
    }

    #[test]
    fn r20_nbf_is_checked_if_present() {
        assert_eq!(not_before(&claims("{}"), NOW, LEEWAY), Ok(()));
        assert_eq!(not_before(&at("nbf", 30.0), NOW, LEEWAY), Ok(()));
        assert_eq!(not_before(&at("nbf", 30.5), NOW, LEEWAY), Err(TokenError::NotYetValid));
    }

    #[test]
    fn r20_iat_in_the_future_is_rejected() {
        assert_eq!(issued_at(&claims("{}"), NOW, LEEWAY), Ok(()));
        assert_eq!(issued_at(&at("iat", -1e9), NOW, LEEWAY), Ok(()));
        assert_eq!(issued_at(&at("iat", 30.0), NOW, LEEWAY), Ok(()));
        assert_eq!(issued_at(&at("iat", 30.5), NOW, LEEWAY), Err(TokenError::IssuedInTheFuture));
    }

    #[test]
    fn r21_typ_is_absent_or_one_of_three_in_any_case() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"] {
            assert_eq!(token_type(&header(Some(typ)), true), Ok(()), "{typ}");
        }
        for typ in [None, Some("JWT"), Some("jwt")] {
            assert_eq!(token_type(&header(typ), false), Ok(()));
            assert_eq!(token_type(&header(typ), true), Err(TokenError::UnacceptableType));
        }
        for typ in ["", "JWS", "logout+jwt", "dpop+jwt", "id+jwt", "at+jwt ", "application/jwt"] {
            assert_eq!(
                token_type(&header(Some(typ)), false),
                Err(TokenError::UnacceptableType),
                "{typ}"
            );
        }
    }
}
