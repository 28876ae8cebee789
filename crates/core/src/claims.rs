//! A token's claims (RFC 7519 §4), read strictly into a struct of our own.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

use crate::{
    rejection::TokenError,
    scope::ScopeSet,
    strict_json::{self, ObjectReader},
};

/// The claims that decide. Nothing here is to be believed before the signature is confirmed;
/// [`VerifiedToken`](crate::VerifiedToken) is what can be.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    pub(crate) iss: Option<Box<str>>,
    pub(crate) sub: Option<Box<str>>,
    pub(crate) aud: Option<Audiences>,
    pub(crate) exp: Option<NumericDate>,
    pub(crate) nbf: Option<NumericDate>,
    pub(crate) iat: Option<NumericDate>,
    pub(crate) jti: Option<Box<str>>,
    client_id: Option<Box<str>>,
    azp: Option<Box<str>>,
    scope: Option<ScopeClaim>,
    scp: Option<ScopeClaim>,
    pub(crate) actor: Option<Actor>,
    pub(crate) has_cnf: bool,
    pub(crate) has_id_token_mark: bool,
}

/// Who acts as the subject (RFC 8693 §4.1): a member of staff who impersonates a user, say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Actor {
    /// The actor's own subject.
    pub subject: Option<Box<str>>,
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut actor = Self::default();
        strict_json::deserialize_object(deserializer, &mut actor)?;
        Ok(actor)
    }
}

impl<'de> ObjectReader<'de> for Actor {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "sub" => self.subject = map.next_value()?,
            _ => strict_json::skip_value(map)?,
        }
        Ok(())
    }
}

/// Seconds since the epoch: any finite JSON number, fractions included (RFC 7519 §2).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct NumericDate(f64);

impl NumericDate {
    /// Seconds since the epoch.
    pub fn as_secs_f64(self) -> f64 {
        self.0
    }
}

/// `aud`: a string, or an array of strings (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audiences(Vec<Box<str>>);

impl Audiences {
    /// The audiences, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|audience| &**audience)
    }
}

impl Claims {
    /// Reads a payload. Claims that are not known here are read over, but a member that occurs
    /// twice spoils the whole, wherever it stands (R23).
    ///
    /// # Errors
    /// [`TokenError::MalformedPayload`]: not a JSON object, or a claim of the wrong type.
    pub fn parse(json: &[u8]) -> Result<Self, TokenError> {
        let mut reader = ClaimReader::default();
        match strict_json::read_object(json, &mut reader) {
            Ok(()) => Ok(reader.claims),
            Err(_) => Err(TokenError::MalformedPayload { claim: reader.reading }),
        }
    }

    /// `iss`.
    pub fn issuer(&self) -> Option<&str> {
        self.iss.as_deref()
    }

    /// `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// `client_id` (RFC 9068 §2.2), or `azp` where an issuer has that instead.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref().or(self.azp.as_deref())
    }

    /// Whether there is a `client_id`, which RFC 9068 §2.2 requires and for which `azp` will not do.
    pub(crate) fn names_its_client(&self) -> bool {
        self.client_id.is_some()
    }

    /// What the token grants: `scope`, or `scp` where there is no `scope`; never their union
    /// (R22).
    pub(crate) fn scopes(&mut self) -> ScopeSet {
        self.scope.take().or(self.scp.take()).map(|claim| claim.0).unwrap_or_default()
    }

    /// Whether something in it is what access tokens have and ID tokens have not.
    pub(crate) fn has_access_token_mark(&self) -> bool {
        self.client_id.is_some() || self.scope.is_some() || self.scp.is_some()
    }
}

/// Reads one claim of a payload into a type of the caller's.
pub(crate) fn read_claim<T: DeserializeOwned>(
    payload: &[u8],
    name: &str,
) -> Result<Option<T>, ClaimTypeError> {
    struct One<'n, T>(&'n str, Option<T>);

    impl<'de, T: DeserializeOwned> ObjectReader<'de> for One<'_, T> {
        fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
            match name == self.0 {
                true => self.1 = map.next_value()?,
                false => strict_json::skip_value(map)?,
            }
            Ok(())
        }
    }

    let mut reader = One(name, None);
    strict_json::read_object(payload, &mut reader)
        .map_err(|_| ClaimTypeError { claim: name.to_owned() })?;
    Ok(reader.1)
}

/// A claim is not of the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimTypeError {
    claim: String,
}

impl fmt::Display for ClaimTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claim {:?} is not of the type asked for", self.claim)
    }
}

impl std::error::Error for ClaimTypeError {}

#[derive(Default)]
struct ClaimReader {
    claims: Claims,
    /// The registered claim that is being read: the culprit where reading ends early.
    reading: Option<&'static str>,
}

impl ClaimReader {
    fn read<'de, A, T>(&mut self, claim: &'static str, map: &mut A) -> Result<T, A::Error>
    where
        A: MapAccess<'de>,
        T: Deserialize<'de>,
    {
        self.reading = Some(claim);
        let value = map.next_value()?;
        self.reading = None;
        Ok(value)
    }
}

impl<'de> ObjectReader<'de> for ClaimReader {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "iss" => self.claims.iss = Some(self.read("iss", map)?),
            "sub" => self.claims.sub = Some(self.read("sub", map)?),
            "aud" => self.claims.aud = Some(self.read("aud", map)?),
            "exp" => self.claims.exp = Some(self.read("exp", map)?),
            "nbf" => self.claims.nbf = Some(self.read("nbf", map)?),
            "iat" => self.claims.iat = Some(self.read("iat", map)?),
            "jti" => self.claims.jti = Some(self.read("jti", map)?),
            "client_id" => self.claims.client_id = self.read("client_id", map)?,
            "azp" => self.claims.azp = self.read("azp", map)?,
            "scope" => self.claims.scope = self.read("scope", map)?,
            "scp" => self.claims.scp = self.read("scp", map)?,
            "act" => self.claims.actor = self.read("act", map)?,
            "cnf" => {
                self.claims.has_cnf = true;
                strict_json::skip_value(map)?;
            }
            // What only ID tokens have (OpenID Connect Core §2 and §3.3.2.11).
            "at_hash" | "c_hash" => {
                self.claims.has_id_token_mark = true;
                strict_json::skip_value(map)?;
            }
            _ => strict_json::skip_value(map)?,
        }
        Ok(())
    }
}

/// A space-separated string, or an array of scopes (R22).
#[derive(Debug, Clone)]
struct ScopeClaim(ScopeSet);

impl<'de> Deserialize<'de> for ScopeClaim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match StringOrList::deserialize(deserializer)? {
            StringOrList::String(list) => Ok(Self(ScopeSet::from_list(&list))),
            StringOrList::List(words) => Ok(Self(words.iter().map(|word| &**word).collect())),
        }
    }
}

impl<'de> Deserialize<'de> for Audiences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match StringOrList::deserialize(deserializer)? {
            StringOrList::String(one) => Ok(Self(vec![one])),
            StringOrList::List(all) => Ok(Self(all)),
        }
    }
}

enum StringOrList {
    String(Box<str>),
    List(Vec<Box<str>>),
}

impl<'de> Deserialize<'de> for StringOrList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrListVisitor;

        impl<'de> Visitor<'de> for StringOrListVisitor {
            type Value = StringOrList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<StringOrList, E> {
                Ok(StringOrList::String(text.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<StringOrList, A::Error> {
                let mut list = Vec::new();
                while let Some(text) = seq.next_element()? {
                    list.push(text);
                }
                Ok(StringOrList::List(list))
            }
        }

        deserializer.deserialize_any(StringOrListVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Claims, TokenError> {
        Claims::parse(json.as_bytes())
    }

    fn scopes(json: &str) -> Vec<String> {
        parse(json).unwrap().scopes().iter().map(|scope| scope.to_string()).collect()
    }

    #[test]
    fn r20_any_finite_number_is_a_date_and_nothing_else_is() {
        for (number, seconds) in [
            ("1", 1.0),
            ("1.5", 1.5),
            ("-0", 0.0),
            ("1e3", 1e3),
            ("18446744073709551616", 2_f64.powi(64)),
        ] {
            let claims = parse(&format!(r#"{{"exp":{number}}}"#)).unwrap();
            assert_eq!(claims.exp.unwrap().as_secs_f64(), seconds);
        }
        for other in ["\"1\"", "null", "true", "[]", "{}", "1e400", "NaN"] {
            for claim in ["exp", "nbf", "iat"] {
                assert_eq!(
                    parse(&format!(r#"{{"{claim}":{other}}}"#)).unwrap_err(),
                    TokenError::MalformedPayload { claim: Some(claim) },
                    "{claim} {other}"
                );
            }
        }
    }

    #[test]
    fn registered_claims_of_the_wrong_type_are_named() {
        for (json, claim) in [
            (r#"{"iss":7}"#, "iss"),
            (r#"{"sub":null}"#, "sub"),
            (r#"{"aud":[7]}"#, "aud"),
            (r#"{"aud":{}}"#, "aud"),
            (r#"{"jti":7}"#, "jti"),
            (r#"{"scope":7}"#, "scope"),
            (r#"{"scp":["a",7]}"#, "scp"),
            (r#"{"act":"admin"}"#, "act"),
            (r#"{"act":["admin"]}"#, "act"),
            (r#"{"act":{"sub":"a","x":1,"x":2}}"#, "act"),
        ] {
            let error = parse(json).unwrap_err();
            assert_eq!(error, TokenError::MalformedPayload { claim: Some(claim) }, "{json}");
        }
    }

    #[test]
    fn r22_scopes_come_from_either_claim_in_either_form() {
        assert_eq!(scopes(r#"{"scope":"a b"}"#), ["a", "b"]);
        assert_eq!(scopes(r#"{"scp":"a b"}"#), ["a", "b"]);
        assert_eq!(scopes(r#"{"scope":["a","b"]}"#), ["a", "b"]);
        assert_eq!(scopes(r#"{"scp":["a","b"]}"#), ["a", "b"]);
        assert_eq!(scopes("{}"), [""; 0]);
    }

    #[test]
    fn r22_never_the_union_of_both() {
        assert_eq!(scopes(r#"{"scope":"a","scp":"b"}"#), ["a"]);
        assert_eq!(scopes(r#"{"scp":"b","scope":""}"#), [""; 0]);
    }

    #[test]
    fn r22_an_element_with_a_space_is_no_scope() {
        assert_eq!(scopes(r#"{"scope":["a admin","b"]}"#), ["b"]);
    }

    #[test]
    fn one_claim_is_read_into_any_type() {
        let payload = br#"{"a":1,"roles":["admin","staff"]}"#;
        assert_eq!(read_claim::<Vec<String>>(payload, "roles").unwrap().unwrap().len(), 2);
        assert_eq!(read_claim::<String>(payload, "org").unwrap(), None);
        assert!(read_claim::<String>(payload, "roles").is_err());
    }

    #[test]
    fn claims_that_name_clients_and_actors_are_read_or_named_as_malformed() {
        let claims = parse(r#"{"client_id":"c","azp":"p","act":{"sub":"staff","x":{}}}"#).unwrap();
        assert_eq!(claims.client_id(), Some("c"));
        assert_eq!(claims.actor.unwrap().subject.as_deref(), Some("staff"));
        assert_eq!(parse(r#"{"azp":"p","client_id":null}"#).unwrap().client_id(), Some("p"));
        for (json, claim) in [
            (r#"{"client_id":7}"#, "client_id"),
            (r#"{"azp":[]}"#, "azp"),
            (r#"{"act":{"sub":7}}"#, "act"),
            (r#"{"act":{"x":1e400}}"#, "act"),
        ] {
            let error = parse(json).unwrap_err();
            assert_eq!(error, TokenError::MalformedPayload { claim: Some(claim) }, "{json}");
        }
        // What is no claim of ours is nobody's fault by name.
        for json in
            [r#"{"cnf":1e400}"#, r#"{"at_hash":[1e400]}"#, r#"{"x":"}"#, r#"{"a":{"b":1,"b":1}}"#]
        {
            let error = parse(json).unwrap_err();
            assert_eq!(error, TokenError::MalformedPayload { claim: None }, "{json}");
        }
    }

    #[test]
    fn a_claim_of_another_type_is_named() {
        let error = read_claim::<u64>(br#"{"roles":[]}"#, "roles").unwrap_err();
        assert_eq!(error.to_string(), "the claim \"roles\" is not of the type asked for");
        assert!(read_claim::<u64>(br#"{"other":1e400,"roles":7}"#, "roles").is_err());
    }
}
