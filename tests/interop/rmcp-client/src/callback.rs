//! The target of the redirect: a listener on loopback that waits for the browser.

use std::io;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::TcpListener,
};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\nConnection: close\r\n\r\nYou can close this page.";
const NOT_FOUND: &[u8] =
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A listener on a free loopback port.
pub(crate) struct Callback {
    listener: TcpListener,
    origin: String,
}

impl Callback {
    /// Starts to listen.
    pub(crate) async fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        Ok(Self { listener, origin })
    }

    /// The redirect URI.
    pub(crate) fn redirect_url(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// The whole URL of the browser's next request.
    pub(crate) async fn returned(&self) -> io::Result<String> {
        loop {
            let (connection, _) = self.listener.accept().await?;
            let mut connection = BufStream::new(connection);
            let mut request = String::new();
            connection.read_line(&mut request).await?;
            let mut header = String::from("-");
            while !header.trim().is_empty() {
                header.clear();
                connection.read_line(&mut header).await?;
            }
            let target = request.split(' ').nth(1).unwrap_or_default();
            let found = target.starts_with("/callback?");
            let answer = if found { ANSWER } else { NOT_FOUND };
            connection.write_all(answer).await?;
            connection.shutdown().await?;
            if found {
                return Ok(format!("{}{target}", self.origin));
            }
        }
    }
}
