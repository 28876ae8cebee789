//! A client that writes bytes to a socket: for requests that no HTTP library sends, and for many
//! requests over one kept connection.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::answer::Answer;

/// A connection that is opened when it is needed and kept while the server keeps it.
///
/// It blocks the thread; the server under test has threads of its own.
pub struct Wire {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

/// The timeout of an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Wire {
    /// A client for the server at this address.
    pub fn to(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// A POST to `/mcp` with this `Authorization` value, whatever bytes it has.
    pub fn call(&mut self, authorization: &[u8]) -> Answer {
        self.post(&[("Authorization", authorization)])
    }

    /// A POST to `/mcp` with these headers and no body.
    pub fn post(&mut self, headers: &[(&str, &[u8])]) -> Answer {
        self.request("POST", headers)
    }

    /// A request to `/mcp` with these headers and no body.
    pub fn request(&mut self, method: &str, headers: &[(&str, &[u8])]) -> Answer {
        let mut request = format!("{method} /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n").into_bytes();
        for (name, value) in headers {
            request.extend(name.as_bytes());
            request.extend(b": ");
            request.extend(*value);
            request.extend(b"\r\n");
        }
        request.extend(b"Content-Length: 0\r\n\r\n");
        let mut credentials = Vec::new();
        for (_, value) in headers {
            credentials.extend(*value);
            credentials.push(b'\n');
        }
        self.send(&request).judged(&credentials)
    }

    /// Writes bytes and reads one answer, without the check for a piece of the token.
    ///
    /// # Panics
    /// If no HTTP answer comes within 10 s.
    pub fn send(&mut self, request: &[u8]) -> Answer {
        let is_head = request.starts_with(b"HEAD ");
        let kept = self.stream.is_some();
        match self.try_send(request, is_head) {
            Ok(answer) => answer,
            // The server may have closed a kept connection in the meantime.
            Err(_) if kept => {
                self.stream = None;
                self.try_send(request, is_head).unwrap()
            }
            Err(error) => panic!(
                "no answer ({error}) to {:?}",
                String::from_utf8_lossy(&request[request.len().saturating_sub(300)..])
            ),
        }
    }

    fn try_send(&mut self, request: &[u8], is_head: bool) -> io::Result<Answer> {
        let start = Instant::now();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.address)?),
        };
        // A server may reject and close before it has read everything.
        match stream.get_mut().write_all(request) {
            Err(error) if !is_closed(&error) => return Err(error),
            _ => {}
        }
        let mut answer = read_answer(&mut stream, is_head)?;
        answer.took = start.elapsed();
        // After bytes that are no HTTP, actix-http answers without a body and reads no further.
        let is_over = answer.status >= 400 && answer.body.is_empty() && !is_head;
        let closes = answer.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
        if !closes && !is_over {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

fn read_answer(stream: &mut BufReader<TcpStream>, is_head: bool) -> io::Result<Answer> {
    let malformed = || io::Error::new(ErrorKind::InvalidData, "not an HTTP answer");
    let status_line = line(stream)?;
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(malformed)?;
        headers.push((name.to_ascii_lowercase(), value.trim().as_bytes().to_vec()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = match length {
        Some((_, value)) => String::from_utf8_lossy(value).parse().map_err(|_| malformed())?,
        None => 0,
    };
    let mut body = vec![0; if is_head { 0 } else { length }];
    stream.read_exact(&mut body)?;
    Ok(Answer {
        status: status.ok_or_else(malformed)?,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        took: Duration::ZERO,
    })
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line)? == 0 {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "the connection was closed"));
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}
