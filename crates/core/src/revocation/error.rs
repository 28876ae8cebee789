//! Why a revocation was not recorded.

use std::fmt;

use super::log::LogError;

/// Why `revoke`, `revoke_at` or `lift` failed.
#[derive(Clone)]
#[non_exhaustive]
pub enum RevokeError {
    /// The issuer is not named, and there is not exactly one that could be meant. Nothing was
    /// revoked.
    NoIssuer,
    /// No configured issuer has this name. Nothing was revoked.
    UnknownIssuer {
        /// The name.
        found: String,
        /// The names that there are.
        configured: Vec<String>,
    },
    /// No static key of this name is configured. Nothing was revoked.
    UnknownStaticKey {
        /// The name.
        found: String,
    },
    /// What is to be revoked cannot be meant. Nothing was revoked.
    Invalid(&'static str),
    /// There are as many standing revocations as the bound allows. Nothing was revoked.
    TooManyStanding {
        /// The bound.
        most: usize,
    },
    /// The revocation is in force in this process and not in the log yet. It is kept, and appended
    /// when the log answers again.
    NotInLog(LogError),
}

impl fmt::Display for RevokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIssuer => f.write_str(
                "the issuer must be named, since not exactly one is configured: \
                 for example Revoked::subject(\"user_01ABC\").of_issuer(\"https://login.example.com\")",
            ),
            Self::UnknownIssuer { found, configured } => write!(
                f,
                "the issuer {found:?} is not configured; configured are: {}",
                configured.join(" ")
            ),
            Self::UnknownStaticKey { found } => {
                write!(f, "no static key of the name {found:?} is configured")
            }
            Self::Invalid(why) => write!(f, "nothing was revoked: {why}"),
            Self::TooManyStanding { most } => write!(
                f,
                "{most} standing revocations are in force, which is the bound max_standing; lift \
                 some, or raise it"
            ),
            Self::NotInLog(error) => write!(
                f,
                "the revocation is in force in this process only, and is written to the log when \
                 that answers again: {error}"
            ),
        }
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for RevokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for RevokeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotInLog(error) => Some(error),
            _ => None,
        }
    }
}
