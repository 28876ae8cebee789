//! `return_to`: every spelling stays on the own origin, by the parser of the URL standard, which
//! browsers follow.

use hostile::{Answer, Class};
use url::Url;

use crate::{
    application::{Application, ORIGIN},
    browser::{Browser, Sent, parameter},
};

/// What may lead elsewhere: alone, and with what browsers leave out or take for a slash.
fn spellings() -> Vec<String> {
    const EVIL: &str = "evil.example";
    let mut all: Vec<String> = [
        "",
        "/",
        "//",
        "///",
        "////",
        "/\\",
        "\\",
        "\\\\",
        "\\/",
        "/\\/",
        "/\\\\",
        "//\\",
        "./",
        "../",
        "/.",
        "/./",
        "/.//",
        "/..//",
        "/../",
        "/%2e%2e//",
        "/%2e//",
        "/;//",
        "/a/..//",
        "/a/../..//",
        "http:",
        "https:",
        "http:/",
        "https:/",
        "http://",
        "https://",
        "https:///",
        "HTTPS://",
        "hTtPs:\\\\",
        "https:/\\",
        "https:\\/",
        "ftp://",
        "file://",
        "ws://",
        "blob:https://",
        "view-source:https://",
        "javascript://",
        "//user@",
        "https://localhost@",
        "https://localhost:pass@",
        "//localhost@",
        "//localhost.",
        "@",
        "/@",
        ":",
        "/:",
        "?",
        "/?//",
        "#",
        "/#//",
        "?//",
        "#//",
        ";",
        "/;@",
        "/%2f",
        "/%2f%2f",
        "%2f%2f",
        "/%5c",
        "%5c%5c",
        "/%09/",
        "/%0a/",
        "/%0d%0a",
        "/%00/",
        "/%2F/",
        "/%252f%252f",
        "//%2f",
        "//[::1].",
        "//0x7f.1/",
        "//①②⑦.⓪.⓪.①/",
        "//ｅｖｉｌ。",
        "/／",
        "／／",
        "/∕",
        "/⁄",
        "//。",
        "/。/",
        "/%e3%80%82/",
        "/\u{ff3c}",
        "\u{ff3c}\u{ff3c}",
        "/\u{2215}\u{2215}",
        "/\u{29f8}",
    ]
    .map(|prefix| format!("{prefix}{EVIL}"))
    .into();
    // Tabs and line ends are left out wherever they are, other control characters at the ends.
    let spaces = (0..=0x20).chain([0x7f, 0x80, 0x85, 0x9f, 0xa0, 0xad, 0x1680, 0x180e, 0x2000]);
    let spaces = spaces.chain([0x2003, 0x200b, 0x200e, 0x2028, 0x2029, 0x202e, 0x202f, 0x205f]);
    for space in spaces.chain([0x2060, 0x3000, 0xfeff, 0xfff9]).filter_map(char::from_u32) {
        for (first, second) in [("", "//"), ("/", "/"), ("/", "\\"), ("//", ""), ("h", "ttps://")] {
            all.push(format!("{first}{space}{second}{EVIL}"));
        }
    }
    let long = [1 << 10, 4 << 10, 10 << 10].map(|n| "a".repeat(n));
    all.extend(
        long.iter().flat_map(|a| [format!("/{a}"), format!("//{a}"), format!("https://{a}")]),
    );
    all.extend([
        format!("/{}{EVIL}", "/".repeat(5000)),
        format!("/{}/{EVIL}", "../".repeat(300)),
        format!("/?{}", "\"".repeat(1000)),
        "javascript:alert(1)".to_owned(),
        "JaVaScRiPt:alert(1)".to_owned(),
        "java\tscript:alert(1)".to_owned(),
        "data:text/html,<script>alert(1)</script>".to_owned(),
        "vbscript:x".to_owned(),
        "/\r\nLocation: https://evil.example/".to_owned(),
        "/\r\n\r\n<script>alert(1)</script>".to_owned(),
        "/\nSet-Cookie: a=b".to_owned(),
        "/é".to_owned(),
        "/\u{10ffff}".to_owned(),
        "/login?return_to=//evil.example".to_owned(),
        "/login?return_to=https%3A%2F%2Fevil.example".to_owned(),
        "/login?return_to=/login?return_to=//evil.example".to_owned(),
        "/callback?return_to=//evil.example".to_owned(),
        "/logout?return_to=//evil.example".to_owned(),
    ]);
    all
}

/// Whether a browser that is on one of the own pages stays on the own origin.
fn is_own(reference: &str) -> Result<(), String> {
    let own = Url::parse(ORIGIN).unwrap().origin();
    for base in ["/callback?code=x", "/login/organization", "/a//b/"] {
        let url = Url::parse(&format!("{ORIGIN}{base}")).unwrap().join(reference);
        if !url.as_ref().is_ok_and(|url| url.origin() == own) {
            return Err(format!("{reference:?} leads from {base} to {url:?}"));
        }
    }
    Ok(())
}

/// The same for a `Location`, which is ASCII (RFC 9110 §10.2.2).
fn stays(location: Option<&[u8]>) -> Result<(), String> {
    let location =
        std::str::from_utf8(location.ok_or("no Location")?).map_err(|e| e.to_string())?;
    location.is_ascii().then_some(()).ok_or_else(|| format!("not ASCII: {location:?}"))?;
    is_own(location)
}

fn location(answer: &Answer) -> Option<&[u8]> {
    let found = answer.headers.iter().find(|(name, _)| name == "location");
    found.map(|(_, value)| &value[..]).filter(|_| answer.status == 303)
}

fn login(return_to: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .finish();
    format!("/login?{query}")
}

#[test]
fn r38_return_to_stays_on_the_own_origin_after_signing_in() {
    let mut class = Class::new("sign-in: return_to after signing in");
    let application = Application::start();
    for path in spellings() {
        let mut browser = application.browser();
        let mut answer = browser.sign_in(&login(&path));
        class.case(format!("{path:.60?}"), stays(location(&answer)));
        // Back to the beginning: the next end counts as well.
        while let Some(next) = answer.header("location").filter(|to| to.starts_with("/login?")) {
            answer = browser.sign_in(&next);
            class.case(format!("{path:.60?} by {next}"), stays(location(&answer)));
        }
    }
    class.done();
}

#[test]
fn r38_return_to_stays_on_the_own_origin_after_a_switch() {
    let mut class = Class::new("sign-in: return_to after a switch");
    let application = Application::start();
    let mut browser = application.signed_in();
    let mut nobody = application.browser();
    for path in spellings() {
        let switch = |browser: &mut Browser<'_>, organization| {
            let form = [("organization_id", organization), ("return_to", path.as_str())];
            browser.send(Sent::form("/login/organization", &form))
        };
        let answer = switch(&mut browser, "org_poets");
        class.case(format!("{path:.60?}: switched"), stays(location(&answer)));
        // Who has to sign in there first comes back after that.
        let answers = [switch(&mut browser, "org_other"), switch(&mut nobody, "org_poets")];
        for answer in answers {
            class.case(format!("{path:.60?}: to sign in"), stays(location(&answer)));
            let back = parameter(&answer.header("location").unwrap(), "return_to");
            class.case(format!("{path:.60?}: {back:.60}"), is_own(&back));
        }
    }
    class.done();
}

#[test]
fn r38_the_way_to_sign_in_comes_back_to_the_own_origin() {
    let mut class = Class::new("sign-in: the page asked for, and Referer");
    let application = Application::start();
    for path in spellings() {
        // Of a form that is posted without a session, the page that it stands on.
        for referer in [format!("{ORIGIN}{path}"), format!("{ORIGIN}/{path}"), path.clone()] {
            let posted = Sent::form("/site/home", &[]).header("referer", referer.clone());
            let answer = application.send(&posted);
            if answer.status == 400 && answer.body.is_empty() {
                continue; // no HTTP
            }
            class.case(format!("{referer:.80?}"), stays(location(&answer)));
            let back = parameter(&answer.header("location").unwrap(), "return_to");
            class.case(format!("{referer:.80?}: {back:.80}"), is_own(&back));
        }
    }
    for path in ["/site/..//evil.example", "/site//evil.example", "/site/%2f%2fevil.example"] {
        let answer = application.send(&Sent::get(path));
        let back = parameter(&answer.header("location").unwrap(), "return_to");
        class.case(path, is_own(&back));
    }
    class.done();
}
