//! What may stand in a record's texts: they are bounded, in one line, and show no token and, unless
//! the application says so, no e-mail address.

use openssl::sha::sha256;

/// The longest name of a tool, a client or a person, in characters.
pub(super) const MAX_NAME: usize = 256;
/// The longest URI, in characters.
pub(super) const MAX_URI: usize = 1_024;
/// Stands for a text that looks like a token.
const TOKEN_WITHHELD: &str = "(token withheld)";
/// The shortest text that is taken for a token. Three parts with empty claims are longer.
const MIN_TOKEN: usize = 32;

/// What a record may contain of personal data. Default: no e-mail address and no arguments.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Privacy {
    /// Whether e-mail addresses are written as they are. Otherwise a hash stands for each, by which
    /// records of the same address can be found.
    pub email_addresses: bool,
    /// Whether the arguments of calls are read.
    pub arguments: bool,
}

/// The text as it may stand in a record: at most `max` characters, `…` included; control
/// characters, and characters that change the order of others or have no width, are replaced by
/// U+FFFD.
pub(super) fn clean(text: &str, max: usize, privacy: Privacy) -> Box<str> {
    let is_plain = text.len() <= max
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'@' | b'%'))
        && !text.contains("eyJ");
    if is_plain {
        return text.into();
    }
    let mut written = Bounded { text: String::new(), left: max };
    let mut rest = text;
    while !rest.is_empty() && written.left > 0 {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if end == 0 {
            let mut chars = rest.chars();
            written.push(chars.next().map_or(' ', shown));
            rest = chars.as_str();
            continue;
        }
        let (word, after) = rest.split_at(end);
        rest = after;
        match () {
            () if is_token(word) => written.push_all(TOKEN_WITHHELD),
            () if !privacy.email_addresses && is_email(word) => written.push_all(&hashed(word)),
            () => written.push_all(word),
        }
    }
    written.finish(!rest.is_empty())
}

struct Bounded {
    text: String,
    left: usize,
}

impl Bounded {
    fn push(&mut self, c: char) {
        match self.left {
            0 => {}
            left => {
                self.text.push(c);
                self.left = left - 1;
            }
        }
    }

    fn push_all(&mut self, word: &str) {
        let mut chars = word.chars();
        while self.left > 0
            && let Some(c) = chars.next()
        {
            self.push(c);
        }
        // One more than fits, so that `finish` knows.
        if chars.next().is_some() {
            self.left = 0;
            self.text.pop();
            self.text.push('…');
        }
    }

    fn finish(mut self, is_cut: bool) -> Box<str> {
        if is_cut && !self.text.ends_with('…') {
            self.text.pop();
            self.text.push('…');
        }
        self.text.into()
    }
}

/// The characters of tokens and e-mail addresses, that of other scripts included.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%' | '@')
}

/// Whether it looks like a JWT, whose first part is a JSON object in Base64.
fn is_token(word: &str) -> bool {
    word.find("eyJ").is_some_and(|start| {
        let token = &word[start..];
        token.len() >= MIN_TOKEN && token.contains('.')
    })
}

/// Whether it looks like an e-mail address, also one in a URI. The domain must end in letters, so
/// that `package@1.2.3` is none.
fn is_email(word: &str) -> bool {
    let domain = word.rsplit_once('@').or_else(|| word.rsplit_once("%40"));
    let last_label = domain.and_then(|(_, domain)| domain.trim_end_matches('.').rsplit_once('.'));
    last_label.is_some_and(|(_, label)| {
        label.chars().count() >= 2 && label.chars().all(char::is_alphabetic)
    })
}

fn hashed(email: &str) -> String {
    let hash = sha256(email.replace("%40", "@").to_lowercase().as_bytes());
    let digits: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("email-sha256:{digits}")
}

fn shown(c: char) -> char {
    let is_hidden = c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}');
    if is_hidden { char::REPLACEMENT_CHARACTER } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        super::clean(text, MAX_NAME, Privacy::default()).into()
    }

    #[test]
    fn r40_plain_texts_stay_as_they_are() {
        for text in
            ["", "delete_bookmark", "größe", "日本語", "<script>alert(1)</script>", "npm:a@1.2.3"]
        {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn r40_control_and_bidirectional_characters_are_replaced() {
        let hostile = "a\u{0}b\nc\u{1b}[31m\u{202e}d\u{2066}e\u{200b}f\u{85}g\u{e0041}";
        let shown = clean(hostile);
        assert_eq!(shown, "a�b�c�[31m�d�e�f�g�");
    }

    #[test]
    fn r40_long_texts_are_cut() {
        for text in ["x".repeat(10_240), "ö".repeat(10_240), "<>".repeat(9_999), "a b".repeat(999)]
        {
            let shown = clean(&text);
            assert_eq!(shown.chars().count(), MAX_NAME, "{shown}");
            assert!(shown.ends_with('…'), "{shown}");
        }
        for text in ["x".repeat(MAX_NAME), "ö".repeat(MAX_NAME), "<>".repeat(MAX_NAME / 2)] {
            assert_eq!(clean(&text), text);
        }
    }

    #[test]
    fn r40_tokens_are_withheld_wherever_they_stand() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
        for text in [
            token.to_owned(),
            format!("Bearer {token}"),
            format!("x-{token}\n"),
            format!("https://a/?t={token}#{token}"),
        ] {
            let shown = clean(&text);
            assert!(!shown.contains("eyJ") && shown.contains(TOKEN_WITHHELD), "{shown}");
        }
    }

    #[test]
    fn r40_a_hash_stands_for_an_email_address() {
        let hash = clean("ada@example.com");
        assert!(hash.starts_with("email-sha256:") && hash.len() == 29, "{hash}");
        assert_eq!(clean("Ada@Example.com"), hash);
        assert_eq!(clean("mailto:ada%40example.com"), format!("mailto:{hash}"));
        assert!(!clean("Jörg <jörg+x@bücher.de>").contains("bücher"));
        // Cut after it was replaced, so that no part of it is left.
        let long = format!("{}ada@example.com", "x ".repeat(125));
        assert!(!clean(&long).contains("ada"), "{}", clean(&long));
        let shown = super::clean(
            "ada@example.com",
            MAX_NAME,
            Privacy { email_addresses: true, ..Privacy::default() },
        );
        assert_eq!(&*shown, "ada@example.com");
    }
}
