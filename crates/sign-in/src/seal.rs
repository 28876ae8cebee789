//! Sealed texts: encrypted and authenticated (AES-256-GCM), so that only this application reads and
//! makes them.

use std::fmt;

use actix_web::cookie::{Cookie, CookieJar, Key};

/// Seals and opens texts. Every replica of an application has the same password.
#[derive(Clone)]
pub(crate) struct Seal(Key);

/// The shortest password, in bytes.
pub(crate) const MIN_PASSWORD: usize = 32;

impl Seal {
    /// With keys that are derived from a password (HKDF with SHA-256) of at least [`MIN_PASSWORD`]
    /// bytes. `None`: it is shorter.
    pub(crate) fn new(password: &str) -> Option<Self> {
        (password.len() >= MIN_PASSWORD).then(|| Self(Key::derive_from(password.as_bytes())))
    }

    /// Seals a text under a name, without which it cannot be opened.
    pub(crate) fn seal(&self, name: &str, text: &str) -> String {
        let mut jar = CookieJar::new();
        jar.private_mut(&self.0).add(Cookie::new(name.to_owned(), text.to_owned()));
        jar.get(name).map(|sealed| sealed.value().to_owned()).unwrap_or_default()
    }

    /// Opens what was sealed under this name; `None` for anything else.
    pub(crate) fn open(&self, name: &str, sealed: &str) -> Option<String> {
        let cookie = Cookie::new(name.to_owned(), sealed.to_owned());
        let opened = CookieJar::new().private(&self.0).decrypt(cookie)?;
        Some(opened.value().to_owned())
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(password: &str) -> Seal {
        Seal::new(password).unwrap()
    }

    #[test]
    fn r38_only_the_same_password_and_name_open_a_seal() {
        let ours = seal("0123456789abcdef0123456789abcdef");
        let sealed = ours.seal("session", "secret text");
        assert!(!sealed.contains("secret"), "{sealed}");
        assert_eq!(ours.open("session", &sealed).as_deref(), Some("secret text"));
        assert_eq!(ours.open("flow", &sealed), None, "another cookie");
        assert_eq!(seal(&"x".repeat(32)).open("session", &sealed), None, "another password");
        assert_eq!(ours.open("session", &sealed[1..]), None, "cut");
        for garbage in ["", "=", "session", "Zm9v", "\u{e9}"] {
            assert_eq!(ours.open("session", garbage), None, "{garbage:?}");
        }
        assert!(Seal::new(&"x".repeat(31)).is_none());
    }
}
