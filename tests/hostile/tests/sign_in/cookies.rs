//! The cookies of a session and of a sign-in that has begun: damaged, forged, duplicate, too many.

use hostile::{Answer, Class, full};

use crate::{
    application::{Application, SESSION, authority},
    browser::{Sent, parameter, starts_session},
};

/// Every value with one bit flipped; a sample in `cargo test`.
fn flips(good: &str) -> Vec<Vec<u8>> {
    let step = if full() { 1 } else { 61 };
    (0..good.len() * 8)
        .step_by(step)
        .map(|bit| {
            let mut value = good.as_bytes().to_vec();
            value[bit / 8] ^= 1 << (bit % 8);
            value
        })
        .collect()
}

/// Every part of a value that begins or ends with it.
fn cuts(good: &str) -> Vec<Vec<u8>> {
    let step = if full() { 1 } else { 23 };
    let ends = (0..good.len()).step_by(step).chain([good.len() - 1]);
    ends.flat_map(|n| [&good.as_bytes()[..n], &good.as_bytes()[n + 1..]])
        .map(<[u8]>::to_vec)
        .collect()
}

/// Values that were never sealed, or with another password.
fn others(good: &str, of_another_password: &str) -> Vec<Vec<u8>> {
    let mut others: Vec<Vec<u8>> = ["", "=", "x", "null", "%00", "\"\"", "a b", "deleted"]
        .map(|value| value.as_bytes().to_vec())
        .into();
    others.extend([
        of_another_password.as_bytes().to_vec(),
        format!("\"{good}\"").into_bytes(),
        // The same after percent-decoding, which cookies are not subject to (RFC 6265 §4.1.1).
        format!("%{:02X}{}", good.as_bytes()[0], &good[1..]).into_bytes(),
        good.to_lowercase().into_bytes(),
        format!("{good}{good}").into_bytes(),
        format!("{good}=").into_bytes(),
        format!("{good}.").into_bytes(),
        "x".repeat(8 << 10).into_bytes(),
        good.repeat(8192 / good.len() + 1).as_bytes()[..8192].to_vec(),
        b"\xff\xfe\x80".to_vec(),
        [good.as_bytes(), b"\xe9"].concat(),
        b"{\"access\":\"x\",\"refresh\":\"x\",\"sid\":\"x\",\"since\":\"1\",\"renewed\":\"1\"}"
            .to_vec(),
    ]);
    others
}

fn no_session(answer: &Answer) -> Result<(), String> {
    let asks_to_sign_in = answer.status == 303
        && answer.header("location").is_some_and(|to| to.starts_with("/login?"));
    let is_no_http = answer.status == 400 && answer.body.is_empty();
    match (asks_to_sign_in || is_no_http) && !starts_session(answer) {
        true => Ok(()),
        false => Err(format!("{answer:?}")),
    }
}

fn no_sign_in(answer: &Answer) -> Result<(), String> {
    match answer.status == 400 && !starts_session(answer) {
        true => Ok(()),
        false => Err(format!("{answer:?}")),
    }
}

#[test]
fn r38_damaged_session_cookies_lead_to_no_session() {
    let application = Application::start();
    let foreign = Application::with(application.authority.clone(), &"x".repeat(32), |it| it);
    let foreign = foreign.signed_in().session().unwrap().to_owned();
    let mut browser = application.signed_in();
    let good = browser.session().unwrap().to_owned();
    for (name, values) in [
        ("sign-in: a bit of the session's cookie", flips(&good)),
        ("sign-in: the session's cookie, cut", cuts(&good)),
        ("sign-in: another session's cookie", others(&good, &foreign)),
    ] {
        let mut class = Class::new(name);
        for (n, value) in values.iter().enumerate() {
            let home = Sent::get("/site/home").cookie(SESSION, value);
            class.case(format!("{n}"), no_session(&application.send(&home)));
        }
        class.same("the good one", browser.who(), "Ada".into());
        class.done();
    }
}

#[test]
fn r38_damaged_sign_in_cookies_end_no_sign_in() {
    let application = Application::start();
    let foreign = Application::with(application.authority.clone(), &"x".repeat(32), |it| it);
    let mut other = foreign.browser();
    other.begin("/login");
    let mut browser = application.browser();
    let callback = browser.begin("/login");
    let (name, good) = browser.jar[0].clone();
    for (class, values) in [
        ("sign-in: a bit of the sign-in's cookie", flips(&good)),
        ("sign-in: the sign-in's cookie, cut", cuts(&good)),
        ("sign-in: another sign-in's cookie", others(&good, &other.jar[0].1)),
    ] {
        let mut class = Class::new(class);
        for (n, value) in values.iter().enumerate() {
            let answer = application.send(&Sent::get(&callback).cookie(&name, value));
            class.case(format!("{n}"), no_sign_in(&answer));
        }
        class.same("codes exchanged", application.authority.code_exchanges(), 0);
        class.done();
    }
    assert_eq!(browser.go(&callback).status, 303);
    assert_eq!(browser.who(), "Ada");
}

#[test]
fn r38_cookies_under_another_name_are_not_taken() {
    let mut class = Class::new("sign-in: cookies under other names");
    let application = Application::start();
    let good = application.signed_in().session().unwrap().to_owned();
    let mut browser = application.browser();
    let callback = browser.begin("/login");
    let (flow_name, flow) = browser.jar[0].clone();
    // Browsers guard a name that begins with the prefix. One with a space of another kind before it
    // is set by any subdomain.
    let mut names: Vec<String> =
        "\u{85}\u{a0}\u{1680}\u{2000}\u{2003}\u{2028}\u{202f}\u{205f}\u{3000}\u{feff}\u{200b}"
            .chars()
            .map(|space| format!("{space}{SESSION}"))
            .collect();
    names.extend(
        [
            "mcp-auth-session",
            "__Secure-mcp-auth-session",
            "__host-mcp-auth-session",
            "__HOST-MCP-AUTH-SESSION",
            "__Host-mcp-auth-session.",
            "__Host-mcp-auth-session[]",
            "$__Host-mcp-auth-session",
            "%5F_Host-mcp-auth-session",
            "\"__Host-mcp-auth-session\"",
            "x, __Host-mcp-auth-session",
            "=__Host-mcp-auth-session",
            "\u{b}__Host-mcp-auth-session",
            "__Host-mcp-auth-session\u{a0}",
            &flow_name,
        ]
        .map(str::to_owned),
    );
    for name in &names {
        let answer = application.send(&Sent::get("/site/home").cookie(name, &good));
        class.case(format!("session as {name:?}"), no_session(&answer));
        let flow_name = name.replace(SESSION, &flow_name);
        let value = if flow_name == *name { &good } else { &flow };
        let answer = application.send(&Sent::get(&callback).cookie(&flow_name, value));
        class.case(format!("sign-in as {flow_name:?}"), no_sign_in(&answer));
    }
    let answer = application.send(&Sent::get("/site/home").cookie(SESSION, &flow));
    class.case("a sign-in as a session", no_session(&answer));
    let state = parameter(&callback, "state");
    for id in ["", &state, &state[..15], &state[..17], &state[1..17]] {
        let name = format!("__Host-mcp-auth-sign-in-{id}");
        let answer = application.send(&Sent::get(&callback).cookie(&name, &flow));
        class.case(format!("a sign-in as {name}"), no_sign_in(&answer));
    }
    class.same("codes exchanged", application.authority.code_exchanges(), 1);
    class.done();
}

#[test]
fn r38_a_good_cookie_works_beside_bad_ones() {
    let mut class = Class::new("sign-in: a good cookie beside bad ones");
    let application = Application::start();
    let good = application.signed_in().session().unwrap().to_owned();
    let good = [SESSION.as_bytes(), b"=", good.as_bytes()].concat();
    let mut browser = application.browser();
    let callback = browser.begin("/login");
    let (flow_name, flow) = browser.jar[0].clone();
    let bad = others("abcd", "Zm9v").into_iter().chain([vec![b'x'; 1]]);
    for (n, bad) in bad.enumerate() {
        let of = |name: &str| [name.as_bytes(), b"=", &bad].concat();
        let sets: [Vec<Vec<u8>>; 6] = [
            vec![[&of(SESSION), b"; ".as_slice(), &good].concat()],
            vec![[&good, b"; ".as_slice(), &of(SESSION)].concat()],
            vec![[&good, b";".as_slice(), &of("other"), b";;; =;"].concat()],
            vec![[&of("other"), b";\t".as_slice(), &good].concat()],
            vec![of(SESSION), good.clone()],
            vec![good.clone(), of(SESSION)],
        ];
        for (place, headers) in sets.into_iter().enumerate() {
            let home = headers
                .into_iter()
                .fold(Sent::get("/site/home"), |sent, header| sent.header("cookie", header));
            let answer = application.send(&home);
            class.same(format!("{n}, {place}"), (answer.status, &*answer.body), (200, "Ada"));
        }
        let bad_alone = Sent::get("/site/home").header("cookie", of(SESSION));
        let answer = application.send(&bad_alone.header("cookie", of(SESSION)));
        class.case(format!("{n}: bad ones alone"), no_session(&answer));
    }
    // The same for a sign-in, at last with the good one.
    let begun = Sent::get(&callback).cookie(&flow_name, b"\xff").cookie(&flow_name, "x");
    class.case("bad ones of a sign-in", no_sign_in(&application.send(&begun)));
    let mixed = [flow_name.as_bytes(), b"=\xff; ", flow_name.as_bytes(), b"=", flow.as_bytes()];
    let answer = application.send(&Sent::get(&callback).header("cookie", mixed.concat()));
    class.same("a sign-in ends beside a bad one", starts_session(&answer), true);
    class.done();
}

#[test]
fn r38_a_thousand_cookies_change_nothing() {
    let mut class = Class::new("sign-in: a thousand cookies");
    let application = Application::with(authority().start().unwrap(), &"y".repeat(64), |it| it);
    let good = application.signed_in().session().unwrap().to_owned();
    let good = format!("{SESSION}={good}");
    let many = |name: &dyn Fn(usize) -> String| {
        (0..1000).map(|n| format!("{}=dmFsdWU{n}", name(n))).collect::<Vec<_>>().join("; ")
    };
    let same = many(&|_| SESSION.to_owned());
    for (what, cookies) in [
        ("of others", many(&|n| format!("other-{n}"))),
        ("of sessions", same.clone()),
        ("whose names begin so", many(&|n| format!("{SESSION}-{n}"))),
        ("of sign-ins", many(&|n| format!("__Host-mcp-auth-sign-in-{n:016}"))),
    ] {
        let home =
            |cookies: String| application.send(&Sent::get("/site/home").header("cookie", cookies));
        class.case(format!("{what}: no session"), no_session(&home(cookies.clone())));
        class.same(
            format!("{what}: good at the end"),
            home(format!("{cookies}; {good}")).status,
            200,
        );
        class.same(
            format!("{what}: good at first"),
            home(format!("{good}; {cookies}")).status,
            200,
        );
        let login = application.send(&Sent::get("/login").header("cookie", cookies.clone()));
        class.same(format!("{what}: a sign-in begins"), login.status, 303);
        let callback = Sent::get("/callback?state=0000000000000001&code=x");
        let answer = application.send(&callback.header("cookie", cookies.clone()));
        class.case(format!("{what}: a sign-in does not end"), no_sign_in(&answer));
        let sign_out = Sent::form("/logout", &[]).header("cookie", cookies);
        class.same(format!("{what}: nobody signs out"), application.send(&sign_out).status, 303);
    }
    class.done();
}
