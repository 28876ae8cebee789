//! Parses a token into its three parts (RFC 7515 §7.1). Nothing is verified here.

use std::fmt;

use serde::de::MapAccess;

use crate::{
    base64url,
    keys::algorithm::Algorithm,
    rejection::TokenError,
    strict_json::{self, ObjectReader, Text},
};

/// A JWS in compact serialization: well-formed, but not verified.
pub struct CompactJws<'t> {
    header: JoseHeader,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signing_input: &'t str,
}

impl<'t> CompactJws<'t> {
    /// Parses a token.
    ///
    /// # Errors
    /// - [`TokenError::Malformed`]: not exactly three parts, or a part that is not strict base64url
    ///   (no padding, no white space, no trailing bits). Five parts are a JWE.
    /// - [`TokenError::MalformedHeader`], [`TokenError::UnacceptableAlgorithm`],
    ///   [`TokenError::UnsupportedExtension`]: see [`JoseHeader`].
    pub fn parse(token: &'t str) -> Result<Self, TokenError> {
        Self::parse_parts(token).unwrap_or(Err(TokenError::Malformed))
    }

    /// `None` if the token is malformed.
    fn parse_parts(token: &'t str) -> Option<Result<Self, TokenError>> {
        let (signing_input, signature) = token.rsplit_once('.')?;
        let (header, payload) = signing_input.split_once('.')?;
        // The payload may contain another dot here; base64url rejects it.
        let header = base64url::decode(header)?;
        let (payload, signature) = (base64url::decode(payload)?, base64url::decode(signature)?);
        let header = JoseHeader::parse(&header);
        Some(header.map(|header| Self { header, payload, signature, signing_input }))
    }

    /// The protected header.
    pub fn header(&self) -> &JoseHeader {
        &self.header
    }

    /// The payload's bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Moves the payload's bytes out and leaves an empty payload.
    pub(crate) fn take_payload(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.payload)
    }

    /// The signature's bytes.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The signed bytes: the first two parts and the dot between them (RFC 7515 §5.2, step 8).
    pub fn signing_input(&self) -> &'t [u8] {
        self.signing_input.as_bytes()
    }
}

/// Shows the header and the length, but neither payload nor signature.
impl fmt::Debug for CompactJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompactJws")
            .field("header", &self.header)
            .field("len", &self.signing_input.len())
            .finish_non_exhaustive()
    }
}

/// The members of the protected header that are used.
///
/// `jku`, `x5u`, `jwk` and `x5c` would let a token bring its own key. They are ignored, like any
/// unknown member (RFC 8725 §3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JoseHeader {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`: untrusted text, used only to compare with the keys' own.
    pub key_id: Option<Box<str>>,
    /// `typ`.
    pub token_type: Option<Box<str>>,
}

impl JoseHeader {
    fn parse(json: &[u8]) -> Result<Self, TokenError> {
        let mut members = HeaderMembers::default();
        strict_json::read_object(json, &mut members).map_err(|_| TokenError::MalformedHeader)?;
        // "If any of the listed extension Header Parameters are not understood and supported by
        // the recipient, then the JWS is invalid" (RFC 7515 §4.1.11). None is supported.
        if members.has_crit || members.b64 == Some(false) {
            return Err(TokenError::UnsupportedExtension);
        }
        match members.alg {
            Some(Some(algorithm)) => {
                Ok(Self { algorithm, key_id: members.kid, token_type: members.typ })
            }
            Some(None) => Err(TokenError::UnacceptableAlgorithm),
            None => Err(TokenError::MalformedHeader),
        }
    }
}

#[derive(Default)]
struct HeaderMembers {
    /// `Some(None)` if `alg` names an algorithm that is not supported.
    alg: Option<Option<Algorithm>>,
    kid: Option<Box<str>>,
    typ: Option<Box<str>>,
    b64: Option<bool>,
    has_crit: bool,
}

impl<'de> ObjectReader<'de> for HeaderMembers {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "alg" => self.alg = Some(Algorithm::from_name(&map.next_value::<Text<'_>>()?.0)),
            "kid" => self.kid = Some(map.next_value()?),
            "typ" => self.typ = Some(map.next_value()?),
            "b64" => self.b64 = Some(map.next_value()?),
            "crit" => {
                self.has_crit = true;
                strict_json::skip_value(map)?;
            }
            _ => strict_json::skip_value(map)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        format!("{}.e30.c2ln", base64url::encode(header.as_bytes()))
    }

    fn header(json: &str) -> Result<JoseHeader, TokenError> {
        CompactJws::parse(&token(json)).map(|jws| jws.header.clone())
    }

    #[test]
    fn a_token_is_parsed_into_its_parts() {
        let text = token(r#"{"alg":"RS256","kid":"k1","typ":"at+jwt","x":[1]}"#);
        let jws = CompactJws::parse(&text).unwrap();
        assert_eq!(jws.header().algorithm, Algorithm::Rs256);
        assert_eq!(jws.header().key_id.as_deref(), Some("k1"));
        assert_eq!(jws.header().token_type.as_deref(), Some("at+jwt"));
        assert_eq!((jws.payload(), jws.signature()), (b"{}".as_slice(), b"sig".as_slice()));
        assert_eq!(jws.signing_input(), text.strip_suffix(".c2ln").unwrap().as_bytes());
    }

    #[test]
    fn r09_debug_does_not_show_the_token() {
        let text = token(r#"{"alg":"RS256","kid":"k1"}"#);
        let shown = format!("{:?}", CompactJws::parse(&text).unwrap());
        for part in text.split('.').chain(["115, 105, 103"]) {
            assert!(!shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn r11_a_token_without_exactly_three_parts_is_malformed() {
        let header = base64url::encode(br#"{"alg":"RS256"}"#);
        for text in ["", ".", "a", "a.b", &header, &format!("{header}.e30")] {
            assert_eq!(CompactJws::parse(text).unwrap_err(), TokenError::Malformed, "{text:?}");
        }
        assert_eq!(CompactJws::parse("..").unwrap_err(), TokenError::MalformedHeader);
    }

    #[test]
    fn r17_encrypted_tokens_are_malformed() {
        let header = base64url::encode(br#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
        let text = format!("{header}.a2V5.aXY.dGV4dA.dGFn");
        assert_eq!(CompactJws::parse(&text).unwrap_err(), TokenError::Malformed);
    }

    #[test]
    fn r17_unlisted_algorithms_are_rejected() {
        for alg in ["none", "NONE", "HS256", "dir", ""] {
            assert_eq!(
                header(&format!(r#"{{"alg":"{alg}"}}"#)),
                Err(TokenError::UnacceptableAlgorithm),
                "{alg}"
            );
        }
        for json in [r#"{}"#, r#"{"alg":null}"#, r#"{"alg":["RS256"]}"#, "[]", "x"] {
            assert_eq!(header(json), Err(TokenError::MalformedHeader), "{json}");
        }
    }

    #[test]
    fn r17_critical_extensions_and_b64_false_are_rejected() {
        for member in [r#""crit":["exp"]"#, r#""crit":[]"#, r#""crit":null"#, r#""b64":false"#] {
            assert_eq!(
                header(&format!(r#"{{"alg":"RS256",{member}}}"#)),
                Err(TokenError::UnsupportedExtension),
                "{member}"
            );
        }
    }

    #[test]
    fn r23_duplicate_header_members_are_rejected() {
        for json in [r#"{"alg":"RS256","alg":"RS256"}"#, r#"{"alg":"RS256","x":1,"x":1}"#] {
            assert_eq!(header(json), Err(TokenError::MalformedHeader), "{json}");
        }
    }

    #[test]
    fn r23_only_canonical_base64url_is_accepted() {
        let good = token(r#"{"alg":"RS256"}"#);
        for bad in [format!("{good}="), good.replace(".e30.", ".e31."), good.replace('.', ". ")] {
            assert_eq!(CompactJws::parse(&bad).unwrap_err(), TokenError::Malformed, "{bad}");
        }
    }

    #[test]
    fn header_members_of_the_wrong_type_are_malformed() {
        for member in [
            r#""kid":7"#,
            r#""kid":null"#,
            r#""typ":["JWT"]"#,
            r#""b64":"false""#,
            r#""crit":1e400"#,
            r#""x5c":[{"a":1,"a":2}]"#,
        ] {
            let found = header(&format!(r#"{{"alg":"RS256",{member}}}"#));
            assert_eq!(found, Err(TokenError::MalformedHeader), "{member}");
        }
        assert!(header(r#"{"alg":"RS256","b64":true}"#).is_ok());
    }
}
