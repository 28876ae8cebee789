//! A person's profile, which the issuer has and the token does not: for making a user, never for
//! an access decision.

use std::fmt;

use async_trait::async_trait;

use crate::{identity::Subject, secret::Redacted};

mod documents;

pub use crate::secret::Secret;
pub use documents::NotAProfile;

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

impl Profile {
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
