//! The load: connections that are kept open, each with one request under way at a time.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

/// A server that does not answer for so long has failed.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Connections to one server.
pub struct Client {
    poll: Poll,
    connections: Vec<Connection>,
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// Requests that are sent in turn.
pub struct Requests {
    texts: Vec<Vec<u8>>,
    next: usize,
}

impl Requests {
    /// GET requests, or calls of the tool `answer`, with these tokens.
    pub fn new(tokens: &[String], calls_tool: bool) -> Self {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"answer","arguments":{}}}"#;
        let request = |token: &String| {
            let head = format!("Host: app.example.com\r\nAuthorization: Bearer {token}\r\n");
            match calls_tool {
                false => format!("GET /mcp HTTP/1.1\r\n{head}\r\n"),
                true => format!(
                    "POST /mcp HTTP/1.1\r\n{head}Content-Type: application/json\r\n\
                     Accept: application/json, text/event-stream\r\n\
                     MCP-Protocol-Version: 2025-11-25\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ),
            }
            .into_bytes()
        };
        Self { texts: tokens.iter().map(request).collect(), next: 0 }
    }

    fn next(&mut self) -> &[u8] {
        self.next = (self.next + 1) % self.texts.len();
        &self.texts[self.next]
    }
}

impl Client {
    /// Opens so many connections.
    pub fn connect(address: SocketAddr, count: usize) -> Self {
        let poll = Poll::new().expect("a poll");
        let connect = |n| {
            let stream = std::net::TcpStream::connect(address).expect("the server listens");
            stream.set_nodelay(true).expect("no delay");
            stream.set_nonblocking(true).expect("not blocking");
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(n), Interest::READABLE).expect("a place");
            Connection { stream, answer: Vec::with_capacity(1024) }
        };
        let connections = (0..count).map(connect).collect();
        Self { poll, connections }
    }

    /// Keeps every connection busy for so long, waits for the last answers, and returns how many
    /// there were.
    pub fn burst(&mut self, requests: &mut Requests, length: Duration) -> usize {
        let mut events = Events::with_capacity(256);
        let end = Instant::now() + length;
        let (mut answers, mut under_way) = (0, self.connections.len());
        for connection in &mut self.connections {
            connection.send(requests.next());
        }
        let mut last = Instant::now();
        while under_way > 0 {
            // It never sleeps: on the same machine the server would pay for waking it.
            self.poll.poll(&mut events, Some(Duration::ZERO)).expect("events");
            match events.is_empty() {
                true => assert!(last.elapsed() < TIMEOUT, "a server answers within 10 s"),
                false => last = Instant::now(),
            }
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if !connection.receive() {
                    continue;
                }
                answers += 1;
                match Instant::now() < end {
                    true => connection.send(requests.next()),
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
        let written = self.stream.write(request).expect("the server reads");
        assert_eq!(written, request.len(), "a request fits into the socket's buffer");
    }

    /// Reads what is there; whether the answer is complete. Only `ok` is an answer that counts.
    fn receive(&mut self) -> bool {
        let mut buffer = [0; 4096];
        while !self.is_complete() {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the server hung up"),
                Ok(n) => self.answer.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => panic!("the server's answer could not be read: {error}"),
            }
        }
        let text = String::from_utf8_lossy(&self.answer);
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        let is_ok = text.get(9..12) == Some("200") && (body == "ok" || body.contains(r#""ok""#));
        assert!(is_ok, "{text}");
        true
    }

    fn is_complete(&self) -> bool {
        let Some(end) = self.answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
            return false;
        };
        let head = std::str::from_utf8(&self.answer[..end]).expect("a head in ASCII");
        let length: Option<usize> = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        match length {
            Some(length) => self.answer.len() == end + 4 + length,
            None => self.answer.ends_with(b"0\r\n\r\n"),
        }
    }
}
