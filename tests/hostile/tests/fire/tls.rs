//! An issuer whose TLS is slow, absent, or has an untrusted certificate.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actix_mcp_auth::{Issuer, keys::LastFetch, testing::TestAuthority};
use actix_web::rt::time::sleep;
use futures_util::future::join_all;
use hostile::{Class, Expected, RESOURCE, Server, builder_for};
use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    pkey::PKey,
    rsa::Rsa,
    ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod},
    x509::{X509, X509Name, extension::SubjectAlternativeName},
};

use crate::world::{PATIENCE, SLACK, TIME_LIMIT, quick, token, within};

/// What the server does with a connection on which a client starts TLS.
pub(crate) type Service = Arc<dyn Fn(TcpStream) -> io::Result<()> + Send + Sync>;

#[actix_web::test]
async fn r27_tls_that_is_slow_absent_or_of_a_stranger_is_an_outage() {
    let mut class = Class::new("keys: TLS");
    let silent: Service = Arc::new(|mut stream| {
        while stream.read(&mut [0; 1024])? > 0 {}
        Ok(())
    });
    let drip: Service = Arc::new(|mut stream| {
        // A handshake record of 16 KB, announced and never finished.
        stream.write_all(&[22, 3, 3, 0x40, 0])?;
        loop {
            stream.write_all(&[0])?;
            thread::sleep(Duration::from_millis(500));
        }
    });
    let plain: Service = Arc::new(|mut stream| {
        stream.read_exact(&mut [0])?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}")
    });
    let services = [
        ("no TLS at all", plain),
        ("a stranger's certificate", strangers()),
        ("silence", silent),
        ("a drip", drip),
    ];
    for cases in join_all(services.map(|(name, service)| endure(name, service))).await {
        for (name, outcome) in cases {
            class.case(name, outcome);
        }
    }
    class.done();
}

async fn endure(name: &str, service: Service) -> Vec<(String, Result<(), String>)> {
    let authority = TestAuthority::start().unwrap();
    let issuer = Issuer::new(authority.issuer()).unwrap().jwks_uri(serve(service)).unwrap();
    let auth = builder_for(RESOURCE).issuer(issuer).refresh(quick()).build().unwrap();
    let (server, start) = (Server::of(&auth), Instant::now());
    let answer = server.call(&token(&authority)).await;
    let never = || auth.health().issuers[0].last_fetch == LastFetch::Never;
    while never() && start.elapsed() < TIME_LIMIT + SLACK {
        sleep(Duration::from_millis(20)).await;
    }
    let health = &auth.health().issuers[0];
    let failed = (health.last_fetch == LastFetch::Failed).then_some(());
    vec![
        (format!("{name}: an outage"), Expected::Unavailable.check(&answer)),
        (format!("{name}: told in time"), within(answer.took, PATIENCE + SLACK)),
        (format!("{name}: given up in time"), failed.ok_or(format!("{health:?}"))),
    ]
}

/// Where the service is.
pub(crate) fn serve(service: Service) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let service = service.clone();
            // The client closes the connection, as it should.
            thread::spawn(move || service(stream));
        }
    });
    format!("https://{address}/jwks")
}

/// A TLS server with a valid key set and an untrusted certificate.
fn strangers() -> Service {
    let (acceptor, _) = identity();
    let (acceptor, authority) = (acceptor.build(), TestAuthority::start().unwrap());
    let set = serde_json::json!({ "keys": [authority.keys().current().public_jwk()] }).to_string();
    Arc::new(move |stream| {
        let mut stream = acceptor.accept(stream).map_err(io::Error::other)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let length = set.len();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{set}")?;
        stream.shutdown().map(drop).map_err(io::Error::other)
    })
}

/// The server's side of TLS with a self-signed certificate for 127.0.0.1, and the certificate in
/// PEM for clients that trust it.
pub(crate) fn identity() -> (SslAcceptorBuilder, Vec<u8>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "127.0.0.1").unwrap();
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    let context = certificate.x509v3_context(None, None);
    let address = SubjectAlternativeName::new().ip("127.0.0.1").build(&context).unwrap();
    certificate.append_extension(address).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = certificate.build();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    (acceptor, certificate.to_pem().unwrap())
}
