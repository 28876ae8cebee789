//! Scopes (RFC 6749 §3.3).

use std::{fmt, str::FromStr, sync::OnceLock};

use crate::config::ConfigError;

/// One scope: printable ASCII without space, `"` and `\`.
///
/// ```
/// # mod actix_mcp_auth { pub mod permission { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::permission::Scope;
///
/// let scope: Scope = "bookmarks:write".parse().unwrap();
/// assert!("bookmarks write".parse::<Scope>().is_err());
/// # assert_eq!(scope.as_str(), "bookmarks:write");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Box<str>);

impl Scope {
    /// The scope as a token contains it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_valid(text: &str) -> bool {
        is_scope(text)
    }
}

/// Whether `text` is a scope: `1*( %x21 / %x23-5B / %x5D-7E )`.
pub(crate) const fn is_scope(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [byte, others @ ..] = rest {
        if !is_of_a_scope(*byte) {
            return false;
        }
        rest = others;
    }
    !text.is_empty()
}

const fn is_of_a_scope(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

impl FromStr for Scope {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        if Self::is_valid(text) {
            Ok(Self(text.into()))
        } else {
            Err(ConfigError::invalid(
                "scope",
                text,
                "must be printable ASCII without spaces, quotes and backslashes",
                "bookmarks:write",
            ))
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({})", self.0)
    }
}

/// The scopes that a token grants, in the token's order.
///
/// Stored as one string of valid scopes separated by single spaces: a token has few, so that a
/// linear search is fast, and one allocation holds them all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeSet(Box<str>);

impl ScopeSet {
    /// No scope.
    pub(crate) fn none() -> &'static Self {
        static NONE: OnceLock<ScopeSet> = OnceLock::new();
        NONE.get_or_init(Self::default)
    }

    /// Parses a space-separated list. Words that are not valid scopes are left out.
    pub fn from_list(list: &str) -> Self {
        // Most lists are normalized already.
        match Self::is_normalized(list) {
            true => Self(list.into()),
            false => list.split(' ').collect(),
        }
    }

    /// Whether the list has single spaces and only valid scopes.
    fn is_normalized(list: &str) -> bool {
        let mut before = b' ';
        let good = list.bytes().fold(true, |so_far, byte| {
            let good = is_of_a_scope(byte) | ((byte == b' ') & (before != b' '));
            before = byte;
            so_far & good
        });
        good && before != b' '
    }

    /// Whether the token grants this scope.
    pub fn contains(&self, scope: &Scope) -> bool {
        self.contains_str(scope.as_str())
    }

    /// Whether the token grants a scope of this name.
    pub fn contains_str(&self, scope: &str) -> bool {
        self.iter().any(|granted| granted == scope)
    }

    /// Removes every scope for which `keep` is false.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        // Most tokens have nothing to remove.
        if !self.iter().all(&keep) {
            *self = self.iter().filter(|scope| keep(scope)).collect();
        }
    }

    /// Iterates over the scopes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_ascii_whitespace()
    }

    /// The heap memory it owns, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.0.len()
    }

    /// Whether the token grants no scope.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Words that are not valid scopes are left out.
impl<'a> FromIterator<&'a str> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = &'a str>>(words: I) -> Self {
        let mut list = String::new();
        for word in words.into_iter().filter(|word| Scope::is_valid(word)) {
            if !list.is_empty() {
                list.push(' ');
            }
            list.push_str(word);
        }
        Self(list.into_boxed_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r22_a_list_is_split_at_spaces_without_invalid_scopes() {
        let scopes = ScopeSet::from_list("openid  bookmarks:read a\"b c\\d e\u{e9}");
        let names: Vec<_> = scopes.iter().collect();
        assert_eq!(names, ["openid", "bookmarks:read"]);
        assert_eq!(ScopeSet::from_list("openid bookmarks:read"), scopes);
        assert!(ScopeSet::from_list("").is_empty() && !scopes.is_empty());
        assert!(scopes.contains(&"openid".parse().unwrap()));
        assert!(!scopes.contains_str("bookmarks"));
        assert!(!scopes.contains(&"bookmarks".parse().unwrap()));
    }

    #[test]
    fn r22_every_list_of_three_characters_is_normalized() {
        let bytes = [b' ', b'!', b'"', b'#', b'\\', b'a', b'~', 0x7f, b'\n'];
        for a in bytes {
            for b in bytes {
                for c in bytes {
                    let list = String::from_utf8(vec![a, b, c]).unwrap();
                    let words: Vec<_> = list.split(' ').filter(|word| is_scope(word)).collect();
                    let kept = ScopeSet::from_list(&list);
                    assert_eq!(kept.iter().collect::<Vec<_>>(), words, "{list:?}");
                    assert_eq!(kept, words.into_iter().collect(), "{list:?}: one normal form");
                }
            }
        }
    }

    #[test]
    fn an_invalid_scope_is_an_error_and_a_valid_one_is_shown() {
        let error = "a b".parse::<Scope>().unwrap_err();
        assert_eq!(error.setting(), "scope");
        let scope: Scope = "a:b".parse().unwrap();
        assert_eq!((format!("{scope:?}"), scope.to_string()), ("Scope(a:b)".into(), "a:b".into()));
    }
}
