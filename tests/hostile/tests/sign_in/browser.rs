//! A browser, as far as cookies go, and requests to the byte.

use std::fmt;

use hostile::Answer;

use crate::application::{Application, SESSION};

/// A request.
#[derive(Clone)]
pub(crate) struct Sent {
    method: &'static str,
    pub(crate) path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: String,
}

impl Sent {
    /// A navigation.
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path).header("sec-fetch-mode", "navigate")
    }

    /// A navigation by a form of the own origin.
    pub(crate) fn form(path: &str, form: &[(&str, &str)]) -> Self {
        Self::new("POST", path)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", "same-origin")
            .body(form)
    }

    pub(crate) fn new(method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn body(mut self, form: &[(&str, &str)]) -> Self {
        self.body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A `Cookie` header with one cookie.
    pub(crate) fn cookie(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.header("cookie", [name.as_bytes(), b"=", value.as_ref()].concat())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nhost: localhost\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(format!("content-length: {}\r\n\r\n{}", self.body.len(), self.body).bytes());
        bytes
    }

    pub(crate) fn has_cookies(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == "cookie")
    }

    /// The values of its cookies, with a line for each.
    pub(crate) fn cookie_values(&self) -> Vec<u8> {
        let cookies = self.headers.iter().filter(|(name, _)| *name == "cookie");
        let pairs = cookies.flat_map(|(_, header)| header.split(|byte| *byte == b';'));
        let values = pairs.filter_map(|pair| pair.splitn(2, |byte| *byte == b'=').nth(1));
        values.flat_map(|value| [value, b"\n"].concat()).collect()
    }
}

/// Shows the beginnings of values.
impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:.200}", self.method, self.path)?;
        for (name, value) in &self.headers {
            let shown = String::from_utf8_lossy(&value[..value.len().min(60)]);
            write!(f, " [{name}: {shown:?} ({} bytes)]", value.len())?;
        }
        Ok(())
    }
}

#[derive(Clone)]
pub(crate) struct Browser<'a> {
    pub(crate) application: &'a Application,
    pub(crate) jar: Vec<(String, String)>,
}

impl Browser<'_> {
    /// Adds the cookies.
    pub(crate) fn with_cookies(&self, sent: Sent) -> Sent {
        let cookies = self.jar.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies: Vec<String> = cookies.collect();
        if cookies.is_empty() { sent } else { sent.header("cookie", cookies.join("; ")) }
    }

    pub(crate) fn send(&mut self, sent: Sent) -> Answer {
        let answer = self.application.send(&self.with_cookies(sent));
        self.keep(&answer);
        answer
    }

    /// Keeps the cookies of an answer.
    pub(crate) fn keep(&mut self, answer: &Answer) {
        for (name, value) in set_cookies(answer) {
            self.jar.retain(|(known, _)| *known != name);
            if !value.is_empty() {
                self.jar.push((name, value));
            }
        }
    }

    pub(crate) fn go(&mut self, path: &str) -> Answer {
        self.send(Sent::get(path))
    }

    /// Begins a sign-in, and returns the path of the callback with the issuer's answer.
    pub(crate) fn begin(&mut self, login: &str) -> String {
        let answer = self.go(login);
        assert_eq!(answer.status, 303, "{answer:?}");
        self.application.at_the_issuer(&answer.header("location").unwrap())
    }

    /// A whole sign-in, and the answer at its end.
    pub(crate) fn sign_in(&mut self, login: &str) -> Answer {
        let callback = self.begin(login);
        self.go(&callback)
    }

    pub(crate) fn home(&mut self) -> Answer {
        self.go("/site/home")
    }

    /// Who is signed in.
    pub(crate) fn who(&mut self) -> String {
        let answer = self.home();
        if answer.status == 200 { answer.body } else { format!("nobody: {}", answer.status) }
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.jar.iter().find(|(name, _)| name == SESSION).map(|(_, value)| &**value)
    }
}

/// Names and values of the cookies that an answer sets; the value of one that it removes is empty.
pub(crate) fn set_cookies(answer: &Answer) -> Vec<(String, String)> {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    set.map(|(_, value)| {
        let value = String::from_utf8_lossy(value);
        let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    })
    .collect()
}

/// Whether the answer starts a session.
pub(crate) fn starts_session(answer: &Answer) -> bool {
    set_cookies(answer).iter().any(|(name, value)| name == SESSION && !value.is_empty())
}

/// A parameter of a query.
pub(crate) fn parameter(path: &str, name: &str) -> String {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
}
