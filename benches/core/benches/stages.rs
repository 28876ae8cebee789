//! Each stage of a decision by itself, from the header's value to the caller.
//!
//! `cargo bench --manifest-path benches/Cargo.toml -p core-benches --bench stages`

use std::{hint::black_box, time::Duration};

use benches_support::{ALGORITHMS, AcceptAll, Material, Ours};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mcp_auth_core::{
    Algorithm, BearerToken, Claims, CompactJws, IncomingRequest, KeySet, Step, TokenCacheSettings,
    signature::{AwsLcRs, Josekit, SignatureBackend},
};

fn stages(criterion: &mut Criterion) {
    let material = Material::sign(64);
    let tokens = material.of("RS256");
    let header = format!("Bearer {}", tokens[0]);
    let jws = CompactJws::parse(&tokens[0]).expect("a token");
    let make = |backend: &dyn SignatureBackend, cache| {
        Ours::new([(&*material.issuer, &material.jwks)], &material.audience, backend, cache)
    };

    let mut group = criterion.benchmark_group("stage");
    group.bench_function("header value", |b| {
        b.iter(|| BearerToken::from_authorization([black_box(header.as_bytes())], 16 * 1024))
    });
    group.bench_function("parse", |b| b.iter(|| CompactJws::parse(black_box(&tokens[0]))));
    group.bench_function("claims", |b| b.iter(|| Claims::parse(black_box(jws.payload()))));

    // Header, parts, claims, rules and the caller: everything but the signature.
    let unsigned = make(&AcceptAll::default(), TokenCacheSettings::off());
    group.bench_function("all but the signature", |b| {
        b.iter(|| unsigned.authenticate(black_box(header.as_bytes()), unsigned.now))
    });

    let cached = make(&Josekit, TokenCacheSettings::default());
    cached.authenticate(header.as_bytes(), cached.now);
    // What the middleware calls; a cached token is accepted without waiting.
    group.bench_function("begin, token cached", |b| {
        b.iter(|| {
            let request = IncomingRequest::new([black_box(header.as_bytes())]);
            let step = cached.authenticator.begin(request, cached.now).expect("a good token");
            assert!(matches!(black_box(step), Step::Done(_)), "the token is cached");
        })
    });
    group.bench_function("authenticate, token cached", |b| {
        b.iter(|| cached.authenticate(black_box(header.as_bytes()), cached.now))
    });
    group.finish();
}

/// A warm request, and the question whether its caller is revoked, with revocations of others.
fn revocations(criterion: &mut Criterion) {
    let material = Material::sign(1);
    let header = format!("Bearer {}", material.of("RS256")[0]);
    let mut group = criterion.benchmark_group("revocations");
    for count in [0, 100_000] {
        let issuer = [(&*material.issuer, &material.jwks)];
        let cache = TokenCacheSettings::default();
        let ours = Ours::new(issuer, &material.audience, &Josekit, cache);
        ours.revoke_others(&material.issuer, count);
        assert_eq!(ours.authenticator.revocations().health(ours.now).records, count);
        let caller = ours.authenticate(header.as_bytes(), ours.now);
        let caller = caller.principal();
        group.bench_function(BenchmarkId::new("is_revoked", count), |b| {
            b.iter(|| ours.authenticator.is_revoked(black_box(caller)))
        });
        group.bench_function(BenchmarkId::new("begin, token cached", count), |b| {
            b.iter(|| {
                let request = IncomingRequest::new([black_box(header.as_bytes())]);
                let step = ours.authenticator.begin(request, ours.now).expect("a good token");
                assert!(matches!(black_box(step), Step::Done(_)), "the token is cached");
            })
        });
    }
    group.finish();
}

/// The signature, and with it the whole, for each algorithm and backend.
fn signatures(criterion: &mut Criterion) {
    let material = Material::sign(64);
    let jwks = material.jwks.to_string();
    for (name, backend) in [("josekit", &Josekit as &dyn SignatureBackend), ("aws-lc-rs", &AwsLcRs)]
    {
        let keys = KeySet::parse(jwks.as_bytes(), Algorithm::ALL, backend).expect("a key set");
        let issuer = [(&*material.issuer, &material.jwks)];
        let off = TokenCacheSettings::off();
        let ours = Ours::new(issuer, &material.audience, backend, off);
        for algorithm in ALGORITHMS {
            let tokens = material.of(algorithm);
            let jws = CompactJws::parse(&tokens[0]).expect("a token");
            let mut group = criterion.benchmark_group("signature");
            group.bench_function(BenchmarkId::new(name, algorithm), |b| {
                b.iter(|| keys.verify(black_box(&jws)).is_ok())
            });
            group.finish();
            let header = format!("Bearer {}", tokens[0]);
            let mut group = criterion.benchmark_group("whole, cold");
            group.bench_function(BenchmarkId::new(name, algorithm), |b| {
                b.iter(|| ours.authenticate(black_box(header.as_bytes()), ours.now))
            });
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = stages, revocations, signatures
}
criterion_main!(benches);
