//! A browser, as far as cookies go.

use std::net::SocketAddr;

use crate::{
    client::{Answer, Client},
    servers::Failed,
};

/// A browser of one person. It can ask each replica directly: which one answers is the proxy's choice
/// otherwise.
#[derive(Clone)]
pub(super) struct Browser {
    public_url: String,
    issuer: SocketAddr,
    cookies: Vec<(String, String)>,
}

impl Browser {
    pub(super) fn new(public_url: &str, issuer: SocketAddr) -> Self {
        Self { public_url: public_url.to_owned(), issuer, cookies: Vec::new() }
    }

    /// A navigation.
    pub(super) async fn go(&mut self, to: SocketAddr, path: &str) -> Result<Answer, Failed> {
        self.send(to, &format!("GET {path} HTTP/1.1\r\n"), "").await
    }

    /// A page that needs a session.
    pub(super) async fn home(&mut self, to: SocketAddr) -> Result<Answer, Failed> {
        self.go(to, "/site/home").await
    }

    /// A form of a page of the own origin, without fields.
    pub(super) async fn post(&mut self, to: SocketAddr, path: &str) -> Result<Answer, Failed> {
        let form = "Sec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n";
        self.send(to, &format!("POST {path} HTTP/1.1\r\n"), form).await
    }

    /// Begins a sign-in at `to`, and returns the answer with the path of the callback, where the
    /// issuer sends the browser.
    pub(super) async fn begin(&mut self, to: SocketAddr) -> Result<(Answer, String), Failed> {
        let login = self.go(to, "/login?return_to=/site/home").await?;
        let authorize = location(&login)?;
        let path = authorize.splitn(4, '/').nth(3).ok_or("the issuer's URL has no path")?;
        let host = self.issuer.to_string();
        let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let back = Client::new(self.issuer, &host).ask(&request).await?;
        let callback = location(&back)?.strip_prefix(&self.public_url);
        let callback = callback.ok_or("the issuer does not redirect to the site")?.to_owned();
        Ok((login, callback))
    }

    /// Completes it, at `to`.
    pub(super) async fn end(&mut self, to: SocketAddr, callback: &str) -> Result<Answer, Failed> {
        let answer = self.go(to, callback).await?;
        match (location(&answer)?, self.session()) {
            ("/site/home", Some(_)) => Ok(answer),
            (elsewhere, _) => Err(format!("the sign-in ends at {elsewhere}").into()),
        }
    }

    /// A whole sign-in.
    pub(super) async fn sign_in(mut self, at: SocketAddr) -> Result<Self, Failed> {
        let (_, callback) = self.begin(at).await?;
        self.end(at, &callback).await?;
        Ok(self)
    }

    /// The length of the session's cookie: its name and value.
    pub(super) fn session(&self) -> Option<usize> {
        let cookie = self.cookies.iter().find(|(name, _)| name == "mcp-auth-session");
        cookie.map(|(name, value)| name.len() + value.len())
    }

    /// Keeps the cookies of an answer.
    pub(super) fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap_or_default();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    async fn send(&mut self, to: SocketAddr, line: &str, headers: &str) -> Result<Answer, Failed> {
        let host = self.public_url.trim_start_matches("http://");
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = match cookies.is_empty() {
            true => String::new(),
            false => format!("Cookie: {}\r\n", cookies.join("; ")),
        };
        let request =
            format!("{line}Host: {host}\r\nSec-Fetch-Mode: navigate\r\n{cookies}{headers}\r\n");
        let answer = Client::new(to, host).ask(&request).await?;
        self.keep(&answer);
        Ok(answer)
    }
}

/// Where a redirect leads.
fn location(answer: &Answer) -> Result<&str, Failed> {
    let location = answer.header("location").filter(|_| (300..400).contains(&answer.status));
    location.ok_or_else(|| format!("{} in place of a redirect", answer.status).into())
}
