//! The load: connections that are kept open, each with one request under way at a time.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

/// Connections to one server.
pub struct Client {
    poll: Poll,
    connections: Vec<Connection>,
    /// Never sleeps while it waits: a server on the same machine pays for waking whoever does, and
    /// the more the longer it takes.
    awake: bool,
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    sent: Instant,
    /// Which of the two kinds of requests it sends.
    kind: usize,
}

/// Requests of one kind, sent in turn.
pub struct Requests {
    texts: Vec<Vec<u8>>,
    next: usize,
    status: &'static [u8],
}

/// What became of the requests of one kind.
#[derive(Default)]
pub struct Answers {
    /// How many were answered.
    pub count: usize,
    /// How long each took.
    pub latencies: Vec<Duration>,
}

impl Requests {
    /// GET requests with these tokens, each of which is answered with this status, or with one of
    /// several: `401|503`.
    pub fn new(tokens: &[String], path: &str, status: &'static str) -> Self {
        let request = |token: &String| {
            format!(
                "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
            )
            .into_bytes()
        };
        Self { texts: tokens.iter().map(request).collect(), next: 0, status: status.as_bytes() }
    }

    fn next(&mut self) -> &[u8] {
        self.next = (self.next + 1) % self.texts.len();
        &self.texts[self.next]
    }
}

impl Client {
    /// Opens so many connections for each kind of requests. `awake`: it never sleeps, and takes a
    /// whole processor.
    pub fn connect(address: SocketAddr, counts: &[usize], awake: bool) -> Self {
        let poll = Poll::new().expect("a poll");
        let kinds = counts.iter().enumerate().flat_map(|(kind, &n)| vec![kind; n]);
        let connections = kinds.enumerate().map(|(n, kind)| {
            let stream = std::net::TcpStream::connect(address).expect("the server listens");
            stream.set_nodelay(true).expect("no delay");
            stream.set_nonblocking(true).expect("not blocking");
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(n), Interest::READABLE).expect("a place");
            Connection { stream, answer: Vec::with_capacity(1024), sent: Instant::now(), kind }
        });
        let connections = connections.collect();
        Self { poll, connections, awake }
    }

    /// Keeps every connection busy for so long, and waits for the last answers.
    pub fn burst(&mut self, requests: &mut [&mut Requests], length: Duration) -> Vec<Answers> {
        let mut answers: Vec<Answers> = requests.iter().map(|_| Answers::default()).collect();
        let mut events = Events::with_capacity(256);
        let end = Instant::now() + length;
        let mut under_way = self.connections.len();
        for connection in &mut self.connections {
            connection.send(requests[connection.kind].next());
        }
        let patience = Duration::from_secs(10);
        let wait = if self.awake { Duration::ZERO } else { patience };
        let mut last = Instant::now();
        while under_way > 0 {
            self.poll.poll(&mut events, Some(wait)).expect("events");
            match events.is_empty() {
                true => assert!(last.elapsed() < patience, "a server answers within 10 s"),
                false => last = Instant::now(),
            }
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                let kind = connection.kind;
                if !connection.receive(requests[kind].status) {
                    continue;
                }
                let now = Instant::now();
                answers[kind].count += 1;
                answers[kind].latencies.push(now - connection.sent);
                match now < end {
                    true => connection.send(requests[kind].next()),
                    false => under_way -= 1,
                }
            }
        }
        answers
    }
}

impl Connection {
    fn send(&mut self, request: &[u8]) {
        self.answer.clear();
        self.sent = Instant::now();
        let written = self.stream.write(request).expect("the server reads");
        assert_eq!(written, request.len(), "a request fits into the socket's buffer");
    }

    /// Reads what is there; whether the answer is complete.
    fn receive(&mut self, status: &[u8]) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the server hung up"),
                Ok(n) => self.answer.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("the server's answer could not be read: {error}"),
            }
            // What is shorter than the buffer was all that there is: no need to ask once more.
            if self.is_complete() {
                break;
            }
        }
        let complete = self.is_complete();
        if complete {
            let found = self.answer.get(9..12).expect("a status");
            let is_expected = status.split(|byte| *byte == b'|').any(|status| status == found);
            assert!(is_expected, "{}", String::from_utf8_lossy(&self.answer));
        }
        complete
    }

    fn is_complete(&self) -> bool {
        let Some(end) = self.answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
            return false;
        };
        let head = std::str::from_utf8(&self.answer[..end]).expect("a head in ASCII");
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let length: usize = length.expect("a content length");
        self.answer.len() == end + 4 + length
    }
}
