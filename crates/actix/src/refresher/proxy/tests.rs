use super::*;

fn settings(choice: ProxyChoice) -> ProxySettings {
    ProxySettings { choice, exceptions: None }
}

fn with(variables: &[(&str, &str)], choice: ProxyChoice) -> Result<Option<Proxy>, ConfigError> {
    settings(choice).proxy(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn url(url: &str) -> ProxyChoice {
    ProxyChoice::Url(Secret::new(url))
}

#[test]
fn the_environment_names_a_proxy_unless_the_setting_does() {
    let of_environment = || ProxyChoice::OfEnvironment;
    let upper = [("HTTPS_PROXY", "http://upper:3128"), ("NO_PROXY", "direct.example")];
    let proxy = with(&upper, of_environment()).unwrap().unwrap();
    assert_eq!((proxy.to_string(), proxy.source()), ("upper:3128".into(), "HTTPS_PROXY"));
    assert!(proxy.serves("login.example.com", 443) && !proxy.serves("direct.example", 443));
    let both = [upper[0], ("https_proxy", "lower:8080"), ("no_proxy", "")];
    assert_eq!(with(&both, of_environment()).unwrap().unwrap().to_string(), "lower:8080");
    assert!(with(&[("HTTPS_PROXY", " ")], of_environment()).unwrap().is_none());
    assert!(with(&[("HTTP_PROXY", "http://p:1")], of_environment()).unwrap().is_none());
    assert!(with(&upper, ProxyChoice::Direct).unwrap().is_none());
    let set = with(&upper, url("http://set:1")).unwrap().unwrap();
    assert_eq!((set.to_string(), set.source()), ("set:1".into(), "proxy"));
    assert!(!set.serves("direct.example", 443), "NO_PROXY counts as well");
    let mut own = settings(url("http://set:1"));
    own.exceptions = Some(vec!["other.example".to_owned()]);
    let own = own.proxy(|_| Some("direct.example".to_owned())).unwrap().unwrap();
    assert!(own.serves("direct.example", 443) && !own.serves("other.example", 443));
}

#[test]
fn this_machine_is_reached_without_the_proxy() {
    let proxy = with(&[], url("proxy.example:3128")).unwrap().unwrap();
    for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1"] {
        assert!(!proxy.serves(host, 443), "{host}");
    }
    for host in ["login.example.com", "10.0.0.1", "localhost.example.com", "[fd00::1]"] {
        assert!(proxy.serves(host, 443), "{host}");
    }
}

#[test]
fn r09_a_proxy_shows_no_password() {
    let proxy = with(&[], url("http://us%65r:p%40ss@proxy.example")).unwrap().unwrap();
    assert_eq!(proxy.to_string(), "proxy.example:80");
    let authorization = proxy.authorization.as_ref().unwrap();
    assert_eq!(authorization.expose(), "Basic dXNlcjpwQHNz");
    let shown = format!("{proxy:?} {:?}", settings(url("http://user:hidden@p")));
    assert!(!shown.contains("hidden") && !shown.contains("dXNl"), "{shown}");
    for wrong in
        ["http://user:hidden@p/path", "ftp://user:hidden@p", "http://user:hidden@", "user:hid@den@"]
    {
        let error = with(&[("HTTPS_PROXY", wrong)], ProxyChoice::OfEnvironment).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("HTTPS_PROXY is") && !error.contains("hid"), "{error}");
    }
}

#[test]
fn what_is_no_http_proxy_is_an_error_at_start_up() {
    for wrong in ["https://p:1", "socks5h://p:1", "http://", "http://p:1/x", "http://p:x", "a b"] {
        let error = with(&[], url(wrong)).unwrap_err().to_string();
        assert!(error.starts_with("proxy is") && error.contains(EXAMPLE), "{error}");
    }
    let proxy = with(&[], url("[fd00::1]:3128")).unwrap().unwrap();
    assert_eq!((proxy.to_string(), proxy.address()), ("[fd00::1]:3128".into(), ("fd00::1", 3128)));
}
