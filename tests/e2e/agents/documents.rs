//! The metadata documents of clients over HTTPS. The client of these tests connects to this machine,
//! where the product's connects to public addresses only; everything else is the product's.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use actix_mcp_auth::agents::AgentNames;
use mcp_auth_core::{HttpClient, HttpError, HttpRequest, HttpResponse, http::AllowedAddresses};
use openssl::ssl::{SslAcceptor, SslMethod};

use super::*;
use crate::private_ca::identity;

/// Connects to any address.
#[derive(Debug)]
struct AnyAddress(Arc<dyn HttpClient>);

#[actix_mcp_auth::async_trait]
impl HttpClient for AnyAddress {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        assert_eq!(request.allowed_addresses(), &AllowedAddresses::Public);
        self.0.send(request.addresses(AllowedAddresses::Any)).await
    }
}

/// Serves what the path says, over TLS, and counts.
fn host_of_clients(requests: Arc<AtomicUsize>) -> (String, Vec<u8>) {
    let ca = identity("The tests' authority", None);
    let own = identity("localhost", Some(&ca));
    let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    tls.set_private_key(&own.key).unwrap();
    tls.set_certificate(&own.certificate).unwrap();
    let tls = Arc::new(tls.build());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let of_clients = origin.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (tls, origin, requests) = (tls.clone(), of_clients.clone(), requests.clone());
            thread::spawn(move || {
                let Ok(mut stream) = tls.accept(stream) else { return };
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                requests.fetch_add(1, Ordering::SeqCst);
                let path = head.split(' ').nth(1).unwrap_or_default();
                let _ = stream.write_all(answer(&origin, path).as_bytes());
                if path == "/slow" {
                    thread::sleep(Duration::from_secs(20));
                }
                let _ = stream.shutdown();
            });
        }
    });
    (origin, ca.certificate.to_pem().unwrap())
}

fn answer(origin: &str, path: &str) -> String {
    let document = |client_id: String, padding: usize| {
        json!({ "client_id": client_id, "client_name": "Ada's\u{202e} <b>Agent</b>", "x": "x".repeat(padding) })
            .to_string()
    };
    let own = format!("{origin}{path}");
    let (status, body) = match path {
        "/good" => ("200 OK", document(own, 0)),
        "/large" => ("200 OK", document(own, 64 * 1024)),
        "/other" => ("200 OK", document(format!("{origin}/good"), 0)),
        "/html" => ("200 OK", "<!doctype html><title>x</title>".to_owned()),
        "/redirect" => ("302 Found", String::new()),
        "/slow" => return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".into(),
        _ => ("404 Not Found", document(own, 0)),
    };
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nLocation: {origin}/good\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[actix_web::test]
async fn r27_a_clients_document_names_it_within_bounds() {
    let requests = Arc::new(AtomicUsize::new(0));
    let (origin, ca) = host_of_clients(requests.clone());
    let authority = authority();
    let auth = builder(&authority).trust_ca_pem(ca).build().unwrap();
    wait_for_keys(&auth);
    let handle = auth.handle();
    let handle = handle.with_http(Arc::new(AnyAddress(handle.http().clone())));
    let errors = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = errors.clone();
    let names = AgentNames::new(&handle)
        .on_error(move |_, error| told.lock().unwrap().push(error.to_string()));
    let (serving, naming) = (auth.clone(), names.clone());
    let server = Server::start(move |config| {
        let names = naming.clone();
        let name = web::to(move |me: AuthedUser| {
            let names = names.clone();
            async move { names.of(me.principal()).await.map_or("-".into(), |name| name.html()) }
        });
        config.service(web::resource("/mcp").wrap(serving.middleware()).route(name));
    });
    let call = async |path: &str| {
        let token = authority.token().subject("user_ada").audience(RESOURCE);
        let answer = server.call(&token.client_id(format!("{origin}{path}")).sign()).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    };
    for _ in 0..3 {
        assert_eq!(call("/good").await, "Ada&#39;s &lt;b&gt;Agent&lt;/b&gt;");
    }
    assert_eq!(requests.load(Ordering::SeqCst), 1, "it is fetched once");
    for (path, says) in [
        ("/large", "the response's body"),
        ("/other", "the client_id of another client"),
        ("/html", "no client metadata document"),
        ("/redirect", "the answer is 302"),
        ("/missing", "the answer is 404"),
    ] {
        let before = requests.load(Ordering::SeqCst);
        assert_eq!(call(path).await, "-", "{path}");
        let error = errors.lock().unwrap().pop().unwrap();
        assert!(error.contains(says), "{path}: {error}");
        assert_eq!(requests.load(Ordering::SeqCst), before + 1, "{path}");
    }
    let start = Instant::now();
    assert_eq!(call("/slow").await, "-");
    assert!((5..8).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert!(errors.lock().unwrap().pop().unwrap().contains("no complete response within 5s"));
}
