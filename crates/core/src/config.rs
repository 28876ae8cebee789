//! Configuration errors, reported at start-up in one sentence.

use std::{convert::Infallible, fmt};

/// An invalid or missing setting: its value, what was expected, and an example.
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::Resource;
///
/// let error = Resource::parse("https://app.example.com/mcp#tools").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "resource is \"https://app.example.com/mcp#tools\", but it must not have a fragment (`#…`), \
///      for example \"https://app.example.com/mcp\""
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    setting: String,
    found: Option<String>,
    expected: String,
    example: String,
}

impl ConfigError {
    /// A setting whose value is invalid. `expected` completes the sentence "…, but it …".
    pub fn invalid(
        setting: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
        example: impl Into<String>,
    ) -> Self {
        Self {
            setting: setting.into(),
            found: Some(found.into()),
            expected: expected.into(),
            example: example.into(),
        }
    }

    /// A required setting without a value. `expected` completes the sentence "… is missing: it …".
    pub fn missing(
        setting: impl Into<String>,
        expected: impl Into<String>,
        example: impl Into<String>,
    ) -> Self {
        Self {
            setting: setting.into(),
            found: None,
            expected: expected.into(),
            example: example.into(),
        }
    }

    /// The name of the setting: a builder method or an environment variable.
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// The same error with the name under which the user made the setting, such as an environment
    /// variable.
    #[must_use]
    pub fn named(mut self, setting: impl Into<String>) -> Self {
        self.setting = setting.into();
        self
    }

    /// The same error with a better example.
    #[must_use]
    pub fn with_example(mut self, example: impl Into<String>) -> Self {
        self.example = example.into();
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Some(found) => write!(f, "{} is {found:?}, but it ", self.setting)?,
            None => write!(f, "{} is missing: it ", self.setting)?,
        }
        write!(f, "{}, for example {:?}", self.expected, self.example)
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}

impl From<Infallible> for ConfigError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
