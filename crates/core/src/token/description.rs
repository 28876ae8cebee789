//! What the operator's log may say of a token that was refused: which configured issuer it names,
//! and a hash of the key's name. Nothing of the token itself (R9).
//!
//! It is read again from the request when a line is really written, so that nothing has to be
//! carried along the way of every request.

use std::fmt;

use serde::de::MapAccess;

use crate::{
    base64url,
    strict_json::{self, ObjectReader},
    token::header_mistake::HeaderMistake,
};

/// What [`Authenticator::describe`](crate::Authenticator::describe) tells of a request's token.
/// It says what the token claims, not what is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TokenDescription<'a> {
    /// The configured issuer that the token names. `None` where it names none, or a stranger.
    pub issuer: Option<&'a str>,
    /// The hash of the token's `kid`. `None` where it has none, or cannot be read.
    pub key_id_hash: Option<KeyIdHash>,
    /// A usual mistake in the `Authorization` header, where there is one.
    pub header_mistake: Option<HeaderMistake>,
}

/// The first 8 bytes of the SHA-256 of a `kid`, shown as 16 hexadecimal digits.
///
/// Every process shows the same key in the same way, and the published `kid` that it belongs to is
/// found with `printf %s KID | sha256sum`. An attacker's `kid`, which may be any text, shows as
/// digits.
///
/// ```
/// # mod actix_mcp_auth { pub mod keys { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::keys::KeyIdHash;
///
/// assert_eq!(KeyIdHash::of("k1").to_string(), "6ab9f1eb8f7d3388");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyIdHash([u8; 8]);

impl KeyIdHash {
    /// The hash of this `kid`.
    pub fn of(key_id: &str) -> Self {
        let digest = openssl::sha::sha256(key_id.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(first)
    }
}

impl fmt::Display for KeyIdHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyIdHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The names that a token gives, each where it can be read: one that is refused for its header
/// may still have an issuer.
#[derive(Default)]
pub(crate) struct NamesInToken {
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) issuer: Option<Box<str>>,
}

impl NamesInToken {
    pub(crate) fn read(token: &str) -> Self {
        let mut parts = token.split('.');
        let mut text = |name| member(parts.next()?, name);
        Self { key_id: text("kid"), issuer: text("iss") }
    }
}

/// The text of one member of one part.
fn member(part: &str, name: &'static str) -> Option<Box<str>> {
    let mut wanted = Wanted { name, found: None };
    strict_json::read_object(&base64url::decode(part)?, &mut wanted).ok()?;
    wanted.found
}

struct Wanted {
    name: &'static str,
    found: Option<Box<str>>,
}

impl<'de> ObjectReader<'de> for Wanted {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name == self.name {
            self.found = Some(map.next_value()?);
            return Ok(());
        }
        strict_json::skip_value(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(header: &str, payload: &str) -> (Option<Box<str>>, Option<Box<str>>) {
        let [header, payload] = [header, payload].map(|json| base64url::encode(json.as_bytes()));
        let names = NamesInToken::read(&format!("{header}.{payload}.c2ln"));
        (names.key_id, names.issuer)
    }

    #[test]
    fn a_token_tells_its_key_and_its_issuer_even_where_it_is_refused_for_its_header() {
        for alg in ["RS256", "none", "HS256", "?"] {
            let header = format!(r#"{{"alg":"{alg}","kid":"k1","crit":["x"]}}"#);
            let read = names(&header, r#"{"iss":"https://i","sub":"a"}"#);
            assert_eq!(read, (Some("k1".into()), Some("https://i".into())), "{alg}");
        }
    }

    #[test]
    fn what_cannot_be_read_tells_nothing() {
        for header in ["", "[]", "{", r#"{"kid":1}"#, r#"{"kid":"a","kid":"b"}"#, "{}"] {
            assert_eq!(names(header, "{}"), (None, None), "{header}");
        }
        for token in ["", ".", "..", "e30", "no token at all", "e30.e30.e30.e30.e30"] {
            let names = NamesInToken::read(token);
            assert!(names.key_id.is_none() && names.issuer.is_none(), "{token}");
        }
    }

    #[test]
    fn r09_a_key_s_name_shows_as_sixteen_digits_whatever_it_is() {
        for kid in ["", "k1", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "\n\u{1b}[31m", &"k".repeat(9_999)] {
            let shown = format!("{0} {0:?}", KeyIdHash::of(kid));
            assert!(shown.len() == 33 && shown.bytes().all(|b| b" 0123456789abcdef".contains(&b)));
        }
    }
}
