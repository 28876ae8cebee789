//! A connection to a host through the proxy: `CONNECT` (RFC 9110 §9.3.6).

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::Proxy;

/// How long the proxy may take to connect to the host: less than a whole request may take, so that
/// the log names the proxy as what is slow.
const TIME_LIMIT: Duration = Duration::from_secs(4);

/// The longest head of the proxy's answer that is read, in bytes.
const HEAD_LIMIT: usize = 8 * 1024;

const USER_AGENT: &str = concat!("actix-mcp-auth/", env!("CARGO_PKG_VERSION"));

/// Asks the proxy at the other end of `stream` to connect to a host (RFC 9110 §9.3.6), which is
/// written as in a URL.
///
/// # Errors
/// Tells what the proxy answered, and no credentials.
pub(in crate::refresher) async fn connect(
    mut stream: TcpStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> io::Result<TcpStream> {
    let target = format!("{host}:{port}");
    let refused = |what: String| io::Error::other(format!("the proxy {proxy} {what}"));
    match timeout(TIME_LIMIT, ask(&mut stream, proxy, &target)).await {
        Ok(Ok(200..=299)) => Ok(stream),
        Ok(Ok(407)) => Err(refused(match proxy.authorization {
            Some(_) => "does not accept the user name and password of its URL (407)".to_owned(),
            None => "wants a user name and password, which its URL has not (407)".to_owned(),
        })),
        Ok(Ok(status)) => Err(refused(format!(
            "answered {status} instead of connecting to {target}; does it allow this host?"
        ))),
        Ok(Err(error)) => Err(refused(format!("did not connect to {target}: {error}"))),
        Err(_) => Err(refused(format!("did not connect to {target} within {TIME_LIMIT:?}"))),
    }
}

/// The status of the proxy's answer.
async fn ask(stream: &mut TcpStream, proxy: &Proxy, target: &str) -> io::Result<u16> {
    let mut request =
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {USER_AGENT}\r\n");
    if let Some(authorization) = &proxy.authorization {
        request.push_str(&format!("Proxy-Authorization: {}\r\n", authorization.expose()));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    let end = loop {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await? {
            0 => return Err(io::Error::other("it closed the connection")),
            length => head.extend_from_slice(&piece[..length]),
        }
        if let Some(at) = head.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        if head.len() > HEAD_LIMIT {
            return Err(io::Error::other("its answer has too long a head"));
        }
    };
    let status = status(&head).ok_or_else(|| io::Error::other("its answer is not HTTP"))?;
    // In TLS the client speaks first: what comes before is not the host's.
    if end < head.len() && (200..300).contains(&status) {
        return Err(io::Error::other("it sent something before the host could"));
    }
    Ok(status)
}

/// The status in `HTTP/1.1 200 …` (RFC 9112 §4).
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|&byte| byte == b'\r').next()?;
    let mut words = line.split(|&byte| byte == b' ');
    words.next().filter(|version| version.starts_with(b"HTTP/1."))?;
    let code = std::str::from_utf8(words.next()?).ok().filter(|code| code.len() == 3)?;
    code.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_proxys_answer_is_read() {
        assert_eq!(status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407\r\n\r\n"), Some(407));
        for other in
            [&b"SSH-2.0\r\n"[..], b"HTTP/1.1\r\n", b"HTTP/1.1 2000 x\r\n", b"HTTP/2 200\r\n"]
        {
            assert_eq!(status(other), None);
        }
    }
}
