use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn table(capacity: usize) -> SessionBindings {
    SessionBindings::new(SessionSettings { capacity, ..Default::default() }).unwrap()
}

fn person(name: &str) -> Subject {
    Subject::new("https://i", name)
}

fn of(subject: &Subject) -> SessionOwner<'_> {
    SessionOwner::Principal { subject, client: Some("client_1") }
}

const FOREIGN: Result<(), ForeignSession> = Err(ForeignSession);

#[test]
fn r08_a_session_belongs_to_issuer_sub_and_client() {
    let (sessions, ada) = (table(100), person("ada"));
    sessions.bind(b"s", of(&ada), NOW);
    assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    let (alan, elsewhere) = (person("alan"), Subject::new("https://j", "ada"));
    let other_client = SessionOwner::Principal { subject: &ada, client: Some("client_2") };
    let no_client = SessionOwner::Principal { subject: &ada, client: None };
    let empty_client = SessionOwner::Principal { subject: &ada, client: Some("") };
    for other in [of(&alan), of(&elsewhere), other_client, no_client, SessionOwner::Nobody] {
        assert_eq!(sessions.check(b"s", other, NOW), FOREIGN, "{other:?}");
    }
    sessions.bind(b"t", no_client, NOW);
    assert_eq!(sessions.check(b"t", empty_client, NOW), FOREIGN);
    // Names that run into one another are other names.
    let (one, two) = (Subject::new("https://i", "ab"), Subject::new("https://ia", "b"));
    sessions.bind(b"u", of(&one), NOW);
    assert_eq!(sessions.check(b"u", of(&two), NOW), FOREIGN);
}

#[test]
fn r08_an_unknown_id_passes_and_so_does_one_that_was_ended() {
    let (sessions, ada, alan) = (table(100), person("ada"), person("alan"));
    assert_eq!(sessions.check(b"s", of(&alan), NOW), Ok(()));
    sessions.bind(b"s", of(&ada), NOW);
    sessions.end(b"s");
    assert_eq!(sessions.check(b"s", of(&alan), NOW), Ok(()));
    assert!(sessions.is_empty());
}

#[test]
fn r08_what_was_given_to_one_person_is_never_handed_over() {
    let (sessions, ada, alan) = (table(100), person("ada"), person("alan"));
    sessions.bind(b"s", of(&ada), NOW);
    for other in [of(&alan), SessionOwner::Nobody] {
        sessions.bind(b"s", other, NOW);
        assert_eq!(sessions.check(b"s", other, NOW), FOREIGN, "{other:?}");
        assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    }
}

#[test]
fn r08_nobody_s_session_becomes_that_of_who_signs_in_within_it() {
    let (sessions, ada, alan) = (table(100), person("ada"), person("alan"));
    sessions.bind(b"s", SessionOwner::Nobody, NOW);
    assert_eq!(sessions.check(b"s", SessionOwner::Nobody, NOW), Ok(()));
    assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    assert_eq!(sessions.check(b"s", of(&alan), NOW), FOREIGN);
    assert_eq!(sessions.check(b"s", SessionOwner::Nobody, NOW), FOREIGN);
}

#[test]
fn r08_an_unused_session_is_forgotten_and_a_used_one_is_not() {
    let (sessions, ada, alan) = (table(100), person("ada"), person("alan"));
    sessions.bind(b"s", of(&ada), NOW);
    for hours in (0..100).step_by(20) {
        assert_eq!(sessions.check(b"s", of(&ada), NOW + HOUR * hours), Ok(()));
    }
    assert_eq!(sessions.check(b"s", of(&alan), NOW + HOUR * 104), FOREIGN);
    assert_eq!(sessions.check(b"s", of(&alan), NOW + HOUR * 129), Ok(()));
}

#[test]
fn r08_who_opens_many_sessions_pushes_out_their_own() {
    let (sessions, ada, alan) = (table(160), person("ada"), person("alan"));
    sessions.bind(b"ada's", of(&ada), NOW);
    for n in 0..10_000_u64 {
        let now = NOW + Duration::from_secs(n / 100);
        sessions.bind(&n.to_le_bytes(), of(&alan), now);
        sessions.bind(&(n + 10_000).to_le_bytes(), SessionOwner::Nobody, now);
    }
    assert_eq!(sessions.check(b"ada's", of(&alan), NOW), FOREIGN);
    assert!(sessions.len() <= 21, "{}", sessions.len());
    assert_eq!(sessions.check(&9_999_u64.to_le_bytes(), of(&ada), NOW), FOREIGN);
}

#[test]
fn the_table_is_bounded_and_keeps_what_was_used_last() {
    let (sessions, ada) = (table(160), person("ada"));
    sessions.bind(b"ada's", of(&ada), NOW);
    for n in 1..10_000_u32 {
        let now = NOW + Duration::from_secs(n.into());
        let somebody = person(&format!("person{n}"));
        sessions.bind(&n.to_le_bytes(), of(&somebody), now);
        assert_eq!(sessions.check(b"ada's", of(&ada), now), Ok(()));
        assert!(sessions.len() <= 160);
    }
    let late = NOW + Duration::from_secs(10_000);
    assert_eq!(sessions.check(b"ada's", of(&person("alan")), late), FOREIGN);
    assert_eq!(sessions.check(&9_999_u32.to_le_bytes(), of(&ada), late), FOREIGN);
    assert_eq!(sessions.check(&1_u32.to_le_bytes(), of(&ada), late), Ok(()), "made way");
}

#[test]
fn a_clock_that_is_set_back_ends_nothing() {
    let (sessions, ada, alan) = (table(100), person("ada"), person("alan"));
    sessions.bind(b"s", of(&ada), NOW);
    assert_eq!(sessions.check(b"s", of(&alan), UnixTime::from_secs(0)), FOREIGN);
}

#[test]
fn r09_neither_ids_nor_names_are_shown() {
    let sessions = table(100);
    sessions.bind(b"secret-session", of(&person("ada")), NOW);
    let shown = format!("{sessions:?}");
    assert!(!shown.contains("secret") && !shown.contains("ada"), "{shown}");
    assert!(SessionBindings::new(SessionSettings::off()).is_none());
    let never = SessionSettings { idle: Duration::ZERO, ..Default::default() };
    assert_eq!(never.check().unwrap_err().setting(), "sessions.idle");
    assert_eq!(SessionSettings::default().check(), Ok(()));
}
