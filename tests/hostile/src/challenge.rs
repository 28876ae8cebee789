//! A parser for `WWW-Authenticate`, written only from the grammar of RFC 9110 §11.6.1 and RFC 6750
//! §3. It checks every challenge in the suite.

use std::collections::BTreeMap;

/// One challenge of the scheme `Bearer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerChallenge {
    /// The parameters by their names in lower case, each value out of its quotes.
    pub parameters: BTreeMap<String, String>,
}

impl BearerChallenge {
    /// Reads a header's value that holds exactly one challenge.
    ///
    /// # Errors
    /// What violates which rule.
    pub fn parse(value: &[u8]) -> Result<Self, String> {
        let mut reader = Reader { rest: value };
        let scheme = reader.token()?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(format!("the scheme is {scheme}"));
        }
        let mut parameters = BTreeMap::new();
        if !reader.rest.is_empty() {
            reader.expect(b' ')?;
            reader.spaces();
            loop {
                let name = reader.token()?.to_ascii_lowercase();
                reader.expect(b'=')?;
                // OAuth's own parameters are quoted strings (RFC 6750 §3); the grammar of RFC 9110
                // would allow a token as well.
                let text = reader.quoted_string()?;
                check_value(&name, &text)?;
                if parameters.insert(name.clone(), text).is_some() {
                    return Err(format!("{name} occurs twice"));
                }
                reader.spaces();
                if reader.rest.is_empty() {
                    break;
                }
                reader.expect(b',')?;
                reader.spaces();
            }
        }
        Ok(Self { parameters })
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// "Values for the `error` and `error_description` attributes MUST NOT include characters outside
/// the set %x20-21 / %x23-5B / %x5D-7E"; those of `scope` may not either, and `error` is one of
/// three codes (RFC 6750 §3 and §3.1).
fn check_value(name: &str, text: &str) -> Result<(), String> {
    let set = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
    if !text.chars().all(set) {
        return Err(format!("{name} has a character outside its set: {text:?}"));
    }
    match name {
        "error" if !["invalid_request", "invalid_token", "insufficient_scope"].contains(&text) => {
            Err(format!("no error code: {text}"))
        }
        "resource_metadata" if !text.starts_with("http") || text.contains(' ') => {
            Err(format!("no absolute URL: {text}"))
        }
        _ => Ok(()),
    }
}

struct Reader<'v> {
    rest: &'v [u8],
}

impl<'v> Reader<'v> {
    /// `token = 1*tchar`.
    fn token(&mut self) -> Result<&'v str, String> {
        let tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        let end = self.rest.iter().position(|b| !tchar(b)).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(format!("a token was due at {:?}", self.shown()));
        }
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        std::str::from_utf8(token).map_err(|_| "a token is ASCII".to_owned())
    }

    /// `quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE`.
    fn quoted_string(&mut self) -> Result<String, String> {
        self.expect(b'"')?;
        let mut text = String::new();
        loop {
            match self.next()? {
                b'"' => return Ok(text),
                b'\\' => match self.next()? {
                    byte @ (b'\t' | 0x20..=0x7e) => text.push(char::from(byte)),
                    byte => return Err(format!("a quoted pair of byte {byte:#x}")),
                },
                byte @ (b'\t' | 0x20..=0x7e) => text.push(char::from(byte)),
                byte => return Err(format!("byte {byte:#x} in a quoted string")),
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        let at = self.shown();
        match self.next() {
            Ok(found) if found == byte => Ok(()),
            _ => Err(format!("{:?} was due at {at:?}", char::from(byte))),
        }
    }

    fn spaces(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn next(&mut self) -> Result<u8, String> {
        let (first, rest) = self.rest.split_first().ok_or("it ends too early")?;
        self.rest = rest;
        Ok(*first)
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(self.rest).chars().take(40).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_reads_what_the_grammar_allows() {
        let value = br#"bearer a="1" , B="x, y=z",error="invalid_token""#;
        let challenge = BearerChallenge::parse(value).unwrap();
        assert_eq!(challenge.get("b"), Some("x, y=z"));
        assert_eq!(challenge.get("error"), Some("invalid_token"));
        assert!(BearerChallenge::parse(b"Bearer").unwrap().parameters.is_empty());
    }

    #[test]
    fn the_judge_refuses_what_the_grammar_does_not_allow() {
        for value in [
            "",
            "Basic realm=\"x\"",
            "Bearer ",
            "Bearer a",
            "Bearer a=b",
            "Bearer a=\"b",
            "Bearer a=\"b\" c=\"d\"",
            "Bearer a=\"b\",",
            "Bearer a=\"b\", a=\"c\"",
            "Bearer a=\"b\", A=\"c\"",
            "Bearer error=\"x\"",
            "Bearer error_description=\"a\\\"b\"",
            "Bearer error_description=\"\u{e9}\"",
            "Bearer a=\"\n\"",
            "Bearer resource_metadata=\"/relative\"",
        ] {
            assert!(BearerChallenge::parse(value.as_bytes()).is_err(), "{value:?}");
        }
    }
}
