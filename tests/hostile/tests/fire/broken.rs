//! A server of key sets that writes the bytes that a test gives.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use actix_mcp_auth::testing::Keys;

/// How a request is answered.
pub(crate) type Way = Arc<dyn Fn(&mut TcpStream, &Asked) -> io::Result<()> + Send + Sync>;

/// The request, and the correct answer.
pub(crate) struct Asked {
    /// The request, in lower case.
    pub(crate) head: String,
    /// The key set.
    pub(crate) document: String,
    /// How many requests came before this one.
    pub(crate) before: u64,
}

/// The server. It answers correctly until it gets another answer.
pub(crate) struct Broken {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    keys: Keys,
    way: Mutex<Option<Way>>,
    requests: AtomicU64,
    over: AtomicBool,
}

impl Broken {
    /// Publishes these keys on a free port.
    pub(crate) fn start(keys: Keys) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (way, requests, over) = (Mutex::default(), AtomicU64::new(0), AtomicBool::new(false));
        let state = Arc::new(State { keys, way, requests, over });
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = shared.clone();
                if state.over.load(SeqCst) {
                    break;
                }
                // The client may disconnect in the middle; that is expected.
                thread::spawn(move || state.answer(stream));
            }
        });
        Self { address, state }
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://{}/jwks", self.address)
    }

    /// Answers with this from now on; `None` is the correct answer.
    pub(crate) fn answer(&self, way: Option<Way>) {
        *self.state.way.lock().unwrap() = way;
    }

    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(SeqCst)
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        self.state.over.store(true, SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.set_write_timeout(Some(Duration::from_secs(20)))?;
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let published = self.keys.published();
        let keys: Vec<_> = published.iter().map(|key| key.public_jwk()).collect();
        let asked = Asked {
            head: String::from_utf8_lossy(&head).to_lowercase(),
            document: serde_json::json!({ "keys": keys }).to_string(),
            before: self.requests.fetch_add(1, SeqCst),
        };
        let way = self.way.lock().unwrap().clone();
        match way {
            Some(way) => way(&mut stream, &asked),
            None => say(&mut stream, "200 OK", "", asked.document.as_bytes()),
        }
    }
}

/// A whole answer. `headers` each end with a line break.
pub(crate) fn say(
    stream: &mut TcpStream,
    status: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

/// Always this answer.
pub(crate) fn always(status: &'static str, headers: &'static str, body: impl Into<Vec<u8>>) -> Way {
    let body = body.into();
    Arc::new(move |stream, _| say(stream, status, headers, &body))
}

/// These bytes; then the connection is kept until the client closes it.
pub(crate) fn bytes_and_silence(bytes: &'static [u8]) -> Way {
    Arc::new(move |stream, _| {
        stream.write_all(bytes)?;
        wait_for_the_end(stream)
    })
}

/// These bytes, and the end of the connection.
pub(crate) fn bytes_and_end(bytes: &'static [u8]) -> Way {
    Arc::new(move |stream, _| stream.write_all(bytes))
}

/// These bytes, and then one piece after the other until the client closes the connection, or until
/// `total` bytes were sent. Waits for `pause` before each piece. Counts the bytes.
pub(crate) fn without_end(
    head: &'static [u8],
    piece: Vec<u8>,
    pause: Duration,
    total: usize,
    sent: Arc<AtomicU64>,
) -> Way {
    Arc::new(move |stream, _| {
        stream.write_all(head)?;
        for _ in 0..total / piece.len() {
            thread::sleep(pause);
            stream.write_all(&piece)?;
            sent.fetch_add(piece.len() as u64, SeqCst);
        }
        wait_for_the_end(stream)
    })
}

fn wait_for_the_end(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}
