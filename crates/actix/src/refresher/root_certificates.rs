//! Certificate authorities of the application's own network, trusted beside the system's.

use std::fmt;

use mcp_auth_core::ConfigError;
use openssl::{
    error::ErrorStack,
    ssl::{SslConnector, SslMethod},
    x509::X509,
};
#[cfg(feature = "vendored-openssl")]
use {openssl::ssl::SslContextBuilder, openssl_probe::ProbeResult};

/// Further roots. None is the rule.
#[derive(Clone, Default)]
pub(crate) struct RootCertificates(Vec<X509>);

/// What awc offers by itself: HTTP/2, and HTTP/1.1.
const ALPN: &[u8] = b"\x02h2\x08http/1.1";

impl RootCertificates {
    /// Reads one or several certificates in PEM.
    pub(crate) fn parse(pem: &[u8]) -> Result<Self, ConfigError> {
        match X509::stack_from_pem(pem) {
            Ok(certificates) if !certificates.is_empty() => Ok(Self(certificates)),
            _ => Err(wrong(format!("a text of {} bytes", pem.len()))),
        }
    }

    pub(crate) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// A connector that trusts these and the system's; `None` where awc's own does the same.
    pub(crate) fn connector(self) -> Result<Option<SslConnector>, ConfigError> {
        if self.0.is_empty() && !cfg!(feature = "vendored-openssl") {
            return Ok(None);
        }
        self.build().map(Some).map_err(|error| wrong(format!("a certificate with {error}")))
    }

    fn build(self) -> Result<SslConnector, ErrorStack> {
        // Trusts the system's, and checks the host's name.
        let mut tls = SslConnector::builder(SslMethod::tls())?;
        tls.set_alpn_protos(ALPN)?;
        #[cfg(feature = "vendored-openssl")]
        trust_the_system(&mut tls);
        for certificate in self.0 {
            tls.cert_store_mut().add_cert(certificate)?;
        }
        Ok(tls.build())
    }
}

/// Trusts the authorities of the system's certificate store. An OpenSSL that was built from source
/// looks for them in its own installation directory, which does not exist on the machine it runs
/// on. Where `SSL_CERT_FILE` or `SSL_CERT_DIR` names a store, OpenSSL itself reads that one.
#[cfg(feature = "vendored-openssl")]
fn trust_the_system(tls: &mut SslContextBuilder) {
    if !openssl_probe::has_ssl_cert_env_vars() {
        load_store(tls, &openssl_probe::probe());
    }
}

#[cfg(feature = "vendored-openssl")]
fn load_store(tls: &mut SslContextBuilder, store: &ProbeResult) {
    // A file or directory that cannot be read is skipped: its absence shows as a failed
    // verification, which is logged with each fetch.
    if let Some(file) = &store.cert_file {
        let _ = tls.load_verify_locations(Some(file), None);
    }
    for directory in &store.cert_dir {
        let _ = tls.load_verify_locations(None, Some(directory));
    }
}

fn wrong(found: String) -> ConfigError {
    ConfigError::invalid(
        "trust_ca_pem",
        found,
        "must be certificates in PEM",
        "-----BEGIN CERTIFICATE-----…",
    )
}

impl fmt::Debug for RootCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootCertificates({})", self.0.len())
    }
}

#[cfg(all(test, feature = "vendored-openssl"))]
mod tests {
    use super::*;

    #[test]
    fn system_store_is_loaded_without_openssl_defaults() {
        let directory = std::env::temp_dir().join(format!("mcp-auth-roots-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("ca-certificates.crt");
        std::fs::write(&file, include_bytes!("roots/test_ca.pem")).unwrap();
        let mut tls = SslContextBuilder::new(SslMethod::tls()).unwrap();
        load_store(&mut tls, &ProbeResult { cert_file: Some(file), cert_dir: vec![directory] });
        assert_eq!(tls.build().cert_store().all_certificates().len(), 1);
    }
}
