//! One challenge with its parameters (RFC 9110 §11.2 and §11.6.1), read strictly: no empty list
//! elements, no second challenge. It is independent of core's code that writes them.

/// A challenge's scheme, and its parameters in their order, without quotes and escapes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    pub(crate) parameters: Vec<(String, String)>,
}

/// ```text
/// challenge  = auth-scheme 1*SP auth-param *( OWS "," OWS auth-param )
/// auth-param = token BWS "=" BWS ( token / quoted-string )
/// ```
///
/// # Errors
/// What was expected, and the bytes that were found instead.
pub(crate) fn parse(header: &[u8]) -> Result<Challenge, String> {
    let mut rest = Reader(header);
    let scheme = rest.token()?;
    if rest.spaces(b" ") == 0 {
        return Err(rest.instead_of("a space behind the scheme"));
    }
    let mut parameters = Vec::new();
    loop {
        parameters.push(rest.parameter()?);
        rest.spaces(b" \t");
        if rest.0.is_empty() {
            return Ok(Challenge { scheme, parameters });
        }
        rest.expect(b',')?;
        rest.spaces(b" \t");
    }
}

struct Reader<'h>(&'h [u8]);

impl Reader<'_> {
    fn parameter(&mut self) -> Result<(String, String), String> {
        let name = self.token()?;
        self.spaces(b" \t");
        self.expect(b'=')?;
        self.spaces(b" \t");
        let value = match self.0.first() {
            Some(b'"') => self.quoted_string()?,
            _ => self.token()?,
        };
        Ok((name, value))
    }

    /// RFC 9110 §5.6.2.
    fn token(&mut self) -> Result<String, String> {
        let is_tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        let len = self.0.iter().position(|byte| !is_tchar(byte)).unwrap_or(self.0.len());
        if len == 0 {
            return Err(self.instead_of("a token"));
        }
        let (token, rest) = self.0.split_at(len);
        self.0 = rest;
        Ok(String::from_utf8_lossy(token).into_owned())
    }

    /// RFC 9110 §5.6.4.
    fn quoted_string(&mut self) -> Result<String, String> {
        self.expect(b'"')?;
        let mut text = Vec::new();
        loop {
            match *self.0 {
                [b'"', ..] => {
                    self.0 = &self.0[1..];
                    return String::from_utf8(text).map_err(|_| "text in quotes".to_owned());
                }
                [b'\\', escaped @ (b'\t' | b' '..=b'~' | 0x80..), ..] => {
                    text.push(escaped);
                    self.0 = &self.0[2..];
                }
                [byte @ (b'\t' | b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' | 0x80..), ..] => {
                    text.push(byte);
                    self.0 = &self.0[1..];
                }
                _ => return Err(self.instead_of("a character in quotes, or their end")),
            }
        }
    }

    fn spaces(&mut self, which: &[u8]) -> usize {
        let len = self.0.iter().take_while(|byte| which.contains(byte)).count();
        self.0 = &self.0[len..];
        len
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                Ok(())
            }
            _ => Err(self.instead_of(&format!("{:?}", char::from(byte)))),
        }
    }

    fn instead_of(&self, expected: &str) -> String {
        format!("expected {expected}, found {:?}", String::from_utf8_lossy(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_grammar_allows() {
        let header = b"Bearer  realm=\"a, \\\"b\\\"\",error=invalid_token , x = \"\"";
        let read = parse(header).unwrap();
        assert_eq!(read.scheme, "Bearer");
        let read: Vec<_> = read.parameters.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(read, [("realm", "a, \"b\""), ("error", "invalid_token"), ("x", "")]);
    }

    #[test]
    fn refuses_what_it_does_not() {
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a",
            "Bearer a=",
            "Bearer a=\"",
            "Bearer a=\"x\"y\"",
            "Bearer a=\"x\" b=\"y\"",
            "Bearer a=\"x\",",
            "Bearer ,a=\"x\"",
            "Bearer a=\"x\",,b=y",
            "Bearer a=\"x\r\nSet-Cookie: y\"",
            "Bearer a=\"x\0\"",
            "Bearer a=\"x\"; b=y",
            "Bearer a=x/y",
            "Bear\u{e9}r a=x",
        ] {
            assert!(parse(header.as_bytes()).is_err(), "{header:?}");
        }
    }
}
