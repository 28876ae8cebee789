//! An issuer whose certificate only the company's own authority has signed.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use actix_mcp_auth::{Issuer, McpAuth, McpAuthBuilder};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{SslAcceptor, SslMethod},
    x509::{X509, X509Builder, X509NameBuilder, extension},
};

use crate::support::{RESOURCE, Server, authority};

pub(crate) struct Identity {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

/// A certificate for `name`, signed by `by`, or an authority's own.
pub(crate) fn identity(name: &str, by: Option<&Identity>) -> Identity {
    identity_for(&[name], by)
}

/// The same for a server with several names.
pub(crate) fn identity_for(names: &[&str], by: Option<&Identity>) -> Identity {
    let name = names[0];
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&curve).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(name.len() as u32).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(by.map_or(&*subject, |by| by.certificate.subject_name())).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    match by {
        None => {
            let ca = extension::BasicConstraints::new().critical().ca().build().unwrap();
            builder.append_extension(ca).unwrap();
        }
        Some(by) => {
            let context = builder.x509v3_context(Some(&by.certificate), None);
            let mut alternatives = extension::SubjectAlternativeName::new();
            for name in names {
                alternatives.dns(name);
            }
            builder.append_extension(alternatives.build(&context).unwrap()).unwrap();
        }
    }
    builder.sign(by.map_or(&key, |by| &by.key), MessageDigest::sha256()).unwrap();
    Identity { certificate: builder.build(), key }
}

/// Answers every request with one document, over TLS, until the test's process ends.
pub(crate) fn serve(identity: &Identity, document: Vec<u8>) -> u16 {
    let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    tls.set_private_key(&identity.key).unwrap();
    tls.set_certificate(&identity.certificate).unwrap();
    let tls = tls.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(mut stream) = tls.accept(stream) else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n",
                document.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&document));
            let _ = stream.shutdown();
        }
    });
    port
}

#[actix_web::test]
async fn r27_a_private_certificate_authority_is_trusted_where_it_is_named_and_nowhere_else() {
    let authority = authority();
    let ca = identity("The company's own", None);
    let other_ca = identity("Somebody else's authority", None);
    let (good, misnamed) = (identity("localhost", Some(&ca)), identity("elsewhere", Some(&ca)));
    let keys = awc::Client::default().get(authority.jwks_uri()).send().await.unwrap().body().await;
    let keys = keys.unwrap().to_vec();
    let served_by = |identity: &Identity| {
        let name = format!("https://localhost:{}", serve(identity, keys.clone()));
        let issuer = Issuer::new(&*name).unwrap().jwks_uri(format!("{name}/jwks")).unwrap();
        (name, issuer)
    };
    let ask = async |(name, issuer): (String, Issuer),
                     trust: fn(McpAuthBuilder, &X509) -> McpAuthBuilder,
                     ca: &Identity| {
        let builder = trust(McpAuth::builder(RESOURCE).issuer(issuer), &ca.certificate);
        let server = Server::of(&builder.build().unwrap());
        let token = authority.token().subject("user_ada").audience(RESOURCE).issuer(name);
        server.call(&token.sign()).await.status.as_u16()
    };
    let named = |builder: McpAuthBuilder, ca: &X509| builder.trust_ca_pem(ca.to_pem().unwrap());
    assert_eq!(ask(served_by(&good), named, &ca).await, 200);
    assert_eq!(ask(served_by(&good), |builder, _| builder, &ca).await, 503, "not named");
    assert_eq!(ask(served_by(&good), named, &other_ca).await, 503, "another one named");
    assert_eq!(ask(served_by(&misnamed), named, &ca).await, 503, "another host's certificate");
}
