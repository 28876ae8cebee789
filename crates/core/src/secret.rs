//! Texts that `Debug` does not show: secrets and personal data.

use std::{fmt, sync::Arc};

/// Stands in `Debug` for a text that is personal data.
pub(crate) struct Redacted;

impl Redacted {
    /// As much as may be shown of a text: whether it is there.
    pub(crate) fn of<T>(text: &Option<T>) -> Option<Self> {
        text.as_ref().map(|_| Self)
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A secret text: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Keeps a secret.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The secret itself: for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
