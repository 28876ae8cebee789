//! Cut-offs, standing revocations and lifts, and clocks that are wrong.

use mcp_auth_core::revocation::Effect;

use super::*;
use crate::recording_log::record;

#[test]
fn r34_a_standing_revocation_survives_the_lift_of_another_key() {
    let site = Site::new();
    let agent = || Revoked::subject_at_client("user_ada", "agent");
    let token = |iat: f64| site.token(iat, |claims| claims["client_id"] = json!("agent"));
    // Staff revokes the person; the person reconnects an agent.
    site.revoke(ada().standing(), NOW);
    site.revoke(agent().standing(), NOW);
    site.lift(agent(), NOW + SECOND);
    assert!(site.refuses(&token(100.0), NOW + SECOND * 100));
    site.lift(ada(), NOW + SECOND * 101);
    assert!(!site.refuses(&token(102.0), NOW + SECOND * 102));
}

#[test]
fn r34_a_standing_revocation_refuses_later_tokens_and_never_expires() {
    let site = Site::new();
    site.revoke(ada().standing(), NOW);
    let year = DAY * 400;
    assert!(site.revocations().remove_expired(NOW + year).is_empty());
    let later = site.token(year.as_secs_f64(), |_| ());
    assert!(site.refuses(&later, NOW + year));
}

#[test]
fn r34_a_lift_leaves_a_cut_off_without_allowance() {
    let site = Site::new();
    site.revoke(ada().standing(), NOW);
    site.lift(ada(), NOW + SECOND * 10);
    assert!(site.refuses(&site.token(10.0, |_| ()), NOW + SECOND * 11));
    assert!(!site.refuses(&site.token(10.5, |_| ()), NOW + SECOND * 11));
    // A cut-off before the lift has no allowance left either; one after it has.
    let site = Site::new();
    site.revoke(ada(), NOW);
    site.lift(ada(), NOW + SECOND * 10);
    assert!(site.refuses(&site.token(10.0, |_| ()), NOW + SECOND * 11));
    assert!(!site.refuses(&site.token(10.5, |_| ()), NOW + SECOND * 11));
    site.revoke(ada(), NOW + SECOND * 20);
    assert!(site.refuses(&site.token(50.0, |_| ()), NOW + SECOND * 51));
    assert!(!site.refuses(&site.token(50.5, |_| ()), NOW + SECOND * 51));
}

/// Two processes revoke and lift in the same millisecond.
#[test]
fn r34_a_tie_of_revocation_and_lift_refuses() {
    let [(first, first_log), (second, second_log)] = [Site::with_log(), Site::with_log()];
    first.revoke(ada().standing(), NOW);
    second.lift(ada(), NOW);
    let entries = [first_log.entries(), second_log.entries()].concat();
    assert_eq!(record(&entries[0]).at, record(&entries[1]).at);
    for order in [[0, 1], [1, 0]] {
        let (site, _) = Site::with_log();
        let everything = order.map(|n| entries[n].clone()).to_vec();
        site.take_in_everything(everything);
        assert!(site.refuses(&site.token(100.0, |_| ()), NOW + SECOND * 100));
    }
}

#[test]
fn r34_a_wrong_clock_cancels_no_later_record() {
    let (site, log) = Site::with_log();
    // Far ahead, then right.
    site.revoke(ada().standing(), NOW + DAY * 1_000);
    site.lift(ada(), NOW);
    assert!(!site.refuses(&site.token(86_400.0 * 1_001.0, |_| ()), NOW + DAY * 1_001));
    site.revoke(ada().standing(), NOW);
    assert!(site.refuses(&site.token(86_400.0 * 1_001.0, |_| ()), NOW + DAY * 1_001));
    let times: Vec<_> = log.entries().iter().map(|entry| record(entry).at).collect();
    let first = NOW + DAY * 1_000;
    let millis = Duration::from_millis(1);
    assert_eq!(times, [first, first + millis, first + millis * 2]);
}

#[test]
fn r34_a_token_without_a_time_of_issue_counts_as_issued_before() {
    let revokes: [fn(&Site); 3] = [
        |site| site.revoke(ada(), NOW),
        |site| site.lift(ada(), NOW),
        |site| {
            let early = UnixTime::from_secs(1);
            at_once(site.revocations().revoke_at(site.resolved(ada()), early, NOW)).unwrap();
        },
    ];
    for revoke in revokes {
        let site = Site::new();
        let token = site.token(0.0, |claims| drop(claims.as_object_mut().unwrap().remove("iat")));
        assert!(!site.refuses(&token, NOW));
        revoke(&site);
        assert!(site.refuses(&token, NOW + SECOND * 3_600));
    }
}

#[test]
fn r34_what_is_in_force_is_listed_with_its_reason() {
    let site = Site::new();
    site.revoke(ada().standing().because("left the company"), NOW);
    site.revoke(Revoked::client("agent"), NOW);
    site.revoke(Revoked::user_changed("user_ada"), NOW);
    let mut listed: Vec<_> = site.revocations().in_force().collect();
    listed.sort_by_key(|record| record.effect != Effect::Standing);
    assert_eq!(listed.len(), 2, "a changed user is not revoked");
    assert_eq!((&*listed[0].reason, listed[0].effect), ("left the company", Effect::Standing));
    assert_eq!(listed[0].issuer.as_deref(), Some(ISSUER));
    assert_eq!(listed[1].effect, Effect::IssuedBefore(NOW));
    site.lift(ada(), NOW);
    assert_eq!(site.revocations().in_force().count(), 1);
}
