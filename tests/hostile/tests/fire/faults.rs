//! Every kind of answer. During each fault, tokens of known keys are accepted without added
//! latency, and a token of an unknown key gets 503 within the second that it may wait. After the
//! fault the next valid key set is used.

use std::{
    io::Write,
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use actix_mcp_auth::testing::{Endpoint, Fault, TestAuthority};
use actix_web::rt::System;
use futures_util::future::join;
use hostile::{Class, Expected, full};

use crate::{
    broken::{Broken, Way, always, bytes_and_end, bytes_and_silence, say, without_end},
    world::{PATIENCE, SLACK, TIME_LIMIT, World, quick, within},
};

/// A fault, and how it is produced.
enum Trouble {
    /// The authority itself answers so.
    Authority(Fault),
    /// It is gone.
    Down,
    /// The keys are elsewhere, and there it is so.
    Elsewhere(Way),
}

type Case = (String, Result<(), String>);

#[test]
fn r27_r28_known_keys_verify_during_each_fault_of_an_issuer() {
    let private = TcpListener::bind("127.0.0.2:0").unwrap();
    let (address, connections) = (private.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let counted = connections.clone();
    thread::spawn(move || {
        for _ in private.incoming() {
            counted.fetch_add(1, SeqCst);
        }
    });
    let redirects: Way = Arc::new(move |stream, asked| {
        let status = ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"];
        let status = status[asked.before as usize % status.len()];
        say(stream, status, &format!("Location: http://{address}/jwks\r\n"), b"")
    });

    let mut class = Class::new("keys: what an authority may answer");
    let mut left = troubles();
    left.push(("redirects to a private address", Trouble::Elsewhere(redirects)));
    let (left, done) = (Mutex::new(left), Mutex::new(Vec::new()));
    // Each has a thread for its client, so that the start of another does not change its times.
    thread::scope(|scope| {
        for _ in 0..if full() { 4 } else { 8 } {
            scope.spawn(|| {
                loop {
                    let Some((name, trouble)) = left.lock().unwrap().pop() else { break };
                    let cases = System::new().block_on(endure(name, trouble));
                    done.lock().unwrap().extend(cases);
                }
            });
        }
    });
    for (name, outcome) in done.into_inner().unwrap() {
        class.case(name, outcome);
    }
    class.same("nobody followed a redirect", connections.load(SeqCst), 0);
    class.done();
}

fn troubles() -> Vec<(&'static str, Trouble)> {
    use Trouble::{Authority, Down, Elsewhere};
    let custom = |status, body: &[u8]| {
        let content_type = "application/json".into();
        Authority(Fault::Custom { status, content_type, body: body.into() })
    };
    const JSON: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(r#"{"keys":[]}"#.encode_utf16().flat_map(u16::to_le_bytes));
    let nested = format!("{{\"keys\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    let whole: Way = Arc::new(|stream, asked| {
        let encoded = gzip_stored(asked.document.as_bytes());
        say(stream, "200 OK", "Content-Encoding: gzip\r\n", &encoded)
    });
    let less: Way = Arc::new(|stream, asked| {
        let (length, half) = (asked.document.len(), asked.document.len() / 2);
        stream.write_all(JSON)?;
        write!(stream, "Content-Length: {length}\r\n\r\n{}", &asked.document[..half])
    });
    let padded: Way = Arc::new(|stream, asked| {
        say(stream, "200 OK", "", format!("{}{}", asked.document, " ".repeat(64 << 10)).as_bytes())
    });
    let not_200 = |status: &'static str| -> Way {
        Arc::new(move |stream, asked| say(stream, status, "", asked.document.as_bytes()))
    };
    let forever = |head, piece: &[u8], pause| {
        let pause = Duration::from_millis(pause);
        Elsewhere(without_end(head, piece.to_vec(), pause, 64 << 20, Arc::default()))
    };
    vec![
        ("down", Down),
        ("503", Authority(Fault::Unavailable)),
        ("HTML with 200", Authority(Fault::Html)),
        ("JSON that ends in the middle", Authority(Fault::TruncatedJson)),
        ("a byte a second", Authority(Fault::Drip(Duration::from_secs(1)))),
        ("64 MB", Authority(Fault::HugeBody(64 << 20))),
        ("a redirect", Authority(Fault::Redirect("http://127.0.0.1:9/jwks".into()))),
        ("a reset", Authority(Fault::Reset)),
        ("a body that stops", Authority(Fault::StalledBody)),
        ("no answer", Authority(Fault::Silence)),
        ("404", custom(404, b"{}")),
        ("garbage", custom(200, b"\x00\xff\x13garbage")),
        ("nothing at all", custom(200, b"")),
        ("another document", custom(200, br#"{"issuer":"https://i","jwks_uri":"https://i/jwks"}"#)),
        ("keys that are no keys", custom(200, br#"{"keys":[1,null,"x",{}]}"#)),
        ("a list", custom(200, b"[]")),
        ("UTF-16", custom(200, &utf16)),
        ("30,000 lists in each other", custom(200, nested.as_bytes())),
        ("the set with 500", Elsewhere(not_200("500 Oops"))),
        ("the set with 203", Elsewhere(not_200("203 Non-Authoritative Information"))),
        ("the set with 206", Elsewhere(not_200("206 Partial Content"))),
        ("204", Elsewhere(always("204 No Content", "", ""))),
        ("304 unasked", Elsewhere(always("304 Not Modified", "ETag: \"x\"\r\n", ""))),
        ("the set with 64 KiB behind it", Elsewhere(padded)),
        ("less than announced", Elsewhere(less)),
        ("the set, compressed", Elsewhere(whole)),
        ("a bomb, compressed", Elsewhere(always("200 OK", "Content-Encoding: gzip\r\n", bomb()))),
        ("the end at once", Elsewhere(bytes_and_end(b""))),
        ("another protocol", Elsewhere(bytes_and_end(b"SSH-2.0-OpenSSH_9.2\r\n"))),
        ("a status line and no more", Elsewhere(bytes_and_silence(b"HTTP/1.1 200 OK\r\n"))),
        (
            "chunks of impossible size",
            Elsewhere(bytes_and_silence(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            )),
        ),
        ("chunks without end", forever(CHUNKED, b"4\r\n    \r\n", 0)),
        ("a chunk a second", forever(CHUNKED, b"1\r\n \r\n", 1_000)),
        ("headers without end", forever(JSON, b"X-Filler: 0123456789abcdef\r\n", 0)),
        ("a header of 1 MB", forever(b"HTTP/1.1 200 OK\r\nX-Filler: ", &[b'x'; 1 << 20], 0)),
        ("a header a second", forever(JSON, b"X-Filler: x\r\n", 1_000)),
    ]
}

async fn endure(name: &'static str, trouble: Trouble) -> Vec<Case> {
    let authority = TestAuthority::start().unwrap();
    let broken = Broken::start(authority.keys());
    let world = match trouble {
        Trouble::Elsewhere(_) => World::new(authority, &broken.uri(), quick()),
        _ => World::new(authority.clone(), &authority.jwks_uri(), quick()),
    };
    let mut cases = Vec::new();
    let mut case = |what: &str, outcome| cases.push((format!("{name}: {what}"), outcome));
    case("good at first", world.until_accepted(TIME_LIMIT).await.map(|_| ()));
    let before = world.calls(Duration::from_millis(500)).await;

    match &trouble {
        Trouble::Authority(fault) => world.authority.inject(Endpoint::Jwks, fault.clone()),
        Trouble::Down => world.authority.go_down(),
        Trouble::Elsewhere(way) => broken.answer(Some(way.clone())),
    }
    let unknown = world.stranger();
    let (during, unknown) =
        join(world.calls(Duration::from_millis(1300)), world.server.call(&unknown)).await;
    case("known keys go on", during.all_accepted());
    case("with no added latency", during.as_fast_as(&before));
    case("an unknown key is an outage", Expected::Unavailable.check(&unknown));
    case("told in time", within(unknown.took, PATIENCE + SLACK));

    match &trouble {
        Trouble::Authority(_) => world.authority.clear_faults(),
        Trouble::Down => world.authority.come_up().unwrap(),
        Trouble::Elsewhere(_) => broken.answer(None),
    }
    world.rotate();
    let bound = TIME_LIMIT + quick().max_cool_down + SLACK;
    case("the next good set is taken", world.until_accepted(bound).await.map(|_| ()));
    cases
}

/// gzip of a short text without compression (RFC 1951 §3.2.4, RFC 1952 §2.3).
fn gzip_stored(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    gzip.extend(length.to_le_bytes());
    gzip.extend((!length).to_le_bytes());
    gzip.extend(text);
    gzip.extend(crc32(text).to_le_bytes());
    gzip.extend(u32::from(length).to_le_bytes());
    gzip
}

fn crc32(text: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !text.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// 60 KB that decompress to 9.7 MB of spaces: a space, and then "repeat 258 times" again and again,
/// in the fixed code (RFC 1951 §3.2.6).
fn bomb() -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let mut put = |code: &str| bits.extend(code.chars().map(|bit| bit == '1'));
    put("110"); // the last block, in the fixed code
    put("01010000"); // a space: 0x30 + 0x20
    for _ in 0..60 * 1024 * 8 / 13 {
        put("11000101"); // a length of 258
        put("00000"); // a distance of 1
    }
    put("0000000"); // the end
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    gzip.extend(bits.chunks(8).map(byte));
    gzip
}
