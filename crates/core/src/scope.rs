//! Scopes (RFC 6749 §3.3).

use std::{fmt, str::FromStr};

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
    /// The scope as it stands in a token.
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

/// The scopes that a token grants, in the order in which it names them.
///
/// Kept as one list separated by single spaces, every word of which is a scope: tokens name few,
/// and most of them are never asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeSet(Box<str>);

impl ScopeSet {
    /// Reads a space-separated list. Words that are no scopes grant nothing and are left out.
    pub fn from_list(list: &str) -> Self {
        // Most lists need no rewriting.
        match Self::is_kept(list) {
            true => Self(list.into()),
            false => list.split(' ').collect(),
        }
    }

    /// Whether the list is single-spaced and all of its words are scopes.
    fn is_kept(list: &str) -> bool {
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

    /// Drops every scope for which `keep` is false.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        // Most tokens name nothing that is dropped.
        if !self.iter().all(&keep) {
            *self = self.iter().filter(|scope| keep(scope)).collect();
        }
    }

    /// The scopes, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_ascii_whitespace()
    }

    /// How many bytes it keeps besides itself.
    pub(crate) fn weight(&self) -> usize {
        self.0.len()
    }

    /// Whether the token grants nothing by name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Words that are no scopes are left out.
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
    fn r22_a_list_is_split_at_spaces_and_what_is_no_scope_grants_nothing() {
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
    fn r22_whatever_stands_in_a_list_its_words_are_those_between_spaces_that_are_scopes() {
        let bytes = [b' ', b'!', b'"', b'#', b'\\', b'a', b'~', 0x7f, b'\n'];
        for a in bytes {
            for b in bytes {
                for c in bytes {
                    let list = String::from_utf8(vec![a, b, c]).unwrap();
                    let words: Vec<_> = list.split(' ').filter(|word| is_scope(word)).collect();
                    let kept = ScopeSet::from_list(&list);
                    assert_eq!(kept.iter().collect::<Vec<_>>(), words, "{list:?}");
                    assert_eq!(kept, words.into_iter().collect(), "{list:?}: in one form only");
                }
            }
        }
    }

    #[test]
    fn what_is_no_scope_is_told_and_what_is_one_shows_itself() {
        let error = "a b".parse::<Scope>().unwrap_err();
        assert_eq!(error.setting(), "scope");
        let scope: Scope = "a:b".parse().unwrap();
        assert_eq!((format!("{scope:?}"), scope.to_string()), ("Scope(a:b)".into(), "a:b".into()));
    }
}
