//! The well-known routes: what this resource says of itself, and, for older clients, what its
//! authorization server says.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web::{self, Bytes, ServiceConfig},
};
use mcp_auth_core::{Issuer, ProtectedResourceMetadata, Resource};

use crate::{auth::McpAuth, refresher::MetadataWatch};

const OPENID: &str = "/.well-known/openid-configuration";
/// How long a client may keep a document, in seconds.
const MAX_AGE: u32 = 3600;

/// The same for the authorization server's document, which may still be the preset, in seconds.
const SHIM_MAX_AGE: u32 = 60;

/// The documents, by path.
#[derive(Debug)]
pub(crate) struct Discovery {
    documents: Vec<(String, Document)>,
}

#[derive(Debug, Clone)]
enum Document {
    /// Protected Resource Metadata (RFC 9728).
    Resource(Bytes),
    /// The authorization server's own metadata, passed on (R6).
    AuthorizationServer(Arc<MetadataWatch>),
    /// Where a client may look and find nothing: a 404 that is one.
    Absent,
}

/// What the resource passes on of its authorization server's metadata.
pub(crate) enum Shim {
    /// Nothing: current clients go to the authorization server itself.
    Off,
    /// RFC 8414 at its well-known paths.
    OAuth(Arc<MetadataWatch>),
    /// The same document at the OpenID paths as well.
    OAuthAndOpenId(Arc<MetadataWatch>),
}

impl Discovery {
    pub(crate) fn new(
        resource: &Resource,
        metadata: &ProtectedResourceMetadata,
        issuers: &[Issuer],
        shim: Shim,
    ) -> Self {
        let mut documents = Vec::new();
        let json = Document::Resource(Bytes::from(metadata.to_json()));
        documents.extend(resource.metadata_paths().into_iter().map(|path| (path, json.clone())));
        let (oauth, openid) = match shim {
            Shim::Off => (Document::Absent, None),
            Shim::OAuth(watch) => (Document::AuthorizationServer(watch), None),
            Shim::OAuthAndOpenId(watch) => {
                let document = Document::AuthorizationServer(watch);
                (document.clone(), Some(document))
            }
        };
        // An application that is its own authorization server answers these itself.
        if issuers.iter().all(|issuer| !shares_origin(issuer, resource)) {
            let paths = resource.authorization_server_paths();
            documents.extend(paths.into_iter().map(|path| (path, oauth.clone())));
            // Nobody else's business unless asked for: the application may be a provider for others.
            documents.extend(openid.map(|document| (OPENID.to_owned(), document)));
        }
        Self { documents }
    }

    /// The answer, if `path` is one of the documents'.
    pub(crate) fn answer(&self, method: &Method, path: &str) -> Option<HttpResponse> {
        if !path.contains("/.well-known/") {
            return None;
        }
        let (_, document) = self.documents.iter().find(|(known, _)| known == path)?;
        Some(document.answer(method))
    }
}

/// Registers every path, so that discovery works wherever the middleware stands.
pub(crate) fn register(auth: &McpAuth, config: &mut ServiceConfig) {
    for (path, _) in &auth.inner().discovery.documents {
        let auth = auth.clone();
        config.service(web::resource(path.as_str()).to(move |request: HttpRequest| {
            let answer = auth.inner().discovery.answer(request.method(), request.path());
            std::future::ready(answer.unwrap_or_else(not_found))
        }));
    }
}

impl Document {
    fn answer(&self, method: &Method) -> HttpResponse {
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

fn not_found() -> HttpResponse {
    open_to_all(StatusCode::NOT_FOUND)
        .json(serde_json::json!({ "error_description": "There is no such document here" }))
}

/// Discovery is public: any page may read it, and it depends on nobody's credentials.
fn open_to_all(status: StatusCode) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    response
}

fn shares_origin(issuer: &Issuer, resource: &Resource) -> bool {
    match issuer.name().strip_prefix(resource.origin()) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}
