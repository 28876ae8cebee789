//! Which addresses the refresher connects to. The network of these tests resolves names to addresses
//! of the tests' choice, and connects each of them to one TLS server on this machine.

use std::{
    cell::RefCell,
    collections::HashMap,
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    rc::Rc,
    sync::{Arc, Mutex},
    thread,
};

use futures_util::future::LocalBoxFuture;
use mcp_auth_core::{
    HttpClient, HttpRequest, Issuer, Profile, ProfileError, Secret, http::AllowedAddresses,
    signature::Josekit,
};
use openssl::{
    asn1::Asn1Time,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    ssl::{SslAcceptor, SslMethod, SslStream},
    x509::{X509, X509Name, extension::SubjectAlternativeName},
};
use tokio::task::LocalSet;

use super::*;
use crate::refresher::{
    ProxyChoice, ProxySettings, RootCertificates, error::FetchError, fetch::Fetcher, http,
};

const ISSUER: &str = "https://idp.example.com";
const PUBLIC: &str = "93.184.216.34";
/// Some of the ranges that `addresses` knows.
const PRIVATE: [&str; 4] = ["10.0.0.5", "127.0.0.1", "fd00::5", "::ffff:10.0.0.5"];

#[test]
fn r27_a_discovered_jwks_uri_at_a_private_address_is_refused() {
    for private in PRIVATE {
        let mut internet = Internet::new();
        internet.name("idp.example.com", &[PUBLIC]).name("keys.example.net", &[private]);
        internet.metadata("jwks_uri", "https://keys.example.net/jwks");
        let error = internet.keys(&issuer()).unwrap_err();
        assert!(error.contains("private address") && error.contains("jwks_uri"), "{error}");
        assert_eq!(internet.connected(), [PUBLIC], "{private}");
    }
}

#[test]
fn r27_a_private_address_in_a_discovered_url_is_refused() {
    for host in ["10.0.0.5", "[::ffff:10.0.0.5]", "[fd00::5]", "0x0a.0.0.5", "167772165"] {
        let mut internet = Internet::new();
        // As the C library's resolver reads the last two.
        internet.name("0x0a.0.0.5", &["10.0.0.5"]).name("167772165", &["10.0.0.5"]);
        internet.name("idp.example.com", &[PUBLIC]);
        internet.metadata("jwks_uri", &format!("https://{host}/jwks"));
        let error = internet.keys(&issuer()).unwrap_err();
        assert!(error.contains("private address"), "{host}: {error}");
        assert_eq!(internet.connected(), [PUBLIC], "{host}");
    }
}

#[test]
fn r27_a_configured_jwks_uri_may_be_at_a_private_address() {
    for private in PRIVATE {
        let mut internet = Internet::new();
        internet.name("idp.example.com", &[PUBLIC]).name("keys.example.net", &[private]);
        let named = issuer().jwks_uri("https://keys.example.net/jwks").unwrap();
        internet.keys(&named).unwrap();
        assert_eq!(internet.connected(), [private]);
    }
}

#[test]
fn r27_a_private_issuer_may_name_private_hosts() {
    for issuers in [&["10.0.0.4"][..], &["127.0.0.1", "::1"]] {
        let mut internet = Internet::new();
        internet.name("idp.example.com", issuers).name("keys.example.net", &["10.0.0.5"]);
        internet.metadata("jwks_uri", "https://keys.example.net/jwks");
        internet.keys(&issuer()).unwrap();
        assert_eq!(internet.connected(), [issuers[0], "10.0.0.5"]);
    }
}

#[test]
fn r27_an_issuer_with_any_public_address_counts_as_public() {
    let mut internet = Internet::new();
    internet.name("idp.example.com", &["10.0.0.4", PUBLIC]);
    internet.name("keys.example.net", &["10.0.0.5"]);
    internet.metadata("jwks_uri", "https://keys.example.net/jwks");
    internet.keys(&issuer()).unwrap_err();
    assert_eq!(internet.connected(), ["10.0.0.4"]);
}

#[test]
fn r27_an_issuer_that_does_not_resolve_counts_as_public() {
    let mut internet = Internet::new();
    internet.then("idp.example.com", &[&[PUBLIC], &[]]).name("keys.example.net", &["10.0.0.5"]);
    internet.metadata("jwks_uri", "https://keys.example.net/jwks");
    internet.keys(&issuer()).unwrap_err();
    assert_eq!(internet.connected(), [PUBLIC]);
}

#[test]
fn r27_the_address_that_was_checked_is_connected_to() {
    // Public at the first lookup, private at the second (DNS rebinding).
    let mut internet = Internet::new();
    internet.name("idp.example.com", &[PUBLIC]);
    internet.then("keys.example.net", &[&["8.8.8.8"], &["10.0.0.5"]]);
    internet.metadata("jwks_uri", "https://keys.example.net/jwks");
    internet.keys(&issuer()).unwrap();
    assert_eq!(internet.connected(), [PUBLIC, "8.8.8.8"]);

    let mut internet = Internet::new();
    internet.name("idp.example.com", &[PUBLIC]);
    internet.name("keys.example.net", &["10.0.0.5", "8.8.8.8", "127.0.0.1"]);
    internet.metadata("jwks_uri", "https://keys.example.net/jwks");
    internet.keys(&issuer()).unwrap();
    assert_eq!(internet.connected(), [PUBLIC, "8.8.8.8"], "private ones are left out");
}

#[test]
fn r27_the_issuers_own_host_is_not_restricted() {
    let mut internet = Internet::new();
    internet.then("idp.example.com", &[&[PUBLIC], &["10.0.0.4"]]);
    internet.metadata("jwks_uri", "https://idp.example.com:8443/jwks");
    internet.keys(&issuer()).unwrap();
    assert_eq!(internet.connected(), [PUBLIC, "10.0.0.4"]);
}

#[test]
fn r09_r27_a_discovered_foreign_userinfo_endpoint_gets_no_token() {
    for endpoint in [
        "https://keys.example.net/userinfo",
        "https://idp.example.com:8443/userinfo",
        "https://idp.example.com@keys.example.net/userinfo",
        "https://10.0.0.5/userinfo",
    ] {
        for address in [PUBLIC, "10.0.0.5"] {
            let mut internet = Internet::new();
            internet.name("idp.example.com", &[PUBLIC]).name("keys.example.net", &[address]);
            internet.metadata("userinfo_endpoint", endpoint);
            let Err(ProfileError::Unavailable(error)) = internet.profile(&issuer()) else {
                panic!("{endpoint} was used");
            };
            assert!(error.contains("Issuer::userinfo_endpoint"), "{error}");
            assert!(internet.served().iter().all(|request| !request.contains("s3cret")));
        }
    }
}

#[test]
fn r27_a_configured_userinfo_endpoint_is_used_wherever_it_is() {
    for address in ["8.8.8.8", "10.0.0.5"] {
        let mut internet = Internet::new();
        internet.name("idp.example.com", &[PUBLIC]).name("keys.example.net", &[address]);
        let named = issuer().userinfo_endpoint("https://keys.example.net/userinfo").unwrap();
        let profile = internet.profile(&named).unwrap();
        assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
        assert_eq!(internet.connected(), [address]);
        assert!(internet.served()[0].to_lowercase().contains("authorization: bearer s3cret"));
    }
}

#[test]
fn r27_a_userinfo_endpoint_on_the_issuers_origin_is_discovered() {
    let mut internet = Internet::new();
    internet.name("idp.example.com", &[PUBLIC]);
    internet.metadata("userinfo_endpoint", "https://IDP.example.com:443/userinfo");
    assert!(internet.profile(&issuer()).is_ok());
}

#[test]
fn r27_a_url_of_a_client_leads_to_public_addresses_only() {
    for (addresses, connected) in [
        (&["8.8.8.8"][..], Some("8.8.8.8")),
        (&["10.0.0.5", "8.8.8.8"], Some("8.8.8.8")),
        (&["10.0.0.5"], None),
        (&["127.0.0.1", "::1"], None),
        (&["169.254.169.254"], None),
        (&["::ffff:10.0.0.5"], None),
    ] {
        let mut internet = Internet::new();
        // The network of the issuer, which is private here, does not count.
        internet.name("idp.example.com", &["10.0.0.4"]).name("keys.example.net", addresses);
        let answer = internet.run_http(async |http| {
            let request = HttpRequest::get("https://keys.example.net/client.json");
            http.send(request.addresses(AllowedAddresses::Public)).await
        });
        match connected {
            Some(address) => {
                assert_eq!(answer.unwrap().status(), 200);
                assert_eq!(internet.connected(), [address]);
            }
            None => {
                let error = answer.unwrap_err().to_string();
                assert!(error.contains("private address"), "{error}");
                assert!(error.contains("a client names"), "{error}");
                assert!(internet.connected().is_empty());
            }
        }
    }
}

#[test]
fn r27_a_url_of_a_client_is_not_fetched_through_a_proxy() {
    let choice = ProxyChoice::Url(Secret::new("http://proxy.example.com:3128"));
    let settings = ProxySettings { choice, exceptions: Some(Vec::new()) };
    let mut internet = Internet::new();
    internet.name("proxy.example.com", &[PUBLIC]).name("keys.example.net", &["8.8.8.8"]);
    internet.proxy = settings.proxy(|_| None).unwrap().map(Arc::new);
    for (host, says) in [("keys.example.net", "through a proxy"), ("10.0.0.5", "private address")] {
        let answer = internet.run_http(async |http| {
            let request = HttpRequest::get(format!("https://{host}/client.json"));
            http.send(request.addresses(AllowedAddresses::Public)).await
        });
        let error = answer.unwrap_err().to_string();
        assert!(error.contains(says), "{host}: {error}");
    }
    assert!(internet.connected().is_empty());
}

fn issuer() -> Issuer {
    Issuer::new(ISSUER).unwrap()
}

/// The names and documents of a test, and the connections that were opened.
struct Internet {
    names: HashMap<String, Vec<Vec<IpAddr>>>,
    documents: Arc<Documents>,
    connected: Rc<RefCell<Vec<IpAddr>>>,
    proxy: Option<Arc<Proxy>>,
}

#[derive(Default)]
struct Documents {
    metadata: Mutex<String>,
    served: Mutex<Vec<String>>,
}

impl Internet {
    fn new() -> Self {
        Self {
            names: HashMap::new(),
            documents: Arc::default(),
            connected: Rc::default(),
            proxy: None,
        }
    }

    /// A name always has these addresses.
    fn name(&mut self, name: &str, addresses: &[&str]) -> &mut Self {
        self.then(name, &[addresses])
    }

    /// A name has the first addresses, and others the next time; the last ones for good.
    fn then(&mut self, name: &str, addresses: &[&[&str]]) -> &mut Self {
        let parse = |set: &&[&str]| set.iter().map(|ip| ip.parse().unwrap()).collect();
        self.names.insert(name.into(), addresses.iter().rev().map(parse).collect());
        self
    }

    fn metadata(&mut self, member: &str, url: &str) {
        let document = serde_json::json!({ "issuer": ISSUER, member: url });
        *self.documents.metadata.lock().unwrap() = document.to_string();
    }

    fn keys(&self, issuer: &Issuer) -> Result<(), String> {
        let outcome = self.run(async |fetcher| fetcher.keys(issuer).await.map(drop));
        outcome.map_err(|error: FetchError| error.to_string())
    }

    fn profile(&self, issuer: &Issuer) -> Result<Profile, ProfileError> {
        self.run(async |fetcher| fetcher.profile(issuer, "ada", &Secret::new("s3cret")).await)
    }

    fn run<T>(&self, act: impl AsyncFnOnce(Fetcher) -> T) -> T {
        self.run_http(async |http| act(Fetcher::new(Arc::new(Josekit), http)).await)
    }

    fn run_http<T>(&self, act: impl AsyncFnOnce(Arc<dyn HttpClient>) -> T) -> T {
        let (port, certificate) = serve(self.documents.clone());
        let tls = RootCertificates::parse(&certificate).unwrap().connector().unwrap();
        let network = TestNetwork {
            names: RefCell::new(self.names.clone()),
            connected: self.connected.clone(),
            server: SocketAddr::from(([127, 0, 0, 1], port)),
        };
        let (client, mut worker) = http::open(tls);
        worker.proxy = self.proxy.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            tokio::select! {
                outcome = act(Arc::new(client)) => outcome,
                () = worker.run(Rc::new(network)) => unreachable!("the worker runs until dropped"),
            }
        })
    }

    /// The addresses that connections were opened to.
    fn connected(&self) -> Vec<String> {
        self.connected.borrow().iter().map(IpAddr::to_string).collect()
    }

    /// The heads of all requests.
    fn served(&self) -> Vec<String> {
        self.documents.served.lock().unwrap().clone()
    }
}

struct TestNetwork {
    names: RefCell<HashMap<String, Vec<Vec<IpAddr>>>>,
    connected: Rc<RefCell<Vec<IpAddr>>>,
    server: SocketAddr,
}

impl Network for TestNetwork {
    fn lookup<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> LocalBoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let found = match host.parse::<IpAddr>() {
            Ok(address) => Some(vec![address]),
            Err(_) => {
                self.names.borrow_mut().get_mut(&host.to_ascii_lowercase()).map(|later| {
                    if later.len() > 1 { later.pop().unwrap() } else { later[0].clone() }
                })
            }
        };
        let found = found.filter(|found| !found.is_empty());
        let found = found.ok_or_else(|| io::Error::other(format!("{host} does not resolve")));
        let found = found.map(|all| all.iter().map(|&ip| SocketAddr::new(ip, port)).collect());
        std::future::ready(found).boxed_local()
    }

    fn connect(
        &self,
        address: SocketAddr,
    ) -> LocalBoxFuture<'static, io::Result<tokio::net::TcpStream>> {
        self.connected.borrow_mut().push(address.ip());
        tokio::net::TcpStream::connect(self.server).boxed_local()
    }
}

/// A TLS server for all hosts of these tests: its port, and its certificate.
fn serve(documents: Arc<Documents>) -> (u16, Vec<u8>) {
    let (acceptor, certificate) = identity();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Fails where the client rejects the certificate.
            let _ = acceptor.accept(stream).map(|mut stream| answer(&mut stream, &documents));
        }
    });
    (port, certificate)
}

/// One request for each connection.
fn answer(stream: &mut SslStream<TcpStream>, documents: &Documents) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let body = match head.split(' ').nth(1) {
        Some(path) if path.starts_with("/.well-known/") => {
            documents.metadata.lock().unwrap().clone()
        }
        Some("/userinfo") => r#"{"sub":"ada","email":"ada@example.com"}"#.into(),
        _ => r#"{"keys":[]}"#.into(),
    };
    documents.served.lock().unwrap().push(head);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    stream.shutdown().map(drop).map_err(io::Error::other)
}

fn identity() -> (SslAcceptor, Vec<u8>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "tests").unwrap();
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    let context = certificate.x509v3_context(None, None);
    let mut names = SubjectAlternativeName::new();
    names.dns("idp.example.com").dns("keys.example.net");
    certificate.append_extension(names.build(&context).unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = certificate.build();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    (acceptor.build(), certificate.to_pem().unwrap())
}
