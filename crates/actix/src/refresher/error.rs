//! Why a document could not be fetched.

use std::{fmt, time::Duration};

use actix_web::http::StatusCode;
use mcp_auth_core::{HttpRequest, keys::JwksError, metadata::MetadataError, profile::NotAProfile};

/// What to do about a certificate whose authority is not trusted.
const UNTRUSTED: &str =
    "; a private certificate authority is trusted by trust_ca_pem, the system's by SSL_CERT_FILE";

/// Why a document could not be fetched. For the log only.
#[derive(Debug)]
pub(super) enum FetchError {
    Insecure {
        uri: String,
    },
    TooSlow {
        uri: String,
        limit: Duration,
    },
    Unreachable {
        uri: String,
        error: String,
    },
    Status {
        uri: String,
        status: u16,
    },
    Body {
        uri: String,
        error: String,
    },
    File {
        path: String,
        error: String,
    },
    Keys {
        uri: String,
        error: JwksError,
    },
    Metadata {
        uri: String,
        error: MetadataError,
    },
    Profile {
        uri: String,
        error: NotAProfile,
    },
    NoJwksUri {
        uri: String,
    },
    NoUserinfo {
        uri: String,
    },
    /// No URL of the metadata served: why not, one by one.
    Nowhere(Vec<FetchError>),
    ForeignUserinfo {
        uri: String,
    },
}

impl FetchError {
    /// Whether the server says that it has no such document: by its status, with a web page
    /// instead of it, or with an object that names no issuer.
    pub(super) fn says_nothing_is_there(&self) -> bool {
        match self {
            Self::Status { status, .. } => (200..500).contains(status),
            Self::Metadata { error, .. } => matches!(
                error,
                MetadataError::NotAnObject | MetadataError::OtherIssuer { found: None, .. }
            ),
            _ => false,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insecure { uri } => write!(
                f,
                "{uri:?} is not an https URL; a host of your own network without TLS is named with \
                 Issuer::keys_over_plain_http(…)"
            ),
            Self::TooSlow { uri, limit } => write!(f, "{uri} took longer than {limit:?}"),
            Self::Unreachable { uri, error } => {
                write!(f, "{uri} cannot be reached: {error}")?;
                match error.contains("certificate verify failed") {
                    true => f.write_str(UNTRUSTED),
                    false => Ok(()),
                }
            }
            Self::Status { uri, status: 403 } => write!(
                f,
                "{uri} answered 403 Forbidden; a firewall in front of the issuer may be the cause"
            ),
            Self::Status { uri, status } => match StatusCode::from_u16(*status) {
                Ok(status) => write!(f, "{uri} answered {status}"),
                Err(_) => write!(f, "{uri} answered {status}"),
            },
            Self::Body { uri, error } => write!(
                f,
                "the answer of {uri} could not be read (at most {} bytes): {error}",
                HttpRequest::DEFAULT_SIZE_LIMIT
            ),
            Self::File { path, error } => {
                write!(f, "the file {path} with the keys cannot be read: {error}")
            }
            Self::Keys { uri, error } => write!(f, "{uri}: {error}"),
            Self::Metadata { uri, error } => write!(f, "{uri}: {error}"),
            Self::Profile { uri, error } => write!(f, "{uri}: {error}"),
            Self::Nowhere(reasons) => {
                let reasons: Vec<String> = reasons.iter().map(Self::to_string).collect();
                f.write_str(&reasons.join("; "))
            }
            Self::NoUserinfo { uri } => {
                write!(f, "{uri}: the issuer's metadata has no userinfo_endpoint")
            }
            Self::ForeignUserinfo { uri } => write!(
                f,
                "the userinfo_endpoint of the issuer's metadata, {uri}, is on another origin than \
                 the issuer, so that no token is sent there: if it is right, name it in the \
                 configuration with Issuer::userinfo_endpoint({uri:?})"
            ),
            Self::NoJwksUri { uri } => write!(f, "{uri}: the issuer's metadata has no jwks_uri"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_text_says_what_may_be_done() {
        let uri = || "https://i/jwks".to_owned();
        let error = "ssl3_get_server_certificate:certificate verify failed".to_owned();
        let untrusted = FetchError::Unreachable { uri: uri(), error }.to_string();
        assert!(untrusted.contains("trust_ca_pem") && untrusted.contains("SSL_CERT_FILE"));
        let refused = FetchError::Status { uri: uri(), status: 403 }.to_string();
        assert!(refused.contains("answered 403 Forbidden; a firewall"), "{refused}");
        let missing = FetchError::Status { uri: uri(), status: 404 }.to_string();
        assert_eq!(missing, "https://i/jwks answered 404 Not Found");
    }
}
