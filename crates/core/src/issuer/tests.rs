use super::*;

#[test]
fn r18_an_issuer_keeps_its_bytes() {
    for name in ["https://i", "https://i/", "https://i/realm", "https://i/realm/"] {
        assert_eq!(Issuer::new(name).unwrap().name(), name);
    }
}

#[test]
fn what_is_no_issuer_is_told_with_an_example() {
    for name in ["", "login.example.com", "http://login.example.com", "https://i?x", "https://i#x"]
    {
        let error = Issuer::new(name).unwrap_err().to_string();
        assert!(error.contains(EXAMPLE), "{error}");
    }
}

#[test]
fn r27_documents_come_over_https_or_from_the_same_machine() {
    let (remote, local) =
        (Issuer::new("https://i").unwrap(), Issuer::new("http://127.0.0.1:1").unwrap());
    for uri in ["https://i/jwks", "https://elsewhere/jwks"] {
        assert!(remote.may_fetch(uri) && local.may_fetch(uri), "{uri}");
    }
    assert!(!remote.may_fetch("http://127.0.0.1:1/jwks"));
    assert!(local.may_fetch("http://127.0.0.1:1/jwks"));
    for uri in ["http://i/jwks", "file:///etc/passwd", "jwks", "ftp://i/"] {
        assert!(!remote.may_fetch(uri) && !local.may_fetch(uri), "{uri}");
    }
}
