//! Why there is no protection.

use std::{fmt, io};

use mcp_auth_core::ConfigError;

/// Why there is no [`McpAuth`](crate::McpAuth).
#[non_exhaustive]
pub enum BuildError {
    /// A setting cannot be used; the sentence says which, why, and what would do.
    Config(ConfigError),
    /// The refresher's thread could not be started.
    Thread(io::Error),
}

impl From<ConfigError> for BuildError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "the refresher of keys could not be started: {error}"),
        }
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Thread(error) => Some(error),
        }
    }
}
