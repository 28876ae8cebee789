//! The client of a running `McpAuth`, over real sockets.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Barrier, Mutex, mpsc::channel},
    thread,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::join_all};
use mcp_auth_core::{AuthHandle, HttpError, HttpRequest, Secret, http::AllowedAddresses};

use super::*;
use crate::McpAuth;

/// No server answers here.
const NOWHERE: &str = "http://127.0.0.1:1";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Seen: yes\r\n\r\n{}";

#[test]
fn get_names_the_client_and_has_no_content_length() {
    let server = Server::answering(OK);
    let request = HttpRequest::get(server.url("/jwks")).header("accept", "application/json");
    let response = send(request).unwrap();
    assert_eq!((response.status(), response.body()), (200, &b"{}"[..]));
    assert_eq!(response.header("x-SEEN"), Some(&b"yes"[..]));
    let head = server.only_request();
    assert!(head.starts_with("get /jwks http/1.1\r\n"), "{head}");
    let agent = concat!("\r\nuser-agent: actix-mcp-auth/", env!("CARGO_PKG_VERSION"), "\r\n");
    assert!(head.contains(agent), "{head}");
    assert!(head.contains("\r\naccept: application/json\r\n"), "{head}");
    for absent in ["content-length", "transfer-encoding", "authorization", "cookie"] {
        assert!(!head.contains(absent), "{absent}: {head}");
    }
}

#[test]
fn post_sends_its_body_with_length_and_type() {
    let server = Server::answering(OK);
    let request = HttpRequest::post(server.url("/token")).bearer(&Secret::new("s3cret"));
    send(request.body("application/x-www-form-urlencoded", "a=b")).unwrap();
    let head = server.only_request();
    for part in [
        "post /token http/1.1\r\n",
        "\r\nauthorization: bearer s3cret\r\n",
        "\r\ncontent-type: application/x-www-form-urlencoded\r\n",
        "\r\ncontent-length: 3\r\n",
        "\r\n\r\na=b",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let empty = Server::answering(OK);
    send(HttpRequest::post(empty.url("/"))).unwrap();
    assert!(empty.only_request().contains("\r\ncontent-length: 0\r\n"));
}

#[test]
fn r27_larger_body_than_allowed_is_refused() {
    let body = |length: usize| {
        Server::answering(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}",
            "x".repeat(length)
        ))
    };
    let limit = HttpRequest::DEFAULT_SIZE_LIMIT;
    assert_eq!(send(HttpRequest::get(body(limit).url("/"))).unwrap().body().len(), limit);
    let error = send(HttpRequest::get(body(limit + 1).url("/"))).unwrap_err();
    assert!(matches!(error, HttpError::Body(_)), "{error}");
    let small = HttpRequest::get(body(9).url("/")).size_limit(8);
    assert!(matches!(send(small), Err(HttpError::Body(_))));
    let endless = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\nx");
    let error = send(HttpRequest::get(endless.url("/"))).unwrap_err();
    assert!(matches!(error, HttpError::Body(_) | HttpError::TimedOut(_)), "{error}");
}

#[test]
fn error_body_is_read_on_demand_only() {
    let error = "HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nerror";
    let server = Server::answering(error);
    let response = send(HttpRequest::get(server.url("/"))).unwrap();
    assert_eq!((response.status(), response.body()), (400, &b""[..]));
    let response = send(HttpRequest::get(server.url("/")).reading_error_bodies()).unwrap();
    assert_eq!((response.status(), response.body()), (400, &b"error"[..]));
}

#[test]
fn r27_slow_response_ends_at_the_time_limit() {
    for answered in
        ["", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"]
    {
        let server = Server::start(move |stream, _| {
            let _ = stream.write_all(answered.as_bytes());
            wait_for_end(stream);
        });
        let limit = Duration::from_millis(300);
        let start = Instant::now();
        let outcome = send(HttpRequest::get(server.url("/")).time_limit(limit));
        assert_eq!(outcome.unwrap_err(), HttpError::TimedOut(limit), "{answered:?}");
        assert!(start.elapsed() >= limit && start.elapsed() < Duration::from_secs(4));
    }
}

#[test]
fn r27_redirect_is_not_followed() {
    let target = Server::answering(OK);
    for status in [301, 302, 303, 307, 308] {
        let server = Server::answering(format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            target.url("/")
        ));
        let request = HttpRequest::get(server.url("/")).bearer(&Secret::new("s3cret"));
        let response = send(request).unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.header("location"), Some(target.url("/").as_bytes()));
    }
    assert_eq!(target.requests(), 0);
}

#[test]
fn r27_private_address_of_a_discovered_url_is_refused() {
    let server = Server::answering(OK);
    let named_by = |host: &str| {
        let addresses = AllowedAddresses::PublicUnlessPrivate { named_by: host.into() };
        HttpRequest::get(server.url("/")).addresses(addresses)
    };
    run(async |handle| {
        // A connection that another rule allowed is not used for this one.
        handle.http().send(HttpRequest::get(server.url("/"))).await.unwrap();
        for public in ["93.184.216.34", "2606:4700:4700::1111"] {
            let error = handle.http().send(named_by(public)).await.unwrap_err();
            assert!(error.to_string().contains("private address"), "{public}: {error}");
        }
        let error = handle.http().send(named_by("")).await.unwrap_err();
        assert!(matches!(error, HttpError::Unreachable(_)), "{error}");
        assert_eq!(server.requests(), 1);
        assert_eq!(handle.http().send(named_by("10.0.0.4")).await.unwrap().status(), 200);
    });
}

#[test]
fn request_that_cannot_be_sent_is_an_error() {
    let bad = [
        HttpRequest::get("").header("accept", "*/*"),
        HttpRequest::get("jwks"),
        HttpRequest::get("http://"),
        HttpRequest::get("ftp://127.0.0.1/"),
        HttpRequest::get("http://127.0.0.1:1/ x"),
        HttpRequest::get(NOWHERE).bearer(&Secret::new("a\r\nx: s3cret")),
        HttpRequest::get(NOWHERE).header("bad name", "x"),
    ];
    for request in bad {
        let shown = format!("{request:?}");
        let error = send(request).unwrap_err();
        assert!(matches!(error, HttpError::InvalidRequest(_)), "{shown}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    let error = send(HttpRequest::get(NOWHERE)).unwrap_err();
    assert!(matches!(error, HttpError::Unreachable(_)), "{error}");
}

#[test]
fn many_requests_are_in_flight_at_once() {
    const REQUESTS: usize = 150;
    // No response before every request is there.
    let all = Arc::new(Barrier::new(REQUESTS));
    let server = Server::start(move |stream, _| {
        all.wait();
        let _ = stream.write_all(OK.as_bytes());
    });
    let auth = auth();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (handle, url) = (auth.handle(), server.url("/"));
            thread::spawn(move || {
                let requests =
                    (0..REQUESTS / 3).map(|_| handle.http().send(HttpRequest::get(&*url)));
                block_on(join_all(requests))
            })
        })
        .collect();
    for thread in threads {
        for response in thread.join().unwrap() {
            assert_eq!(response.unwrap().status(), 200);
        }
    }
}

#[test]
fn dropped_request_closes_its_connection() {
    let (ended, end) = channel();
    let server = Server::start(move |stream, _| {
        wait_for_end(stream);
        ended.send(()).unwrap();
    });
    run(async |handle| {
        let mut request = handle.http().send(HttpRequest::get(server.url("/")));
        while server.requests() == 0 {
            let waits = tokio::time::timeout(Duration::from_millis(20), &mut request).await;
            assert!(waits.is_err(), "{waits:?}");
        }
        drop(request);
        wait_until(|| format!("{:?}", handle.http()).contains("in_flight: 0"));
    });
    end.recv_timeout(Duration::from_secs(2)).unwrap();
}

#[test]
fn handle_fails_once_its_mcp_auth_is_dropped() {
    let server = Server::start(|stream, _| wait_for_end(stream));
    let auth = auth();
    let handle = auth.handle();
    let in_flight = {
        let (handle, url) = (handle.clone(), server.url("/"));
        thread::spawn(move || block_on(handle.http().send(HttpRequest::get(url))))
    };
    wait_until(|| server.requests() == 1);
    drop(auth);
    assert_eq!(in_flight.join().unwrap().unwrap_err(), HttpError::Closed);
    let late = block_on(handle.http().send(HttpRequest::get(server.url("/"))));
    assert_eq!(late.unwrap_err(), HttpError::Closed);
}

#[test]
fn requests_beyond_the_bound_fail_at_once() {
    let (client, worker) = open(None);
    let get = || client.send(HttpRequest::get(NOWHERE));
    let mut waiting: Vec<_> = (0..MAX_IN_FLIGHT).map(|_| get()).collect();
    assert!(waiting.iter_mut().all(|request| request.now_or_never().is_none()));
    assert_eq!(get().now_or_never().unwrap().unwrap_err(), HttpError::TooManyRequests);
    drop(worker);
    assert!(get().now_or_never().unwrap().is_err());
    for request in waiting {
        assert_eq!(request.now_or_never().unwrap().unwrap_err(), HttpError::Closed);
    }
}

#[test]
fn handle_is_for_any_thread() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<AuthHandle>();
    let handle = auth().handle();
    assert_eq!(handle.authenticator().policy().resource.as_str(), "http://127.0.0.1:1/mcp");
}

fn auth() -> McpAuth {
    McpAuth::builder(format!("{NOWHERE}/mcp").as_str()).issuer(NOWHERE).build().unwrap()
}

fn run<T>(act: impl AsyncFnOnce(AuthHandle) -> T) -> T {
    let auth = auth();
    block_on(act(auth.handle()))
}

fn send(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    run(async |handle| handle.http().send(request).await)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(5));
        thread::sleep(Duration::from_millis(5));
    }
}

/// Reads until the client closes the connection.
fn wait_for_end(stream: &mut TcpStream) {
    let mut rest = [0; 512];
    while stream.read(&mut rest).is_ok_and(|read| read > 0) {}
}

/// A server with a thread per connection and one request on each.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn answering(response: impl Into<String>) -> Self {
        let response = response.into();
        Self::start(move |stream, _| {
            let _ = stream.write_all(response.as_bytes());
        })
    }

    fn start(answer: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let server = Self { port, requests: requests.clone() };
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (requests, answer) = (requests.clone(), answer.clone());
                thread::spawn(move || {
                    let request = read_request(&mut stream);
                    requests.lock().unwrap().push(request.clone());
                    answer(&mut stream, &request);
                });
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The one request, in lower case.
    fn only_request(&self) -> String {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1);
        requests[0].to_lowercase()
    }
}

/// A head, and a short body where the head announces one.
fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).unwrap();
    let lower = head.to_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}
