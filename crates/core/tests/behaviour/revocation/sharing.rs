//! What processes share over a log, and what they do without it.

use std::sync::atomic::Ordering::SeqCst;

use mcp_auth_core::{
    rejection::UnavailableReason,
    revocation::{LogError, RevocationHealth},
};

use super::*;
use crate::recording_log::record;

fn unavailable(silence: Option<Duration>) -> Rejection {
    UnavailableReason::Revocations { silence }.into()
}

fn outcome(site: &Site, token: &str, now: UnixTime) -> Result<(), Rejection> {
    call(&site.authenticator, token, now).map(drop)
}

fn health(site: &Site) -> RevocationHealth {
    site.revocations().health(NOW)
}

#[test]
fn r34_a_revocation_is_in_force_in_every_process_that_reads_it() {
    let [(first, log), (second, _)] = [Site::with_log(), Site::with_log()];
    first.revoke(ada(), NOW);
    assert!(first.refuses(&first.token(0.0, |_| ()), NOW));
    let token = second.token(0.0, |_| ());
    assert!(!second.refuses(&token, NOW));
    second.revocations().take_in(LogBatch::added(log.entries()), NOW);
    assert!(second.refuses(&token, NOW));
}

#[test]
fn r34_requests_get_503_until_the_log_was_read() {
    let (_, revocations) = RecordingLog::open(RevocationSettings::default());
    let site = Site::with(&revocations);
    let token = site.token(0.0, |_| ());
    assert!(!health(&site).ready);
    for _ in 0..2 {
        let rejection = outcome(&site, &token, NOW).unwrap_err();
        assert_eq!(rejection, unavailable(None));
        assert_eq!((rejection.reason(), rejection.status()), ("revocations_unavailable", 503));
        assert!(rejection.retry_after().is_some());
    }
    // A part is not everything, and a failure is nothing.
    site.revocations().take_in(LogBatch::added(Vec::new()), NOW);
    site.revocations().log_failed(&LogError::new("refused"));
    assert_eq!(outcome(&site, &token, NOW), Err(unavailable(None)));
    assert_eq!(health(&site).last_error.as_deref(), Some("refused"));
    site.take_in_everything(Vec::new());
    assert_eq!(outcome(&site, &token, NOW), Ok(()));
    assert!(health(&site).ready && health(&site).last_error.is_none());
}

#[test]
fn r34_an_option_opens_a_process_before_the_first_read() {
    let mut settings = RevocationSettings::default();
    settings.open_before_first_read = true;
    let (_, revocations) = RecordingLog::open(settings);
    let site = Site::with(&revocations);
    let token = site.token(0.0, |_| ());
    assert_eq!(outcome(&site, &token, NOW), Ok(()));
    assert!(!health(&site).ready, "which is told all the same");
    site.revoke(ada(), NOW);
    assert!(site.refuses(&token, NOW), "what is known is in force");
}

#[test]
fn r34_a_silent_log_is_told_and_ends_requests_where_configured() {
    for bound in [None, Some(SECOND * 60)] {
        let mut settings = RevocationSettings::default();
        settings.max_silence = bound;
        let (_, revocations) = RecordingLog::open(settings);
        let site = Site::with(&revocations);
        assert_eq!(health(&site).silence, None);
        let token = site.token(0.0, |_| ());
        site.take_in_everything(Vec::new());
        site.revocations().log_failed(&LogError::new("refused"));
        for (after, over) in [(60, false), (61, true)] {
            let silence = SECOND * after;
            let expected = match over && bound.is_some() {
                true => Err(unavailable(Some(silence))),
                false => Ok(()),
            };
            assert_eq!(outcome(&site, &token, NOW + silence), expected, "{bound:?}");
            let health = site.revocations().health(NOW + silence);
            assert_eq!((health.silence, health.ready), (Some(silence), true));
        }
        // Any answer ends the silence.
        let later = NOW + SECOND * 61;
        site.revocations().take_in(LogBatch::added(Vec::new()), later);
        assert_eq!(outcome(&site, &token, later), Ok(()));
    }
}

#[test]
fn r34_a_revocation_that_the_log_lacks_is_written_back() {
    let (site, log) = Site::with_log();
    log.is_away.store(true, SeqCst);
    let failed = site.try_revoke(ada(), NOW);
    assert!(matches!(failed, Err(RevokeError::NotInLog(_))), "{failed:?}");
    assert!(site.refuses(&site.token(0.0, |_| ()), NOW), "in force in this process");
    log.is_away.store(false, SeqCst);
    let lacking = site.take_in_everything(Vec::new());
    assert_eq!(lacking.len(), 1);
    assert_eq!(record(&lacking[0]).what, *ada().what());
    assert!(site.take_in_everything(lacking.clone()).is_empty(), "it has it now");
    // A log with an older state lacks it too.
    site.revoke(ada(), NOW + SECOND);
    assert_eq!(site.take_in_everything(lacking), log.entries()[..1]);
    assert!(site.revocations().take_in(LogBatch::added(Vec::new()), NOW).is_empty());
}

#[test]
fn r34_records_of_a_newer_version_are_kept_and_told() {
    let (site, _) = Site::with_log();
    let newer = |time, text: &str| LogEntry::new(r#"["frozen","x"]"#, time, text);
    let first = newer(1, r#"{"version":2,"what":{"planet":"x"}}"#);
    let second = newer(2, r#"{"version":2,"what":{"planet":"y"}}"#);
    let malformed = LogEntry::new("?", 1, "no JSON");
    for entry in [&first, &second, &first, &malformed] {
        site.revocations().take_in(LogBatch::added(vec![entry.clone()]), NOW);
    }
    let health = health(&site);
    assert_eq!((health.unread, health.records), (2, 0));
    let lacking = site.take_in_everything(vec![first]);
    assert_eq!(lacking.len(), 2);
    assert!(lacking.contains(&second) && lacking.contains(&malformed), "{lacking:?}");
    assert!(!site.refuses(&site.token(0.0, |_| ()), NOW));
}

#[test]
fn r34_records_of_an_unknown_issuer_are_kept_for_who_knows_it() {
    const OTHER: &str = "https://other.example.com";
    let (site, log) = Site::with_log();
    let revoked = ada().of_issuer(OTHER).standing();
    at_once(site.revocations().revoke(revoked, NOW)).unwrap();
    assert!(!site.refuses(&site.token(0.0, |_| ()), NOW));
    let lacking = site.take_in_everything(Vec::new());
    assert_eq!(lacking, log.entries());
    // The process that knows it reads them before it knows it.
    let (_, revocations) = RecordingLog::open(RevocationSettings::default());
    revocations.take_in(LogBatch::everything(lacking), NOW);
    let mut policy = policy();
    policy.revocations = revocations;
    let other = Site::of(Issuer::new(OTHER).unwrap(), policy);
    assert!(other.refuses(&other.token(0.0, |claims| claims["iss"] = json!(OTHER)), NOW));
}

#[test]
fn r34_resources_share_revocations_and_the_longest_retention() {
    let (_, revocations) = RecordingLog::open(RevocationSettings::default());
    let with_lifetime = |lifetime| {
        let mut policy = policy();
        policy.revocations = revocations.clone();
        policy.max_token_lifetime = lifetime;
        Site::of(Issuer::new(ISSUER).unwrap(), policy)
    };
    let sites = [DAY, DAY * 60, DAY * 2].map(with_lifetime);
    sites[0].take_in_everything(Vec::new());
    sites[0].revoke(ada(), NOW);
    assert!(sites[1].refuses(&sites[1].token(0.0, |_| ()), NOW));
    let leeways = SECOND * 90;
    assert!(revocations.remove_expired(NOW + (DAY * 60 + leeways)).is_empty());
    assert_eq!(revocations.remove_expired(NOW + (DAY * 60 + leeways + SECOND)).len(), 1);
}

/// An operator's program writes to the log, and does not know how long tokens are good.
#[test]
fn r34_a_process_without_a_resource_deletes_nothing() {
    let (_, revocations) = RecordingLog::open(RevocationSettings::default());
    at_once(revocations.revoke(ada().of_issuer(ISSUER), NOW)).unwrap();
    assert!(revocations.remove_expired(NOW + DAY * 4_000).is_empty());
    assert_eq!(revocations.in_force().count(), 1);
}
