//! What a token's claims must say: each rule one function, named after its claim.

use std::{sync::Arc, time::Duration};

use crate::{
    claims::Claims, jws::JoseHeader, rejection::TokenError, resource::Resource, time::UnixTime,
};

/// What one issuer's tokens must say to be good for one resource.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// The spellings of `iss` that the issuer's keys vouch for.
    pub(crate) issuer_names: Vec<Arc<str>>,
    /// The resource that must be in `aud`.
    pub(crate) resource: Resource,
    /// What may be in `aud` in its stead.
    pub(crate) audiences: Vec<String>,
    /// By how much clocks may differ.
    pub(crate) leeway: Duration,
    /// Whether `typ` must be that of RFC 9068.
    pub(crate) strict_type: bool,
}

impl TokenRules {
    /// The default for how much clocks may differ: 30 s.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);
    /// The most that can be allowed for: 5 min.
    pub const MAX_LEEWAY: Duration = Duration::from_secs(300);

    /// All rules in turn; the first that is broken is the answer.
    pub(crate) fn check(
        &self,
        header: &JoseHeader,
        claims: &Claims,
        now: UnixTime,
    ) -> Result<(), TokenError> {
        token_type(header, self.strict_type)?;
        issuer(claims, &self.issuer_names)?;
        audience(header, claims, &self.resource, &self.audiences)?;
        expiry(claims, now, self.leeway)?;
        not_before(claims, now, self.leeway)?;
        issued_at(claims, now, self.leeway)?;
        subject(claims)
    }

    /// Whether a token is worth asking its issuer for a newer key: a check that costs nothing,
    /// used only to refuse (R24).
    pub(crate) fn check_before_fetch(
        &self,
        header: &JoseHeader,
        claims: &Claims,
        now: UnixTime,
    ) -> Result<(), TokenError> {
        audience(header, claims, &self.resource, &self.audiences)?;
        expiry(claims, now, self.leeway)
    }
}

/// "The `typ` of an access token: `at+jwt`" (RFC 9068 §2.1, §4). Real issuers, WorkOS among them,
/// send `JWT` or nothing, which only the strict mode refuses (R21).
fn token_type(header: &JoseHeader, strict: bool) -> Result<(), TokenError> {
    let is =
        |name: &str| header.token_type.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(name));
    let access_token = is("at+jwt") || is("application/at+jwt");
    let untyped = header.token_type.is_none() || is("JWT");
    if access_token || (untyped && !strict) { Ok(()) } else { Err(TokenError::UnacceptableType) }
}

/// "The issuer identifier MUST exactly match the value of the `iss` claim" (RFC 9068 §4).
fn issuer(claims: &Claims, names: &[Arc<str>]) -> Result<(), TokenError> {
    let iss = claims.issuer().ok_or(TokenError::MissingClaim("iss"))?;
    match names.iter().any(|name| **name == *iss) {
        true => Ok(()),
        false => Err(TokenError::UntrustedIssuer { found: iss.to_owned() }),
    }
}

/// "The resource server MUST validate that the `aud` claim contains a resource indicator value
/// corresponding to an identifier the resource server expects for itself" (RFC 9068 §4).
fn audience(
    header: &JoseHeader,
    claims: &Claims,
    resource: &Resource,
    others: &[String],
) -> Result<(), TokenError> {
    let found = claims.aud.as_ref().ok_or(TokenError::MissingClaim("aud"))?;
    if found.iter().any(|audience| audience == resource.as_str()) {
        return Ok(());
    }
    if found.iter().any(|audience| others.iter().any(|other| other == audience)) {
        return not_an_id_token(header, claims);
    }
    Err(TokenError::ForeignAudience {
        expected: std::iter::once(resource.as_str().to_owned()).chain(others.to_vec()).collect(),
        found: found.iter().map(str::to_owned).collect(),
    })
}

/// A configured audience may be a client id, which is also what an ID token has in `aud`: there,
/// something must show that this is an access token (R21).
fn not_an_id_token(header: &JoseHeader, claims: &Claims) -> Result<(), TokenError> {
    let shown = token_type(header, true).is_ok() || claims.has_access_token_mark();
    match shown && !claims.has_id_token_mark {
        true => Ok(()),
        false => Err(TokenError::IdToken),
    }
}

/// "The current date/time MUST be before the expiration date/time" (RFC 7519 §4.1.4).
fn expiry(claims: &Claims, now: UnixTime, leeway: Duration) -> Result<(), TokenError> {
    let exp = claims.exp.ok_or(TokenError::MissingClaim("exp"))?.as_secs_f64();
    match now.as_secs_f64() < exp + leeway.as_secs_f64() {
        true => Ok(()),
        false => Err(TokenError::Expired { exp, now }),
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

/// RFC 7519 §4.1.6 asks for nothing; a token from the future shows that a clock is wrong (R20).
fn issued_at(claims: &Claims, now: UnixTime, leeway: Duration) -> Result<(), TokenError> {
    match claims.iat {
        Some(iat) if now.as_secs_f64() + leeway.as_secs_f64() < iat.as_secs_f64() => {
            Err(TokenError::IssuedInTheFuture)
        }
        _ => Ok(()),
    }
}

/// "A locally unique and never reassigned identifier", at most 255 characters (OpenID Connect
/// Core §2); what an application's table and log can hold (R18).
fn subject(claims: &Claims) -> Result<(), TokenError> {
    let sub = claims.subject().ok_or(TokenError::MissingClaim("sub"))?;
    let acceptable = (1..=255).contains(&sub.chars().count()) && !sub.chars().any(char::is_control);
    match acceptable {
        true => Ok(()),
        false => Err(TokenError::UnacceptableSubject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;

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

    fn aud(json: &str) -> Result<(), TokenError> {
        let resource = Resource::parse("https://h/mcp").unwrap();
        audience(&header(None), &claims(json), &resource, &["api".into()])
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
    fn r18_sub_is_1_to_255_characters_without_controls() {
        let long = |n| format!(r#"{{"sub":"{}"}}"#, "ü".repeat(n));
        assert_eq!(subject(&claims(&long(255))), Ok(()));
        assert_eq!(subject(&claims(r#"{"sub":"a b"}"#)), Ok(()));
        for json in [&long(256), &long(0), r#"{"sub":"a\u0000"}"#, r#"{"sub":"a\nb"}"#] {
            assert_eq!(subject(&claims(json)), Err(TokenError::UnacceptableSubject));
        }
        assert_eq!(subject(&claims("{}")), Err(TokenError::MissingClaim("sub")));
    }

    #[test]
    fn r19_aud_must_contain_this_resource_or_a_configured_audience() {
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
    fn r21_an_id_token_is_refused_where_a_client_id_is_an_accepted_audience() {
        assert_eq!(aud(r#"{"aud":"api"}"#), Err(TokenError::IdToken));
        assert_eq!(aud(r#"{"aud":"api","nonce":"n"}"#), Err(TokenError::IdToken));
        assert_eq!(aud(r#"{"aud":"api","scope":"a","at_hash":"h"}"#), Err(TokenError::IdToken));
        assert_eq!(aud(r#"{"aud":"api","client_id":"c"}"#), Ok(()));
    }

    #[test]
    fn r20_exp_is_required_and_ends_with_the_leeway() {
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
    fn r20_nbf_is_honoured_when_present() {
        assert_eq!(not_before(&claims("{}"), NOW, LEEWAY), Ok(()));
        assert_eq!(not_before(&at("nbf", 30.0), NOW, LEEWAY), Ok(()));
        assert_eq!(not_before(&at("nbf", 30.5), NOW, LEEWAY), Err(TokenError::NotYetValid));
    }

    #[test]
    fn r20_iat_refuses_only_what_comes_from_the_future() {
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
