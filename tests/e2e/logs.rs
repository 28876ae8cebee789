//! What the operator reads, and what nobody may read.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use actix_web::http::Method;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{RESOURCE, Server, authority, builder, good_token};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[actix_web::test]
async fn r09_neither_log_nor_answer_shows_a_token_and_the_log_tells_the_remedy() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    // One subscriber for the process: the server's workers are threads of their own.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let good = good_token(&authority);
    let unbound = authority.token().subject("user_ada").audience(authority.client_id()).sign();
    let forged = authority.token().subject("user_ada").audience(RESOURCE).signed_by_stranger();
    let mut answers = String::new();
    for token in [good.as_str(), &unbound, &forged.sign(), "no-token-at-all-but-secret"] {
        let answer = server.request(Method::POST, "/mcp").bearer(token).send().await;
        answers += &format!("{answer:?}");
        for secret in [token, token.rsplit('.').next().unwrap()] {
            assert!(!answers.contains(secret), "an answer shows a token");
            assert!(!lines.text().contains(secret), "the log shows a token");
        }
    }
    let log = lines.text();
    assert!(log.contains("reason=\"foreign_audience\""), "{log}");
    assert!(log.contains("resource indicator"), "{log}");
    assert!(log.contains(RESOURCE) && log.contains(authority.client_id()), "{log}");
}
