//! Cookies: their names, their attributes, and how they are found among a request's.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time},
    http::header,
};

use crate::seal::Seal;

/// The most that browsers keep of a cookie's name and value, in bytes (RFC 6265bis §5.6).
pub(crate) const MAX_COOKIE: usize = 4096;

/// Makes cookies for one application.
#[derive(Debug, Clone)]
pub(crate) struct Cookies {
    seal: Seal,
    is_https: bool,
}

impl Cookies {
    pub(crate) fn new(seal: Seal, is_https: bool) -> Self {
        Self { seal, is_https }
    }

    /// The full name: with the prefix by which a browser takes a cookie from this host over https
    /// only, and for all paths (RFC 6265bis §4.1.3.2).
    pub(crate) fn name(&self, name: &str) -> String {
        match self.is_https {
            true => format!("__Host-{name}"),
            false => name.to_owned(),
        }
    }

    /// A `Set-Cookie` value with a sealed text. `None`: it is longer than browsers keep.
    pub(crate) fn set(&self, name: &str, text: &str, max_age: Duration) -> Option<String> {
        let name = self.name(name);
        let sealed = self.seal.seal(&name, text);
        let fits = name.len() + sealed.len() <= MAX_COOKIE;
        fits.then(|| self.cookie(name, sealed, max_age))
    }

    /// A `Set-Cookie` value that removes a cookie.
    pub(crate) fn remove(&self, name: &str) -> String {
        self.cookie(self.name(name), String::new(), Duration::ZERO)
    }

    /// Strict would be lost on the way back from the issuer's origin.
    fn cookie(&self, name: String, value: String, max_age: Duration) -> String {
        let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
        Cookie::build(name, value)
            .path("/")
            .http_only(true)
            .secure(self.is_https)
            .same_site(SameSite::Lax)
            .max_age(time::Duration::seconds(seconds))
            .finish()
            .to_string()
    }

    /// The texts of all cookies whose names begin so, with the rest of their names; those that were
    /// not sealed here are `None`.
    pub(crate) fn with_prefix(
        &self,
        headers: &[&[u8]],
        prefix: &str,
    ) -> Vec<(String, Option<String>)> {
        let prefix = self.name(prefix);
        let text = |name: &str, value: &str| self.seal.open(name, value);
        pairs(headers)
            .filter_map(|(name, value)| {
                let rest = name.strip_prefix(&prefix)?;
                Some((rest.to_owned(), text(name, value)))
            })
            .collect()
    }

    /// The text of the first cookie of this name that was sealed here, and whether there is any of
    /// that name.
    pub(crate) fn get(&self, headers: &[&[u8]], name: &str) -> (Option<String>, bool) {
        let found = self.with_prefix(headers, name);
        let mut named = found.into_iter().filter(|(rest, _)| rest.is_empty()).peekable();
        let any = named.peek().is_some();
        (named.find_map(|(_, text)| text), any)
    }
}

/// The values of a request's `Cookie` headers.
pub(crate) fn headers(request: &HttpRequest) -> Vec<&[u8]> {
    request.headers().get_all(header::COOKIE).map(|value| value.as_bytes()).collect()
}

/// Names and values (RFC 6265 §5.4). Another application's cookie can have any bytes, and takes no
/// other cookie with it.
fn pairs<'h>(headers: &[&'h [u8]]) -> impl Iterator<Item = (&'h str, &'h str)> {
    let pairs = headers.iter().flat_map(|header| header.split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let (name, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
        Some((trim(name), trim(value)))
    })
}

/// Without the white space of HTTP. Other white space is part of a name: a browser does not guard
/// `__Host-` behind it, so that a subdomain can set such a cookie.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(is_https: bool) -> Cookies {
        Cookies::new(Seal::new(&"k".repeat(32)).unwrap(), is_https)
    }

    fn pair(set_cookie: &str) -> &str {
        set_cookie.split(';').next().unwrap()
    }

    #[test]
    fn r38_cookies_have_the_strictest_attributes() {
        let set = cookies(true).set("session", "x", Duration::from_secs(60)).unwrap();
        for attribute in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/", "; Max-Age=60"] {
            assert!(set.contains(attribute), "{attribute} in {set}");
        }
        assert!(set.starts_with("__Host-session=") && !set.contains("Domain"), "{set}");
        let plain = cookies(false).set("session", "x", Duration::from_secs(60)).unwrap();
        assert!(plain.starts_with("session=") && !plain.contains("Secure"), "{plain}");
        assert!(cookies(true).remove("session").contains("Max-Age=0"));
    }

    #[test]
    fn r38_a_cookie_that_browsers_would_drop_is_not_made() {
        assert!(cookies(true).set("session", &"x".repeat(2900), Duration::ZERO).is_some());
        assert!(cookies(true).set("session", &"x".repeat(3100), Duration::ZERO).is_none());
    }

    #[test]
    fn r38_a_sealed_cookie_is_found_among_others() {
        let cookies = cookies(true);
        let set = cookies.set("session", "ada", Duration::ZERO).unwrap();
        let header = format!("a=b; __Host-session=forged; {}; c", pair(&set));
        let get = |header: &str, name| cookies.get(&[b"\xff", header.as_bytes()], name);
        assert_eq!(get(&header, "session"), (Some("ada".into()), true));
        assert_eq!(get(&header, "sess"), (None, false));
        assert_eq!(get("__Host-session=forged", "session"), (None, true));
        assert_eq!(get(&pair(&set).replace("__Host-", ""), "session"), (None, false));
    }

    #[test]
    fn r38_a_name_after_other_white_space_is_another_name() {
        let cookies = cookies(true);
        let set = cookies.set("session", "ada", Duration::ZERO).unwrap();
        let get = |before: &str| {
            cookies.get(&[format!("{before}{}", pair(&set)).as_bytes()], "session").0
        };
        for space in ["", " ", "\t", "a=b; "] {
            assert_eq!(get(space).as_deref(), Some("ada"), "{space:?}");
        }
        for space in ["\u{a0}", "\u{85}", "\u{2003}", "\u{3000}", "\u{b}", "x"] {
            assert_eq!(get(space), None, "{space:?}");
        }
    }

    #[test]
    fn r38_a_cookie_is_found_beside_one_of_other_bytes() {
        let cookies = cookies(true);
        let set = cookies.set("session", "ada", Duration::ZERO).unwrap();
        let header = [b"__Host-session=\xff; other=\xe9;", pair(&set).as_bytes()].concat();
        assert_eq!(cookies.get(&[&header], "session"), (Some("ada".into()), true));
    }
}
