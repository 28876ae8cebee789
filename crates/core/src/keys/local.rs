//! A key set that is at hand: no request is sent for it.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    algorithm::Algorithm,
    key_set::{JwksError, KeySet},
    signature::Josekit,
};
use crate::config::ConfigError;

const SETTING: &str = "jwks";
const EXAMPLE: &str = r#"{"keys":[{"kty":"RSA","kid":"1","n":"…","e":"AQAB"}]}"#;

/// A JWK set (RFC 7517 §5) in memory, for [`Issuer::jwks`](crate::Issuer::jwks). Its clones are the same
/// set: an application that rotates its keys keeps one, and [replaces](Self::replace) the document.
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// # mod actix_mcp_auth_keys { pub use mcp_auth_core::keys::LocalJwks; }
/// # use actix_mcp_auth_keys::LocalJwks;
/// # let (old, both) = (KEYS, KEYS);
/// # const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1",
/// #     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// use actix_mcp_auth::Issuer;
///
/// let keys = LocalJwks::new(old)?;
/// let issuer = Issuer::new("https://app.example.com")?.jwks(keys.clone());
/// // Later, before tokens are signed with the new key:
/// keys.replace(both)?;
/// # Ok::<(), mcp_auth_core::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct LocalJwks(Arc<Mutex<Held>>);

struct Held {
    json: Arc<str>,
    watchers: Vec<Watcher>,
}

/// Called with each new document; `false` where nobody needs it any more.
type Watcher = Box<dyn Fn(&str) -> bool + Send>;

impl LocalJwks {
    /// Holds a key set.
    ///
    /// # Errors
    /// Where it is no key set, or has no key that can be used. The error shows nothing of it.
    pub fn new(json: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        let json = json.into();
        check(SETTING, &json)?;
        Ok(Self(Arc::new(Mutex::new(Held { json, watchers: Vec::new() }))))
    }

    /// Replaces the key set: in force when this returns, for all resources that use it. Tokens of
    /// keys that are not in the new set are rejected from then on.
    ///
    /// # Errors
    /// As for [`new`](Self::new); the old set stays in use.
    pub fn replace(&self, json: impl Into<Arc<str>>) -> Result<(), ConfigError> {
        let json = json.into();
        check(SETTING, &json)?;
        let mut held = self.held();
        held.json = json.clone();
        held.watchers.retain(|watcher| watcher(&json));
        Ok(())
    }

    /// For the refresher: publishes the document, and each one that replaces it, in this order. The
    /// watcher answers `false` where nobody needs it any more.
    pub fn watch(&self, watcher: impl Fn(&str) -> bool + Send + 'static) {
        let mut held = self.held();
        if watcher(&held.json) {
            held.watchers.push(Box::new(watcher));
        }
    }

    /// For the refresher: acts on the document while it cannot be replaced.
    pub fn with<T>(&self, act: impl FnOnce(&str) -> T) -> T {
        act(&self.held().json)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the document is a key set of which something can be used.
///
/// # Errors
/// Under the name of `setting`; a key set may contain private keys by mistake, so nothing of it is
/// shown.
pub(crate) fn check(setting: &str, json: &str) -> Result<(), ConfigError> {
    match KeySet::parse(json.as_bytes(), Algorithm::ALL, &Josekit) {
        Ok(_) => Ok(()),
        Err(error) => Err(unusable(setting, format!("a text of {} bytes", json.len()), &error)),
    }
}

/// The largest file that is read, in bytes, as for a set that is fetched.
const FILE_LIMIT: u64 = 64 * 1024;

/// Reads a file with a key set, within 64 KiB.
///
/// # Errors
/// Where it cannot be read, is longer, or is no text in UTF-8.
pub fn read_file(path: &Path) -> io::Result<String> {
    let mut json = String::new();
    File::open(path)?.take(FILE_LIMIT + 1).read_to_string(&mut json)?;
    match json.len() as u64 > FILE_LIMIT {
        true => Err(io::Error::other(format!("it is longer than {FILE_LIMIT} bytes"))),
        false => Ok(json),
    }
}

/// What is wrong with a key set that the configuration names or has, under the name of a setting.
pub fn unusable(setting: &str, found: String, error: &JwksError) -> ConfigError {
    let expected = format!("must be a JWK set with at least one key that can be used ({error})");
    ConfigError::invalid(setting, found, expected, EXAMPLE)
}

/// The same set: one of two clones.
impl PartialEq for LocalJwks {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for LocalJwks {}

impl fmt::Debug for LocalJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalJwks(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    #[test]
    fn a_replaced_key_set_is_told_to_those_who_watch() {
        let keys = LocalJwks::new(ONE).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let watched = seen.clone();
        keys.clone().watch(move |json| {
            let mut seen = watched.lock().unwrap();
            seen.push(json.to_owned());
            seen.len() < 3
        });
        let other = ONE.replace("\"1\"", "\"2\"");
        for _ in 0..3 {
            keys.replace(&*other).unwrap();
        }
        assert_eq!(*seen.lock().unwrap(), [ONE, &other, &other], "not after `false`");
        assert_eq!(keys.with(str::to_owned), other);
        assert!(keys.replace("{}").is_err() && keys.with(str::to_owned) == other);
    }

    #[test]
    fn r09_what_is_no_key_set_is_an_error_that_shows_none_of_it() {
        let private = ONE.replace("\"kid\"", "\"d\":\"private\",\"kid\"");
        for json in ["", "{}", "[]", r#"{"keys":[]}"#, "-----BEGIN PUBLIC KEY-----", &private] {
            let error = LocalJwks::new(json).unwrap_err().to_string();
            assert!(error.starts_with("jwks is \"a text of"), "{error}");
            assert!(!error.contains("private\""), "{error}");
        }
        assert_eq!(format!("{:?}", LocalJwks::new(ONE).unwrap()), "LocalJwks(…)");
    }
}
