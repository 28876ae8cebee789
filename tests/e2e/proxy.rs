//! The way out through an HTTP proxy that really tunnels: to an issuer that no name server knows, whose
//! TLS server is on this machine.

use std::{
    net::SocketAddr,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_mcp_auth::{Issuer, McpAuth, McpAuthBuilder, McpAuthSettings, testing::TestAuthority};
use openssl::x509::X509;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    logs::{logged, process_log},
    private_ca::{identity, serve},
    support::{RESOURCE, Server, authority, good_token},
};

/// An issuer whose name resolves nowhere.
const ISSUER: &str = "https://idp.fieldtest.invalid";
const TARGET: &str = "idp.fieldtest.invalid:443";

/// What a proxy does with a request to connect.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    /// Connects to the server on this port of this machine, whatever host is asked for.
    Tunnel(u16),
    /// The same, if the credentials are these.
    TunnelFor(u16, &'static str),
    /// Answers this at once.
    Answer(&'static str),
    /// Accepts the connection, and answers nothing.
    Silence,
}

/// A proxy: its address, and the heads of the requests that it got.
pub(crate) struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), heads: Arc::default() };
        let heads = proxy.heads.clone();
        actix_web::rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_web::rt::spawn(handle(stream, manner, heads.clone()));
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn handle(mut client: TcpStream, manner: Manner, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = client.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    heads.lock().unwrap().push(head.clone());
    let port = match manner {
        Manner::Tunnel(port) => port,
        Manner::TunnelFor(port, pair) if head.contains(&format!("Basic {pair}\r\n")) => port,
        Manner::TunnelFor(..) => {
            let asks = b"HTTP/1.1 407 Proxy Authentication Required\r\n\
                Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
            client.write_all(asks).await.unwrap();
            return;
        }
        Manner::Answer(answer) => return client.write_all(answer.as_bytes()).await.unwrap(),
        Manner::Silence => return actix_web::rt::time::sleep(Duration::from_secs(60)).await,
    };
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

/// An issuer that only the proxy reaches: the authority's keys at a TLS server of the issuer's name.
struct Hidden {
    authority: TestAuthority,
    ca: X509,
    port: u16,
}

impl Hidden {
    async fn start() -> Self {
        let authority = authority();
        let ca = identity("An authority of the proxy tests", None);
        let own = identity("idp.fieldtest.invalid", Some(&ca));
        let keys = awc::Client::default().get(authority.jwks_uri()).send().await.unwrap();
        let keys = { keys }.body().await.unwrap().to_vec();
        Self { authority, port: serve(&own, keys), ca: ca.certificate }
    }

    fn builder(&self) -> McpAuthBuilder {
        let issuer = Issuer::new(ISSUER).unwrap().jwks_uri(format!("{ISSUER}/jwks")).unwrap();
        McpAuth::builder(RESOURCE).issuer(issuer).trust_ca_pem(self.ca.to_pem().unwrap())
    }

    async fn call(&self, auth: &McpAuth) -> u16 {
        let token = self.authority.token().subject("user_ada").audience(RESOURCE).issuer(ISSUER);
        Server::of(auth).call(&token.sign()).await.status.as_u16()
    }
}

/// Waits until the last fetch has failed, and says why.
async fn why(auth: &McpAuth) -> String {
    let start = Instant::now();
    loop {
        if let Some(error) = auth.health().issuers[0].last_error.clone() {
            return error;
        }
        assert!(start.elapsed() < Duration::from_secs(9), "no fetch has failed");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn keys_are_fetched_through_a_connect_proxy() {
    let hidden = Hidden::start().await;
    let proxy = Proxy::start(Manner::Tunnel(hidden.port)).await;
    let auth = hidden.builder().proxy(proxy.url()).build().unwrap();
    assert_eq!(hidden.call(&auth).await, 200);
    let heads = proxy.heads();
    assert!(heads[0].starts_with(&format!("CONNECT {TARGET} HTTP/1.1\r\nHost: {TARGET}\r\n")));
    assert!(!heads[0].contains("Proxy-Authorization"), "{heads:?}");
}

#[actix_web::test]
async fn a_proxy_that_refuses_is_named_in_the_log() {
    let hidden = Hidden::start().await;
    for (answer, tells) in [
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "answered 403 instead of"),
        ("HTTP/1.0 502 Bad Gateway\r\n\r\n<html>", "answered 502 instead of"),
        ("HTTP/1.1 407 Authenticate\r\n\r\n", "wants a user name and password"),
        ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"keys\":[]}", "before the host could"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "is not HTTP"),
        ("", "closed the connection"),
    ] {
        let proxy = Proxy::start(Manner::Answer(answer)).await;
        let auth = hidden.builder().proxy(proxy.url()).build().unwrap();
        let error = why(&auth).await;
        assert!(error.contains(&format!("the proxy {}", proxy.address)), "{error}");
        assert!(error.contains(tells), "{error}");
        assert_eq!(hidden.call(&auth).await, 503, "{answer}");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let auth = hidden.builder().proxy(format!("http://{nobody}")).build().unwrap();
    let error = why(&auth).await;
    assert!(error.contains(&format!("the proxy {nobody} cannot be reached")), "{error}");
}

#[actix_web::test]
async fn a_proxy_that_hangs_is_named_after_four_seconds() {
    let hidden = Hidden::start().await;
    let proxy = Proxy::start(Manner::Silence).await;
    let auth = hidden.builder().proxy(proxy.url()).build().unwrap();
    // Requests do not wait as long as the proxy does.
    let start = Instant::now();
    assert_eq!(hidden.call(&auth).await, 503);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let error = why(&auth).await;
    assert!(error.contains(&format!("the proxy {} did not connect", proxy.address)), "{error}");
    assert!(error.contains("within 4s"), "{error}");
}

#[actix_web::test]
async fn r09_a_proxys_password_is_sent_to_it_and_shown_nowhere() {
    let lines = process_log();
    let hidden = Hidden::start().await;
    // ada:open%sesame
    let proxy = Proxy::start(Manner::TunnelFor(hidden.port, "YWRhOm9wZW4lc2VzYW1l")).await;
    let with = |pair: &str| proxy.url().replace("//", &format!("//{pair}@"));
    let auth = hidden.builder().proxy(with("ada:open%25sesame")).build().unwrap();
    assert_eq!(hidden.call(&auth).await, 200);
    let auth = hidden.builder().proxy(with("ada:wrongsesame")).build().unwrap();
    let error = why(&auth).await;
    assert!(error.contains("does not accept the user name and password"), "{error}");
    assert_eq!(hidden.call(&auth).await, 503);
    let shown = format!("{} {auth:?} {error}", lines.text());
    for secret in ["sesame", "YWRhOm9wZW4lc2VzYW1l", "YWRhOndyb25nc2VzYW1l", "ada:"] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    let port = format!("127.0.0.1:{}", proxy.address.port());
    assert!(lines.text().contains(&port), "the proxy itself is named");
}

#[actix_web::test]
async fn exceptions_and_this_machine_are_reached_directly() {
    let hidden = Hidden::start().await;
    let proxy = Proxy::start(Manner::Tunnel(hidden.port)).await;
    for builder in [
        hidden.builder().proxy(proxy.url()).proxy_exceptions([".fieldtest.invalid"]),
        hidden.builder().proxy(proxy.url()).proxy_exceptions(["*"]),
        hidden.builder().proxy(proxy.url()).without_proxy(),
    ] {
        let error = why(&builder.build().unwrap()).await;
        assert!(!error.contains("proxy"), "{error}");
    }
    let local = authority();
    let auth = McpAuth::builder(RESOURCE).authkit(local.issuer()).proxy(proxy.url());
    let answer = Server::of(&auth.build().unwrap()).call(&good_token(&local)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(proxy.heads(), [""; 0]);
}

#[actix_web::test]
async fn r27_a_private_address_in_metadata_is_refused_with_a_proxy_too() {
    let hidden = Hidden::start().await;
    let metadata = |jwks: &str| json!({ "issuer": ISSUER, "jwks_uri": jwks }).to_string();
    for host in ["10.0.0.5", "[fd00::5]", "0x0a.5", "[::ffff:10.0.0.5]"] {
        let own = identity("idp.fieldtest.invalid", None);
        let ca = own.certificate.to_pem().unwrap();
        let port = serve(&own, metadata(&format!("https://{host}/jwks")).into());
        let proxy = Proxy::start(Manner::Tunnel(port)).await;
        let builder = McpAuth::builder(RESOURCE).issuer(ISSUER).trust_ca_pem(ca);
        let auth = builder.proxy(proxy.url()).build().unwrap();
        why(&auth).await;
        assert_eq!(hidden.call(&auth).await, 503, "{host}");
        let asked: Vec<_> = proxy.heads();
        assert!(asked.iter().all(|head| head.starts_with(&format!("CONNECT {TARGET} "))));
    }
}

/// Runs itself again with the variables, since those of a process cannot be set while it runs.
#[actix_web::test]
async fn https_proxy_of_the_environment_is_heeded() {
    const CHILD: &str = "MCP_AUTH_TEST_PROXY_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let issuers = ["https://login.fieldtest.invalid", "https://direct.fieldtest.invalid"];
        let build = |name| McpAuth::builder(RESOURCE).issuer(name).build().unwrap();
        let auths = issuers.map(build);
        for auth in &auths {
            why(auth).await;
        }
        return;
    }
    let proxy = Proxy::start(Manner::Answer("HTTP/1.1 403 Forbidden\r\n\r\n")).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "proxy::https_proxy_of_the_environment_is_heeded"])
        .env(CHILD, "1")
        .env_remove("https_proxy")
        .env("HTTPS_PROXY", proxy.url())
        .env_remove("no_proxy")
        .env("NO_PROXY", "other.example,direct.fieldtest.invalid");
    let ran = actix_web::web::block(move || child.output().unwrap()).await.unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let heads = proxy.heads();
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.starts_with("CONNECT login.fieldtest.invalid:443 HTTP/1.1\r\n"), "{head}");
    }
}

#[test]
fn a_proxy_is_told_at_start_up_and_a_wrong_one_is_an_error() {
    let builder = || McpAuth::builder("https://app.example.com/mcp").authkit("x.authkit.app");
    let with_proxy = builder().proxy("http://ada:sesame@proxy.fieldtest.invalid:3128");
    let log = logged(|| drop(with_proxy.build().unwrap()));
    assert!(log.contains("event=\"outbound_proxy\""), "{log}");
    assert!(log.contains("proxy=proxy.fieldtest.invalid:3128"), "{log}");
    assert!(log.contains("cannot be checked") && !log.contains("sesame"), "{log}");
    let wrong = builder().proxy("socks5://ada:sesame@p:1").build().map(drop).unwrap_err();
    let wrong = wrong.to_string();
    assert!(wrong.starts_with("proxy is") && !wrong.contains("sesame"), "{wrong}");

    let from_json = |further: serde_json::Value| {
        let mut settings =
            json!({ "resource": "https://app.example.com/mcp", "authkit_domain": "x.authkit.app" });
        settings.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        let settings: McpAuthSettings = serde_json::from_value(settings).unwrap();
        assert!(!format!("{settings:?}").contains("sesame"));
        let built = McpAuth::from_settings(settings).map_err(|error| error.to_string())?.build();
        built.map(drop).map_err(|error| error.to_string())
    };
    from_json(json!({ "proxy": "http://ada:sesame@p", "proxy_exceptions": ["h"] })).unwrap();
    from_json(json!({ "proxy": "direct" })).unwrap();
    let error = from_json(json!({ "proxy": "https://ada:sesame@p" })).unwrap_err();
    assert!(error.starts_with("proxy is") && !error.contains("sesame"), "{error}");
    let error = from_json(json!({ "proxy": "p", "proxy_exceptions": ["a/b"] })).unwrap_err();
    assert!(error.starts_with("proxy_exceptions is"), "{error}");
    let vars = |name: &str| match name {
        "MCP_AUTH_RESOURCE" => Some("https://app.example.com/mcp".to_owned()),
        "WORKOS_AUTHKIT_DOMAIN" => Some("x.authkit.app".to_owned()),
        "MCP_AUTH_PROXY" => Some("socks5://ada:sesame@p".to_owned()),
        _ => None,
    };
    let error = McpAuth::from_vars(vars).unwrap().build().map(drop).unwrap_err().to_string();
    assert!(error.starts_with("MCP_AUTH_PROXY is") && !error.contains("sesame"), "{error}");
}
