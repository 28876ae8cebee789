//! A cache of verified tokens saves time and changes no answer.

use std::time::Duration;

use mcp_auth_core::{
    Authenticated, Authenticator, IncomingRequest, Rejection, Step as Decision, TokenCacheSettings,
    UnixTime, revocation::Revoked,
};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{
    ISSUER, RESOURCE, at_once as ready, authenticator, call, header, key_set, keys, policy,
};

const NOW: u64 = 1_800_000_000;
const TOKENS: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    /// The clock goes on, or back.
    Time(i64),
    /// A request with one of the tokens.
    Call(usize),
    /// The issuer's keys are fetched; the tokens' own key is among them or not.
    Fetch(bool),
    /// The issuer does not answer.
    Outage,
    /// The application takes back what a subject has.
    Revoke(usize),
}

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn r28_the_token_cache_changes_no_answer(
        ttl in prop_oneof![Just(60), 1..3_600_u64],
        dates in prop::collection::vec((-40..4_000_i64, -4_000..40_i64, any::<bool>()), TOKENS),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut now = NOW as i64;
        let start = UnixTime::from_secs(NOW);
        let keys = keys(start);
        let (mut cached, mut plain) = (policy(), policy());
        cached.token_cache.ttl = Duration::from_secs(ttl);
        plain.token_cache = TokenCacheSettings::off();
        let cached = authenticator(cached, keys.clone());
        let plain = authenticator(plain, keys.clone());
        let headers: Vec<String> = dates.iter().enumerate().map(|(n, dates)| {
            let (exp, iat, bound) = dates;
            let mut claims = json!({
                "iss": ISSUER, "sub": format!("user_{n}"), "aud": RESOURCE,
                "exp": now + exp, "iat": now + iat,
            });
            if *bound && n == 0 {
                claims["cnf"] = json!({"jkt": "AA"});
            }
            header(&claims.to_string())
        }).collect();

        for step in &steps {
            let time = UnixTime::from_secs(now as u64);
            match step {
                Step::Time(seconds) => now += seconds,
                Step::Call(n) => {
                    let header = &headers[*n];
                    let expected = answer(call(&plain, header, time));
                    if let Some(found) = at_once(&cached, header, time) {
                        prop_assert_eq!(answer(found), expected.clone(), "without waiting");
                    }
                    prop_assert_eq!(answer(call(&cached, header, time)), expected);
                }
                Step::Fetch(own) => {
                    let names: &[&str] = if *own { &["other", "k"] } else { &["other"] };
                    let _ = keys.next(time);
                    keys.fetched(key_set(names), None, time, 0.5);
                }
                Step::Outage => {
                    let _ = keys.next(time);
                    keys.fetch_failed(time, 0.5);
                }
                Step::Revoke(n) => {
                    for authenticator in [&cached, &plain] {
                        let subject = Revoked::subject(format!("user_{n}"));
                        let subject = authenticator.resolve_issuer(subject).unwrap();
                        ready(authenticator.revocations().revoke(subject, time)).unwrap();
                    }
                }
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..TOKENS).prop_map(Step::Call),
        3 => prop_oneof![0..90_i64, 0..9_000_i64, Just(26 * 3_600_i64), -90..0_i64].prop_map(Step::Time),
        1 => any::<bool>().prop_map(Step::Fetch),
        1 => Just(Step::Outage),
        1 => (0..TOKENS).prop_map(Step::Revoke),
    ]
}

/// What is decided without waiting, if anything is.
fn at_once(
    authenticator: &Authenticator,
    header: &str,
    now: UnixTime,
) -> Option<Result<Authenticated, Rejection>> {
    match authenticator.begin(IncomingRequest::new([header.as_bytes()]), now) {
        Ok(Decision::Done(caller)) => Some(Ok(caller)),
        Ok(Decision::Waiting(_)) => None,
        Err(rejection) => Some(Err(rejection)),
    }
}

/// Who it is, or why not.
fn answer(outcome: Result<Authenticated, Rejection>) -> Result<String, String> {
    match outcome {
        Ok(caller) => Ok(caller.principal().subject().id().to_owned()),
        Err(rejection) => Err(rejection.to_string()),
    }
}
