//! Parses one published key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2) and rejects keys that are unfit
//! to verify signatures.

mod ed25519;

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    base64url,
    keys::algorithm::{Algorithm, KeyKind},
};

/// A public key with the algorithms that it may be used with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Jwk {
    /// `kid`.
    pub key_id: Option<Box<str>>,
    /// The key.
    pub key: PublicKey,
    /// The key's `alg`; without one, all algorithms of its kind.
    pub algorithms: Vec<Algorithm>,
}

/// A public key. Its numbers are big-endian bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKey {
    /// RSA of 2048 to 8192 bits.
    Rsa {
        /// The modulus without leading zeros: odd, and without a factor below 752.
        n: Vec<u8>,
        /// The public exponent: odd, at least 3 and of at most 32 bits.
        e: Vec<u8>,
    },
    /// A point on a NIST curve, each coordinate in full length.
    Ec {
        /// The curve.
        curve: Curve,
        /// The x coordinate.
        x: Vec<u8>,
        /// The y coordinate.
        y: Vec<u8>,
    },
    /// A point on Ed25519: 32 bytes.
    Ed25519 {
        /// The encoded point.
        x: Vec<u8>,
    },
}

/// A curve for ECDSA (RFC 7518 §6.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// P-256.
    P256,
    /// P-384.
    P384,
    /// P-521.
    P521,
}

impl Curve {
    /// The curve's name in a JWK.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    const fn kind(self) -> KeyKind {
        match self {
            Self::P256 => KeyKind::P256,
            Self::P384 => KeyKind::P384,
            Self::P521 => KeyKind::P521,
        }
    }
}

/// Why a published key is skipped. The other keys of its set are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnusableKey {
    /// A member is absent, has the wrong type, or is not base64url. Padding and the alphabet of plain
    /// base64 are read.
    Malformed,
    /// A member occurs twice ("member names within a JWK MUST be unique", RFC 7517 §4): two parsers
    /// could read different keys.
    DuplicateMember,
    /// It is a private or symmetric key, which must never be published.
    NotPublic,
    /// `use` or `key_ops` does not allow it to verify signatures.
    NotForVerifying,
    /// `kty` or `crv` is not supported.
    UnknownKind,
    /// RSA of less than 2048 or more than 8192 bits, with an even modulus or one that has a factor
    /// below 752, or with a public exponent that is even, 1, or longer than 32 bits.
    WeakRsa,
    /// RSA whose primes were made by the library of CVE-2017-15361 (ROCA), so that its modulus can be
    /// factored.
    RocaRsa,
    /// A point of small order on Ed25519: anyone can forge signatures for it.
    WeakPoint,
    /// `alg` is not supported, not for this kind of key, or not allowed for this issuer.
    UnacceptableAlgorithm,
    /// The set already has [`KeySet::MAX_CANDIDATES`](crate::KeySet::MAX_CANDIDATES) keys with the
    /// same `kid` and algorithm.
    TooManyCandidates,
    /// The cryptographic library rejects it, such as a point that is not on its curve.
    RefusedByLibrary,
}

impl fmt::Display for UnusableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed",
            Self::DuplicateMember => "a member occurs twice",
            Self::NotPublic => "private or symmetric",
            Self::NotForVerifying => "not for verifying signatures",
            Self::UnknownKind => "unknown key type or curve",
            Self::WeakRsa => "RSA key of unacceptable size, modulus or exponent",
            Self::RocaRsa => "RSA key that can be factored (ROCA, CVE-2017-15361)",
            Self::WeakPoint => "a point of small order",
            Self::UnacceptableAlgorithm => "algorithm not acceptable",
            Self::TooManyCandidates => "more than four keys of one kid and algorithm",
            Self::RefusedByLibrary => "not a valid key",
        })
    }
}

impl std::error::Error for UnusableKey {}

impl Jwk {
    /// Parses one element of a JWK set's `keys`.
    ///
    /// # Errors
    /// [`UnusableKey`] says why the key is skipped. A `Value` no longer has duplicate members:
    /// [`KeySet::parse`](crate::KeySet::parse) rejects them.
    pub fn from_json(json: &Value) -> Result<Self, UnusableKey> {
        // serde would read the derived struct from an array as well.
        let members = json.as_object().ok_or(UnusableKey::Malformed)?;
        let members = Members::deserialize(members).map_err(|_| UnusableKey::Malformed)?;
        members.refuse_unless_public()?;
        members.refuse_unless_for_verifying()?;
        let key = members.public_key()?;
        let algorithms = match members.alg.as_deref() {
            None => Algorithm::ALL.iter().copied().filter(|a| a.key_kind() == key.kind()).collect(),
            Some(name) => match Algorithm::from_name(name) {
                Some(algorithm) if algorithm.key_kind() == key.kind() => vec![algorithm],
                _ => return Err(UnusableKey::UnacceptableAlgorithm),
            },
        };
        Ok(Self { key_id: members.kid.map(String::into_boxed_str), key, algorithms })
    }
}

impl PublicKey {
    /// The kind of this key.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Rsa { .. } => KeyKind::Rsa,
            Self::Ec { curve, .. } => curve.kind(),
            Self::Ed25519 { .. } => KeyKind::Ed25519,
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.kind())
    }
}

#[derive(Deserialize)]
struct Members {
    kty: String,
    #[serde(rename = "use")]
    key_use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<Value>,
    p: Option<Value>,
    q: Option<Value>,
    dp: Option<Value>,
    dq: Option<Value>,
    qi: Option<Value>,
    oth: Option<Value>,
    k: Option<Value>,
}

impl Members {
    fn refuse_unless_public(&self) -> Result<(), UnusableKey> {
        let private = [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi, &self.oth, &self.k];
        if self.kty == "oct" || private.iter().any(|member| member.is_some()) {
            return Err(UnusableKey::NotPublic);
        }
        Ok(())
    }

    fn refuse_unless_for_verifying(&self) -> Result<(), UnusableKey> {
        let use_is_wrong = self.key_use.as_deref().is_some_and(|key_use| key_use != "sig");
        let ops_are_wrong =
            self.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"));
        if use_is_wrong || ops_are_wrong {
            return Err(UnusableKey::NotForVerifying);
        }
        Ok(())
    }

    fn public_key(&self) -> Result<PublicKey, UnusableKey> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => rsa(bytes(&self.n)?, bytes(&self.e)?),
            ("EC", Some("P-256")) => self.point(Curve::P256, 32),
            ("EC", Some("P-384")) => self.point(Curve::P384, 48),
            ("EC", Some("P-521")) => self.point(Curve::P521, 66),
            ("OKP", Some("Ed25519")) => ed25519::public_key(bytes(&self.x)?),
            _ => Err(UnusableKey::UnknownKind),
        }
    }

    /// "The length of this octet string MUST be the full size of a coordinate" (RFC 7518
    /// §6.2.1.2).
    fn point(&self, curve: Curve, len: usize) -> Result<PublicKey, UnusableKey> {
        let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
        if x.len() != len || y.len() != len {
            return Err(UnusableKey::Malformed);
        }
        Ok(PublicKey::Ec { curve, x, y })
    }
}

fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<PublicKey, UnusableKey> {
    let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    // The length of the exponent determines the cost of a verification. All exponents in use fit
    // into 32 bits (65537 has 17), and other libraries accept no longer ones either.
    let exponent_is_sound = e.len() <= 4 && e.last().is_some_and(|last| last % 2 == 1) && e != [1];
    let size_is_sound = (2048..=8192).contains(&bits);
    if !size_is_sound || !exponent_is_sound || has_small_factor(&n) {
        return Err(UnusableKey::WeakRsa);
    }
    if has_roca_fingerprint(&n) {
        return Err(UnusableKey::RocaRsa);
    }
    Ok(PublicKey::Rsa { n, e })
}

/// Whether a modulus is a power of 65537 modulo each of the primes up to 167: so are those whose
/// primes are `k * M + (65537^a mod M)`, where `M` is the product of these or more primes, and other
/// moduli are with a probability of 2^-154 (Nemec, Sys, Svenda, Klinec, Matyas: "The Return of
/// Coppersmith's Attack: Practical Factorization of Widely Used RSA Moduli", ACM CCS 2017, §2.3).
fn has_roca_fingerprint(n: &[u8]) -> bool {
    let is_power = |prime: u64| {
        let residue = remainder(n, prime);
        let powers = std::iter::successors(Some(1), |power| Some(power * 65537 % prime));
        powers.take(prime as usize).any(|power| power == residue)
    };
    let is_prime = |n: &u64| (2..*n).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (3..=167).filter(is_prime).all(is_power)
}

/// The remainder of a big-endian number. The divisor is below 752.
fn remainder(n: &[u8], divisor: u64) -> u64 {
    // Four bytes at a time: the remainder is below 752, so that this stays within 64 bits.
    let (head, words) = n.split_at(n.len() % 4);
    let append = |number: u64, bytes: &[u8]| {
        let appended = bytes.iter().fold(number, |sum, byte| sum << 8 | u64::from(*byte));
        appended % divisor
    };
    words.chunks(4).fold(append(0, head), append)
}

/// Whether a big-endian number is even or has a factor below 752. No product of two large primes
/// has one; the partial validation of RSA keys includes this check (NIST SP 800-89 §5.3.3).
fn has_small_factor(n: &[u8]) -> bool {
    let divides = |divisor: u64| remainder(n, divisor) == 0;
    // Composite divisors change nothing: a number that they divide has a smaller prime factor.
    divides(2) || (3..752).step_by(2).any(divides)
}

/// The bytes of a member. Some issuers write padding or the alphabet of plain base64 here, against
/// RFC 7518 §2; that changes nothing about which key it is. Tokens are never read like this.
fn bytes(member: &Option<String>) -> Result<Vec<u8>, UnusableKey> {
    let text = member.as_deref().ok_or(UnusableKey::Malformed)?;
    let lenient = || {
        let text = text.strip_suffix("==").or(text.strip_suffix('=')).unwrap_or(text);
        base64url::decode(&text.replace('+', "-").replace('/', "_"))
    };
    base64url::decode(text).or_else(lenient).ok_or(UnusableKey::Malformed)
}

fn without_leading_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.split_off(zeros)
}

#[cfg(test)]
mod tests;
