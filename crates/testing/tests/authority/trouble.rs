//! Starting, stopping, and faults.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};
use std::time::{Duration, Instant};

use mcp_auth_testing::{Algorithm, Endpoint, Fault, StartError, TestAuthority};

use crate::http::{get, send};

#[test]
fn an_address_that_others_could_reach_is_refused() {
    for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(192, 0, 2, 1)] {
        let error = TestAuthority::builder().address(address).start().unwrap_err();
        assert!(matches!(error, StartError::NotLoopback(_)));
        assert!(error.to_string().contains("is not loopback"), "{error}");
    }
    let all = TestAuthority::builder().address(Ipv6Addr::UNSPECIFIED);
    assert!(all.start().is_err());
}

#[test]
fn approving_as_nobody_is_refused() {
    let error = TestAuthority::builder().auto_approve("user_x").start();
    let error = error.unwrap_err();
    assert!(matches!(error, StartError::UnknownPerson(_)), "{error}");
}

#[test]
fn a_taken_port_is_named() {
    let first = TestAuthority::start().unwrap();
    let port = first.address().port();
    let error = TestAuthority::builder().port(port).start().unwrap_err();
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[test]
fn the_last_handle_stops_the_authority() {
    let authority = TestAuthority::start().unwrap();
    let (clone, address) = (authority.clone(), authority.address());
    drop(authority);
    assert!(TcpStream::connect(address).is_ok());
    drop(clone);
    assert!(TcpStream::connect(address).is_err());
    // And the port is free at once.
    let again = TestAuthority::builder().port(address.port()).start();
    assert!(again.is_ok());
}

#[test]
fn handles_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<TestAuthority>();
    shared::<mcp_auth_testing::Keys>();
    shared::<mcp_auth_testing::TokenBuilder>();
}

#[tokio::test]
async fn it_starts_and_stops_within_a_tokio_runtime() {
    let authority = TestAuthority::start().unwrap();
    authority.go_down();
    authority.come_up().unwrap();
}

#[actix_web::test]
async fn it_starts_and_stops_within_an_actix_runtime() {
    let authority = TestAuthority::start().unwrap();
    authority.go_down();
    authority.come_up().unwrap();
}

#[test]
fn down_means_refused_and_up_means_the_same_port() {
    let authority = TestAuthority::start().unwrap();
    let token = authority.token();
    // A kept connection must be closed with the listener.
    let mut kept = TcpStream::connect(authority.address()).unwrap();
    kept.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let request = b"GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n";
    kept.write_all(request).unwrap();
    let mut answer = [0; 4096];
    let read = kept.read(&mut answer).unwrap();
    assert!(answer[..read].ends_with(b"}"), "the whole answer was read");

    authority.go_down();
    let refused = send("GET", &authority.jwks_uri(), &[], "").unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let _ = kept.write_all(request);
    assert!(matches!(kept.read(&mut [0; 4096]), Ok(0) | Err(_)));
    authority.go_down();

    authority.come_up().unwrap();
    authority.come_up().unwrap();
    let keys = get(&authority.jwks_uri()).json();
    assert_eq!(keys["keys"][0]["kid"], authority.keys().current().id());
    drop(token);
}

#[test]
fn keys_are_added_replaced_and_withdrawn() {
    let authority = TestAuthority::start().unwrap();
    let published = || -> Vec<String> {
        let set = get(&authority.jwks_uri()).json();
        let keys = set["keys"].as_array().unwrap();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let first = authority.keys().current();
    let second = authority.keys().add(Algorithm::Es256);
    assert_eq!(published(), [first.id(), second.id()]);
    authority.keys().withdraw(&first);
    assert_eq!(published(), [second.id()]);
    let third = authority.keys().replace(Algorithm::Rs256);
    assert_eq!(published(), [third.id()]);
}

#[test]
fn wrong_answers_are_given_where_asked_and_nowhere_else() {
    let authority = TestAuthority::start().unwrap();
    let jwks = authority.jwks_uri();
    let metadata = format!("{}/.well-known/oauth-authorization-server", authority.issuer());
    let wrong = |fault: Fault| {
        authority.inject(Endpoint::Jwks, fault);
        assert_eq!(get(&metadata).status, 200);
        get(&jwks)
    };

    assert_eq!(wrong(Fault::Unavailable).status, 503);
    let html = wrong(Fault::Html);
    assert_eq!(html.status, 200);
    assert!(html.header("content-type").unwrap().starts_with("text/html"));
    let truncated = wrong(Fault::TruncatedJson);
    assert!(serde_json::from_str::<serde_json::Value>(&truncated.body).is_err());
    assert_eq!(wrong(Fault::EmptyKeySet).body, r#"{"keys":[]}"#);
    let huge = wrong(Fault::HugeBody(3_000_000));
    assert!(huge.body.len() >= 3_000_000 && huge.json().is_object());
    let redirect = wrong(Fault::Redirect("https://evil.example/jwks".into()));
    assert_eq!(redirect.status, 302);
    let custom = wrong(Fault::Custom {
        status: 418,
        content_type: "text/plain".into(),
        body: b"tea".to_vec(),
    });
    assert_eq!((custom.status, &*custom.body), (418, "tea"));

    authority.inject(Endpoint::Metadata, Fault::Unavailable);
    assert_eq!(get(&metadata).status, 503);
    authority.clear_faults();
    assert_eq!(get(&jwks).status, 200);
    assert_eq!(get(&metadata).status, 200);
}

#[test]
fn an_answer_may_never_end_or_never_begin() {
    let authority = TestAuthority::start().unwrap();
    let begin = |fault| {
        authority.inject(Endpoint::Jwks, fault);
        let mut stream = TcpStream::connect(authority.address()).unwrap();
        let timeout = Duration::from_millis(300);
        stream.set_read_timeout(Some(timeout)).unwrap();
        stream
            .write_all(b"GET /oauth2/jwks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        assert!(stream.read_to_end(&mut answer).is_err(), "it ended");
        String::from_utf8(answer).unwrap()
    };
    assert_eq!(begin(Fault::Silence), "");
    assert!(begin(Fault::Drip(Duration::from_secs(60))).ends_with("\r\n\r\n"), "headers at once");
    let stalled = begin(Fault::StalledBody);
    assert!(stalled.contains("200 OK") && stalled.contains(r#"{"keys":"#));
    // Stopping does not wait for them.
    let start = Instant::now();
    drop(authority);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn an_answer_may_drip() {
    let authority = TestAuthority::start().unwrap();
    authority.inject(Endpoint::Jwks, Fault::Drip(Duration::from_millis(50)));
    let mut stream = TcpStream::connect(authority.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(b"GET /oauth2/jwks HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let (start, mut answer) = (Instant::now(), Vec::new());
    while !answer.ends_with(b"1\r\n \r\n1\r\n \r\n") {
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).unwrap();
        answer.extend(&piece[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    assert!(start.elapsed() >= Duration::from_millis(100), "two bytes, one after the other");
}

#[test]
fn a_connection_may_be_reset_a_kept_one_too() {
    let authority = TestAuthority::start().unwrap();
    let mut stream = TcpStream::connect(authority.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let request = b"GET /oauth2/jwks HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).unwrap();
    let read = stream.read(&mut [0; 4096]).unwrap();
    assert!(read > 0, "the connection is in use");
    authority.inject(Endpoint::Jwks, Fault::Reset);
    stream.write_all(request).unwrap();
    let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    authority.clear_faults();
    assert_eq!(get(&authority.jwks_uri()).status, 200);
}

#[test]
fn answers_can_be_slow() {
    let authority = TestAuthority::start().unwrap();
    authority.slow_down(Endpoint::Jwks, Duration::from_millis(300));
    let start = Instant::now();
    get(&authority.jwks_uri());
    assert!(start.elapsed() >= Duration::from_millis(300));
    let start = Instant::now();
    get(&format!("{}/", authority.issuer()));
    assert!(start.elapsed() < Duration::from_millis(300));
}

#[test]
fn requests_are_counted_by_path() {
    let authority = TestAuthority::start().unwrap();
    assert_eq!(authority.requests("/oauth2/jwks"), 0);
    get(&authority.jwks_uri());
    authority.inject(Endpoint::All, Fault::Unavailable);
    get(&authority.jwks_uri());
    assert_eq!(authority.requests("/oauth2/jwks"), 2);
    authority.reset_requests();
    assert_eq!(authority.requests("/oauth2/jwks"), 0);
}
