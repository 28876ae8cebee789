//! What can be set, and what cannot.

use actix_mcp_auth::ConfigError;
use bookmarket::settings::{Grants, Settings, SignIn, UnknownUser};

fn read(given: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    Settings::read(|name| {
        let found = given.iter().find(|(key, _)| *key == name);
        Ok(found.map(|(_, value)| (*value).to_owned()))
    })
}

#[test]
fn the_defaults_are_the_guides() {
    let settings = read(&[]).expect("valid");

    let resource = settings.resource_at(settings.bind).expect("a resource");
    assert_eq!(resource.as_str(), "http://127.0.0.1:8787/mcp/bookmarket");
    let in_memory = cfg!(all(feature = "memory", not(feature = "diesel")));
    let kept = if in_memory { "memory:" } else { "sqlite://bookmarket.sqlite?mode=rwc" };
    assert_eq!(settings.database_url, kept);
    assert!(matches!(settings.sign_in, SignIn::Demo(_)));
    assert_eq!(settings.unknown_user, UnknownUser::Provision);
    assert_eq!(settings.read_only, ["user_katherine"]);
    assert_eq!(settings.activity_kept.as_secs(), 90 * 86_400);
}

#[test]
fn who_may_only_read_is_a_list_and_with_authkit_nobody_unless_named() {
    let authkit = ("WORKOS_AUTHKIT_DOMAIN", "x.authkit.app");
    assert!(read(&[authkit]).expect("valid").read_only.is_empty());
    let named = read(&[authkit, ("BOOKMARKET_READ_ONLY", "user_1, user_2")]).expect("valid");
    assert_eq!(named.read_only, ["user_1", "user_2"]);
}

#[test]
fn nobody_may_only_read_where_the_tokens_tell() {
    let settings = read(&[("BOOKMARKET_GRANTS", "scopes")]).expect("valid");
    assert!(settings.read_only.is_empty());
    assert_eq!(settings.grants, Grants::Scopes);
}

#[test]
fn the_resource_follows_the_public_url_to_the_letter() {
    for (url, resource) in [
        ("https://app.example.com", "https://app.example.com/mcp/bookmarket"),
        ("https://app.example.com/", "https://app.example.com/mcp/bookmarket"),
        ("https://app.example.com/below/", "https://app.example.com/below/mcp/bookmarket"),
        ("http://localhost:9000", "http://localhost:9000/mcp/bookmarket"),
    ] {
        let domain = ("WORKOS_AUTHKIT_DOMAIN", "your-subdomain.authkit.app");
        let settings = read(&[domain, ("BOOKMARKET_PUBLIC_URL", url)]).expect(url);
        let found = settings.resource_at(settings.bind).expect(url);
        assert_eq!(found.as_str(), resource);
    }
}

#[test]
fn a_domain_and_a_url_name_the_same_authkit() {
    for domain in ["x.authkit.app", "https://x.authkit.app", "http://127.0.0.1:9999"] {
        let settings = read(&[("WORKOS_AUTHKIT_DOMAIN", domain)]).expect(domain);
        assert!(matches!(settings.sign_in, SignIn::AuthKit(_)), "{domain}");
    }
}

#[test]
fn nonsense_is_refused_by_name_with_what_would_do() {
    let authkit = ("WORKOS_AUTHKIT_DOMAIN", "x.authkit.app");
    for (given, expected) in [
        (vec![("BOOKMARKET_BIND", "localhost")], vec!["BOOKMARKET_BIND", "127.0.0.1:8787"]),
        (vec![("BOOKMARKET_BIND", "")], vec!["BOOKMARKET_BIND", "127.0.0.1:8787"]),
        (vec![("BOOKMARKET_READ_ONLY", "a,,b")], vec!["BOOKMARKET_READ_ONLY", "commas"]),
        (vec![("WORKOS_AUTHKIT_DOMAIN", "")], vec!["WORKOS_AUTHKIT_DOMAIN", ".authkit.app"]),
        (vec![("WORKOS_AUTHKIT_DOMAIN", "not a domain")], vec!["WORKOS_AUTHKIT_DOMAIN"]),
        (
            vec![authkit, ("BOOKMARKET_PUBLIC_URL", "http://app.example.com")],
            vec!["BOOKMARKET_PUBLIC_URL", "https"],
        ),
        (
            vec![authkit, ("BOOKMARKET_PUBLIC_URL", "https://app.example.com/?a=b")],
            vec!["BOOKMARKET_PUBLIC_URL", "query"],
        ),
        (
            vec![authkit, ("BOOKMARKET_PUBLIC_URL", "app.example.com")],
            vec!["BOOKMARKET_PUBLIC_URL"],
        ),
        (
            vec![authkit, ("BOOKMARKET_BIND", "0.0.0.0:8787")],
            vec!["BOOKMARKET_PUBLIC_URL", "https://app.example.com"],
        ),
        (
            vec![("BOOKMARKET_UNKNOWN_USER", "maybe")],
            vec!["BOOKMARKET_UNKNOWN_USER", "`provision` or `refuse`"],
        ),
        (vec![("BOOKMARKET_UNKNOWN_USER", "")], vec!["BOOKMARKET_UNKNOWN_USER"]),
        (vec![("BOOKMARKET_GRANTS", "both")], vec!["BOOKMARKET_GRANTS", "`own` or `scopes`"]),
        (
            vec![("BOOKMARKET_GRANTS", "scopes"), ("BOOKMARKET_READ_ONLY", "user_ada")],
            vec!["BOOKMARKET_READ_ONLY", "BOOKMARKET_GRANTS=scopes"],
        ),
        (vec![("BOOKMARKET_ACTIVITY_DAYS", "0")], vec!["BOOKMARKET_ACTIVITY_DAYS", "1 to 3650"]),
        (vec![("BOOKMARKET_ACTIVITY_DAYS", "2 weeks")], vec!["BOOKMARKET_ACTIVITY_DAYS", "90"]),
        (
            vec![("BOOKMARKET_DISCONNECT", "no")],
            vec!["BOOKMARKET_DISCONNECT", "`consent` or `standing`"],
        ),
        (vec![("MCP_AUTH_LEEWAY_SECONDS", "soon")], vec!["MCP_AUTH_LEEWAY_SECONDS", "30"]),
        (
            vec![authkit, ("BOOKMARKET_DEMO_APPROVE", "user_ada")],
            vec!["BOOKMARKET_DEMO_APPROVE", "WORKOS_AUTHKIT_DOMAIN"],
        ),
        (vec![("MCP_AUTH_LEEWAY_SECONDS", "301")], vec!["MCP_AUTH_LEEWAY_SECONDS", "300"]),
        (vec![("DATABASE_URL", "oracle://db.example.com")], vec!["DATABASE_URL", "oracle:"]),
    ] {
        let error = read(&given).expect_err("nonsense").to_string();
        assert!(expected.iter().all(|part| error.contains(part)), "{given:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn the_demo_sign_in_is_for_this_machine_only() {
    for given in
        [("BOOKMARKET_BIND", "0.0.0.0:8787"), ("BOOKMARKET_PUBLIC_URL", "https://app.example.com")]
    {
        let error = read(&[given]).expect_err("too far").to_string();
        assert!(error.starts_with("WORKOS_AUTHKIT_DOMAIN is missing"), "{error}");
    }
}

#[test]
fn a_password_in_the_database_url_stays_there() {
    let given = ("DATABASE_URL", "oracle://app:hunter2@db.example.com/bookmarket");

    let error = read(&[given]).expect_err("no driver").to_string();

    assert!(error.contains("oracle") && !error.contains("hunter2"), "{error}");
}

#[cfg(all(feature = "memory", not(feature = "diesel")))]
#[test]
fn a_database_for_a_build_that_keeps_everything_in_memory_is_refused() {
    let given = ("DATABASE_URL", "sqlite://bookmarket.sqlite?mode=rwc");

    let error = read(&[given]).expect_err("not used").to_string();

    assert!(error.contains("keeps everything in memory"), "{error}");
    assert!(error.contains("`--features sea-orm`"), "{error}");
}
