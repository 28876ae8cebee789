//! Escapes text from requests for HTML.

use std::fmt::Write as _;

/// Longer text is cut: a name of a thousand words could move the warning off the page.
const LONGEST: usize = 120;

/// `text` for HTML content and quoted attributes: escaped, without control characters and
/// without the marks that reverse the direction of writing.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !deceives(*c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// [`escape`], cut if it is too long.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => escape(text),
        Some((at, _)) => escape(&text[..at]) + "…",
    }
}

/// The first letters of the first two words, for the round badge beside a name.
pub(super) fn initials(name: &str) -> String {
    let mut out = String::new();
    let firsts = name.split_whitespace().filter_map(|word| word.chars().next());
    for c in firsts.filter(|c| c.is_alphanumeric()).take(2) {
        let _ = write!(out, "{}", c.to_uppercase());
    }
    out
}

fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_means_something_to_html_survives() {
        assert_eq!(
            escape(r#"<script>alert('x')</script> & "y""#),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;"
        );
    }

    #[test]
    fn direction_and_control_characters_are_left_out() {
        assert_eq!(escape("a\u{202e}b\u{0}c\u{200b}\r\nd"), "abcd");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = "ä".repeat(1000);
        assert_eq!(short(&long).chars().count(), LONGEST + 1);
    }

    #[test]
    fn initials_are_two_letters_at_most() {
        assert_eq!(initials("Ada Lovelace"), "AL");
        assert_eq!(initials("<b> émile du châtelet"), "ÉD");
        assert_eq!(initials(""), "");
    }
}
