//! The index of revocations against an oracle that keeps every record and evaluates the definition.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use mcp_auth_core::{
    ApiKey, Authenticator, Issuer, IssuerKeys, Rejection, UnixTime,
    rejection::TokenError,
    revocation::{
        Effect, LogBatch, LogEntry, NewRevocation, Revocation, RevocationSettings, Revoked,
    },
};
use proptest::{prelude::*, sample::Index};
use serde_json::json;

use crate::{
    recording_log::{RecordingLog, record},
    world::{ISSUER, RESOURCE, at_once, authenticator_of, call, header, key_set, keys, policy},
};

const NOW: u64 = 1_800_000_000;
const LEEWAY: Duration = Duration::from_secs(30);
const KEY: &str = "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5";
/// Another name of [`ISSUER`], an issuer that only the first process knows, and one that none does.
const NAMES: [&str; 4] = [
    ISSUER,
    "https://alias.example.com",
    "https://other.example.com",
    "https://nobody.example.com",
];

/// What happens in one of two processes.
#[derive(Debug, Clone)]
enum Step {
    Revoke(NewRevocation),
    /// By the issuer's clock: so many milliseconds from now.
    RevokeAt(NewRevocation, i64),
    Lift(NewRevocation),
    /// The clock goes on, or back, by milliseconds.
    Time(i64),
    /// Some of what was ever written is read, in any order, some of it twice.
    Read(Vec<Index>),
    /// All of it.
    ReadEverything,
    Expire,
}

/// A caller, by index of the names above; a static key where there is none.
#[derive(Debug, Clone)]
struct Caller {
    issuer: Option<usize>,
    /// From the start, in milliseconds.
    iat: Option<i64>,
    client: Option<u8>,
    organization: Option<u8>,
    session: Option<u8>,
    token: Option<u8>,
    actor: Option<u8>,
    subject: u8,
}

struct Process {
    authenticator: Authenticator,
    log: Arc<RecordingLog>,
    keys: Arc<IssuerKeys>,
    now: i64,
    /// Every record that it ever made or read.
    known: Vec<Revocation>,
    /// How many of its own entries are in `known`.
    noted: usize,
    knows_other: bool,
}

proptest! {
    #![proptest_config(crate::cases(200))]

    /// The same decision for every caller at every moment, and one state in the end.
    #[test]
    fn r34_revocations_refuse_as_the_definition_says(
        steps in prop::collection::vec((0..2_usize, step(-100_000..100_000_i64)), 1..40),
        callers in prop::collection::vec(caller(), 1..8),
    ) {
        let mut processes = [true, false].map(|other| Process::new(100_000, other));
        for (n, step) in &steps {
            if matches!(step, Step::Expire) {
                continue;
            }
            take(&mut processes, *n, step)?;
            for caller in &callers {
                for process in &processes {
                    process.check(caller, |refused, expected| refused == expected)?;
                }
            }
        }
        for n in [0, 1] {
            take(&mut processes, n, &Step::ReadEverything)?;
        }
        let [first, second] = processes.each_ref().map(Process::in_force);
        prop_assert_eq!(first, second, "the states converge");
    }

    #[test]
    fn r34_few_places_refuse_more_and_never_fewer(
        bound in 1..6_usize,
        steps in prop::collection::vec((0..2_usize, step(-100_000..100_000_i64)), 1..40),
        callers in prop::collection::vec(caller(), 1..8),
    ) {
        let mut processes = [true, false].map(|other| Process::new(bound, other));
        for (n, step) in &steps {
            if matches!(step, Step::Expire) {
                continue;
            }
            take(&mut processes, *n, step)?;
            for caller in &callers {
                for process in &processes {
                    process.check(caller, |refused, expected| refused || !expected)?;
                }
            }
        }
    }

    /// As long as the clocks go on, what was removed from memory would have refused nobody.
    #[test]
    fn r34_what_has_expired_is_needed_by_no_decision(
        steps in prop::collection::vec((0..2_usize, step(0..3_000_000_i64)), 1..40),
        callers in prop::collection::vec(caller(), 1..8),
    ) {
        let mut processes = [true, false].map(|other| Process::new(100_000, other));
        for (n, step) in &steps {
            take(&mut processes, *n, step)?;
            for caller in callers.iter().filter(|caller| caller.iat.is_some()) {
                for process in &processes {
                    process.check(caller, |refused, expected| refused == expected)?;
                }
            }
        }
    }
}

/// One step of a process.
fn take(processes: &mut [Process; 2], n: usize, step: &Step) -> Result<(), TestCaseError> {
    let written: Vec<LogEntry> =
        processes.iter().flat_map(|process| process.log.entries()).collect();
    let process = &mut processes[n];
    match step {
        Step::Time(millis) => {
            process.now += millis;
            let _ = process.keys.next(process.time());
            process.keys.fetched(key_set(&["k"]), None, process.time(), 0.5);
        }
        Step::Revoke(new) => {
            let revocations = process.authenticator.revocations().clone();
            process.makes(
                new,
                at_once(revocations.revoke(new.clone(), process.time())).is_ok(),
                None,
            )?;
        }
        Step::RevokeAt(new, offset) => {
            let time = millis((process.now + offset).max(0));
            let revocations = process.authenticator.revocations().clone();
            let revoked = at_once(revocations.revoke_at(new.clone(), time, process.time()));
            process.makes(new, revoked.is_ok(), Some(time))?;
        }
        Step::Lift(new) => {
            let revocations = process.authenticator.revocations().clone();
            process.makes(
                new,
                at_once(revocations.lift(new.clone(), process.time())).is_ok(),
                None,
            )?;
        }
        Step::Read(which) if !written.is_empty() => {
            let read: Vec<_> = which.iter().map(|index| index.get(&written).clone()).collect();
            process.reads(LogBatch::added(read));
        }
        Step::Read(_) => {}
        Step::ReadEverything => process.reads(LogBatch::everything(written)),
        Step::Expire => drop(process.authenticator.revocations().remove_expired(process.time())),
    }
    Ok(())
}

impl Process {
    fn new(max_cut_offs: usize, knows_other: bool) -> Self {
        let mut settings = RevocationSettings::default();
        settings.max_cut_offs = max_cut_offs;
        let (log, revocations) = RecordingLog::open(settings);
        let start = UnixTime::from_secs(NOW);
        revocations.take_in(LogBatch::everything(Vec::new()), start);
        let mut policy = policy();
        policy.revocations = revocations;
        policy.leeway = LEEWAY;
        policy.max_token_lifetime = Duration::from_secs(3_600);
        policy.api_keys = vec![ApiKey::new("0", KEY).unwrap()];
        let keys = keys(start);
        let issuer = Issuer::new(ISSUER).unwrap().also_named(NAMES[1]);
        let mut all = vec![issuer];
        all.extend(knows_other.then(|| Issuer::new(NAMES[2]).unwrap()));
        let authenticator = authenticator_of(all, policy, keys.clone());
        let now = NOW as i64 * 1_000;
        Self { authenticator, log, keys, now, known: Vec::new(), noted: 0, knows_other }
    }

    fn time(&self) -> UnixTime {
        millis(self.now)
    }

    /// Notes what it has written, each record of which is later than what it knew of the key. What
    /// stands as of an event is of the event's time, `as_of`.
    fn makes(
        &mut self,
        new: &NewRevocation,
        is_recorded: bool,
        as_of: Option<UnixTime>,
    ) -> Result<(), TestCaseError> {
        let written = self.log.entries();
        let made: Vec<_> = written[self.noted..].iter().map(record).collect();
        prop_assert_eq!(is_recorded, !made.is_empty());
        for made in &made {
            prop_assert_eq!(&made.what, new.what());
            if let (Effect::Standing, Some(time)) = (made.effect, as_of) {
                prop_assert_eq!(made.at, time);
                continue;
            }
            prop_assert!(made.at >= self.time());
            let of_key = self
                .known
                .iter()
                .filter(|known| known.what == made.what && known.issuer == made.issuer);
            let has_all = self.authenticator.revocations().health(self.time()).merged == 0;
            for known in of_key.filter(|_| has_all) {
                prop_assert!(made.at > time(known), "{made:?} {known:?}");
            }
        }
        self.noted = written.len();
        self.known.extend(made);
        Ok(())
    }

    fn reads(&mut self, batch: LogBatch) {
        self.known.extend(batch.entries.iter().map(record));
        self.authenticator.revocations().take_in(batch, self.time());
    }

    fn in_force(&self) -> BTreeSet<String> {
        let in_force = self.authenticator.revocations().in_force();
        in_force
            .map(|record| format!("{:?} {:?} {:?}", record.issuer, record.what, record.effect))
            .collect()
    }

    /// Compares its decision with the definition, where nothing else refuses the caller.
    fn check(
        &self,
        caller: &Caller,
        is_right: impl Fn(bool, bool) -> bool,
    ) -> Result<(), TestCaseError> {
        if caller.issuer == Some(2) && !self.knows_other {
            return Ok(());
        }
        let now = self.time();
        // The second time from the cache.
        for _ in 0..2 {
            let refused = match call(&self.authenticator, &caller.header(), now) {
                Ok(_) => false,
                Err(Rejection::InvalidToken(TokenError::Revoked)) => true,
                Err(Rejection::InvalidToken(_)) => return Ok(()),
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            };
            let expected = caller.is_refused_by(&self.known);
            prop_assert!(is_right(refused, expected), "{refused} {caller:?} {:#?}", self.known);
        }
        Ok(())
    }
}

impl Caller {
    fn header(&self) -> String {
        let Some(issuer) = self.issuer else { return format!("Bearer {KEY}") };
        let start = NOW as f64;
        let iat = self.iat.map(|iat| start + iat as f64 / 1_000.0);
        let mut claims = json!({
            "iss": NAMES[issuer], "aud": RESOURCE, "sub": self.subject.to_string(),
            "exp": iat.unwrap_or(start) + 3_600.0,
        });
        let mut set = |name: &str, value: Option<serde_json::Value>| {
            if let Some(value) = value {
                claims[name] = value;
            }
        };
        let text = |value: Option<u8>| value.map(|value| json!(value.to_string()));
        set("iat", iat.map(|iat| json!(iat)));
        set("client_id", text(self.client.map(|client| client + 10)));
        set("org_id", text(self.organization));
        set("sid", text(self.session));
        set("jti", text(self.token));
        set("act", text(self.actor).map(|sub| json!({"sub": sub})));
        header(&claims.to_string())
    }

    /// Whether a record of this key is about the caller.
    fn is(&self, what: &Revoked) -> bool {
        let is = |mine: Option<u8>, id: &str| mine.is_some_and(|mine| mine.to_string() == id);
        let client = self.client.map(|client| client + 10);
        let person = Some(self.subject);
        if self.issuer.is_none() {
            return matches!(what, Revoked::StaticKey(name) if **name == *"0");
        }
        match what {
            Revoked::Everything => true,
            Revoked::Subject(id) => is(person, id),
            Revoked::SubjectAtClient { subject, client: id }
            | Revoked::DisconnectedAgent { subject, client: id } => {
                is(person, subject) && is(client, id)
            }
            Revoked::SubjectInOrganization { subject, organization } => {
                is(person, subject) && is(self.organization, organization)
            }
            Revoked::Client(id) => is(client, id),
            Revoked::Organization(id) => is(self.organization, id),
            Revoked::Session(id) => is(self.session, id),
            Revoked::Token(id) => is(self.token, id),
            Revoked::Actor(id) => is(self.actor, id),
            _ => false,
        }
    }

    fn is_refused_by(&self, known: &[Revocation]) -> bool {
        let names: &[&str] = match self.issuer {
            None => &[],
            Some(0 | 1) => &NAMES[..2],
            Some(n) => &NAMES[n..=n],
        };
        let is_mine = |record: &&Revocation| match record.issuer.as_deref() {
            None => self.issuer.is_none() && self.is(&record.what),
            Some(name) => names.contains(&name) && self.is(&record.what),
        };
        let mine: Vec<_> = known.iter().filter(is_mine).collect();
        mine.iter().any(|record| {
            let key = mine
                .iter()
                .filter(|other| (&other.issuer, &other.what) == (&record.issuer, &record.what));
            self.is_refused_by_key(&key.copied().collect::<Vec<_>>())
        })
    }

    /// Whether the records of one key refuse it, by the latest of each effect.
    fn is_refused_by_key(&self, records: &[&Revocation]) -> bool {
        let latest = |is: fn(&Effect) -> bool| {
            records.iter().filter(|record| is(&record.effect)).map(|record| time(record)).max()
        };
        let standing = latest(|effect| *effect == Effect::Standing);
        let lifted = latest(|effect| *effect == Effect::Lifted);
        let before = latest(|effect| matches!(effect, Effect::IssuedBefore(_)));
        let by_issuer = latest(|effect| matches!(effect, Effect::IssuedBeforeByIssuer(_)));
        if standing.is_some() && standing >= lifted {
            return true;
        }
        let is_everything = records[0].what == Revoked::Everything;
        let allowance = match lifted > before && !is_everything {
            true => Duration::ZERO,
            false => LEEWAY,
        };
        let start = NOW as f64;
        let iat = self.iat.map(|iat| start + iat as f64 / 1_000.0);
        let issued_until = |time: UnixTime| iat.is_none_or(|iat| iat <= time.as_secs_f64());
        lifted.is_some_and(|time| self.issuer.is_some() && issued_until(time))
            || before.is_some_and(|time| issued_until(time + allowance))
            || by_issuer.is_some_and(issued_until)
    }
}

fn time(record: &Revocation) -> UnixTime {
    match record.effect {
        Effect::IssuedBefore(time) | Effect::IssuedBeforeByIssuer(time) => time,
        _ => record.at,
    }
}

fn millis(millis: i64) -> UnixTime {
    UnixTime::since_epoch(Duration::from_millis(millis.unsigned_abs()))
}

fn step(times: std::ops::Range<i64>) -> impl Strategy<Value = Step> {
    let near = prop_oneof![Just(0), -40_000..40_000_i64];
    prop_oneof![
        4 => revoked().prop_map(Step::Revoke),
        2 => (revoked(), near).prop_map(|(new, offset)| Step::RevokeAt(new, offset)),
        3 => revoked().prop_map(Step::Lift),
        3 => prop_oneof![3 => 0..2_000_i64, 1 => times].prop_map(Step::Time),
        3 => prop::collection::vec(any::<Index>(), 0..6).prop_map(Step::Read),
        1 => Just(Step::ReadEverything),
        2 => Just(Step::Expire),
    ]
}

/// One of few keys, so that they meet.
fn revoked() -> impl Strategy<Value = NewRevocation> {
    let id = || (0..2_u8).prop_map(|id| Box::<str>::from(id.to_string()));
    let client = || (10..12_u8).prop_map(|id| Box::<str>::from(id.to_string()));
    let what = prop_oneof![
        1 => Just(Revoked::Everything),
        4 => id().prop_map(Revoked::Subject),
        2 => (id(), client()).prop_map(|(subject, client)| Revoked::SubjectAtClient { subject, client }),
        1 => (id(), client()).prop_map(|(subject, client)| Revoked::DisconnectedAgent { subject, client }),
        2 => (id(), id()).prop_map(|(subject, organization)| Revoked::SubjectInOrganization { subject, organization }),
        1 => client().prop_map(Revoked::Client),
        1 => id().prop_map(Revoked::Organization),
        1 => id().prop_map(Revoked::Session),
        1 => id().prop_map(Revoked::Token),
        1 => id().prop_map(Revoked::SessionsOf),
        2 => id().prop_map(Revoked::StaticKey),
        1 => id().prop_map(Revoked::Actor),
        1 => id().prop_map(Revoked::UserChanged),
        1 => Just(Revoked::UsersChanged),
    ];
    let name = prop_oneof![4 => Just(0), 3 => Just(1), 2 => Just(2), 1 => Just(3_usize)];
    (what, name, any::<bool>()).prop_map(|(what, name, standing)| {
        let is_static_key = matches!(what, Revoked::StaticKey(_));
        let new = NewRevocation::from(what);
        let new = if is_static_key { new } else { new.of_issuer(NAMES[name]) };
        if standing { new.standing() } else { new }
    })
}

fn caller() -> impl Strategy<Value = Caller> {
    let claim = || prop::option::weighted(0.7, 0..2_u8);
    let issuer =
        prop_oneof![1 => Just(None), 3 => Just(Some(0)), 3 => Just(Some(1)), 2 => Just(Some(2))];
    let iat = prop_oneof![
        1 => Just(None),
        6 => (-40_000..40_000_i64).prop_map(Some),
        2 => (-3_000_000..3_000_000_i64).prop_map(Some),
    ];
    (issuer, iat, claim(), claim(), claim(), claim(), claim(), 0..2_u8).prop_map(
        |(issuer, iat, client, organization, session, token, actor, subject)| Caller {
            issuer,
            iat,
            client,
            organization,
            session,
            token,
            actor,
            subject,
        },
    )
}
