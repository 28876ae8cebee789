//! The smallest of clients.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

/// What stands at a URL on this machine.
pub fn get(uri: &str) -> String {
    let rest = uri.strip_prefix("http://").expect("http on loopback");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("the authority listens");
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}
