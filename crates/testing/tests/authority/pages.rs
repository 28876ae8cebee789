//! The pages, and attacks on them.

use mcp_auth_testing::TestAuthority;

use crate::browser::*;
use crate::http::{get, get_with, post_form, post_form_with};

/// Signs in and returns the consent page's URL.
fn consent_url(authority: &TestAuthority, url: &str) -> String {
    let chosen = submit(url, &get(url), "person", "user_ada");
    format!("{}{}", authority.issuer(), chosen.header("location").unwrap())
}

#[test]
fn the_consent_page_says_who_asks_for_what_of_which_resource() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "My Agent");
    let url = authorize_url(&authority, &client, &[]);
    let sign_in = get(&url).body;
    assert!(sign_in.contains("My Agent"));
    for person in ["Ada Lovelace", "Alan Turing", "Grace Hopper"] {
        assert!(sign_in.contains(person));
    }
    let consent = get(&consent_url(&authority, &url)).body;
    for said in [
        "My Agent",
        "Ada Lovelace",
        RESOURCE,
        "see your e-mail address",
        "offline_access",
        &client,
        "http://127.0.0.1:3334",
    ] {
        assert!(consent.contains(said), "{said}");
    }
}

#[test]
fn pages_have_a_title_and_cannot_be_framed_scripted_or_stored() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let url = authorize_url(&authority, &client, &[]);
    let consent = consent_url(&authority, &url);
    let home = format!("{}/", authority.issuer());
    for page in
        [get(&home), get(&url), get(&consent), get(&authorize_url(&authority, "nobody", &[]))]
    {
        assert!(page.body.contains("Local development only."));
        assert!(page.body.contains("Nothing here is a real sign-in."));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("script-src") && !policy.contains("form-action"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn a_hostile_client_name_is_only_text() {
    let authority = TestAuthority::start().unwrap();
    let name = "\"><script>alert(1)</script><button name=\"decision\" value='approve'>\u{202e}";
    let client = register(&authority, name);
    let url = authorize_url(&authority, &client, &[]);
    let consent = consent_url(&authority, &url);
    for page in [get(&url).body, get(&consent).body] {
        assert!(!page.contains("<script"));
        assert!(!page.contains("\u{202e}"));
        assert!(page.contains("&quot;&gt;&lt;script&gt;alert(1)"));
        assert_eq!(page.matches("value='approve'").count(), 0);
    }
    let hostile = "<img src=x onerror=alert(1)>";
    let error = get(&authorize_url(&authority, hostile, &[])).body;
    assert!(error.contains("&lt;img src=x") && !error.contains("<img"));
}

#[test]
fn the_person_hinted_at_comes_first() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let hint = ("login_hint", Some("grace@example.com"));
    let page = get(&authorize_url(&authority, &client, &[hint])).body;
    assert!(page.find("Grace Hopper") < page.find("Ada Lovelace"));
}

#[test]
fn nobody_reaches_the_consent_page_without_signing_in() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let page = get(&authorize_url(&authority, &client, &[])).body;
    let transaction = between(&page, r#"name="transaction" value=""#, "\"");
    let consent =
        format!("{}/oauth2/authorize/consent?transaction={transaction}", authority.issuer());
    let answer = get(&consent);
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").unwrap().contains("/sign-in?"));
    let fields = [("transaction", transaction), ("decision", "approve")];
    let answer = post_form(&consent, &fields);
    assert!(answer.header("location").unwrap().contains("/sign-in?"));
}

#[test]
fn a_decision_is_taken_once() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let consent_url = consent_url(&authority, &authorize_url(&authority, &client, &[]));
    let page = get(&consent_url);
    let first = submit(&consent_url, &page, "decision", "approve");
    assert!(parameters(&first.location()).contains_key("code"));

    let second = submit(&consent_url, &page, "decision", "deny");
    assert_eq!((second.status, second.header("location")), (200, None));
    assert!(second.body.contains("All done"));
    assert!(get(&consent_url).body.contains("All done"));
}

#[test]
fn a_form_sent_by_another_site_is_refused() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let page = get(&authorize_url(&authority, &client, &[])).body;
    let transaction = between(&page, r#"name="transaction" value=""#, "\"");
    let url = format!("{}/oauth2/authorize/sign-in", authority.issuer());
    let fields = [("transaction", transaction), ("person", "user_ada")];
    for header in
        [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")]
    {
        assert_eq!(post_form_with(&url, &[header], &fields).status, 403);
    }
    let own = ("Origin", authority.issuer());
    let answer = post_form_with(&url, &[own, ("Sec-Fetch-Site", "same-origin")], &fields);
    assert_eq!(answer.status, 303);
}

#[test]
fn a_name_that_points_here_by_a_trick_gets_no_answer() {
    let authority = TestAuthority::start().unwrap();
    for (host, status) in
        [("evil.example", 421), ("evil.example:80", 421), ("localhost:1", 200), ("[::1]:1", 200)]
    {
        let answer = get_with(&authority.jwks_uri(), &[("Host", host)]);
        assert_eq!(answer.status, status, "{host}");
    }
    let forwarded = [("Host", "evil.example"), ("X-Forwarded-Host", "localhost")];
    assert_eq!(get_with(&authority.jwks_uri(), &forwarded).status, 421);
}

#[test]
fn an_unknown_or_expired_sign_in_says_so() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let url = consent_url(&authority, &authorize_url(&authority, &client, &[]));
    authority.advance_clock(std::time::Duration::from_secs(601));
    let answer = get(&url);
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("has expired"));
}
