//! Reading a profile from an issuer's document.
//!
//! Members are read one by one. A member that is not needed to tell whom the document is about
//! never makes the rest of it useless: some issuers send `email_verified` as text (Amazon Cognito),
//! though OpenID Connect Core §5.1 has a boolean there.

use std::fmt;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::Profile;

/// A document that is not the person's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAProfile {
    /// Not a JSON object, or one that has a member twice.
    Malformed,
    /// A signed answer (`application/jwt`, OpenID Connect Core §5.3.2), which is not read.
    Signed,
    /// The member that says whom it is about is absent or no text.
    NoSubject {
        /// The name of the member.
        member: &'static str,
    },
    /// It is about somebody else: "the `sub` Claim in the UserInfo Response MUST be verified to
    /// exactly match" (OpenID Connect Core §5.3.2).
    OtherSubject,
}

impl Profile {
    /// Reads an answer of a userinfo endpoint about `subject`. `email_verified` is a boolean, or
    /// the text `true` or `false`. Of the other members, one that is of an unexpected type counts
    /// as absent.
    ///
    /// # Errors
    /// [`NotAProfile`]: the answer is not used.
    pub fn from_userinfo(json: &[u8], subject: &str) -> Result<Self, NotAProfile> {
        // Each member at most once: with two of a name, parsers would differ in whom it is about.
        #[derive(Deserialize)]
        struct Userinfo {
            sub: Option<Value>,
            email: Option<Value>,
            email_verified: Option<Value>,
            name: Option<Value>,
        }

        let answer: Userinfo = read_object(json)?;
        check_subject("sub", answer.sub, subject)?;
        Ok(Self {
            email: text(answer.email),
            email_verified: is_true(answer.email_verified),
            name: text(answer.name),
        })
    }

    /// Reads an answer of the WorkOS API (`GET /user_management/users/{id}`) about `subject`, by
    /// the same rules.
    ///
    /// # Errors
    /// [`NotAProfile`]: the answer is not used.
    pub fn from_workos_user(json: &[u8], subject: &str) -> Result<Self, NotAProfile> {
        #[derive(Deserialize)]
        struct User {
            id: Option<Value>,
            email: Option<Value>,
            email_verified: Option<Value>,
            first_name: Option<Value>,
            last_name: Option<Value>,
        }

        let answer: User = read_object(json)?;
        check_subject("id", answer.id, subject)?;
        let names: Vec<String> = [answer.first_name, answer.last_name]
            .into_iter()
            .filter_map(text)
            .filter(|name| !name.is_empty())
            .collect();
        Ok(Self {
            email: text(answer.email),
            email_verified: is_true(answer.email_verified),
            name: (!names.is_empty()).then(|| names.join(" ")),
        })
    }
}

fn check_subject(
    member: &'static str,
    found: Option<Value>,
    expected: &str,
) -> Result<(), NotAProfile> {
    match text(found) {
        None => Err(NotAProfile::NoSubject { member }),
        Some(found) if found == expected => Ok(()),
        Some(_) => Err(NotAProfile::OtherSubject),
    }
}

fn text(member: Option<Value>) -> Option<String> {
    match member {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Whether a member is `true` or the text `true`, byte for byte. Whatever else stands there does
/// not say that something was verified.
fn is_true(member: Option<Value>) -> bool {
    match member {
        Some(Value::Bool(value)) => value,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// Reads a JSON object: a derived struct would be read from an array as well.
fn read_object<T: DeserializeOwned>(json: &[u8]) -> Result<T, NotAProfile> {
    match json.trim_ascii() {
        object @ [b'{', ..] => serde_json::from_slice(object).map_err(|_| NotAProfile::Malformed),
        other if is_compact_jwt(other) => Err(NotAProfile::Signed),
        _ => Err(NotAProfile::Malformed),
    }
}

/// Whether it is three or five base64url parts (RFC 7515 §7.1, RFC 7516 §7.1) whose first one is a
/// JSON object.
fn is_compact_jwt(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let dots = text.iter().filter(|&&byte| byte == b'.').count();
    text.starts_with(b"ey") && matches!(dots, 2 | 4) && text.iter().all(is_part)
}

impl fmt::Display for NotAProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the answer is not a JSON object with each member once"),
            Self::Signed => f.write_str(
                "the answer is a signed or encrypted JWT, which is not read; configure the issuer \
                 to answer with plain JSON (userinfo_signed_response_alg)",
            ),
            Self::NoSubject { member } => {
                write!(f, "the member {member} of the answer is absent or no text")
            }
            Self::OtherSubject => f.write_str("the answer is about another subject"),
        }
    }
}

impl std::error::Error for NotAProfile {}

#[cfg(test)]
mod tests {
    use super::*;

    fn userinfo(further: &str) -> Profile {
        let json = format!(r#"{{"sub":"u","email":"a@example.com","name":"Ada"{further}}}"#);
        Profile::from_userinfo(json.as_bytes(), "u").unwrap()
    }

    #[test]
    fn userinfo_must_be_about_the_same_subject() {
        let json =
            br#"{"sub":"user_ada","email":"ada@example.com","email_verified":true,"name":"Ada"}"#;
        let ada = Profile::from_userinfo(json, "user_ada").unwrap();
        assert_eq!(ada.verified_email(), Some("ada@example.com"));
        assert_eq!(ada.name.as_deref(), Some("Ada"));
        let read = |json: &str| Profile::from_userinfo(json.as_bytes(), "user_ada");
        assert_eq!(Profile::from_userinfo(json, "user_eve"), Err(NotAProfile::OtherSubject));
        let array = r#"["user_ada","eve@example.com",true,"Eve"]"#;
        let twice = r#"{"sub":"user_eve","sub":"user_ada"}"#;
        for other in ["", "[]", array, twice, "<html>", r#"{"sub":"user_ada"}x"#] {
            assert_eq!(read(other), Err(NotAProfile::Malformed), "{other}");
        }
        for other in ["{}", r#"{"sub":7}"#, r#"{"sub":null}"#, r#"{"sub":["user_ada"]}"#] {
            assert_eq!(read(other), Err(NotAProfile::NoSubject { member: "sub" }), "{other}");
        }
        assert_eq!(read("eyJhbGciOiJSUzI1NiJ9.e30.c2ln"), Err(NotAProfile::Signed));
    }

    #[test]
    fn an_address_counts_as_verified_only_where_the_issuer_says_so() {
        for said in ["true", r#""true""#] {
            let profile = userinfo(&format!(r#","email_verified":{said}"#));
            assert_eq!(profile.verified_email(), Some("a@example.com"), "{said}");
        }
        let no =
            ["false", "null", r#""false""#, r#""True""#, r#""yes""#, r#"" true""#, "1", "[true]"];
        for said in no {
            let profile = userinfo(&format!(r#","email_verified":{said}"#));
            assert_eq!(profile.verified_email(), None, "{said}");
            assert_eq!(profile.email.as_deref(), Some("a@example.com"), "{said}");
        }
        assert_eq!(userinfo("").verified_email(), None);
    }

    #[test]
    fn a_member_of_an_unexpected_type_counts_as_absent() {
        let json = br#"{"sub":"u","email":["a@example.com"],"email_verified":true,"name":{"x":1}}"#;
        let profile = Profile::from_userinfo(json, "u").unwrap();
        assert_eq!((profile.email.as_deref(), profile.name.as_deref()), (None, None));
        let json = br#"{"id":"u","email":"a@example.com","email_verified":"true","first_name":7,
            "last_name":"Lovelace"}"#;
        let user = Profile::from_workos_user(json, "u").unwrap();
        assert_eq!(user.verified_email(), Some("a@example.com"));
        assert_eq!(user.name.as_deref(), Some("Lovelace"));
    }

    #[test]
    fn a_workos_user_has_a_name_in_two_parts() {
        let json = br#"{"id":"user_1","email":"a@example.com","email_verified":true,
            "first_name":"Ada","last_name":null,"object":"user"}"#;
        let ada = Profile::from_workos_user(json, "user_1").unwrap();
        assert_eq!((ada.name.as_deref(), ada.email_verified), (Some("Ada"), true));
        assert!(Profile::from_workos_user(json, "user_2").is_err());
    }
}
