//! `bookmarket revoke` without a log, or with one that does not answer. `tests/replicas/run` runs it
//! with real logs and running servers.

use std::process::Output;

use crate::{
    place::Folder,
    process::{bookmarket, refusal_of},
};

const ISSUER: (&str, &str) = ("WORKOS_AUTHKIT_DOMAIN", "your-subdomain.authkit.app");

#[test]
fn without_a_log_nothing_is_revoked_and_it_says_why() {
    let said = refusal_of(&["revoke", "--user", "user_ada"], &[ISSUER]);

    assert!(said.contains("BOOKMARKET_REVOCATIONS is missing"), "{said}");
    assert!(said.contains("redis://127.0.0.1:6379"), "{said}");
}

#[test]
fn with_a_log_that_does_not_answer_nothing_is_revoked() {
    for url in ["redis://:hunter2@127.0.0.1:1", "postgres://app:hunter2@127.0.0.1:1/app"] {
        let log = ("BOOKMARKET_REVOCATIONS", url);

        let said = refusal_of(&["revoke", "--user", "user_ada"], &[ISSUER, log]);

        assert!(said.contains("the log does not answer"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn what_is_no_address_of_a_log_is_refused_without_its_password() {
    for url in ["mysql://app:hunter2@127.0.0.1/app", "127.0.0.1:6379", "hunter2"] {
        let log = ("BOOKMARKET_REVOCATIONS", url);

        let said = refusal_of(&["revoke", "--user", "user_ada"], &[ISSUER, log]);

        assert!(said.contains("BOOKMARKET_REVOCATIONS is "), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn arguments_that_cannot_be_meant_are_refused() {
    for arguments in [
        &["revoke"][..],
        &["revoke", "--lift"],
        &["revoke", "--user"],
        &["revoke", "--user", "user_ada", "--lift", "--issued-before-now"],
        &["revoke", "--session", "session_1", "--agent", "client_1"],
        &["revoke", "user_ada"],
        &["recall"],
    ] {
        let folder = Folder::new();
        let log = ("BOOKMARKET_REVOCATIONS", "redis://127.0.0.1:1");

        let ran = bookmarket(&folder, &[ISSUER, log]).args(arguments).output();

        let Output { status, stdout, stderr } = ran.expect("the program runs");
        let said = String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(2), "{arguments:?}: {said}");
        assert!(stdout.is_empty() && said.contains("--help"), "{arguments:?}: {said}");
    }
}
