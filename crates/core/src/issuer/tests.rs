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
fn keys_are_the_same_where_place_and_use_are() {
    let issuer = || Issuer::new("https://login.example.com").unwrap();
    let at = |uri: &str| issuer().jwks_uri(uri).unwrap();
    let uri = "https://login.example.com/jwks";
    assert!(issuer().has_keys_of(&issuer().audience("api").also_named("https://other")));
    assert!(at(uri).has_keys_of(&at(uri)));
    for other in [
        Issuer::new("https://login.example.com/").unwrap(),
        at(uri),
        issuer().algorithms([Algorithm::Rs256]),
        issuer().keys_over_plain_http("keycloak:8080").unwrap(),
    ] {
        assert!(!issuer().has_keys_of(&other), "{other:?}");
    }
}
