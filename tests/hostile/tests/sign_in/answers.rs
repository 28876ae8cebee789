//! The issuer's answer at the callback: `state`, `code` and errors that are missing, foreign,
//! replayed, duplicate or malformed (RFC 6749 §4.1.2, §10.12).

use std::thread;

use hostile::{Answer, Class};

use crate::{
    application::{Application, authority},
    browser::{Sent, parameter, starts_session},
};

/// In whatever is sent, and in no answer.
const MARK: &str = "eViL0900";

/// A page with a way back, and no session.
fn refused(answer: &Answer) -> Result<(), String> {
    let is_page = answer.header("content-type").as_deref() == Some("text/html; charset=utf-8");
    let links = answer.body.contains("href=\"/login");
    match answer.status == 400 && is_page && links && !starts_session(answer) {
        true => Ok(()),
        false => Err(format!("{answer:?}")),
    }
}

/// Other texts than this one.
fn variants(good: &str, of_another: &str) -> Vec<String> {
    let encoded: String = good.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let mut variants: Vec<String> = [
        &encoded.replace('%', "%25"),
        &format!("{good}%00"),
        &format!("%20{good}"),
        &format!("{good}+"),
        &format!("{good}%0a"),
        &format!("%ef%bb%bf{good}"),
        &format!("{good}%"),
        &format!("{good}%zz"),
        &format!("{good}%ff"),
        &format!("\"{good}\"").replace('"', "%22"),
        &format!("{good}{good}"),
        &good.to_uppercase(),
        &good.to_lowercase(),
        &good.chars().rev().collect::<String>(),
        &"x".repeat(10 << 10),
        &format!("{good}{}", "x".repeat(10 << 10)),
        &"%e2%80%a8".repeat(20),
        of_another,
        "",
        "null",
    ]
    .map(str::to_owned)
    .into();
    variants.retain(|it| it != good);
    variants.extend([1, 15, 16, 17, good.len() - 1].map(|n| good[..n].to_owned()));
    variants.extend([1, 16].map(|n| good[n..].to_owned()));
    variants
}

#[test]
fn r38_a_state_of_another_browser_or_none_is_refused() {
    let mut class = Class::new("sign-in: a wrong state");
    let application = Application::start();
    let mut browser = application.browser();
    let callback = browser.begin("/login?return_to=/site/home");
    let (state, code) = (parameter(&callback, "state"), parameter(&callback, "code"));
    let another = application.browser().begin("/login");
    let (others_state, others_code) = (parameter(&another, "state"), parameter(&another, "code"));
    // No cookie is kept in between: each comes to a sign-in that is pending.
    let mut try_query = |query: String| {
        let sent = browser.with_cookies(Sent::get(&format!("/callback?{query}")));
        class.case(format!("{query:.250}"), refused(&application.send(&sent)));
    };
    for wrong in variants(&state, &others_state) {
        try_query(format!("code={code}&state={wrong}"));
    }
    for query in [
        format!("code={code}"),
        format!("code={others_code}&state={others_state}"),
        format!("code={code}&STATE={state}"),
        format!("code={code}&state[]={state}"),
        format!("code={code};state={state}"),
        format!("code={code}&state={state}&state={state}"),
        format!("code={code}&state={state}&state={others_state}"),
        format!("code={code}&state={others_state}&state={state}"),
        format!("code={code}&state=&state={state}"),
        format!("code={code}&state={state}&st%61te="),
        format!("code={code}&code={code}&state={state}"),
        format!("code={code}&code={others_code}&state={state}"),
        format!("code={others_code}&code={code}&state={state}"),
        format!("code=&code={code}&state={state}"),
        format!("state={state}"),
        format!("code=&state={state}"),
        format!("state={state}&code={code}&error=access_denied"),
        format!("state={state}&code={code}&error="),
        format!("state={state}&error=x&error=y"),
        String::new(),
        "&".repeat(1000),
        "=".repeat(1000),
    ] {
        try_query(query);
    }
    // The one who began it somewhere else sends a victim there (login CSRF), who has begun as well.
    let mut victim = application.browser();
    class.case("another browser", refused(&victim.go(&callback)));
    victim.begin("/login");
    class.case("another browser with a sign-in", refused(&victim.go(&callback)));
    class.same("codes exchanged", application.authority.code_exchanges(), 0);
    class.same("the good one", browser.go(&callback).status, 303);
    class.same("who", browser.who(), "Ada".into());
    class.done();
}

#[test]
fn r38_a_code_that_is_wrong_or_used_gives_no_session() {
    let mut class = Class::new("sign-in: a wrong code");
    let application = Application::start();
    let mut browser = application.browser();
    let another = parameter(&application.browser().begin("/login"), "code");
    let code = parameter(&browser.begin("/login"), "code");
    for wrong in variants(&code, &another) {
        application.authority.reset_requests();
        let mut browser = application.browser();
        let state = parameter(&browser.begin("/login"), "state");
        let sent = Sent::get(&format!("/callback?state={state}&code={wrong}"));
        let sent = browser.with_cookies(sent);
        for _ in 0..2 {
            class.case(format!("{wrong:.80}"), refused(&application.send(&sent)));
        }
        let exchanged = application.authority.code_exchanges();
        class.same(format!("{wrong:.80}: sent"), exchanged, u64::from(!wrong.is_empty()));
    }
    class.done();

    let mut class = Class::new("sign-in: an answer again");
    let callback = browser.begin("/login");
    let mut copy = browser.clone();
    application.authority.reset_requests();
    class.same("at first", browser.go(&callback).status, 303);
    for n in 0..5 {
        class.case(format!("again {n}"), refused(&browser.go(&callback)));
        class.same("the session goes on", browser.who(), "Ada".into());
    }
    class.case("with a copy of the cookies", refused(&copy.go(&callback)));
    class.same("who", copy.who(), "nobody: 303".into());
    class.same("codes exchanged", application.authority.code_exchanges(), 1);
    class.same("the issuer goes on", application.authority.active_sessions("user_ada").len(), 1);
    class.done();
}

#[test]
fn r38_an_answer_that_comes_twice_at_once_signs_in_once() {
    let mut class = Class::new("sign-in: an answer twice at once");
    let application = Application::start();
    for n in 0..5 {
        application.authority.reset_requests();
        let mut browser = application.browser();
        let callback = browser.begin("/login");
        let sent = browser.with_cookies(Sent::get(&callback));
        let answers: Vec<Answer> = thread::scope(|scope| {
            let all = (0..4).map(|_| {
                let (mut wire, bytes) = (application.wire(), sent.bytes());
                scope.spawn(move || wire.send(&bytes))
            });
            let all: Vec<_> = all.collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let started = answers.iter().filter(|it| starts_session(it)).count();
        class.same(format!("{n}: sessions"), started, 1);
        let rest = answers.iter().filter(|it| !starts_session(it)).map(refused);
        class.case(format!("{n}: the rest"), rest.collect());
        class.same(format!("{n}: codes"), application.authority.code_exchanges(), 1);
    }
    class.done();
}

#[test]
fn r38_nothing_of_a_query_is_on_a_page() {
    let mut class = Class::new("sign-in: nothing of a query on a page");
    let application = Application::with(authority().start().unwrap(), &"z".repeat(32), |it| it);
    let texts = [
        MARK.to_owned(),
        format!("<script>{MARK}</script>"),
        format!("\"><img src=x onerror={MARK}>"),
        format!("'-{MARK}-'"),
        format!("javascript:{MARK}"),
        format!("</title><base href=//{MARK}.example>"),
        format!("\r\nSet-Cookie: {MARK}=1\r\n\r\n<h1>{MARK}"),
        format!("+ADw-script+AD4-{MARK}"),
        format!("\u{2028}{MARK}\0"),
        format!("access_denied{MARK}"),
        format!("invitation_{MARK}"),
    ];
    let names = ["error", "error_description", "error_uri", "state", "code", "iss", MARK];
    for text in &texts {
        for name in names {
            for knows_state in [false, true] {
                let mut browser = application.browser();
                let callback = browser.begin("/login");
                let state = parameter(&callback, "state");
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair(name, text);
                if knows_state && name != "state" {
                    query.append_pair("state", &state);
                }
                if name == "error_description" {
                    query.append_pair("error", "server_error");
                }
                let answer = browser.go(&format!("/callback?{}", query.finish()));
                let case = format!("{name}={text:?}, {knows_state}");
                class.case(&case, refused(&answer));
                let shown = format!("{answer:?}").to_lowercase();
                class.same(case, shown.contains(&MARK.to_lowercase()), false);
            }
        }
        // On the way there it is in the issuer's URL, encoded, and in no cookie.
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(["login_hint", "organization_id", "return_to", "x"].map(|it| (it, text)))
            .finish();
        let answer = application.send(&Sent::get(&format!("/login?{query}")));
        class.same("the way there", (answer.status, &*answer.body), (303, ""));
        let rest = answer.headers.iter().filter(|(name, _)| name != "location");
        let shown: Vec<_> = rest.map(|(_, value)| String::from_utf8_lossy(value)).collect();
        class.same("its other headers", shown.join("\n").contains(MARK), false);
        let location = answer.header("location").unwrap();
        let is_plain = !location.contains(['<', '>', '"', '\'', '\r', '\n', '\0', ' ']);
        class.same(&location, is_plain && location.is_ascii(), true);
    }
    class.done();
}
