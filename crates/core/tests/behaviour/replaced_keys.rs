//! Keys that change under a name that is known, keys that are new while the bucket is empty, and
//! what a bad signature costs (R24, R25).

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use josekit::{
    jwk::{
        Jwk,
        alg::{ec::EcCurve, ed::EdCurve},
    },
    jws::{ES256, EdDSA, JwsSigner},
};
use mcp_auth_core::{
    Algorithm, Authenticator, AwaitRefresh, Issuer, IssuerKeys, KeySet, Rejection, UnixTime,
    async_trait,
    jwk::{PublicKey, UnusableKey},
    refresh::{Next, RefreshSettings},
    rejection::{TokenError, UnavailableReason},
    signature::{Josekit, SignatureBackend, SignatureVerifier},
};
use serde_json::{Value, json};

use crate::world::{ISSUER, NOW, RESOURCE, call, no_profiles, policy};

const SECOND: Duration = Duration::from_secs(1);

/// A key pair with the `kid` that it is published under.
struct Key {
    kid: String,
    pair: Jwk,
    algorithm: &'static str,
}

impl Key {
    fn es256(kid: &str) -> Self {
        let pair = Jwk::generate_ec_key(EcCurve::P256).unwrap();
        Self { kid: kid.into(), pair, algorithm: "ES256" }
    }

    fn ed25519(kid: &str) -> Self {
        let pair = Jwk::generate_ed_key(EdCurve::Ed25519).unwrap();
        Self { kid: kid.into(), pair, algorithm: "EdDSA" }
    }

    fn public(&self) -> Value {
        let public = self.pair.to_public_key().unwrap();
        let mut public = serde_json::to_value(public.as_ref()).unwrap();
        public["kid"] = json!(self.kid);
        public["alg"] = json!(self.algorithm);
        public
    }

    fn sign(&self, input: &[u8]) -> Vec<u8> {
        match self.algorithm {
            "ES256" => ES256.signer_from_jwk(&self.pair).unwrap().sign(input).unwrap(),
            _ => EdDSA.signer_from_jwk(&self.pair).unwrap().sign(input).unwrap(),
        }
    }

    /// A good token of this key.
    fn token(&self) -> String {
        self.token_with(|_| ())
    }

    fn token_with(&self, change: impl FnOnce(&mut Value)) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut claims = json!({
            "iss": ISSUER, "aud": RESOURCE, "sub": "user_ada", "exp": NOW.as_secs_f64() + 3600.0,
            // Each another, so that no cache answers.
            "jti": COUNT.fetch_add(1, SeqCst).to_string(),
        });
        change(&mut claims);
        let header = json!({"alg": self.algorithm, "kid": self.kid});
        let part = |json: &Value| BASE64.encode(json.to_string());
        let input = format!("{}.{}", part(&header), part(&claims));
        let signature = self.sign(input.as_bytes());
        format!("{input}.{}", BASE64.encode(signature))
    }
}

/// OpenSSL, with every verification counted.
#[derive(Debug, Clone, Default)]
struct Counting(Arc<AtomicUsize>);

struct Counted(Box<dyn SignatureVerifier>, Arc<AtomicUsize>);

impl SignatureBackend for Counting {
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Box<dyn SignatureVerifier>, UnusableKey> {
        Ok(Box::new(Counted(Josekit.verifier(algorithm, key)?, self.0.clone())))
    }
}

impl SignatureVerifier for Counted {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.1.fetch_add(1, SeqCst);
        self.0.verify(message, signature)
    }
}

/// An issuer that publishes what it is told to. A request that waits is answered at once; the fetch
/// that is due then is made with the keys of that moment.
struct Publisher {
    keys: Arc<IssuerKeys>,
    /// `None` where the issuer cannot be reached.
    published: Mutex<Option<Vec<Value>>>,
    fetches: AtomicUsize,
    now: Mutex<UnixTime>,
    verifications: Counting,
}

#[async_trait]
impl AwaitRefresh for Publisher {
    async fn refreshed(&self, seen: u64, timeout: Duration) -> Duration {
        if self.keys.snapshot().generation <= seen {
            let now = *self.now.lock().unwrap();
            // Nothing is due where a fetch is under way already: that one ends now.
            let _ = self.keys.next(now);
            self.fetch();
        }
        timeout / 2
    }
}

impl Publisher {
    fn new(keys: &[&Key]) -> Arc<Self> {
        let publisher = Self {
            keys: Arc::new(IssuerKeys::new(RefreshSettings::default(), NOW)),
            published: Mutex::default(),
            fetches: AtomicUsize::new(0),
            now: Mutex::new(NOW),
            verifications: Counting::default(),
        };
        publisher.publish(keys);
        assert_eq!(publisher.keys.next(NOW), Next::Fetch);
        publisher.fetch();
        publisher.fetches.store(0, SeqCst);
        Arc::new(publisher)
    }

    fn publish(&self, keys: &[&Key]) {
        *self.published.lock().unwrap() = Some(keys.iter().map(|key| key.public()).collect());
    }

    fn go_down(&self) {
        *self.published.lock().unwrap() = None;
    }

    fn fetch(&self) {
        self.fetches.fetch_add(1, SeqCst);
        let now = *self.now.lock().unwrap();
        match &*self.published.lock().unwrap() {
            Some(keys) => {
                let json = json!({ "keys": keys }).to_string();
                let set = KeySet::parse(json.as_bytes(), Algorithm::ALL, &self.verifications);
                self.keys.fetched(set.unwrap(), None, now, 0.5);
            }
            None => self.keys.fetch_failed(now, 0.5),
        }
    }

    fn fetches(&self) -> usize {
        self.fetches.load(SeqCst)
    }

    fn authenticator(self: &Arc<Self>, issuer: Issuer) -> Authenticator {
        let mut authenticator = Authenticator::new(policy(), no_profiles()).unwrap();
        authenticator.trust(issuer, self.keys.clone(), self.clone()).unwrap();
        authenticator
    }
}

/// An authenticator, and the issuer that it trusts, at a moment of its own.
struct Asked {
    publisher: Arc<Publisher>,
    authenticator: Authenticator,
}

impl Asked {
    fn of(keys: &[&Key]) -> Self {
        let publisher = Publisher::new(keys);
        let authenticator = publisher.authenticator(Issuer::new(ISSUER).unwrap());
        Self { publisher, authenticator }
    }

    fn call(&self, token: &str, now: UnixTime) -> Result<(), Rejection> {
        *self.publisher.now.lock().unwrap() = now;
        call(&self.authenticator, token, now).map(|_| ())
    }
}

fn after(seconds: f64) -> UnixTime {
    NOW + Duration::from_secs_f64(seconds)
}

fn bad_signature() -> Result<(), Rejection> {
    Err(TokenError::BadSignature.into())
}

fn cool_down() -> Rejection {
    UnavailableReason::KeyCoolDown { issuer: ISSUER.into() }.into()
}

#[test]
fn r24_an_old_kid_given_to_a_new_key_is_followed_at_once() {
    let (old, new) = (Key::es256("a"), Key::es256("a"));
    let asked = Asked::of(&[&old]);
    let remembered = old.token();
    assert_eq!(asked.call(&remembered, after(10.0)), Ok(()));
    asked.publisher.publish(&[&new]);
    assert_eq!(asked.call(&new.token(), after(10.0)), Ok(()));
    assert_eq!(asked.publisher.fetches(), 1);
    for token in [&remembered, &old.token()] {
        assert_eq!(asked.call(token, after(10.0)), bad_signature(), "the replaced key ends");
    }
    assert_eq!(asked.call(&new.token(), after(10.0)), Ok(()));
}

#[test]
fn r24_another_alg_under_a_known_kid_is_followed_at_once() {
    let (old, new) = (Key::es256("a"), Key::ed25519("a"));
    let asked = Asked::of(&[&old]);
    let remembered = old.token();
    assert_eq!(asked.call(&remembered, after(10.0)), Ok(()));
    asked.publisher.publish(&[&new]);
    assert_eq!(asked.call(&new.token(), after(10.0)), Ok(()));
    assert_eq!(asked.publisher.fetches(), 1);
    for token in [&remembered, &old.token()] {
        let refused = asked.call(token, after(10.0));
        assert_eq!(refused, Err(TokenError::UnacceptableAlgorithm.into()));
    }
    // Counted as an unknown key: the bucket is empty, and nobody has been asked since.
    assert_eq!(asked.publisher.fetches(), 3);
    assert_eq!(asked.call(&old.token(), after(10.0)), Err(cool_down()));
}

#[test]
fn r24_bad_signatures_cause_one_fetch_a_minute_and_stay_401() {
    let (key, stranger) = (Key::es256("a"), Key::es256("a"));
    let asked = Asked::of(&[&key]);
    for (seconds, fetches) in [(10.0, 1), (11.0, 1), (40.0, 1), (69.9, 1), (70.0, 2), (129.0, 2)] {
        for _ in 0..20 {
            assert_eq!(asked.call(&stranger.token(), after(seconds)), bad_signature());
            assert_eq!(asked.call(&key.token(), after(seconds)), Ok(()));
        }
        assert_eq!(asked.publisher.fetches(), fetches, "after {seconds} s");
    }
}

#[test]
fn r24_each_key_has_a_minute_of_its_own() {
    let keys: Vec<Key> = (0..3).map(|n| Key::es256(&n.to_string())).collect();
    let asked = Asked::of(&keys.iter().collect::<Vec<_>>());
    for key in &keys {
        let forged = Key::es256(&key.kid);
        for _ in 0..3 {
            assert_eq!(asked.call(&forged.token(), after(10.0)), bad_signature());
        }
    }
    assert_eq!(asked.publisher.fetches(), 3);
    // A key that takes a name over is another key.
    let new = Key::es256("0");
    asked.publisher.publish(&[&new]);
    assert_eq!(asked.call(&new.token(), after(10.0)), bad_signature(), "within the old one's");
    assert_eq!(asked.call(&new.token(), after(70.0)), Ok(()));
    let newer = Key::es256("0");
    asked.publisher.publish(&[&newer]);
    assert_eq!(asked.call(&newer.token(), after(71.0)), Ok(()));
}

#[test]
fn r24_bad_signatures_are_401_in_an_outage_and_a_cool_down() {
    let (key, stranger) = (Key::es256("a"), Key::es256("a"));
    let asked = Asked::of(&[&key]);
    let unknown = Key::es256("x");
    for _ in 0..3 {
        let refused = asked.call(&unknown.token(), after(10.0));
        assert_eq!(refused, Err(TokenError::UnknownKey.into()));
    }
    assert_eq!(asked.call(&stranger.token(), after(10.0)), bad_signature());
    assert_eq!(asked.publisher.fetches(), 3, "from the same bucket");
    asked.publisher.go_down();
    assert_eq!(asked.call(&stranger.token(), after(20.0)), bad_signature());
    assert_eq!(asked.publisher.fetches(), 4);
    assert_eq!(asked.call(&key.token(), after(20.0)), Ok(()));
}

#[test]
fn r24_a_bad_signature_over_bad_claims_causes_no_fetch() {
    let (key, stranger) = (Key::es256("a"), Key::es256("a"));
    let asked = Asked::of(&[&key]);
    for change in [(|claims| claims["exp"] = json!(1)) as fn(&mut Value), |claims| {
        claims["aud"] = json!("https://other.example.com/mcp")
    }] {
        assert_eq!(asked.call(&stranger.token_with(change), after(10.0)), bad_signature());
    }
    assert_eq!(asked.publisher.fetches(), 0);
}

#[test]
fn r24_an_algorithm_that_the_issuer_may_not_use_causes_no_fetch() {
    let key = Key::es256("a");
    let publisher = Publisher::new(&[&key]);
    let issuer = Issuer::new(ISSUER).unwrap().algorithms([Algorithm::Es256]);
    let asked = Asked { authenticator: publisher.authenticator(issuer), publisher };
    for kid in ["a", "x"] {
        let refused = asked.call(&Key::ed25519(kid).token(), after(10.0));
        assert_eq!(refused, Err(TokenError::UnacceptableAlgorithm.into()), "{kid}");
    }
    assert_eq!(asked.publisher.fetches(), 0);
}

#[test]
fn r24_a_new_key_is_503_under_a_flood_and_never_401() {
    let old = Key::es256("old");
    let asked = Asked::of(&[&old]);
    let (mut seconds, mut delays) = (10.0, Vec::new());
    let mut published: Vec<Key> = vec![old];
    // Ten rotations in a flood of made-up keys.
    for n in 0..10 {
        let new = Key::es256(&format!("new-{n}"));
        published.push(new);
        asked.publisher.publish(&published.iter().collect::<Vec<_>>());
        let new = &published[n + 1];
        let since = seconds;
        loop {
            seconds += 0.1;
            for k in 0..4 {
                let made_up = Key { kid: format!("{seconds}-{k}"), ..Key::ed25519("") };
                let status = asked.call(&made_up.token(), after(seconds)).unwrap_err().status();
                assert!([401, 503].contains(&status), "{status}");
            }
            match asked.call(&new.token(), after(seconds)) {
                Ok(()) => break,
                Err(refused) => {
                    assert_eq!(refused, cool_down());
                    assert_eq!(refused.status(), 503);
                    assert_eq!(refused.retry_after(), Some(SECOND));
                }
            }
        }
        delays.push(seconds - since);
    }
    assert!(delays.iter().all(|delay| *delay < 2.15), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay > 0.5), "there was no cool-down: {delays:?}");
}

#[test]
fn r24_an_answer_from_before_the_request_is_no_ground_for_401() {
    let (old, new) = (Key::es256("old"), Key::es256("new"));
    let asked = Asked::of(&[&old]);
    for _ in 0..3 {
        assert!(asked.call(&Key::es256("x").token(), after(10.0)).is_err());
    }
    // A fetch of the refresher's own, answered before the key was published, ends just now.
    assert_eq!(asked.publisher.keys.next(after(3_500.0)), Next::Fetch);
    assert_eq!(asked.call(&old.token(), after(3_500.0)), Ok(()));
    let outcome = asked.call(&new.token(), after(3_500.0));
    assert_eq!(outcome, Err(TokenError::UnknownKey.into()), "two fetches: that one, and its own");
    assert_eq!(asked.publisher.fetches(), 3 + 2);
}

#[test]
fn r24_a_fetch_under_way_is_no_ground_for_401() {
    let mut settings = RefreshSettings::default();
    settings.bucket = 0;
    let old = Key::es256("old");
    let mut publisher = Publisher::new(&[&old]);
    let keys = Arc::new(IssuerKeys::new(settings, NOW));
    Arc::get_mut(&mut publisher).unwrap().keys = keys.clone();
    let authenticator = publisher.authenticator(Issuer::new(ISSUER).unwrap());
    let asked = Asked { publisher, authenticator };
    // Under way since before the request came.
    assert_eq!(keys.next(NOW), Next::Fetch);
    assert_eq!(asked.call(&Key::es256("x").token(), after(1.0)), Err(cool_down()));
    assert_eq!(asked.publisher.fetches(), 1);
    // Due, and not begun: it begins after the request came.
    let refused = asked.call(&Key::es256("x").token(), after(3_500.0));
    assert_eq!(refused, Err(TokenError::UnknownKey.into()));
    assert_eq!(asked.publisher.fetches(), 2);
}

#[test]
fn r25_a_bad_token_costs_few_verifications_by_many_keys() {
    let keys: Vec<Key> = (0..40).map(|_| Key::es256("k")).collect();
    let asked = Asked::of(&keys.iter().collect::<Vec<_>>());
    let cost = |seconds| {
        let before = asked.publisher.verifications.0.load(SeqCst);
        assert_eq!(asked.call(&Key::es256("k").token(), after(seconds)), bad_signature());
        asked.publisher.verifications.0.load(SeqCst) - before
    };
    assert_eq!(cost(10.0), 8, "before and after the one fetch of the minute");
    for _ in 0..5 {
        assert_eq!(cost(10.0), 4);
    }
}
