//! Member names and values that common parsers read in different ways.
//!
//! A parser may take a member for another than it is:
//!
//! - `encoding/json` of Go and others compare names without regard to case, by Unicode's simple
//!   folding: `paramſ` (U+017F) is `params`, `toKen` with the Kelvin sign (U+212A) is `token`.
//! - cJSON and other parsers in C end a name at `\u0000`.
//!
//! And a server may strip a value, or end it at a control character, before it looks it up.

use serde::de;

/// Refuses the name of a direct member of an object that decides: one that is not printable ASCII,
/// or differs in case only from a member that decides.
pub(super) fn refuse_ambiguous<E: de::Error>(name: &str, decide: &[&str]) -> Result<(), E> {
    match is_ambiguous(name, decide) {
        true => Err(E::custom("a member name that parsers read in different ways")),
        false => Ok(()),
    }
}

/// Whether a name that is none of those that decide could be taken for one of them.
pub(super) fn is_ambiguous(name: &str, decide: &[&str]) -> bool {
    !is_printable_ascii(name) || decide.iter().any(|one| name.eq_ignore_ascii_case(one))
}

/// Whether a member, of an object whose names are free, could be taken for `wanted`: it is not that
/// name, but has it, or the same letters, up to a NUL. Any character beyond ASCII counts as
/// whatever letter is expected in its place, so that no parser's table of folded letters has to be
/// known here.
pub(super) fn resembles(name: &str, wanted: &str) -> bool {
    let mut expected = wanted.chars();
    let seen = name.split('\0').next().unwrap_or_default();
    name != wanted
        && seen.chars().all(|seen| {
            let wanted = expected.next();
            wanted.is_some_and(|wanted| !seen.is_ascii() || seen.eq_ignore_ascii_case(&wanted))
        })
        && expected.next().is_none()
}

/// Whether a method, a name or a URI has neither control characters nor white space at its ends.
pub(crate) fn is_plain(text: &str) -> bool {
    // Printable ASCII is the usual case, and the cheap one.
    if is_printable_ascii(text) {
        return !text.starts_with(' ') && !text.ends_with(' ');
    }
    !text.contains(char::is_control)
        && !text.starts_with(is_stripped)
        && !text.ends_with(is_stripped)
}

/// What the `trim` of one language or another takes away: Unicode's white space, and the characters
/// of no width that JavaScript (U+FEFF) and older versions of Java and .NET take for it.
fn is_stripped(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{180e}')
}

fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r30_names_that_parsers_fold_or_cut_are_ambiguous() {
        let decide = ["method", "params"];
        for name in
            ["paramſ", "Params", "PARAMS", "method\0", "method\0x", "\0", "mé", "a\n", "\u{7f}"]
        {
            assert!(is_ambiguous(name, &decide), "{name:?}");
        }
        for name in ["param", "params2", "x-y z~", "", "jsonrpc"] {
            assert!(!is_ambiguous(name, &decide), "{name:?}");
        }
    }

    #[test]
    fn r30_a_free_name_resembles_another_by_case_fold_or_nul() {
        let wanted = "io.example/protocolVersion";
        for name in [
            "io.example/protocolversion",
            "IO.EXAMPLE/PROTOCOLVERSION",
            "io.example/protocolVer\u{17f}ion",
            "\u{131}o.example/protocolVersion",
            "io.example/protocolVersion\0",
            "io.example/protocolversion\0rest",
        ] {
            assert!(resembles(name, wanted), "{name:?}");
        }
        for name in [
            wanted,
            "",
            "\0",
            "io.example/protocolVersio",
            "io.example/protocolVersions",
            "io.example/clientInfo\0",
            "größe",
            "日本語",
        ] {
            assert!(!resembles(name, wanted), "{name:?}");
        }
    }

    #[test]
    fn r30_control_characters_and_outer_white_space_are_not_plain() {
        for text in [
            " a",
            "a ",
            "a\t",
            "\na",
            "a\0b",
            "a\u{1b}b",
            "a\u{7f}",
            "a\u{85}b",
            "\u{a0}a",
            "a\u{3000}",
            "\u{2028}a",
            "\u{feff}a",
            "a\u{200b}",
            " ",
        ] {
            assert!(!is_plain(text), "{text:?}");
        }
        for text in ["", "a", "a b", "größe", "a\u{a0}b", "日本語", "a\u{feff}b"] {
            assert!(is_plain(text), "{text:?}");
        }
    }
}
