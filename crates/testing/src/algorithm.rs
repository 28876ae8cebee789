//! Signature algorithms and what each is made of (RFC 7518 §3, RFC 8037 §3.1, RFC 9864 §2).

use openssl::hash::MessageDigest;
use openssl::nid::Nid;

/// A signature algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256. WorkOS uses it, and it is the default.
    #[default]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519, published as `EdDSA`.
    EdDsa,
    /// Ed25519 under its newer name, `Ed25519` (RFC 9864).
    Ed25519,
}

/// What a signature is made with.
#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    Pkcs1(MessageDigest),
    Pss(MessageDigest),
    Ecdsa(Curve, MessageDigest),
    EdDsa,
}

/// A curve for ECDSA (RFC 7518 §6.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Algorithm {
    /// Every algorithm, one by one.
    pub const ALL: &'static [Self] = &[
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
        Self::Ed25519,
    ];

    /// The algorithm of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// The name in a token's header, such as `RS256` or `EdDSA`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }

    pub(crate) fn scheme(self) -> Scheme {
        match self {
            Self::Rs256 => Scheme::Pkcs1(MessageDigest::sha256()),
            Self::Rs384 => Scheme::Pkcs1(MessageDigest::sha384()),
            Self::Rs512 => Scheme::Pkcs1(MessageDigest::sha512()),
            Self::Ps256 => Scheme::Pss(MessageDigest::sha256()),
            Self::Ps384 => Scheme::Pss(MessageDigest::sha384()),
            Self::Ps512 => Scheme::Pss(MessageDigest::sha512()),
            Self::Es256 => Scheme::Ecdsa(Curve::P256, MessageDigest::sha256()),
            Self::Es384 => Scheme::Ecdsa(Curve::P384, MessageDigest::sha384()),
            Self::Es512 => Scheme::Ecdsa(Curve::P521, MessageDigest::sha512()),
            Self::EdDsa | Self::Ed25519 => Scheme::EdDsa,
        }
    }
}

impl Curve {
    /// Its name in a JWK.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(crate) fn nid(self) -> Nid {
        match self {
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
            Self::P521 => Nid::SECP521R1,
        }
    }

    /// A coordinate's length in bytes, and that of half a signature.
    pub(crate) fn coordinate(self) -> i32 {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}
