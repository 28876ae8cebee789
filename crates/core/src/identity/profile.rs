//! A person's profile, which the issuer has and the token does not: for making a user, never for
//! an access decision.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{identity::Subject, secret::Redacted};

pub use crate::secret::Secret;

/// A person's own data, from the issuer's userinfo endpoint (OpenID Connect Core §5.3) or from the
/// WorkOS API. MCP tokens carry none of it.
///
/// `Debug` shows which members are there, and neither the address nor the name: both are personal
/// data, and `Debug` ends up in logs.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Profile {
    /// The e-mail address, as the issuer has it.
    pub email: Option<String>,
    /// Whether the issuer says that the address was verified. False where it does not say.
    pub email_verified: bool,
    /// The full name.
    pub name: Option<String>,
}

/// Why there is no profile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileError {
    /// The issuer does not accept the token (any more).
    TokenRefused,
    /// The issuer has no profile of the person, or does not give it out for this token.
    NoProfile,
    /// The issuer cannot be asked now; the text is for the log.
    Unavailable(String),
}

/// A document that is not the person's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAProfile {
    /// Not a JSON object of the expected form.
    Malformed,
    /// It is about somebody else: "the `sub` Claim in the UserInfo Response MUST be verified to
    /// exactly match" (OpenID Connect Core §5.3.2).
    OtherSubject,
}

impl Profile {
    /// Reads an answer of a userinfo endpoint about `subject`.
    ///
    /// # Errors
    /// [`NotAProfile`]: the answer is not used.
    pub fn from_userinfo(json: &[u8], subject: &str) -> Result<Self, NotAProfile> {
        #[derive(Deserialize)]
        struct Userinfo {
            sub: String,
            email: Option<String>,
            #[serde(default)]
            email_verified: Option<bool>,
            name: Option<String>,
        }

        let answer: Userinfo = read_object(json)?;
        if answer.sub != subject {
            return Err(NotAProfile::OtherSubject);
        }
        Ok(Self {
            email: answer.email,
            email_verified: answer.email_verified == Some(true),
            name: answer.name,
        })
    }

    /// Reads an answer of the WorkOS API (`GET /user_management/users/{id}`) about `subject`.
    ///
    /// # Errors
    /// [`NotAProfile`]: the answer is not used.
    pub fn from_workos_user(json: &[u8], subject: &str) -> Result<Self, NotAProfile> {
        #[derive(Deserialize)]
        struct User {
            id: String,
            email: Option<String>,
            email_verified: Option<bool>,
            first_name: Option<String>,
            last_name: Option<String>,
        }

        let answer: User = read_object(json)?;
        if answer.id != subject {
            return Err(NotAProfile::OtherSubject);
        }
        let names: Vec<String> = [answer.first_name, answer.last_name]
            .into_iter()
            .flatten()
            .filter(|name| !name.is_empty())
            .collect();
        Ok(Self {
            email: answer.email,
            email_verified: answer.email_verified == Some(true),
            name: (!names.is_empty()).then(|| names.join(" ")),
        })
    }

    /// The address, if the issuer says that it was verified.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("email", &Redacted::of(&self.email))
            .field("email_verified", &self.email_verified)
            .field("name", &Redacted::of(&self.name))
            .finish()
    }
}

/// Reads a JSON object: a derived struct would be read from an array as well.
fn read_object<T: DeserializeOwned>(json: &[u8]) -> Result<T, NotAProfile> {
    match json.trim_ascii_start() {
        [b'{', ..] => serde_json::from_slice(json).map_err(|_| NotAProfile::Malformed),
        _ => Err(NotAProfile::Malformed),
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TokenRefused => f.write_str("the issuer refuses the token"),
            Self::NoProfile => f.write_str("the issuer has no profile of the person"),
            Self::Unavailable(why) => write!(f, "the profile cannot be had: {why}"),
        }
    }
}

impl std::error::Error for ProfileError {}

impl fmt::Display for NotAProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the answer is not a profile",
            Self::OtherSubject => "the answer is about another subject",
        })
    }
}

impl std::error::Error for NotAProfile {}

/// Asks an issuer about a person: the one step of provisioning that does I/O.
#[async_trait]
pub trait FetchProfile: Send + Sync + 'static {
    /// The profile of `subject`, whose own access token is `token`. It goes to the subject's issuer
    /// and to nobody else.
    ///
    /// # Errors
    /// [`ProfileError`]. An answer that cannot be used counts as an outage.
    async fn fetch(&self, subject: &Subject, token: &Secret) -> Result<Profile, ProfileError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userinfo_must_be_about_the_same_subject() {
        let json =
            br#"{"sub":"user_ada","email":"ada@example.com","email_verified":true,"name":"Ada"}"#;
        let ada = Profile::from_userinfo(json, "user_ada").unwrap();
        assert_eq!(ada.verified_email(), Some("ada@example.com"));
        assert_eq!(ada.name.as_deref(), Some("Ada"));
        assert_eq!(Profile::from_userinfo(json, "user_eve"), Err(NotAProfile::OtherSubject));
        let array = r#"["user_ada","eve@example.com",true,"Eve"]"#;
        for other in ["", "[]", array, "{}", r#"{"sub":7}"#, "<html>"] {
            let outcome = Profile::from_userinfo(other.as_bytes(), "user_ada");
            assert_eq!(outcome, Err(NotAProfile::Malformed), "{other}");
        }
    }

    #[test]
    fn an_address_counts_as_verified_only_where_the_issuer_says_so() {
        for said in ["", r#","email_verified":false"#, r#","email_verified":null"#] {
            let json = format!(r#"{{"sub":"u","email":"a@example.com"{said}}}"#);
            let profile = Profile::from_userinfo(json.as_bytes(), "u").unwrap();
            assert_eq!(profile.verified_email(), None, "{said}");
        }
    }

    #[test]
    fn a_workos_user_has_a_name_in_two_parts() {
        let json = br#"{"id":"user_1","email":"a@example.com","email_verified":true,
            "first_name":"Ada","last_name":null,"object":"user"}"#;
        let ada = Profile::from_workos_user(json, "user_1").unwrap();
        assert_eq!((ada.name.as_deref(), ada.email_verified), (Some("Ada"), true));
        assert!(Profile::from_workos_user(json, "user_2").is_err());
    }

    #[test]
    fn r09_debug_of_a_profile_hides_address_and_name() {
        let json = br#"{"sub":"u","email":"ada@example.com","email_verified":true,"name":"Ada"}"#;
        let shown = format!("{:?}", Profile::from_userinfo(json, "u"));
        assert_eq!(shown, "Ok(Profile { email: Some(…), email_verified: true, name: Some(…) })");
        assert!(format!("{:?}", Profile::default()).contains("email: None"));
    }

    #[test]
    fn r09_a_secret_does_not_show() {
        assert_eq!(format!("{:?}", Secret::new("sk_live")), "Secret(…)");
    }
}
