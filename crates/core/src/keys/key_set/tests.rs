//! Which key confirms what, and which keys of a set are used.

use super::*;
use crate::{base64url, keys::signature::Josekit};
use josekit::{jwk::alg::ec::EcCurve, jws::ES256};
use serde_json::{Value, json};

mod cost;

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
    assert_eq!((set.len(), set.is_empty(), set.skipped().len()), (1, false, 2));
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
        (r#"{"keys":[{"kty":"AKP"},{"kty":"oct","kty":"oct"}]}"#, false),
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
    assert!(set(&[&a, &b]).has_keys_missing_in(&set(&[&a])));
    assert!(!set(&[&a]).has_keys_missing_in(&set(&[&a, &b])));
}

#[test]
fn r28_a_key_is_listed_under_its_name_in_whichever_set() {
    let ((_, a), (_, b)) = (pair(Some("a")), pair(Some("b")));
    let mut renamed = a.clone();
    renamed["kid"] = "b".into();
    let first = set(&[&a]);
    let key = &first.published[0];
    assert!(first.lists(key) && set(&[&b, &a]).lists(key));
    assert!(!set(&[&b]).lists(key) && !set(&[&renamed]).lists(key));
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

#[test]
fn r25_at_most_four_keys_of_one_kid_and_algorithm_are_used() {
    let pairs: Vec<_> = (0..6).map(|_| pair(Some("k"))).collect();
    let mut public: Vec<Value> = pairs.iter().map(|(_, public)| public.clone()).collect();
    // Neither another algorithm, nor another name, nor no name counts.
    let other = josekit::jwk::Jwk::generate_ec_key(EcCurve::P384).unwrap();
    let mut other = serde_json::to_value(other.to_public_key().unwrap().as_ref()).unwrap();
    other["kid"] = "k".into();
    let (named, nameless) = (pair(Some("l")), pair(None));
    public.extend([other, named.1, nameless.1]);
    let set = set(&public.iter().collect::<Vec<_>>());
    assert_eq!(set.skipped(), [UnusableKey::TooManyCandidates; 2]);
    assert_eq!(set.len(), 7);
    for (n, (key, _)) in pairs.iter().enumerate() {
        let expected = if n < 4 { Ok(()) } else { Err(Unverified::BadSignature) };
        let token = token(key, json!({"alg": "ES256", "kid": "k"}));
        assert_eq!(verify(&set, &token), expected, "key {n} of its name");
    }
    assert_eq!(verify(&set, &token(&named.0, json!({"alg": "ES256", "kid": "l"}))), Ok(()));
    let many = (0..9).map(|_| pair(None).1).collect::<Vec<_>>();
    let many = self::set(&many.iter().collect::<Vec<_>>());
    assert_eq!((many.len(), many.skipped().len()), (9, 0), "keys without a name");
}

/// The text of a key set with these keys.
fn parse(keys: &[&str]) -> Result<KeySet, JwksError> {
    let text = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    KeySet::parse(text.as_bytes(), Algorithm::ALL, &Josekit)
}

#[test]
fn r25_a_key_with_a_duplicate_member_is_skipped() {
    let (_, public) = pair(Some("a"));
    let (good, own) = (public.to_string(), public.to_string());
    let own = own.strip_prefix('{').unwrap();
    for spoiled in [
        format!(r#"{{"kid":"b",{own}"#),
        format!(r#"{{"\u006bid":"b",{own}"#),
        format!(r#"{{"x-own":1,"x-own":1,{own}"#),
        format!(r#"{{"x-own":[{{"a":{{"b":1,"b":2}}}}],{own}"#),
    ] {
        for keys in [[&*spoiled, &good], [&good, &*spoiled]] {
            let set = parse(&keys).unwrap();
            assert_eq!(set.skipped(), [UnusableKey::DuplicateMember], "{spoiled}");
            assert_eq!(set.len(), 1);
        }
        let alone = parse(&[&spoiled]).unwrap_err();
        assert_eq!(alone, JwksError::NoUsableKey(vec![UnusableKey::DuplicateMember]));
    }
    let harmless = format!(r#"{{"x-own":[null,true,-1,1.5,{{"a":1}},{{"a":1}}],{own}"#);
    assert_eq!(parse(&[&harmless]).unwrap().len(), 1, "{harmless}");
}

#[test]
fn r27_a_key_set_with_a_duplicate_member_is_refused() {
    let key = pair(Some("a")).1.to_string();
    for text in [
        format!(r#"{{"keys":[{key}],"keys":[{key}]}}"#),
        format!(r#"{{"keys":[],"\u006beys":[{key}]}}"#),
        format!(r#"{{"a":1,"keys":[{key}],"a":1}}"#),
        format!(r#"{{"a":{{"b":1,"b":1}},"keys":[{key}]}}"#),
    ] {
        let outcome = KeySet::parse(text.as_bytes(), Algorithm::ALL, &Josekit).err();
        assert_eq!(outcome, Some(JwksError::NotAKeySet), "{text}");
    }
    let harmless = format!(r#"{{"a":{{"keys":1}},"keys":[{key}]}}"#);
    assert!(KeySet::parse(harmless.as_bytes(), Algorithm::ALL, &Josekit).is_ok());
}
