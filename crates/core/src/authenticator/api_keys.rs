//! The look-up of static keys.

use std::sync::Arc;

use openssl::{memcmp, sha::sha256};

use crate::{
    config::ConfigError,
    identity::{api_key::ApiKey, principal::Principal},
    keyed_hash::KeyedHash,
    token::bearer::BearerToken,
};

/// The static keys that are accepted, each with its holder.
#[derive(Default)]
pub(crate) struct ApiKeys {
    holders: Vec<(ApiKey, Arc<Principal>)>,
    longest: usize,
}

impl ApiKeys {
    /// The principals of these keys' holders.
    ///
    /// # Errors
    /// Where two have the same name or the same key.
    pub(crate) fn new(keys: &[ApiKey], hash: &KeyedHash) -> Result<Self, ConfigError> {
        for (n, key) in keys.iter().enumerate() {
            let twice = |other: &ApiKey| other.name() == key.name() || other.digest == key.digest;
            if keys[..n].iter().any(twice) {
                return Err(ConfigError::invalid(
                    "api_key",
                    key.name().as_str(),
                    "must be configured once only, with a name and a key of its own",
                    "nightly-export-2",
                ));
            }
        }
        let holder =
            |key: &ApiKey| Arc::new(Principal::of_api_key(key.name(), key.scopes.clone(), hash));
        Ok(Self {
            holders: keys.iter().map(|key| (key.clone(), holder(key))).collect(),
            longest: keys.iter().map(|key| key.len).max().unwrap_or(0),
        })
    }

    /// Whether there is a key of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.holders.iter().any(|(key, _)| key.name().as_str() == name)
    }

    /// The holder of a key. Every digest is compared, each in constant time, so that the duration
    /// reveals nothing about a key. A token longer than every key, as most are, is not hashed.
    pub(crate) fn holder(&self, token: BearerToken<'_>) -> Option<Arc<Principal>> {
        let key = token.expose().as_bytes();
        if key.len() > self.longest {
            return None;
        }
        let digest = sha256(key);
        let mut holder = None;
        for (known, principal) in &self.holders {
            if memcmp::eq(&known.digest, &digest) {
                holder = Some(principal);
            }
        }
        holder.cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5";
    const NEW: &str = "QmFzZTY0IG9mIDMyIHJhbmRvbSBieXRlcyBvZiBhIGtleQ==";

    fn keys() -> ApiKeys {
        let keys = [ApiKey::new("old", OLD).unwrap(), ApiKey::new("new", NEW).unwrap()];
        ApiKeys::new(&keys, &KeyedHash::random()).unwrap()
    }

    fn holder(keys: &ApiKeys, key: &str) -> Option<String> {
        let header = format!("Bearer {key}");
        let token = BearerToken::from_authorization([header.as_bytes()], 16_384).unwrap().unwrap();
        keys.holder(token).map(|principal| principal.subject().id().to_owned())
    }

    #[test]
    fn several_keys_are_good_at_once() {
        let keys = keys();
        assert_eq!(holder(&keys, OLD).as_deref(), Some("old"));
        assert_eq!(holder(&keys, NEW).as_deref(), Some("new"));
        for other in [&OLD[1..], &format!("{OLD}x"), &OLD.to_uppercase(), "x", &OLD.repeat(9)] {
            assert_eq!(holder(&keys, other), None, "{other}");
        }
    }

    #[test]
    fn two_keys_with_one_name_or_one_secret_are_refused() {
        let two =
            |a, b| ApiKeys::new(&[a, b], &KeyedHash::random()).map(|_| ()).unwrap_err().to_string();
        let key = |name, key| ApiKey::new(name, key).unwrap();
        assert!(two(key("a", OLD), key("a", NEW)).contains("once only"));
        assert!(two(key("a", OLD), key("b", OLD)).contains("once only"));
    }
}
