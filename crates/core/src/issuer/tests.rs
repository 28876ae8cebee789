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
