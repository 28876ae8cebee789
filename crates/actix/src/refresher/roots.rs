//! Certificate authorities of the application's own network, trusted beside the system's.

use std::fmt;

use mcp_auth_core::ConfigError;
use openssl::{
    error::ErrorStack,
    ssl::{SslConnector, SslMethod},
    x509::X509,
};

/// Further roots. None is the rule.
#[derive(Clone, Default)]
pub(crate) struct Roots(Vec<X509>);

/// What awc offers by itself: HTTP/2, and HTTP/1.1.
const ALPN: &[u8] = b"\x02h2\x08http/1.1";

impl Roots {
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

    /// A connector that trusts these and the system's; `None` where there are none of these, and
    /// awc's own will do.
    pub(crate) fn connector(self) -> Result<Option<SslConnector>, ConfigError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        self.build().map(Some).map_err(|error| wrong(format!("a certificate with {error}")))
    }

    fn build(self) -> Result<SslConnector, ErrorStack> {
        // Trusts the system's, and checks the host's name.
        let mut tls = SslConnector::builder(SslMethod::tls())?;
        tls.set_alpn_protos(ALPN)?;
        for certificate in self.0 {
            tls.cert_store_mut().add_cert(certificate)?;
        }
        Ok(tls.build())
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

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}
