//! The stored corpora of earlier runs, checked again without libFuzzer.

use std::{fs, path::Path};

fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut cases = 0;
    for entry in fs::read_dir(&corpus).expect("each target has a corpus") {
        check(&fs::read(entry.expect("a file").path()).expect("a readable file"));
        cases += 1;
    }
    assert!(cases > 10, "{cases} cases in {}", corpus.display());
}

#[test]
fn r07_header_value() {
    replay("header_value", fuzz::header_value::check);
}

#[test]
fn r17_compact_jws() {
    replay("compact_jws", fuzz::compact_jws::check);
}

#[test]
fn r20_claims() {
    replay("claims", fuzz::claims::check);
}

#[test]
fn r25_jwks() {
    replay("jwks", fuzz::jwks::check);
}

#[test]
fn r27_metadata() {
    replay("metadata", fuzz::metadata::check);
}

#[test]
fn r12_challenge() {
    replay("challenge", fuzz::challenge::check);
}
