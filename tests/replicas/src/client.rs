//! A connection to a server that is kept open, with one request under way at a time.

use std::{io, net::SocketAddr, time::Duration};

use actix_mcp_auth::testing::SignedWebhook;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A server that does not answer for so long has failed.
const TIMEOUT: Duration = Duration::from_secs(10);
const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}"#;

/// A connection to one replica. It connects at the first request, and again after an error.
pub(crate) struct Client {
    replica: SocketAddr,
    /// The `Host` of the public URL, which is the same for all replicas.
    host: String,
    stream: Option<TcpStream>,
}

/// An answer of a server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    head: String,
}

impl Answer {
    /// The first value of a header.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.headers(name).next()
    }

    /// All values of a header.
    pub(crate) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl Client {
    pub(crate) fn new(replica: SocketAddr, host: &str) -> Self {
        Self { replica, host: host.to_owned(), stream: None }
    }

    /// Calls the tool `whoami` with this token, and returns the status.
    pub(crate) async fn call(&mut self, token: &str) -> io::Result<u16> {
        let request = format!(
            "POST /mcp/bookmarket HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
             MCP-Protocol-Version: 2025-11-25\r\nContent-Length: {}\r\n\r\n{CALL}",
            self.host,
            CALL.len()
        );
        Ok(self.ask(&request).await?.status)
    }

    /// Sends a webhook of WorkOS, and returns the status.
    pub(crate) async fn send_webhook(&mut self, webhook: &SignedWebhook) -> io::Result<u16> {
        let request = format!(
            "POST /webhooks/workos HTTP/1.1\r\nHost: {}\r\nWorkOS-Signature: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
            self.host,
            webhook.signature,
            webhook.body.len(),
            webhook.body
        );
        Ok(self.ask(&request).await?.status)
    }

    /// Asks for the health of the replica.
    pub(crate) async fn health(&mut self) -> io::Result<Answer> {
        let request = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        self.ask(&request).await
    }

    /// Sends a whole request.
    ///
    /// A connection that was kept may have been closed meanwhile, as after a refusal before the body
    /// was read: then another one is tried.
    pub(crate) async fn ask(&mut self, request: &str) -> io::Result<Answer> {
        if let Some(kept) = self.stream.take()
            && let Ok(answer) = self.ask_over(kept, request).await
        {
            return Ok(answer);
        }
        let stream = TcpStream::connect(self.replica).await?;
        stream.set_nodelay(true)?;
        self.ask_over(stream, request).await
    }

    async fn ask_over(&mut self, mut stream: TcpStream, request: &str) -> io::Result<Answer> {
        let exchange = async {
            stream.write_all(request.as_bytes()).await?;
            read_answer(&mut stream).await
        };
        let answer = timeout(TIMEOUT, exchange).await.map_err(io::Error::other)??;
        // After an error the connection is not kept.
        self.stream = Some(stream);
        Ok(answer)
    }
}

async fn read_answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::with_capacity(2048);
    loop {
        if let Some(answer) = parse(&bytes) {
            return Ok(answer);
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The answer, if it is complete.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let is_complete = match length {
        Some(length) => body.len() >= length,
        None => body.ends_with("0\r\n\r\n"),
    };
    is_complete.then(|| Answer { status, body: body.to_owned(), head: head.to_owned() })
}
