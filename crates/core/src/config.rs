//! Configuration mistakes, told at start-up in one sentence.

use std::{convert::Infallible, fmt};

/// A setting that cannot be used: what it was, what was expected, and an example.
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::Resource;
///
/// let mistake = Resource::parse("https://app.example.com/mcp#tools").unwrap_err();
/// assert_eq!(
///     mistake.to_string(),
///     "resource is \"https://app.example.com/mcp#tools\", but it must not have a fragment (`#…`), \
///      for example \"https://app.example.com/mcp\""
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    setting: String,
    found: Option<String>,
    expected: String,
    example: String,
}

impl ConfigError {
    /// A setting that has a value, but not one that can be used. `expected` completes the sentence
    /// "…, but it …".
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

    /// A setting that has no value and needs one. `expected` completes the sentence
    /// "… is missing: it …".
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

    /// The same mistake under the name by which the person who made it knows the setting, such as
    /// an environment variable.
    #[must_use]
    pub fn named(mut self, setting: impl Into<String>) -> Self {
        self.setting = setting.into();
        self
    }

    /// The same mistake with an example that fits better.
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

impl std::error::Error for ConfigError {}

impl From<Infallible> for ConfigError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
