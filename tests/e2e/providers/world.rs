//! The providers' hosts on this machine: a TLS server that answers by host and path, behind a proxy
//! that connects to it whatever host is asked for. The configuration stays as the document has it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, McpAuthBuilder, PrincipalKind,
    testing::{TestAuthority, TokenBuilder},
};
use actix_web::web;
use openssl::ssl::{SslAcceptor, SslMethod};
use serde_json::{Value, json};

use super::{Sample, keys};
use crate::{
    private_ca::{Identity, identity, identity_for},
    proxy::{Manner, Proxy},
    support::{Answer, Server},
};

/// The resource of the document's examples.
pub(super) const RESOURCE: &str = "https://app.example.com/mcp";

/// One provider: its documents at its own addresses, and its keys.
pub(super) struct World {
    authority: TestAuthority,
    ca: Vec<u8>,
    proxy: Proxy,
}

impl World {
    pub(super) async fn of(sample: &Sample) -> Self {
        let algorithm = keys::algorithm(sample.row);
        let authority = TestAuthority::builder().algorithm(algorithm).start().unwrap();
        let keys = awc::Client::default().get(authority.jwks_uri()).send().await.unwrap();
        let keys: Value = { keys }.json().await.unwrap();
        let mut documents: BTreeMap<String, Value> = BTreeMap::new();
        let metadata = json!({ "issuer": sample.issuer.name(), "jwks_uri": sample.jwks_uri });
        documents.insert(sample.metadata.to_owned(), metadata);
        documents.insert(sample.jwks_uri.to_owned(), keys::as_published(sample.row, keys));
        documents.extend(sample.answers.iter().cloned());
        let hosts: Vec<String> = documents.keys().map(|url| host(url)).collect();
        let ca = identity("An authority of the providers' tests", None);
        let own = identity_for(&hosts.iter().map(String::as_str).collect::<Vec<_>>(), Some(&ca));
        let proxy = Proxy::start(Manner::Tunnel(serve(&own, documents))).await;
        Self { authority, ca: ca.certificate.to_pem().unwrap(), proxy }
    }

    /// A builder with this issuer, that reaches the provider.
    pub(super) fn builder(&self, issuer: Issuer) -> McpAuthBuilder {
        self.reached_from(McpAuth::builder(RESOURCE).issuer(issuer))
    }

    /// The same for routes that are not MCP.
    pub(super) fn api_builder(&self, issuer: Issuer) -> McpAuthBuilder {
        self.reached_from(McpAuth::api(RESOURCE).issuer(issuer))
    }

    fn reached_from(&self, builder: McpAuthBuilder) -> McpAuthBuilder {
        builder.trust_ca_pem(&self.ca).proxy(self.proxy.url())
    }

    /// An application with these settings, which says who calls.
    pub(super) fn server(&self, issuer: Issuer) -> Server {
        let auth = self.builder(issuer).build().unwrap();
        application(&auth)
    }

    /// A token of the provider's form: these claims, and the times.
    pub(super) fn token(&self, sample: &Sample, claims: &Value) -> String {
        let mut token: TokenBuilder = self.authority.token().issuer(sample.issuer.name());
        for claim in ["sub", "aud", "client_id", "scope", "jti", "sid", "org_id"] {
            token = token.without(claim);
        }
        for (name, value) in claims.as_object().unwrap().iter().filter(|(_, it)| !it.is_null()) {
            token = token.claim(name, value.clone());
        }
        if let Some(typ) = sample.typ {
            token = token.typ(typ);
        }
        token.sign()
    }
}

pub(super) fn application(auth: &McpAuth) -> Server {
    let auth = auth.clone();
    Server::start(move |config| {
        let caller = web::post().to(caller);
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(caller));
    })
}

/// The answer, once the keys are there: other tests keep the machine busy.
pub(super) async fn call(server: &Server, token: &str) -> Answer {
    let start = Instant::now();
    loop {
        let answer = server.call(token).await;
        if answer.status != 503 || start.elapsed() > Duration::from_secs(20) {
            return answer;
        }
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Who calls, by which client, with which scopes.
async fn caller(me: AuthedUser) -> String {
    let who = match me.kind() {
        PrincipalKind::User => format!("person {}", me.subject().id()),
        PrincipalKind::Machine(client) => format!("machine {}", client.id()),
        other => format!("{other:?}"),
    };
    let client = me.principal().client().unwrap_or("-").to_owned();
    let scopes: Vec<&str> = me.scopes().iter().collect();
    format!("{who} by {client} may {}", scopes.join(" "))
}

fn host(url: &str) -> String {
    url.strip_prefix("https://").unwrap().split('/').next().unwrap().to_owned()
}

/// Answers with the document of a URL, or 404, until the test's process ends.
fn serve(identity: &Identity, documents: BTreeMap<String, Value>) -> u16 {
    let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    tls.set_private_key(&identity.key).unwrap();
    tls.set_certificate(&identity.certificate).unwrap();
    let tls = tls.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(stream) = tls.accept(stream) else { continue };
            let mut stream = BufReader::new(stream);
            let Some(url) = read_request(&mut stream) else { continue };
            let (status, body) = match documents.get(&url) {
                Some(document) => ("200 OK", document.to_string()),
                None => ("404 Not Found", String::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n",
                body.len()
            );
            let stream = stream.get_mut();
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body.as_bytes());
            let _ = stream.shutdown();
        }
    });
    port
}

/// The URL that a request asks for; its body is read and forgotten.
fn read_request(stream: &mut impl BufRead) -> Option<String> {
    let (mut path, mut host, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|&read| read > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            None => path = line.split(' ').nth(1)?.to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("host") => host = value.to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some(_) => {}
        }
    }
    stream.take(length).read_to_end(&mut Vec::new()).ok()?;
    Some(format!("https://{}{path}", host.trim_end_matches(":443")))
}
