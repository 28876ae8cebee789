//! The name of an agent, as text that is fit to be shown.
//!
//! Anybody can register a client under any name. So a name is cut, is in one line, and has no
//! characters that cannot be seen or that change the order of the others. What it says is not
//! checked: [`NameSource`] tells whose word it is.

use std::fmt;

use serde::Serialize;

/// The name of an agent: 1 to 64 characters in one line, all of them visible or spaces.
///
/// It does not implement `Display`, so that the caller chooses the form for the output:
/// [`html`](Self::html) for a page that is put together as text, [`as_str`](Self::as_str) for
/// JSON, a terminal, and templates that escape what they are given.
///
/// ```
/// # mod actix_mcp_auth { pub mod agents { pub use mcp_auth_core::agents::*; } }
/// use actix_mcp_auth::agents::{AgentName, NameSource};
///
/// let name = AgentName::new("  Ada's\n\u{202e}<Agent>  ", NameSource::Client).unwrap();
/// assert_eq!(name.as_str(), "Ada's <Agent>");
/// assert_eq!(name.html(), "Ada&#39;s &lt;Agent&gt;");
/// assert!(AgentName::new("\u{200b} \t", NameSource::Client).is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AgentName {
    text: Box<str>,
    source: NameSource,
}

/// Whose word a name is. In JSON `application`, `issuer`, `client` and `client_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NameSource {
    /// The application's own.
    Application,
    /// The issuer's: somebody with access to its configuration has given the name.
    Issuer,
    /// The client's own, which nobody has checked: from its metadata document, or from its
    /// registration with the issuer.
    Client,
    /// No name is known, and the client id is used instead.
    ClientId,
}

impl AgentName {
    /// The most characters of a name. Longer names end in `…`.
    pub const MAX_CHARS: usize = 64;

    /// The name in this text; `None` where nothing of it is visible.
    pub fn new(text: &str, source: NameSource) -> Option<Self> {
        let text = visible(text, Self::MAX_CHARS);
        (!text.is_empty()).then(|| Self { text: text.into(), source })
    }

    /// The client id in place of the name, where no name is known.
    pub fn of_client_id(client_id: &str) -> Self {
        let source = NameSource::ClientId;
        Self::new(client_id, source).unwrap_or_else(|| Self { text: "?".into(), source })
    }

    /// The text. It can contain `<`, `&` and quotes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text for HTML: in an element, and in an attribute's value in quotes.
    pub fn html(&self) -> String {
        let mut html = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                c => html.push(c),
            }
        }
        html
    }

    /// Whose word it is.
    pub fn source(&self) -> NameSource {
        self.source
    }
}

impl fmt::Debug for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} by {:?}", self.text, self.source)
    }
}

/// The visible characters of a text, with single spaces between words, and cut to `max`. It reads
/// no more of a long text than it needs, unless most of that is invisible.
fn visible(text: &str, max: usize) -> String {
    let mut shown = String::new();
    let (mut count, mut space) = (0, false);
    for c in text.chars() {
        if c.is_whitespace() {
            space = count > 0;
        } else if !is_invisible(c) {
            let needed = 1 + usize::from(space);
            if count + needed > max {
                return cut(shown, count, max);
            }
            if space {
                shown.push(' ');
            }
            shown.push(c);
            (count, space) = (count + needed, false);
        }
    }
    shown
}

/// The text with `…` at its end, within `max` characters.
fn cut(mut shown: String, count: usize, max: usize) -> String {
    if count >= max {
        shown.pop();
    }
    let end = shown.trim_end().len();
    shown.truncate(end);
    shown.push('…');
    shown
}

/// Whether a character shows nothing of its own, or changes how others are shown: control
/// characters, and those of Unicode's general category Cf and of its property
/// `Default_Ignorable_Code_Point`, which include the bidirectional and zero-width ones; further
/// blank letters, characters for private use, and code points without a character.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00ad // soft hyphen
            | 0x034f // combining grapheme joiner
            | 0x0600..=0x0605 | 0x06dd | 0x070f | 0x0890..=0x0891 | 0x08e2 // Arabic and Syriac marks
            | 0x061c // Arabic letter mark
            | 0x115f..=0x1160 | 0x3164 | 0xffa0 // Hangul fillers
            | 0x17b4..=0x17b5 // Khmer inherent vowels
            | 0x180b..=0x180f // Mongolian selectors and vowel separator
            | 0x200b..=0x200f // zero width, left-to-right and right-to-left mark
            | 0x202a..=0x202e // bidirectional embeddings and overrides
            | 0x2060..=0x206f // word joiner, invisible operators, bidirectional isolates
            | 0x2800 // Braille pattern blank
            | 0xe000..=0xf8ff // private use
            | 0xfdd0..=0xfdef // noncharacters
            | 0xfe00..=0xfe0f // variation selectors
            | 0xfeff // byte order mark
            | 0xfff0..=0xfffb // unassigned, interlinear annotation
            | 0x110bd | 0x110cd // Kaithi marks
            | 0x13430..=0x1345f // Egyptian format controls
            | 0x1bca0..=0x1bca3 | 0x1d159 | 0x1d173..=0x1d17a // shorthand and musical controls
            | 0xe0000..=0x0010_ffff) // tags, variation selectors, private use
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<String> {
        AgentName::new(text, NameSource::Client).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn names_keep_what_can_be_seen() {
        for (text, shown) in [
            ("Claude", "Claude"),
            ("  Claude \r\n\t Code  ", "Claude Code"),
            ("Ädå’s 代理 🤖", "Ädå’s 代理 🤖"),
            ("a\u{2028}b\u{2029}c\u{85}d\u{a0}e", "a b c d e"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ] {
            assert_eq!(name(text).as_deref(), Some(shown), "{text:?}");
        }
    }

    #[test]
    fn control_bidi_and_zero_width_characters_are_removed() {
        for hidden in [
            '\0',
            '\u{7}',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{202a}',
            '\u{202b}',
            '\u{202c}',
            '\u{202d}',
            '\u{202e}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{206f}',
            '\u{2800}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{fffe}',
            '\u{1d173}',
            '\u{1ffff}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{f0000}',
            '\u{10ffff}',
        ] {
            let text = format!("{hidden}Cla{hidden}ude{hidden}");
            assert_eq!(name(&text).as_deref(), Some("Claude"), "{hidden:?}");
            assert_eq!(name(&hidden.to_string()), None, "{hidden:?}");
        }
    }

    #[test]
    fn long_names_are_cut() {
        let most = "x".repeat(AgentName::MAX_CHARS);
        assert_eq!(name(&most).as_deref(), Some(&*most));
        for long in ["x".repeat(10 * 1024), format!("{most} y"), format!("{most}y")] {
            let cut = name(&long).unwrap();
            assert_eq!(cut, format!("{}…", &most[1..]));
        }
        let of_words = name(&"日本 ".repeat(4000)).unwrap();
        assert!((63..=AgentName::MAX_CHARS).contains(&of_words.chars().count()), "{of_words}");
        let at_a_space = name(&format!("{} yy", "x".repeat(62))).unwrap();
        assert_eq!(at_a_space, format!("{}…", "x".repeat(62)));
    }

    #[test]
    fn a_name_without_a_visible_character_is_none() {
        for text in ["", " ", " \t\r\n\u{3000}", "\u{200b}\u{202e}", &"\u{200b}".repeat(10_000)] {
            assert_eq!(name(text), None, "{text:?}");
        }
        assert_eq!(AgentName::of_client_id("\u{200b}").as_str(), "?");
        let of_id = AgentName::of_client_id("https://a.example/\u{202e}c");
        assert_eq!((of_id.as_str(), of_id.source()), ("https://a.example/c", NameSource::ClientId));
    }

    #[test]
    fn html_is_escaped() {
        let html = |text| AgentName::new(text, NameSource::Client).unwrap().html();
        assert_eq!(
            html("<b onclick='x()'>\"&amp;"),
            "&lt;b onclick=&#39;x()&#39;&gt;&quot;&amp;amp;"
        );
        assert_eq!(html("Claude"), "Claude");
    }
}
