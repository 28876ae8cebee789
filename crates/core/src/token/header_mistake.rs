//! Usual mistakes in the `Authorization` header, told by its form: nothing of it is repeated.

use std::fmt;

/// What is wrong with an `Authorization` header that has no token that can be read. `Display` is for
/// the log: the cause, and then the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderMistake {
    /// `Bearer Bearer …`.
    SchemeTwice,
    /// `Bearer "…"`.
    Quoted,
    /// `Bearer ${TOKEN}`, `Bearer undefined`.
    Placeholder,
    /// `Bearer: …`.
    Colon,
    /// A token without a scheme.
    NoScheme,
    /// `Basic …`, `Token …`, `DPoP …`.
    OtherScheme,
}

impl HeaderMistake {
    /// The mistake in the value of an `Authorization` header. A sound header with a sound token has
    /// none.
    pub(crate) fn of(value: &[u8]) -> Option<Self> {
        let value = std::str::from_utf8(value).ok()?.trim_ascii();
        let Some((scheme, rest)) = value.split_once(' ') else {
            return match value.eq_ignore_ascii_case("bearer") || value.is_empty() {
                true => None,
                false => Some(Self::of_one_word(value)),
            };
        };
        match scheme {
            _ if scheme.eq_ignore_ascii_case("bearer") => Self::of_token(rest.trim_ascii()),
            _ if scheme.eq_ignore_ascii_case("bearer:") => Some(Self::Colon),
            _ => Some(Self::OtherScheme),
        }
    }

    fn of_one_word(word: &str) -> Self {
        match is_placeholder(word) {
            true => Self::Placeholder,
            false => Self::NoScheme,
        }
    }

    fn of_token(token: &str) -> Option<Self> {
        let first = token.split(' ').next().unwrap_or_default().trim_end_matches(':');
        if first.eq_ignore_ascii_case("bearer") && first.len() < token.len() {
            Some(Self::SchemeTwice)
        } else if token.starts_with(['"', '\'', '`']) {
            Some(Self::Quoted)
        } else if is_placeholder(token) {
            Some(Self::Placeholder)
        } else {
            None
        }
    }
}

/// Whether it is a name in the brackets of templates, or what languages write for "nothing".
fn is_placeholder(text: &str) -> bool {
    text.starts_with(['$', '{', '<', '%', '['])
        || ["undefined", "null", "none", "nil", "[object object]"]
            .iter()
            .any(|nothing| text.eq_ignore_ascii_case(nothing))
}

impl fmt::Display for HeaderMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SchemeTwice => {
                "the token begins with the scheme again (Bearer Bearer …); the client's \
                 configuration must name one of them only"
            }
            Self::Quoted => {
                "the token stands in quotes; remove them in the client's configuration"
            }
            Self::Placeholder => {
                "the token is a placeholder that was never filled; is a variable not set, or not \
                 replaced, in the client's configuration?"
            }
            Self::Colon => {
                "a colon stands behind the scheme (Bearer: …); the header's value must be Bearer, a \
                 space and the token"
            }
            Self::NoScheme => {
                "the header has a word without a scheme; its value must be Bearer, a space and the \
                 token"
            }
            Self::OtherScheme => {
                "the header has another scheme than Bearer; the client must send Authorization: \
                 Bearer and the token"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r07_usual_mistakes_in_the_header_are_told_apart() {
        for (value, mistake) in [
            ("Bearer Bearer eyJ", Some(HeaderMistake::SchemeTwice)),
            ("bearer bearer: eyJ", Some(HeaderMistake::SchemeTwice)),
            ("Bearer \"eyJ.a.b\"", Some(HeaderMistake::Quoted)),
            ("Bearer 'eyJ.a.b'", Some(HeaderMistake::Quoted)),
            ("Bearer ${MCP_TOKEN}", Some(HeaderMistake::Placeholder)),
            ("Bearer {{token}}", Some(HeaderMistake::Placeholder)),
            ("Bearer <token>", Some(HeaderMistake::Placeholder)),
            ("Bearer undefined", Some(HeaderMistake::Placeholder)),
            ("Bearer null", Some(HeaderMistake::Placeholder)),
            ("${AUTH}", Some(HeaderMistake::Placeholder)),
            ("eyJ.a.b", Some(HeaderMistake::NoScheme)),
            ("Bearer:eyJ", Some(HeaderMistake::NoScheme)),
            ("Bearer: eyJ.a.b", Some(HeaderMistake::Colon)),
            ("Token eyJ.a.b", Some(HeaderMistake::OtherScheme)),
            ("DPoP eyJ.a.b", Some(HeaderMistake::OtherScheme)),
            ("Basic dTpw", Some(HeaderMistake::OtherScheme)),
            ("", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer bearer", None),
            ("Bearer eyJ.a.b", None),
            ("Bearer opaque", None),
        ] {
            assert_eq!(HeaderMistake::of(value.as_bytes()), mistake, "{value}");
        }
        assert_eq!(HeaderMistake::of(b"Bearer a\xff"), None);
    }

    #[test]
    fn every_mistake_in_the_header_has_a_cause_and_a_remedy() {
        for mistake in [
            HeaderMistake::SchemeTwice,
            HeaderMistake::Quoted,
            HeaderMistake::Placeholder,
            HeaderMistake::Colon,
            HeaderMistake::NoScheme,
            HeaderMistake::OtherScheme,
        ] {
            let line = mistake.to_string();
            assert!(line.contains(';') && !line.contains("  "), "{line}");
        }
    }
}
