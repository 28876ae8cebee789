//! What cannot be undercut: the signature alone, its bytes decoded beforehand, by OpenSSL and by
//! AWS-LC.

use std::{collections::HashMap, hint::black_box};

use async_trait::async_trait;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use benches_support::Material;
use openssl::{
    bn::BigNum,
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    md::Md,
    nid::Nid,
    pkey::{Id, PKey, Public},
    pkey_ctx::PkeyCtx,
    rsa::{Padding, Rsa},
    sign::{RsaPssSaltlen, Verifier},
};
use serde_json::Value;

use crate::contender::{Contender, Lane, Mode, Token};

/// Three floors: OpenSSL as josekit uses it, with a context for each call; OpenSSL with one
/// context for all of them; AWS-LC with a parsed key.
pub fn lanes(material: &Material, algorithm: &str) -> Vec<Lane> {
    let jwk = jwk_of(material, algorithm);
    let signed = signed(material, algorithm);
    let fresh = OpensslFresh { key: openssl_key(&jwk), algorithm: algorithm.to_owned(), signed };
    let parsed = AwsLc { key: aws_lc_key(&jwk, algorithm), signed: raw(material, algorithm) };
    let mut lanes = vec![Lane::only(fresh, &[Mode::Cold]), Lane::only(parsed, &[Mode::Cold])];
    // Ed25519 in OpenSSL is one call from beginning to end: it has no context to keep.
    if algorithm != "EdDSA" {
        let signed = self::signed(material, algorithm);
        let key = openssl_key(&jwk);
        let reused = OpensslReused { key, algorithm: algorithm.to_owned(), signed };
        lanes.push(Lane::only(reused, &[Mode::Cold]));
    }
    lanes
}

/// A message and its signature, by the token that they are of.
type Signed = HashMap<String, (Vec<u8>, Vec<u8>)>;

struct OpensslFresh {
    key: PKey<Public>,
    algorithm: String,
    signed: Signed,
}

#[async_trait]
impl Contender for OpensslFresh {
    fn name(&self) -> String {
        "floor, OpenSSL".to_owned()
    }

    async fn validate(&self, tokens: &[&Token]) {
        for token in tokens {
            let (message, signature) = &self.signed[&token.text];
            let mut verifier = match &*self.algorithm {
                "EdDSA" => Verifier::new_without_digest(&self.key),
                _ => Verifier::new(MessageDigest::sha256(), &self.key),
            }
            .expect("a verifier");
            if self.algorithm == "PS256" {
                verifier.set_rsa_padding(Padding::PKCS1_PSS).expect("PSS");
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).expect("PSS");
            }
            assert!(black_box(verifier.verify_oneshot(signature, message)).expect("a good token"));
        }
    }
}

struct OpensslReused {
    key: PKey<Public>,
    algorithm: String,
    signed: Signed,
}

#[async_trait]
impl Contender for OpensslReused {
    fn name(&self) -> String {
        "floor, OpenSSL, one context".to_owned()
    }

    async fn validate(&self, tokens: &[&Token]) {
        let mut context = PkeyCtx::new(&self.key).expect("a context");
        context.verify_init().expect("a context for verifying");
        if self.algorithm != "ES256" {
            let padding =
                if self.algorithm == "PS256" { Padding::PKCS1_PSS } else { Padding::PKCS1 };
            context.set_rsa_padding(padding).expect("padding");
        }
        context.set_signature_md(Md::sha256()).expect("SHA-256");
        for token in tokens {
            let (message, signature) = &self.signed[&token.text];
            let digest = openssl::sha::sha256(message);
            assert!(black_box(context.verify(&digest, signature)).expect("a good token"));
        }
    }
}

struct AwsLc {
    key: ParsedPublicKey,
    signed: Signed,
}

#[async_trait]
impl Contender for AwsLc {
    fn name(&self) -> String {
        "floor, AWS-LC".to_owned()
    }

    async fn validate(&self, tokens: &[&Token]) {
        for token in tokens {
            let (message, signature) = &self.signed[&token.text];
            black_box(self.key.verify_sig(message, signature)).expect("a good token");
        }
    }
}

fn jwk_of(material: &Material, algorithm: &str) -> Value {
    let keys = material.jwks["keys"].as_array().expect("a key set");
    keys.iter().find(|key| key["alg"] == algorithm).expect("a key for each algorithm").clone()
}

fn raw(material: &Material, algorithm: &str) -> Signed {
    let split = |token: &String| {
        let (message, signature) = token.rsplit_once('.').expect("a token");
        let signature = BASE64.decode(signature).expect("base64url");
        (token.clone(), (message.as_bytes().to_vec(), signature))
    };
    material.of(algorithm).iter().map(split).collect()
}

/// The same with signatures in the form that OpenSSL takes them in: DER for ECDSA.
fn signed(material: &Material, algorithm: &str) -> Signed {
    let mut signed = raw(material, algorithm);
    if algorithm == "ES256" {
        for (_, signature) in signed.values_mut() {
            let (r, s) = signature.split_at(32);
            let number = |bytes| BigNum::from_slice(bytes).expect("a number");
            let pair = EcdsaSig::from_private_components(number(r), number(s));
            *signature = pair.and_then(|pair| pair.to_der()).expect("DER");
        }
    }
    signed
}

fn member(jwk: &Value, name: &str) -> Vec<u8> {
    BASE64.decode(jwk[name].as_str().expect("a member")).expect("base64url")
}

fn openssl_key(jwk: &Value) -> PKey<Public> {
    let number = |name| BigNum::from_slice(&member(jwk, name)).expect("a number");
    match jwk["kty"].as_str() {
        Some("RSA") => PKey::from_rsa(
            Rsa::from_public_components(number("n"), number("e")).expect("an RSA key"),
        ),
        Some("EC") => {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
            let key = EcKey::from_public_key_affine_coordinates(&group, &number("x"), &number("y"));
            PKey::from_ec_key(key.expect("a point"))
        }
        _ => PKey::public_key_from_raw_bytes(&member(jwk, "x"), Id::ED25519),
    }
    .expect("a key")
}

fn aws_lc_key(jwk: &Value, algorithm: &str) -> ParsedPublicKey {
    let rsa = |parameters| {
        RsaPublicKeyComponents { n: member(jwk, "n"), e: member(jwk, "e") }
            .to_parsed_public_key(parameters)
    };
    match algorithm {
        "RS256" => rsa(&RSA_PKCS1_2048_8192_SHA256),
        "PS256" => rsa(&RSA_PSS_2048_8192_SHA256),
        "ES256" => ParsedPublicKey::new(
            &ECDSA_P256_SHA256_FIXED,
            [&[4], &member(jwk, "x")[..], &member(jwk, "y")[..]].concat(),
        ),
        _ => ParsedPublicKey::new(&ED25519, member(jwk, "x")),
    }
    .expect("a key")
}
