//! Tokens like those of WorkOS, the same for everybody who is measured.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use mcp_auth_testing::{Algorithm, TestAuthority, TokenBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Who signs.
pub const ISSUER: &str = "https://careful-heron-42.authkit.app";
/// For whom.
pub const AUDIENCE: &str = "https://app.example.com/mcp";
/// What is measured: each name as it stands in a token's header.
pub const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// Two years: nothing expires while it is measured, even where time is moved on.
const LIFETIME: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

/// A key set and tokens that it confirms.
#[derive(Serialize, Deserialize)]
pub struct Material {
    /// `iss` of every token.
    pub issuer: String,
    /// `aud` of every token.
    pub audience: String,
    /// One key per algorithm.
    pub jwks: Value,
    /// By the algorithm's name.
    pub tokens: BTreeMap<String, Vec<String>>,
}

impl Material {
    /// Signs `count` different tokens with each algorithm.
    pub fn sign(count: usize) -> Self {
        let authority = TestAuthority::start().expect("loopback can be listened on");
        let sign = |name: &&str| {
            let tokens = (0..count).map(|n| usual(&authority, n).algorithm(algorithm(name)).sign());
            ((*name).to_owned(), tokens.collect())
        };
        let tokens = ALGORITHMS.iter().map(sign).collect();
        let keys: Vec<Value> =
            authority.keys().published().iter().map(|key| key.public_jwk().clone()).collect();
        Self {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            jwks: json!({ "keys": keys }),
            tokens,
        }
    }

    /// Reads what [`write`](Self::write) has written.
    pub fn read(path: &Path) -> Self {
        let text = fs::read(path).expect("the material was written before");
        serde_json::from_slice(&text).expect("the material is JSON")
    }

    /// Writes it for other programs to read.
    pub fn write(&self, path: &Path) {
        fs::write(path, serde_json::to_vec(self).expect("it is JSON")).expect("a place to write");
    }

    /// The tokens of one algorithm.
    pub fn of(&self, algorithm: &str) -> &[String] {
        &self.tokens[algorithm]
    }
}

/// A token as AuthKit issues it to MCP clients: some 880 bytes with RS256.
fn usual(authority: &TestAuthority, n: usize) -> TokenBuilder {
    authority
        .token()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .subject(format!("user_01HXYZ{n:016}"))
        .claim("org_id", "org_01HXYZABCDEFGHJKMNPQRSTVWX")
        .expires_in(LIFETIME)
}

/// What signs under this name.
fn algorithm(name: &str) -> Algorithm {
    match name {
        "RS256" => Algorithm::Rs256,
        "PS256" => Algorithm::Ps256,
        "ES256" => Algorithm::Es256,
        "EdDSA" => Algorithm::EdDsa,
        other => panic!("{other} is not measured"),
    }
}
