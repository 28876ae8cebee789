//! Reads JSON-RPC bodies, or URIs, for the differential test (`tests/foreign/messages/run`), as
//! this crate does and as MCP servers in Rust do.
//!
//! ```sh
//! read-messages ours|ours-uris|serde-value|serde-struct|url < records > lines
//! ```
//!
//! The records on stdin and the line for each on stdout are described in
//! `tests/foreign/messages/judge.py`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod ours;
mod serde_readers;

use std::{
    io::{self, BufWriter, Read, Write},
    process::ExitCode,
};

use ours::Endpoint;

/// Reads a record and describes it in a line.
type Reader = Box<dyn Fn(&[u8]) -> String>;

fn main() -> ExitCode {
    let how = std::env::args().nth(1).unwrap_or_default();
    let read: Reader = match how.as_str() {
        "ours" => {
            let endpoint = Endpoint::start();
            Box::new(move |body| endpoint.read_body(body))
        }
        "ours-uris" => {
            let endpoint = Endpoint::start();
            Box::new(move |uri| endpoint.read_uri(uri))
        }
        "serde-value" => Box::new(serde_readers::by_value),
        "serde-struct" => Box::new(serde_readers::by_struct),
        "url" => Box::new(by_url),
        _ => {
            eprintln!("ours, ours-uris, serde-value, serde-struct or url");
            return ExitCode::FAILURE;
        }
    };
    let mut records = Vec::new();
    io::stdin().read_to_end(&mut records).unwrap();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut rest = &records[..];
    while let Some((length, after)) = rest.split_first_chunk() {
        let (record, after) = after.split_at(u32::from_le_bytes(*length).try_into().unwrap());
        writeln!(out, "{}", read(record)).unwrap();
        rest = after;
    }
    assert!(rest.is_empty(), "half a record");
    out.flush().unwrap();
    ExitCode::SUCCESS
}

/// The crate `url`, as servers in Rust use it.
fn by_url(record: &[u8]) -> String {
    let parsed = std::str::from_utf8(record).ok().and_then(|uri| url::Url::parse(uri).ok());
    parsed.map_or_else(|| "-".to_owned(), |url| field(Some(url.as_str())))
}

/// A string as a field of a line: absent and empty differ.
fn field(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!("={}", hex(text)))
}

fn hex(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    text.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
