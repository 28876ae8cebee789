//! HTTP/2, which most issuers use: connections are kept, and can stop without being closed.

use std::{
    io::{self, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use actix_mcp_auth::{
    Issuer,
    testing::{Keys, TestAuthority},
};
use hostile::{Class, RESOURCE, builder_for};
use openssl::ssl::{AlpnError, select_next_proto};

use crate::{
    tls::{Service, identity, serve},
    world::{SLACK, TIME_LIMIT, World, quick},
};

/// A router has dropped the connection, or the server's process hangs: each connection answers
/// once.
#[actix_web::test]
async fn r28_a_dead_kept_connection_costs_one_attempt_only() {
    let mut class = Class::new("keys: connections that die");
    let authority = TestAuthority::start().unwrap();
    authority.keys().current();
    let (mut acceptor, certificate) = identity();
    acceptor.set_alpn_select_callback(|_, offered| {
        select_next_proto(b"\x02h2", offered).ok_or(AlpnError::ALERT_FATAL)
    });
    let (acceptor, connections) = (acceptor.build(), Arc::new(AtomicU64::new(0)));
    let (keys, count) = (authority.keys(), connections.clone());
    let service: Service = Arc::new(move |stream| {
        let stream = acceptor.accept(stream).map_err(io::Error::other)?;
        count.fetch_add(1, SeqCst);
        answer_once(stream, &keys)
    });
    let issuer = Issuer::new(authority.issuer()).unwrap().jwks_uri(serve(service)).unwrap();
    let builder = builder_for(RESOURCE).issuer(issuer).trust_ca_pem(certificate);
    let world = World::of(authority, builder.refresh(quick()));
    class.case("good at first", world.until_accepted(SLACK).await.map(drop));
    for round in 0..2 {
        // At once, so that the connection is still kept.
        world.rotate();
        let bound = TIME_LIMIT + quick().max_cool_down + SLACK;
        class.case(format!("rotated {round}"), world.until_accepted(bound).await.map(drop));
    }
    class.same("on other connections", connections.load(SeqCst) >= 3, true);
    class.done();
}

/// HTTP/2 (RFC 9113) by hand: one answer, and then nothing, although the connection stays open.
fn answer_once(mut stream: impl Read + Write, keys: &Keys) -> io::Result<()> {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    let mut preface = [0; 24];
    stream.read_exact(&mut preface)?;
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    send_frame(&mut stream, SETTINGS, 0, 0, b"")?;
    let mut answered = false;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, s, t, u, v] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload)?;
        match kind {
            SETTINGS if flags & 1 == 0 && !answered => {
                send_frame(&mut stream, SETTINGS, 1, 0, b"")?;
            }
            HEADERS if !answered => {
                answered = true;
                let published = keys.published();
                let keys: Vec<_> = published.iter().map(|key| key.public_jwk()).collect();
                let set = serde_json::json!({ "keys": keys }).to_string();
                let id = u32::from_be_bytes([s, t, u, v]);
                // ":status: 200" is the eighth of the static table (RFC 7541, appendix A).
                send_frame(&mut stream, HEADERS, 4, id, &[0x88])?;
                send_frame(&mut stream, DATA, 1, id, set.as_bytes())?;
            }
            _ => {}
        }
    }
}

fn send_frame(
    stream: &mut impl Write,
    kind: u8,
    flags: u8,
    id: u32,
    payload: &[u8],
) -> io::Result<()> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let [s, t, u, v] = id.to_be_bytes();
    stream.write_all(&[a, b, c, kind, flags, s, t, u, v])?;
    stream.write_all(payload)?;
    stream.flush()
}
