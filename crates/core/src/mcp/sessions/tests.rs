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
    SessionOwner::new(subject, Some("client_1"))
}

const FOREIGN: Result<(), ForeignSession> = Err(ForeignSession);

#[test]
fn r08_a_session_belongs_to_issuer_sub_and_client() {
    let (sessions, ada) = (table(100), person("ada"));
    sessions.bind(b"s", of(&ada), NOW);
    assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    let (alan, elsewhere) = (person("alan"), Subject::new("https://j", "ada"));
    let other_client = SessionOwner::new(&ada, Some("client_2"));
    let no_client = SessionOwner::new(&ada, None);
    let empty_client = SessionOwner::new(&ada, Some(""));
    for other in [of(&alan), of(&elsewhere), other_client, no_client, SessionOwner::NOBODY] {
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
    for other in [of(&alan), SessionOwner::NOBODY] {
        sessions.bind(b"s", other, NOW);
        assert_eq!(sessions.check(b"s", other, NOW), FOREIGN, "{other:?}");
        assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    }
}

#[test]
fn r08_nobody_s_session_becomes_that_of_who_signs_in_within_it() {
    let (sessions, ada, alan) = (table(100), person("ada"), person("alan"));
    sessions.bind(b"s", SessionOwner::NOBODY, NOW);
    assert_eq!(sessions.check(b"s", SessionOwner::NOBODY, NOW), Ok(()));
    assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    assert_eq!(sessions.check(b"s", of(&alan), NOW), FOREIGN);
    assert_eq!(sessions.check(b"s", SessionOwner::NOBODY, NOW), FOREIGN);
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
        sessions.bind(&(n + 10_000).to_le_bytes(), SessionOwner::NOBODY, now);
    }
    assert_eq!(sessions.check(b"ada's", of(&alan), NOW), FOREIGN);
    assert!(sessions.len() <= 21, "{}", sessions.len());
    assert_eq!(sessions.check(&9_999_u64.to_le_bytes(), of(&ada), NOW), FOREIGN);
}

/// One person through one of many clients.
fn through<'p>(subject: &'p Subject, client: &'p str) -> SessionOwner<'p> {
    SessionOwner::new(subject, Some(client))
}

#[test]
fn r08_one_person_with_many_clients_evicts_nobody_else() {
    let (sessions, ada, mallory) = (table(160), person("ada"), person("mallory"));
    sessions.bind(b"ada's", of(&ada), NOW);
    for n in 0..10_000_u64 {
        let client = format!("client_{}", n % 100);
        sessions.bind(&n.to_le_bytes(), through(&mallory, &client), NOW + HOUR / 60);
    }
    assert!(sessions.len() <= 11, "a sixteenth, and Ada's: {}", sessions.len());
    assert_eq!(sessions.check(b"ada's", of(&mallory), NOW + HOUR), FOREIGN);
    assert!(sessions.read().is_live(sessions.digest(&[b"ada's"]), NOW + HOUR));
    // Each session still belongs to the client that opened it.
    let last = 9_999_u64.to_le_bytes();
    assert_eq!(sessions.check(&last, through(&mallory, "client_99"), NOW), Ok(()));
    assert_eq!(sessions.check(&last, through(&mallory, "client_98"), NOW), FOREIGN);
}

#[test]
fn r08_sessions_taken_over_by_sign_in_count_against_the_share() {
    let (sessions, ada, mallory) = (table(160), person("ada"), person("mallory"));
    sessions.bind(b"ada's", of(&ada), NOW);
    for n in 0..10_000_u64 {
        sessions.bind(&n.to_le_bytes(), SessionOwner::NOBODY, NOW + HOUR / 60);
        assert_eq!(sessions.check(&n.to_le_bytes(), of(&mallory), NOW + HOUR / 60), Ok(()));
    }
    assert!(sessions.len() <= 21, "{}", sessions.len());
    assert!(sessions.read().is_live(sessions.digest(&[b"ada's"]), NOW + HOUR));
}

/// Fills the table by as many people as it takes, so that all earlier sessions are evicted.
fn evict_all(sessions: &SessionBindings, now: UnixTime) {
    for n in 0..sessions.settings.capacity {
        let somebody = person(&format!("somebody{n}"));
        sessions.bind(format!("of somebody {n}").as_bytes(), of(&somebody), now);
    }
}

#[test]
fn r08_an_evicted_session_can_be_bound_by_its_owner_only() {
    let (sessions, ada, alan) = (table(160), person("ada"), person("alan"));
    let id = b"ada's".as_slice();
    sessions.bind(id, of(&ada), NOW);
    evict_all(&sessions, NOW + HOUR);
    assert!(!sessions.read().is_live(sessions.digest(&[id]), NOW + HOUR), "evicted");
    let now = NOW + HOUR * 2;
    for other in [of(&alan), through(&ada, "client_2"), SessionOwner::NOBODY] {
        assert_eq!(sessions.check(id, other, now), FOREIGN, "{other:?}");
        sessions.bind(id, other, now);
        assert!(!sessions.is_bound_to(id, other, now), "{other:?}");
    }
    assert_eq!(sessions.check(id, of(&ada), now), Ok(()));
    assert!(sessions.is_bound_to(id, of(&ada), now));
    sessions.bind(id, of(&ada), now);
    assert!(sessions.read().is_live(sessions.digest(&[id]), now), "bound again");
    assert_eq!(sessions.check(id, of(&alan), now), FOREIGN);
}

#[test]
fn r08_an_evicted_session_is_remembered_for_24_hours() {
    let (sessions, ada, alan) = (table(160), person("ada"), person("alan"));
    sessions.bind(b"s", of(&ada), NOW);
    evict_all(&sessions, NOW + HOUR);
    let used = NOW + HOUR * 20;
    assert_eq!(sessions.check(b"s", of(&ada), used), Ok(()));
    assert_eq!(sessions.check(b"s", of(&ada), used + HOUR * 24), Ok(()));
    assert_eq!(sessions.check(b"s", of(&alan), used + HOUR * 48), FOREIGN);
    assert_eq!(sessions.check(b"s", of(&alan), used + HOUR * 73), Ok(()));
    // Ended sessions leave nothing behind, evicted ones included.
    sessions.bind(b"t", of(&ada), NOW);
    evict_all(&sessions, NOW + HOUR);
    sessions.end(b"t");
    assert_eq!(sessions.check(b"t", of(&alan), NOW + HOUR), Ok(()));
}

#[test]
fn r08_evicted_sessions_are_bounded_for_each_person_and_in_all() {
    let (sessions, ada, mallory) = (table(160), person("ada"), person("mallory"));
    sessions.bind(b"ada's", of(&ada), NOW);
    evict_all(&sessions, NOW + HOUR);
    for n in 0..10_000_u64 {
        let client = format!("client_{}", n % 100);
        sessions.bind(&n.to_le_bytes(), through(&mallory, &client), NOW + HOUR);
        sessions.bind(&(n + 10_000).to_le_bytes(), SessionOwner::NOBODY, NOW + HOUR);
        assert!(sessions.read().evicted_len() <= 160);
    }
    assert_eq!(sessions.check(b"ada's", of(&mallory), NOW + HOUR), FOREIGN);
}

#[test]
fn r08_a_session_left_alone_for_too_long_can_be_bound_again() {
    let (sessions, ada, alan) = (table(160), person("ada"), person("alan"));
    sessions.bind(b"s", of(&ada), NOW);
    let late = NOW + HOUR * 25;
    assert!(!sessions.is_bound_to(b"s", of(&ada), late));
    sessions.bind(b"s", of(&ada), late);
    assert!(sessions.is_bound_to(b"s", of(&ada), late));
    assert_eq!(sessions.check(b"s", of(&alan), late), FOREIGN);
}

#[test]
fn r08_only_a_known_session_of_a_signed_in_caller_is_bound() {
    let (sessions, ada) = (table(160), person("ada"));
    assert!(!sessions.is_bound_to(b"s", of(&ada), NOW), "unknown");
    sessions.bind(b"s", SessionOwner::NOBODY, NOW);
    assert!(!sessions.is_bound_to(b"s", SessionOwner::NOBODY, NOW));
    assert!(!sessions.is_bound_to(b"s", of(&ada), NOW), "not hers before she uses it");
    assert_eq!(sessions.check(b"s", of(&ada), NOW), Ok(()));
    assert!(sessions.is_bound_to(b"s", of(&ada), NOW));
    assert!(!sessions.is_bound_to(b"s", through(&ada, "client_2"), NOW));
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

#[test]
fn r08_a_session_is_good_at_its_resource_only() {
    let (sessions, ada) = (table(100), person("ada"));
    let base = Resource::parse("https://h/mcp").unwrap();
    let (acme, other) = (base.below("/acme").unwrap(), base.below("/other").unwrap());
    sessions.bind(b"s", of(&ada).at(Some(&acme)), NOW);
    assert_eq!(sessions.check(b"s", of(&ada).at(Some(&acme)), NOW), Ok(()));
    assert!(sessions.is_bound_to(b"s", of(&ada).at(Some(&acme)), NOW));
    for elsewhere in [Some(&other), Some(&base), None] {
        for caller in [of(&ada).at(elsewhere), SessionOwner::NOBODY.at(elsewhere)] {
            assert_eq!(sessions.check(b"s", caller, NOW), FOREIGN, "{caller:?}");
            assert!(!sessions.is_bound_to(b"s", caller, NOW));
            sessions.bind(b"s", caller, NOW);
        }
    }
    // Nobody's session is taken over by who signs in at the same resource.
    let nobody = SessionOwner::NOBODY;
    sessions.bind(b"t", nobody.at(Some(&acme)), NOW);
    for elsewhere in [Some(&other), None] {
        for caller in [of(&ada).at(elsewhere), nobody.at(elsewhere)] {
            sessions.bind(b"t", caller, NOW);
            assert_eq!(sessions.check(b"t", caller, NOW), FOREIGN, "{caller:?}");
        }
    }
    assert_eq!(sessions.check(b"t", nobody.at(Some(&acme)), NOW), Ok(()));
    assert_eq!(sessions.check(b"t", of(&ada).at(Some(&acme)), NOW), Ok(()));
    assert_eq!(sessions.check(b"t", nobody.at(Some(&acme)), NOW), FOREIGN);
}
