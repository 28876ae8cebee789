//! Personal data in `Debug`: that it is there, and not what it is.

use std::fmt;

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
