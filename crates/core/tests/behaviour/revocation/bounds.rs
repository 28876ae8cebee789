//! How many revocations are kept, and how long.

use mcp_auth_core::revocation::Effect;

use super::*;
use crate::recording_log::record;

fn with_settings(change: impl FnOnce(&mut RevocationSettings)) -> Site {
    let mut settings = RevocationSettings::default();
    change(&mut settings);
    Site::with(&Revocations::in_memory(settings))
}

fn user(n: usize) -> NewRevocation {
    Revoked::subject(format!("user_{n}"))
}

#[test]
fn r34_too_many_cut_offs_are_merged_and_refuse_more_never_fewer() {
    let site = with_settings(|settings| settings.max_cut_offs = 20);
    site.revoke(Revoked::subject("user_staff").standing(), NOW);
    let token =
        |n: usize, iat: f64| site.token(iat, |claims| claims["sub"] = json!(format!("user_{n}")));
    for n in 0..100 {
        let now = NOW + SECOND * n as u32;
        site.revoke(user(n), now);
        let health = site.revocations().health(now);
        assert!(health.records - health.standing <= 21, "{n}: {}", health.records);
    }
    let now = NOW + SECOND * 100;
    for n in 0..100 {
        assert!(site.refuses(&token(n, n as f64 + 29.5), now + SECOND * 30), "{n}");
    }
    assert!(site.revocations().health(now).merged >= 80);
    // What was merged refuses others as well, up to its own time, and those who sign in later not.
    assert!(site.refuses(&token(1_000, 50.0), now));
    assert!(!site.refuses(&token(1_000, 131.0), now + SECOND * 31));
    let standing = site.token(5_000.0, |claims| claims["sub"] = json!("user_staff"));
    assert!(site.refuses(&standing, NOW + SECOND * 5_000), "it is never merged");
    let of_other = Revoked::everything().of_issuer("https://other.example.com");
    at_once(site.revocations().revoke(of_other, now)).unwrap();
    let everything = |record: &&Arc<mcp_auth_core::revocation::Revocation>| {
        record.what == Revoked::Everything && record.issuer.as_deref() == Some(ISSUER)
    };
    assert_eq!(site.revocations().in_force().filter(|record| everything(&record)).count(), 1);
}

#[test]
fn r34_standing_revocations_have_a_bound_of_their_own() {
    let site = with_settings(|settings| {
        settings.max_standing = 3;
        settings.max_cut_offs = 10;
    });
    for n in 0..3 {
        site.revoke(user(n).standing(), NOW);
    }
    let refused = site.try_revoke(user(3).standing(), NOW);
    assert!(matches!(refused, Err(RevokeError::TooManyStanding { most: 3 })), "{refused:?}");
    assert_eq!(site.revocations().health(NOW).records, 3, "nothing was revoked");
    site.revoke(user(3), NOW);
    site.lift(user(0), NOW);
    site.revoke(user(3).standing(), NOW);
    assert_eq!(site.revocations().health(NOW).standing, 3);
}

#[test]
fn r34_a_lifted_pair_expires_together_and_a_standing_one_never() {
    let (site, log) = Site::with_log();
    site.revoke(user(1).standing(), NOW);
    site.lift(user(1), NOW + SECOND);
    site.revoke(user(2).standing(), NOW);
    site.revoke(user(3), NOW);
    // Lifted, and revoked again.
    site.lift(user(4), NOW);
    site.revoke(user(4).standing(), NOW);
    let keep = DAY * 31 + SECOND * 90;
    assert!(site.revocations().remove_expired(NOW + keep).is_empty());
    // The lifted revocation is old, and its lift is not yet.
    let removed = site.revocations().remove_expired(NOW + (keep + Duration::from_millis(500)));
    assert_eq!(removed.len(), 2, "the cut-off, and the lift that was superseded");
    let removed = site.revocations().remove_expired(NOW + (keep + SECOND * 2));
    let effects: Vec<_> = removed.iter().map(|entry| record(entry).effect).collect();
    assert_eq!(effects, [Effect::Standing, Effect::Lifted], "deleted from the log in this order");
    assert!(removed.iter().all(|entry| log.entries().contains(entry)));
    let health = site.revocations().health(NOW);
    assert_eq!((health.records, health.standing), (2, 2));
    let late = NOW + DAY * 32;
    let token = |n: usize| {
        let iat = DAY.as_secs_f64() * 32.0;
        site.token(iat, |claims| claims["sub"] = json!(format!("user_{n}")))
    };
    let refused = [1, 2, 3, 4].map(|n| site.refuses(&token(n), late));
    assert_eq!(refused, [false, true, false, true]);
}

#[test]
fn r34_a_changed_user_is_kept_for_an_hour() {
    let site = Site::new();
    site.revoke(Revoked::user_changed("user_ada"), NOW);
    assert!(site.revocations().remove_expired(NOW + SECOND * 3_600).is_empty());
    assert_eq!(site.revocations().remove_expired(NOW + SECOND * 3_601).len(), 1);
    assert_eq!(site.revocations().health(NOW).records, 0);
}
