//! An issuer's key set (RFC 7517 §5), read once and immutable from then on.

use std::{collections::HashMap, fmt, ops::Range, sync::Arc};

use serde_json::Value;

use crate::{
    algorithm::Algorithm,
    jwk::{Jwk, PublicKey, UnusableKey},
    jws::CompactJws,
    signature::{SignatureBackend, SignatureVerifier},
};

/// The keys that an issuer publishes, ready to verify: one verifier per key and algorithm.
pub struct KeySet {
    /// Sorted by `kid`, so that the keys of one `kid` stand together.
    keys: Vec<VerificationKey>,
    by_key_id: HashMap<Box<str>, Range<usize>>,
    published: Vec<Arc<Jwk>>,
    skipped: Vec<UnusableKey>,
}

/// One key for one algorithm.
pub struct VerificationKey {
    jwk: Arc<Jwk>,
    algorithm: Algorithm,
    verifier: Box<dyn SignatureVerifier>,
}

/// A document that is no usable key set. It never replaces a good one (R27).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksError {
    /// Not a JSON object with an array `keys`.
    NotAKeySet,
    /// A key set without any key.
    Empty,
    /// A key set of which nothing can be used, with the reason for each key.
    NoUsableKey(Vec<UnusableKey>),
}

/// Why a token's signature was not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unverified {
    /// No key fits; a newer set may have one.
    UnknownKey,
    /// The key that the token names is not for the token's algorithm.
    UnacceptableKey,
    /// The token names no key, and there are too many of its algorithm to try.
    MissingKeyId,
    /// The key is known, and the signature was not made with it.
    BadSignature,
}

impl KeySet {
    /// A token without `kid` is tried only where at most so many keys are of its algorithm (R24).
    pub const MAX_KEYS_WITHOUT_KEY_ID: usize = 4;

    /// Reads a JWK set. Keys that cannot be used are left out one by one (R25).
    ///
    /// # Errors
    /// [`JwksError`] where nothing usable remains.
    pub fn parse(
        json: &[u8],
        allowed: &[Algorithm],
        backend: &dyn SignatureBackend,
    ) -> Result<Self, JwksError> {
        // Read whole and as what it is: a derived struct would be read from an array as well, and
        // leave unread what it has no member for.
        let Ok(Value::Object(mut set)) = serde_json::from_slice(json) else {
            return Err(JwksError::NotAKeySet);
        };
        let Some(Value::Array(listed)) = set.remove("keys") else {
            return Err(JwksError::NotAKeySet);
        };
        if listed.is_empty() {
            return Err(JwksError::Empty);
        }
        let (mut keys, mut published, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for json in &listed {
            match Jwk::from_json(json).and_then(|jwk| verifiers(jwk, allowed, backend)) {
                Ok((jwk, verifiers)) => {
                    published.push(jwk);
                    keys.extend(verifiers);
                }
                Err(reason) => skipped.push(reason),
            }
        }
        if keys.is_empty() {
            return Err(JwksError::NoUsableKey(skipped));
        }
        keys.sort_by(|a, b| a.jwk.key_id.cmp(&b.jwk.key_id));
        Ok(Self { by_key_id: ranges(&keys), keys, published, skipped })
    }

    /// The set of an issuer that has withdrawn every key: it confirms nothing.
    pub(crate) fn empty() -> Self {
        let (keys, published, skipped) = Default::default();
        Self { keys, by_key_id: HashMap::new(), published, skipped }
    }

    /// Checks a token's signature against the keys that fit its header, and tells which of them
    /// confirms it.
    ///
    /// # Errors
    /// [`Unverified`] tells whether a newer key set could change the answer.
    pub fn verify(&self, jws: &CompactJws<'_>) -> Result<&Arc<Jwk>, Unverified> {
        match jws.header().key_id.as_deref() {
            Some(key_id) => self.verify_with_named_key(key_id, jws),
            None => self.verify_with_any_key(jws),
        }
    }

    fn verify_with_named_key(
        &self,
        key_id: &str,
        jws: &CompactJws<'_>,
    ) -> Result<&Arc<Jwk>, Unverified> {
        let range = self.by_key_id.get(key_id).ok_or(Unverified::UnknownKey)?;
        let mut fitting = fitting(&self.keys[range.clone()], jws).peekable();
        if fitting.peek().is_none() {
            return Err(Unverified::UnacceptableKey);
        }
        fitting.find(|key| key.verifies(jws)).map(|key| &key.jwk).ok_or(Unverified::BadSignature)
    }

    /// Without a name, a signature that no key confirms may be of a key that is not here yet.
    fn verify_with_any_key(&self, jws: &CompactJws<'_>) -> Result<&Arc<Jwk>, Unverified> {
        if fitting(&self.keys, jws).count() > Self::MAX_KEYS_WITHOUT_KEY_ID {
            return Err(Unverified::MissingKeyId);
        }
        let mut fitting = fitting(&self.keys, jws);
        fitting.find(|key| key.verifies(jws)).map(|key| &key.jwk).ok_or(Unverified::UnknownKey)
    }

    /// Whether this very key, under the same name and for the same algorithms, is in the set.
    pub fn lists(&self, key: &Arc<Jwk>) -> bool {
        // The same allocation, as long as the issuer has changed nothing.
        self.published.iter().any(|known| Arc::ptr_eq(known, key) || known == key)
    }

    /// Whether this set has a key that `older` has not.
    pub fn has_news_for(&self, older: &Self) -> bool {
        self.published.iter().any(|key| !older.published.contains(key))
    }

    /// Whether both sets have the same keys, in whatever order.
    pub fn has_same_keys_as(&self, other: &Self) -> bool {
        self.len() == other.len() && !self.has_news_for(other) && !other.has_news_for(self)
    }

    /// How many published keys are in use.
    pub fn len(&self) -> usize {
        self.published.len()
    }

    /// Whether there are none: the issuer has withdrawn all that it had. No document becomes such a
    /// set at once ([`RefreshPolicy::emptied`](crate::refresh::RefreshPolicy::emptied)).
    pub fn is_empty(&self) -> bool {
        self.published.is_empty()
    }

    /// Why keys were left out, one reason each.
    pub fn skipped(&self) -> &[UnusableKey] {
        &self.skipped
    }

    /// The public keys in use.
    pub fn public_keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.published.iter().map(|jwk| &jwk.key)
    }
}

/// The keys of the token's algorithm.
fn fitting<'k>(
    keys: &'k [VerificationKey],
    jws: &CompactJws<'_>,
) -> impl Iterator<Item = &'k VerificationKey> {
    let algorithm = jws.header().algorithm;
    keys.iter().filter(move |key| key.algorithm == algorithm)
}

impl JwksError {
    /// Whether the document is a well-formed key set that has no key for us: an empty one, or one
    /// whose keys all serve other purposes. Seen twice, it is believed.
    pub fn is_a_set_without_keys(&self) -> bool {
        let serves_something_else = |reason: &UnusableKey| {
            !matches!(reason, UnusableKey::Malformed | UnusableKey::RefusedByLibrary)
        };
        match self {
            Self::NotAKeySet => false,
            Self::Empty => true,
            Self::NoUsableKey(reasons) => reasons.iter().all(serves_something_else),
        }
    }
}

impl VerificationKey {
    fn verifies(&self, jws: &CompactJws<'_>) -> bool {
        self.verifier.verify(jws.signing_input(), jws.signature())
    }
}

/// The verifiers of one key: for each of its algorithms that the issuer may use.
fn verifiers(
    jwk: Jwk,
    allowed: &[Algorithm],
    backend: &dyn SignatureBackend,
) -> Result<(Arc<Jwk>, Vec<VerificationKey>), UnusableKey> {
    let jwk = Arc::new(jwk);
    let keys = jwk
        .algorithms
        .iter()
        .filter(|algorithm| allowed.contains(algorithm))
        .map(|&algorithm| {
            let verifier = backend.verifier(algorithm, &jwk.key)?;
            Ok(VerificationKey { jwk: jwk.clone(), algorithm, verifier })
        })
        .collect::<Result<Vec<_>, UnusableKey>>()?;
    if keys.is_empty() {
        return Err(UnusableKey::UnacceptableAlgorithm);
    }
    Ok((jwk, keys))
}

fn ranges(sorted: &[VerificationKey]) -> HashMap<Box<str>, Range<usize>> {
    let mut ranges: HashMap<Box<str>, Range<usize>> = HashMap::new();
    for (n, key) in sorted.iter().enumerate() {
        if let Some(key_id) = &key.jwk.key_id {
            ranges.entry(key_id.clone()).or_insert(n..n).end = n + 1;
        }
    }
    ranges
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &self.keys).field("skipped", &self.skipped).finish()
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({:?}, {})", self.jwk.key_id, self.algorithm)
    }
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKeySet => f.write_str("the answer is not a JSON Web Key Set"),
            Self::Empty => f.write_str("the key set is empty"),
            Self::NoUsableKey(reasons) => {
                f.write_str("no key of the set can be used:")?;
                reasons.iter().try_for_each(|reason| write!(f, " {reason};"))
            }
        }
    }
}

impl std::error::Error for JwksError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base64url, signature::Josekit};
    use josekit::{jwk::alg::ec::EcCurve, jws::ES256};
    use serde_json::json;

    fn pair(key_id: Option<&str>) -> (josekit::jwk::Jwk, Value) {
        let jwk = josekit::jwk::Jwk::generate_ec_key(EcCurve::P256).unwrap();
        let mut public = serde_json::to_value(jwk.to_public_key().unwrap().as_ref()).unwrap();
        if let Some(key_id) = key_id {
            public["kid"] = key_id.into();
        }
        (jwk, public)
    }

    fn token(jwk: &josekit::jwk::Jwk, header: Value) -> String {
        let signing_input = format!(
            "{}.{}",
            base64url::encode(header.to_string().as_bytes()),
            base64url::encode(b"{}")
        );
        let signer = ES256.signer_from_jwk(jwk).unwrap();
        let signature = josekit::jws::JwsSigner::sign(&signer, signing_input.as_bytes()).unwrap();
        format!("{signing_input}.{}", base64url::encode(&signature))
    }

    fn set(keys: &[&Value]) -> KeySet {
        let json = json!({"keys": keys}).to_string();
        KeySet::parse(json.as_bytes(), Algorithm::ALL, &Josekit).unwrap()
    }

    fn verify(set: &KeySet, token: &str) -> Result<(), Unverified> {
        set.verify(&CompactJws::parse(token).unwrap()).map(|_| ())
    }

    #[test]
    fn a_token_is_checked_against_the_key_that_it_names() {
        let ((a, public_a), (b, public_b)) = (pair(Some("a")), pair(Some("b")));
        let set = set(&[&public_b, &public_a]);
        for (key, key_id, outcome) in [
            (&a, "a", Ok(())),
            (&b, "b", Ok(())),
            (&a, "b", Err(Unverified::BadSignature)),
            (&a, "c", Err(Unverified::UnknownKey)),
        ] {
            let token = token(key, json!({"alg": "ES256", "kid": key_id}));
            assert_eq!(verify(&set, &token), outcome, "{key_id}");
        }
        let wrong = token(&a, json!({"alg": "RS256", "kid": "a"}));
        assert_eq!(verify(&set, &wrong), Err(Unverified::UnacceptableKey));
    }

    #[test]
    fn two_keys_with_one_name_are_both_tried() {
        let ((a, public_a), (b, public_b)) = (pair(Some("k")), pair(Some("k")));
        let set = set(&[&public_a, &public_b]);
        for key in [&a, &b] {
            assert_eq!(verify(&set, &token(key, json!({"alg": "ES256", "kid": "k"}))), Ok(()));
        }
    }

    #[test]
    fn r24_a_token_without_kid_is_tried_against_a_few_keys_only() {
        let pairs: Vec<_> = (0..5).map(|_| pair(None)).collect();
        let public: Vec<&Value> = pairs.iter().map(|(_, public)| public).collect();
        let nameless = token(&pairs[3].0, json!({"alg": "ES256"}));
        assert_eq!(verify(&set(&public[..4]), &nameless), Ok(()));
        assert_eq!(verify(&set(&public[..3]), &nameless), Err(Unverified::UnknownKey));
        assert_eq!(verify(&set(&public), &nameless), Err(Unverified::MissingKeyId));
        let other = token(&pairs[0].0, json!({"alg": "EdDSA"}));
        assert_eq!(verify(&set(&public[..1]), &other), Err(Unverified::UnknownKey));
    }

    #[test]
    fn r25_one_bad_key_does_not_spoil_the_set() {
        let (a, public) = pair(Some("a"));
        let set = set(&[&json!({"kty": "oct", "k": "AA"}), &json!(7), &public]);
        assert_eq!((set.len(), set.skipped().len()), (1, 2));
        assert_eq!(verify(&set, &token(&a, json!({"alg": "ES256", "kid": "a"}))), Ok(()));
    }

    #[test]
    fn r27_what_is_no_key_set_is_an_error() {
        let parse = |json: &str| KeySet::parse(json.as_bytes(), Algorithm::ALL, &Josekit).err();
        let (_, public) = pair(None);
        let array = format!("[[{public}]]");
        let no_text = format!(r#"{{"keys":[{public}],"other":"\ud800"}}"#);
        for json in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#, &array, &no_text] {
            assert_eq!(parse(json), Some(JwksError::NotAKeySet), "{json}");
        }
        assert_eq!(parse(r#"{"keys":[]}"#), Some(JwksError::Empty));
        assert!(matches!(parse(r#"{"keys":[7]}"#), Some(JwksError::NoUsableKey(_))));
    }

    #[test]
    fn r27_an_empty_set_is_told_from_garbage() {
        for (json, without_keys) in [
            ("<html>", false),
            (r#"{"keys":[]}"#, true),
            (r#"{"keys":[{"kty":"oct","k":"AA"},{"kty":"AKP","alg":"ML-DSA-44"}]}"#, true),
            (r#"{"keys":[{"kty":"AKP"},7]}"#, false),
            (r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}"#, false),
        ] {
            let error = KeySet::parse(json.as_bytes(), Algorithm::ALL, &Josekit).unwrap_err();
            assert_eq!(error.is_a_set_without_keys(), without_keys, "{json}");
        }
        assert!(KeySet::empty().is_empty());
        let (key, _) = pair(Some("a"));
        let token = token(&key, json!({"alg": "ES256", "kid": "a"}));
        assert_eq!(verify(&KeySet::empty(), &token), Err(Unverified::UnknownKey));
    }

    #[test]
    fn r17_the_allow_list_narrows_what_a_key_may_do() {
        let (_, public) = pair(Some("a"));
        let json = json!({"keys": [public]}).to_string();
        assert!(KeySet::parse(json.as_bytes(), &[Algorithm::Rs256], &Josekit).is_err());
    }

    #[test]
    fn news_are_keys_that_were_not_there() {
        let ((_, a), (_, b)) = (pair(Some("a")), pair(Some("b")));
        assert!(set(&[&a, &b]).has_news_for(&set(&[&a])));
        assert!(!set(&[&a]).has_news_for(&set(&[&a, &b])));
    }

    #[test]
    fn the_order_of_keys_makes_no_difference() {
        let ((_, a), (_, b)) = (pair(Some("a")), pair(Some("b")));
        assert!(set(&[&a, &b]).has_same_keys_as(&set(&[&b, &a])));
        for other in [set(&[&a]), set(&[&b, &b]), set(&[&a, &b, &b])] {
            assert!(!set(&[&a, &b]).has_same_keys_as(&other));
            assert!(!other.has_same_keys_as(&set(&[&a, &b])));
        }
    }

    #[test]
    fn r25_what_the_library_refuses_is_skipped_and_told() {
        let off_curve = json!({
            "kty": "EC", "crv": "P-256",
            "x": base64url::encode(&[1; 32]), "y": base64url::encode(&[2; 32]),
        });
        let (_, public) = pair(Some("a"));
        let mixed = set(&[&off_curve, &public]);
        assert_eq!(mixed.skipped(), [UnusableKey::RefusedByLibrary]);
        assert_eq!(mixed.public_keys().count(), 1);
        let shown = format!("{mixed:?}");
        assert!(shown.contains("VerificationKey(Some(\"a\"), ES256)"), "{shown}");
        let json = json!({"keys": [off_curve, 7]}).to_string();
        let error = KeySet::parse(json.as_bytes(), Algorithm::ALL, &Josekit).unwrap_err();
        assert_eq!(error.to_string(), "no key of the set can be used: not a valid key; malformed;");
        assert_eq!(JwksError::Empty.to_string(), "the key set is empty");
        assert!(JwksError::NotAKeySet.to_string().contains("JSON Web Key Set"));
    }
}
