//! The keys of the tests' authority over TLS: a public resource takes them in no other way.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    thread,
};

use actix_mcp_auth::testing::TestAuthority;
use openssl::{
    pkey::PKey,
    ssl::{SslAcceptor, SslMethod},
    x509::X509,
};

/// An issuer's name on this machine, and who vouches for it.
pub struct KeysOverTls {
    /// The issuer, `https://localhost:…`.
    pub issuer: String,
    /// Its certificate, in a file; the key set is in another of the same name with `.jwks`.
    pub certificate: PathBuf,
}

impl KeysOverTls {
    /// Serves these keys as long as the process lives.
    pub fn serve(authority: &TestAuthority) -> Self {
        authority.keys().current();
        let keys: Vec<_> =
            authority.keys().published().iter().map(|key| key.public_jwk().clone()).collect();
        let jwks = serde_json::json!({ "keys": keys }).to_string();
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let own = own.expect("a certificate");
        let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
        let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("TLS");
        let read = X509::from_pem(certificate.as_bytes()).expect("a certificate");
        tls.set_certificate(&read).expect("a certificate");
        let read = PKey::private_key_from_pem(key.as_bytes()).expect("a key");
        tls.set_private_key(&read).expect("its key");
        let tls = tls.build();

        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
        let port = listener.local_addr().expect("an address").port();
        let file = std::env::temp_dir().join(format!("http-benches-{port}.pem"));
        fs::write(&file, certificate).expect("a place for temporary files");
        fs::write(format!("{}.jwks", file.display()), &jwks).expect("a place for temporary files");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hung up asks again.
                let Ok(mut stream) = tls.accept(stream) else { continue };
                let _ = stream.read(&mut [0; 4096]);
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
                     Content-Length: {}\r\n\r\n{jwks}",
                    jwks.len()
                );
                let _ = stream.shutdown();
            }
        });
        Self { issuer: format!("https://localhost:{port}"), certificate: file }
    }
}

impl Drop for KeysOverTls {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = fs::remove_file(&self.certificate);
        let _ = fs::remove_file(format!("{}.jwks", self.certificate.display()));
    }
}
