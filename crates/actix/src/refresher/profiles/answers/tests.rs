use super::*;

const MILLISECOND: Duration = Duration::from_millis(1);

fn token(text: &str) -> TokenHash {
    TokenHash::of(&Secret::new(text))
}

/// Asks, and answers if a question results.
fn ask(answers: &mut Answers, sub: &str, text: &str, found: &Answer, now: Instant) -> Told {
    match answers.look_up(sub, token(text), true, now) {
        Lookup::Known(answer) => Told::Known(answer),
        Lookup::Busy(_) => Told::Busy,
        Lookup::Pending(_) => panic!("no question is under way"),
        Lookup::Ask(_question, _sender) => {
            answers.answered(sub, token(text), found, now);
            Told::Asked
        }
    }
}

#[derive(Debug, PartialEq)]
enum Told {
    Known(Answer),
    Asked,
    Busy,
}

#[test]
fn r27_an_answer_about_a_person_is_remembered_for_10_s() {
    for found in [Ok(Profile::default()), Err(ProfileError::NoProfile)] {
        let (now, mut answers) = (Instant::now(), Answers::new(Instant::now()));
        assert_eq!(ask(&mut answers, "ada", "1", &found, now), Told::Asked);
        let late = now + REMEMBERED - MILLISECOND;
        for text in ["1", "2"] {
            let known = ask(&mut answers, "ada", text, &found, late);
            assert_eq!(known, Told::Known(found.clone()));
        }
        assert_eq!(ask(&mut answers, "grace", "3", &found, late), Told::Asked);
        assert_eq!(ask(&mut answers, "ada", "1", &found, now + REMEMBERED), Told::Asked);
    }
}

#[test]
fn r27_a_refusal_is_about_one_token() {
    let (now, mut answers) = (Instant::now(), Answers::new(Instant::now()));
    let (refused, good) = (Err(ProfileError::TokenRefused), Ok(Profile::default()));
    assert_eq!(ask(&mut answers, "ada", "old", &refused, now), Told::Asked);
    assert_eq!(ask(&mut answers, "ada", "old", &good, now), Told::Known(refused.clone()));
    // Another token's profile is not the refused token's, for as long as it is remembered.
    let later = now + REMEMBERED - MILLISECOND;
    assert_eq!(ask(&mut answers, "ada", "new", &good, later), Told::Asked);
    for now in [later, later + REMEMBERED - MILLISECOND] {
        assert_eq!(ask(&mut answers, "ada", "old", &good, now), Told::Known(refused.clone()));
        assert_eq!(ask(&mut answers, "ada", "new", &good, now), Told::Known(good.clone()));
    }
    assert_eq!(ask(&mut answers, "ada", "old", &good, later + REMEMBERED), Told::Asked);
}

#[test]
fn r27_an_outage_is_not_remembered_and_one_person_is_bounded() {
    let (now, mut answers) = (Instant::now(), Answers::new(Instant::now()));
    let outage = Err(ProfileError::Unavailable("gone".into()));
    for _ in 0..PER_PERSON.burst {
        assert_eq!(ask(&mut answers, "ada", "1", &outage, now), Told::Asked);
    }
    assert_eq!(ask(&mut answers, "ada", "1", &outage, now), Told::Busy);
    assert_eq!(ask(&mut answers, "grace", "2", &outage, now), Told::Asked);
    let second = now + Duration::from_secs(1);
    assert_eq!(ask(&mut answers, "ada", "1", &outage, second), Told::Asked);
    assert_eq!(ask(&mut answers, "ada", "1", &outage, second), Told::Busy);
}

#[test]
fn r27_many_people_share_the_issuers_bucket_and_are_forgotten() {
    let (mut now, mut answers) = (Instant::now(), Answers::new(Instant::now()));
    let (mut asked, mut most) = (0, 0);
    for n in 0..20_000 {
        now += MILLISECOND;
        let found = Err(ProfileError::NoProfile);
        match ask(&mut answers, &format!("user_{n}"), "1", &found, now) {
            Told::Asked => asked += 1,
            told => assert_eq!(told, Told::Busy),
        }
        most = most.max(answers.people.len());
    }
    assert!((263..=265).contains(&asked), "64 and 10 a second in 20 s: {asked}");
    assert!(most < MAX_PEOPLE, "{most} people at most");
    answers.forget_expired(now + REMEMBERED);
    assert!(answers.is_empty());
}

#[test]
fn one_question_serves_all_who_ask_meanwhile() {
    let (now, mut answers) = (Instant::now(), Answers::new(Instant::now()));
    let Lookup::Ask(first, sender) = answers.look_up("ada", token("1"), true, now) else {
        panic!("nothing is known");
    };
    assert!(!answers.withdraw("ada", &sender), "somebody waits");
    let Lookup::Pending(second) = answers.look_up("ada", token("2"), false, now) else {
        panic!("a question is under way");
    };
    assert_eq!(second.token, token("1"));
    drop((first, second));
    assert!(answers.withdraw("ada", &sender), "nobody waits any more");
    let Lookup::Busy(_) = answers.look_up("ada", token("1"), false, now) else {
        panic!("there is no room");
    };
    let Lookup::Ask(_, lost) = answers.look_up("ada", token("1"), true, now) else {
        panic!("the question was withdrawn");
    };
    drop(lost);
    let Lookup::Ask(..) = answers.look_up("ada", token("1"), true, now) else {
        panic!("a question without a sender is never answered");
    };
}

#[test]
fn r09_debug_shows_neither_address_nor_token() {
    let (now, mut answers) = (Instant::now(), Answers::new(Instant::now()));
    let json = br#"{"sub":"u","email":"ada@example.com","name":"Ada Lovelace"}"#;
    let found = Ok(Profile::from_userinfo(json, "u").unwrap());
    ask(&mut answers, "u", "s3cret", &found, now);
    let shown = format!("{answers:?}");
    for secret in ["ada@example.com", "Lovelace", "s3cret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
