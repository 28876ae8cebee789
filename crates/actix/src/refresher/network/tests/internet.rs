//! A network that resolves names to addresses of a test's choice, and connects each of them to one TLS
//! server on this machine.

use std::{
    cell::RefCell,
    collections::HashMap,
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    rc::Rc,
    sync::{Arc, Mutex},
    thread,
};

use futures_util::future::{FutureExt, LocalBoxFuture};
use mcp_auth_core::{HttpClient, Issuer, Profile, ProfileError, Secret, signature::Josekit};
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

use super::ISSUER;
use crate::refresher::{
    RootCertificates, error::FetchError, fetch::Fetcher, http, network::Network, proxy::Proxy,
};

/// The names and documents of a test, and the connections that were opened.
pub(super) struct Internet {
    names: HashMap<String, Vec<Vec<IpAddr>>>,
    documents: Arc<Documents>,
    connected: Rc<RefCell<Vec<IpAddr>>>,
    pub(super) proxy: Option<Arc<Proxy>>,
}

#[derive(Default)]
struct Documents {
    metadata: Mutex<String>,
    served: Mutex<Vec<String>>,
}

impl Internet {
    pub(super) fn new() -> Self {
        Self {
            names: HashMap::new(),
            documents: Arc::default(),
            connected: Rc::default(),
            proxy: None,
        }
    }

    /// A name always has these addresses.
    pub(super) fn name(&mut self, name: &str, addresses: &[&str]) -> &mut Self {
        self.then(name, &[addresses])
    }

    /// A name has the first addresses, and others the next time; the last ones for good.
    pub(super) fn then(&mut self, name: &str, addresses: &[&[&str]]) -> &mut Self {
        let parse = |set: &&[&str]| set.iter().map(|ip| ip.parse().unwrap()).collect();
        self.names.insert(name.into(), addresses.iter().rev().map(parse).collect());
        self
    }

    pub(super) fn metadata(&mut self, member: &str, url: &str) {
        let document = serde_json::json!({ "issuer": ISSUER, member: url });
        *self.documents.metadata.lock().unwrap() = document.to_string();
    }

    pub(super) fn keys(&self, issuer: &Issuer) -> Result<(), String> {
        let outcome = self.run(async |fetcher| fetcher.keys(issuer).await.map(drop));
        outcome.map_err(|error: FetchError| error.to_string())
    }

    pub(super) fn profile(&self, issuer: &Issuer) -> Result<Profile, ProfileError> {
        self.run(async |fetcher| fetcher.profile(issuer, "ada", &Secret::new("s3cret")).await)
    }

    pub(super) fn run<T>(&self, act: impl AsyncFnOnce(Fetcher) -> T) -> T {
        self.run_http(async |http| act(Fetcher::new(Arc::new(Josekit), http)).await)
    }

    pub(super) fn run_http<T>(&self, act: impl AsyncFnOnce(Arc<dyn HttpClient>) -> T) -> T {
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
    pub(super) fn connected(&self) -> Vec<String> {
        self.connected.borrow().iter().map(IpAddr::to_string).collect()
    }

    /// The heads of all requests.
    pub(super) fn served(&self) -> Vec<String> {
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
