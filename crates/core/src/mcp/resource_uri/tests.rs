use super::*;

#[test]
fn r30_uris_in_normal_form_are_left_alone() {
    for uri in [
        "secret://vault/keys",
        "secret://vault",
        "secret://vault/a%20b%2Fc%C3%A9",
        "secret://vault/keys?a=b&c=%26#part",
        "notes://Ada/1",
        "notes://ada:7000/1",
        "file:///etc/hosts",
        "https://example.com/a//b",
        "urn:isbn:0451450523",
        "memo:keys",
        "http://[::1]/x",
        "data:text/plain;base64,QQ==",
    ] {
        assert_eq!(normal_form(uri).as_deref(), Some(uri), "{uri}");
    }
    for (uri, slash) in [
        ("https://example.com", "https://example.com/"),
        ("https://example.com?a=b", "https://example.com/?a=b"),
        ("http://localhost:8080", "http://localhost:8080/"),
        ("file://", "file:///"),
    ] {
        assert_eq!(normal_form(uri).as_deref(), Some(slash), "{uri}");
    }
}

#[test]
fn r30_every_other_spelling_of_a_uri_is_not_in_normal_form() {
    for uri in [
        "SECRET://vault/keys",
        "secret://vault/x/../keys",
        "secret://vault/./keys",
        "secret://vault/x/%2E%2E/keys",
        "secret://vault/x/%2e%2e/keys",
        "secret://vault/x/.%2E/keys",
        " secret://vault/keys",
        "secret://vault/keys ",
        "sec\tret://vault/keys",
        "secret://vault/ke\nys",
        "secret://vault/%6Beys",
        "secret://vault/a%2fb",
        "secret://vault/a%zz",
        "secret://vault/a%2",
        "secret://vault/a%",
        "secret://vault/caf\u{e9}",
        "secret://vault/a b",
        "secret://vault:/keys",
        "secret://@vault/keys",
        "secret://:@vault/keys",
        "HTTPS://example.com/a",
        "https://EXAMPLE.com/a",
        "https://example.com:443/a",
        "https:example.com/a",
        "https:\\\\example.com\\a",
        "https://ex\u{e4}mple.com/",
        "https://example.com/a\\b",
        "http://0x7f.1/",
        "http://[0:0:0:0:0:0:0:1]/x",
        "file://localhost/etc/hosts",
        "file:/etc/hosts",
        "file:///a/../b",
        "vault/keys",
        "/vault/keys",
        "//vault/keys",
        "",
        "keys",
        "secret://vault/{id}",
    ] {
        assert_eq!(normal_form(uri), None, "{uri}");
    }
}

#[test]
fn r30_whatever_the_parser_would_change_is_not_in_normal_form() {
    // What is accepted must come out of the parser as it went in, and again from what comes out.
    for uri in ["https://h", "a:b", "a:/b", "a:///b", "a://", "a:", "ws://h:80", "a:b/../c"] {
        let Some(normal) = normal_form(uri) else { continue };
        assert_eq!(Url::parse(&normal).unwrap().as_str(), normal, "{uri}");
        assert_eq!(normal_form(&normal).as_deref(), Some(&*normal), "{uri}");
    }
}

#[test]
fn r30_prefixes_of_normal_uris_are_known_wherever_they_end() {
    for prefix in [
        "",
        "s",
        "secret",
        "secret:",
        "secret:/",
        "secret://",
        "secret://va",
        "secret://vault/",
        "secret://vault/a/.",
        "secret://vault/a/..",
        "notes://Ad",
        "https",
        "https:",
        "https:/",
        "https://",
        "https://exa",
        "https://example.com:",
        "https://example.com:80",
        "https://u@",
        "https://[",
        "https://[::",
        "https://1.2.3.",
        "file:",
        "file://",
        "file:///",
        "urn:",
        "a:b?c=",
    ] {
        assert!(begins_normal_form(prefix), "{prefix}");
    }
    for prefix in [
        "SECRET://vault/",
        "S",
        "https://EXAMPLE.",
        "secret://vault/a/../",
        "secret://vault/./",
        "secret://vault/%4",
        "secret://vault/%6B",
        " secret://",
        "secret://vault/a b",
        "/vault/",
        "1",
    ] {
        assert!(!begins_normal_form(prefix), "{prefix}");
    }
}

#[test]
fn r30_loose_reading_joins_what_servers_take_for_the_same() {
    for (uri, read) in [
        ("notes://Ada/X", "notes://ada/X"),
        ("notes://user:pass@Ada:70/1", "notes://ada:70/1"),
        ("secret://vault/x%2F..%2Fkeys", "secret://vault/keys"),
        ("secret://vault/x\\..\\keys", "secret://vault/keys"),
        ("secret://vault//keys", "secret://vault/keys"),
        ("secret://vault/keys#part", "secret://vault/keys"),
        ("secret://vault/keys?", "secret://vault/keys"),
        ("secret://vault/keys?#", "secret://vault/keys"),
        ("secret://vault/keys?a=B", "secret://vault/keys?a=B"),
        ("files://get?path=%2Fetc%2Fkeys", "files://get?path=/etc/keys"),
        ("files://get?name=a+b%20c", "files://get?name=a b c"),
        ("secret://vault/a/..", "secret://vault/"),
        ("secret://vault", "secret://vault"),
        ("secret:vault/../keys", "secret:keys"),
        ("secret:/../../keys", "secret:/keys"),
        ("urn:a:b", "urn:a:b"),
    ] {
        assert_eq!(loose(uri, true), read, "{uri}");
        assert_eq!(loose(read, true), read, "{uri}");
    }
    for (prefix, read) in [
        ("secret://vault/", "secret://vault/"),
        ("secret://vault/a/..", "secret://vault/a/.."),
        ("secret://vault/x%2F..%2Fk", "secret://vault/k"),
        ("notes://Ad", "notes://ad"),
        ("notes://", "notes://"),
        ("notes", "notes"),
        ("", ""),
    ] {
        assert_eq!(loose(prefix, false), read, "{prefix}");
    }
}

#[test]
fn a_mistaken_uri_gets_a_suggestion_in_normal_form() {
    for (uri, meant) in [
        ("SECRET://vault/keys", Some("secret://vault/keys")),
        (" secret://vault/x/../%6beys%2f", Some("secret://vault/keys%2F")),
        ("secret://vault/100%", Some("secret://vault/100%25")),
        ("secret://vault/caf\u{e9}", Some("secret://vault/caf%C3%A9")),
        ("vault/keys", None),
    ] {
        assert_eq!(suggestion(uri).as_deref(), meant, "{uri}");
    }
}
