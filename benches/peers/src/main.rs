//! Whole validations of one token, ours and other libraries' side by side.
//!
//! `peers sign FILE COUNT` writes a key set and tokens. `peers run FILE ROUND` measures every
//! contender once with them, in turn, and prints a line of JSON for each; `benches/run` calls it
//! again and again, so that what disturbs the machine for a while disturbs everybody.

mod contender;
mod huskarl_peer;
mod jsonwebtoken_peer;
mod jwks_server;
mod jwt_authorizer_peer;
mod measure;
mod oauth_resource_server_peer;
mod ours;
mod rust_mcp_peer;
mod tower_oauth2_peer;

use std::path::Path;

use benches_support::{ALGORITHMS, Material};
use contender::Lane;

#[cfg(all(feature = "aws-lc", feature = "rust-crypto"))]
compile_error!("jsonwebtoken panics with both backends: choose one");

/// Which backend jsonwebtoken 11 has in this program.
const BACKEND: &str = if cfg!(feature = "aws-lc") { "aws_lc_rs" } else { "rust_crypto" };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sign", file, count] => {
            Material::sign(count.parse().expect("a number")).write(Path::new(file))
        }
        ["run", file, round] => run(&Material::read(Path::new(file)), round),
        _ => panic!("peers sign FILE COUNT | peers run FILE ROUND"),
    }
}

fn run(material: &Material, round: &str) {
    // The runtime of whoever fetches keys; measuring happens on other threads.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let jwks_uri = jwks_server::serve(material.jwks.to_string());
    for algorithm in ALGORITHMS {
        let contenders = runtime.block_on(contenders(material, &jwks_uri, algorithm));
        measure::all(&contenders, material.of(algorithm), algorithm, round);
    }
}

/// Everybody who can verify this algorithm.
async fn contenders(material: &Material, jwks_uri: &str, algorithm: &str) -> Vec<Lane> {
    let mut lanes = ours::lanes(material);
    lanes.push(Lane::of(jsonwebtoken_peer::Jsonwebtoken::new(material, algorithm)));
    lanes.push(Lane::of(tower_oauth2_peer::TowerOauth2::new(material).await));
    // The rest does not depend on jsonwebtoken 11, and is measured beside its faster backend.
    if cfg!(feature = "aws-lc") {
        lanes.push(Lane::of(oauth_resource_server_peer::OauthResourceServer::new(material)));
        lanes.push(Lane::of(jwt_authorizer_peer::JwtAuthorizer::new(material).await));
        lanes.push(Lane::of(rust_mcp_peer::RustMcp::new(material, jwks_uri)));
        lanes.push(Lane::of(huskarl_peer::Huskarl::new(material, jwks_uri).await));
    }
    lanes
}
