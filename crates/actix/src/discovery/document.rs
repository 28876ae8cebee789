//! One document and its answers.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::{Method, StatusCode, header},
    web::Bytes,
};
use mcp_auth_core::ProtectedResourceMetadata;

use crate::refresher::MetadataWatch;

/// How long a client may keep a document, in seconds.
const MAX_AGE: u32 = 3600;

/// The same for the authorization server's document, which may still be the preset, in seconds.
const SHIM_MAX_AGE: u32 = 60;

/// What stands at a well-known path.
#[derive(Debug, Clone)]
pub(crate) enum Document {
    /// Protected Resource Metadata (RFC 9728).
    Resource(Bytes),
    /// The authorization server's own metadata, passed on (R6).
    AuthorizationServer(Arc<MetadataWatch>),
    /// Where a client may look and find nothing: a 404 that is one.
    Absent,
}

impl Document {
    pub(super) fn resource(metadata: &ProtectedResourceMetadata) -> Self {
        Self::Resource(Bytes::from(metadata.to_json()))
    }

    pub(crate) fn answer(&self, method: &Method) -> HttpResponse {
        match *method {
            Method::GET | Method::HEAD => self.content(),
            Method::OPTIONS => open_to_all(StatusCode::NO_CONTENT)
                .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"))
                .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "*, MCP-Protocol-Version"))
                .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
                .finish(),
            _ => open_to_all(StatusCode::METHOD_NOT_ALLOWED)
                .insert_header((header::ALLOW, "GET, HEAD, OPTIONS"))
                .finish(),
        }
    }

    fn content(&self) -> HttpResponse {
        let (json, max_age) = match self {
            Self::Resource(json) => (json.clone(), MAX_AGE),
            Self::AuthorizationServer(watch) => match watch.newest() {
                Some(metadata) => (Bytes::from(metadata.to_json().to_owned()), SHIM_MAX_AGE),
                None => {
                    return open_to_all(StatusCode::SERVICE_UNAVAILABLE)
                        .insert_header((header::RETRY_AFTER, "1"))
                        .json(serde_json::json!({
                            "error_description": "The authorization server is out of reach"
                        }));
                }
            },
            Self::Absent => return not_found(),
        };
        open_to_all(StatusCode::OK)
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .insert_header((header::CACHE_CONTROL, format!("public, max-age={max_age}")))
            .body(json)
    }
}

/// The same bytes, or the same server's document, whoever fetches it.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Resource(one), Self::Resource(other)) => one == other,
            (Self::AuthorizationServer(one), Self::AuthorizationServer(other)) => {
                one.issuer_name() == other.issuer_name()
            }
            (Self::Absent, Self::Absent) => true,
            _ => false,
        }
    }
}

pub(crate) fn not_found() -> HttpResponse {
    open_to_all(StatusCode::NOT_FOUND)
        .json(serde_json::json!({ "error_description": "There is no such document here" }))
}

/// Discovery is public: any page may read it, and it depends on nobody's credentials.
fn open_to_all(status: StatusCode) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    response
}
