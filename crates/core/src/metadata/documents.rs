//! The documents by which a client finds its way: what this resource says of itself (RFC 9728),
//! and what an authorization server says of itself (RFC 8414).

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{config::ConfigError, metadata::resource::Resource, scope::Scope};

/// The scopes that AuthKit grants.
pub(crate) const AUTHKIT_SCOPES: [&str; 4] = ["email", "offline_access", "openid", "profile"];

/// Protected Resource Metadata (RFC 9728 §2). Members without a value are left out (R4).
///
/// ```
/// use mcp_auth_core::{ProtectedResourceMetadata, Resource};
///
/// let resource = Resource::parse("https://app.example.com/mcp").unwrap();
/// let document = ProtectedResourceMetadata::new(&resource, ["https://login.example.com"]);
/// assert_eq!(
///     document.to_json(),
///     r#"{"resource":"https://app.example.com/mcp","authorization_servers":["https://login.example.com"],"bearer_methods_supported":["header"]}"#
/// );
/// ```
#[derive(Debug, Clone, Serialize)]
pub struct ProtectedResourceMetadata {
    resource: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<String>,
    #[serde(flatten)]
    further: Map<String, Value>,
}

impl ProtectedResourceMetadata {
    /// The document of `resource`, whose tokens come from these issuers: byte for byte, since
    /// clients compare them so. An MCP resource names at least one (R1).
    pub fn new<I: Into<String>>(
        resource: &Resource,
        authorization_servers: impl IntoIterator<Item = I>,
    ) -> Self {
        Self {
            resource: resource.as_str().to_owned(),
            authorization_servers: authorization_servers.into_iter().map(Into::into).collect(),
            scopes_supported: Vec::new(),
            bearer_methods_supported: ["header"],
            resource_name: None,
            resource_documentation: None,
            further: Map::new(),
        }
    }

    /// `scopes_supported`. `offline_access` is left out: it is between client and authorization
    /// server (R4).
    #[must_use]
    pub fn scopes<'s>(mut self, scopes: impl IntoIterator<Item = &'s Scope>) -> Self {
        self.scopes_supported = scopes
            .into_iter()
            .map(Scope::to_string)
            .filter(|scope| scope != "offline_access")
            .collect();
        self
    }

    /// `resource_name`: what people call it.
    #[must_use]
    pub fn name(mut self, name: Option<String>) -> Self {
        self.resource_name = name;
        self
    }

    /// `resource_documentation`: a page for developers.
    #[must_use]
    pub fn documentation(mut self, url: Option<String>) -> Self {
        self.resource_documentation = url;
        self
    }

    /// Further members (RFC 9728 §2).
    ///
    /// # Errors
    /// Where one is a member that is made here, or has no value (RFC 9728 §3.2).
    pub fn further(mut self, members: Map<String, Value>) -> Result<Self, ConfigError> {
        for (name, value) in &members {
            let expected = if MADE_HERE.contains(&&**name) {
                "must not name a member that other settings make"
            } else if name.is_empty() || is_without_value(value) {
                "must have a name and a value: members without a value are left out"
            } else {
                continue;
            };
            let found = format!("{name}: {value}");
            let example = r#"("resource_tos_uri", "https://app.example.com/terms")"#;
            return Err(ConfigError::invalid("resource_metadata", found, expected, example));
        }
        self.further = members;
        Ok(self)
    }

    /// The same document of another resource: one [below](Resource::below) the configured one.
    #[must_use]
    pub fn of(&self, resource: &Resource) -> Self {
        Self { resource: resource.as_str().to_owned(), ..self.clone() }
    }

    /// The document.
    pub fn to_json(&self) -> String {
        // Strings and lists of strings always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The members that [`ProtectedResourceMetadata`] makes itself, and `signed_metadata`, whose claims
/// would take precedence over them.
const MADE_HERE: [&str; 7] = [
    "resource",
    "authorization_servers",
    "scopes_supported",
    "bearer_methods_supported",
    "resource_name",
    "resource_documentation",
    "signed_metadata",
];

fn is_without_value(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// An authorization server's metadata (RFC 8414 §2), checked and kept whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationServerMetadata {
    jwks_uri: Option<String>,
    userinfo_endpoint: Option<String>,
    json: Arc<str>,
}

/// A document that is not the issuer's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// Not a JSON object.
    NotAnObject,
    /// `issuer` is absent, or another one: "the `issuer` value returned MUST be identical" (RFC
    /// 8414 §3.3).
    OtherIssuer {
        /// The configured issuer.
        expected: String,
        /// The document's.
        found: Option<String>,
    },
}

impl AuthorizationServerMetadata {
    /// Takes the document that was fetched for `issuer`.
    ///
    /// # Errors
    /// [`MetadataError`]: the document is not used.
    pub fn parse(json: &[u8], issuer: &str) -> Result<Self, MetadataError> {
        let value: Value = serde_json::from_slice(json).map_err(|_| MetadataError::NotAnObject)?;
        if !value.is_object() {
            return Err(MetadataError::NotAnObject);
        }
        let found = value.get("issuer").and_then(Value::as_str);
        if found != Some(issuer) {
            return Err(MetadataError::OtherIssuer {
                expected: issuer.to_owned(),
                found: found.map(str::to_owned),
            });
        }
        Ok(Self::from_value(&value))
    }

    /// What AuthKit answers at `issuer`, for as long as it cannot be asked.
    pub(crate) fn of_authkit(issuer: &str) -> Self {
        Self::from_value(&json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/oauth2/authorize"),
            "token_endpoint": format!("{issuer}/oauth2/token"),
            "registration_endpoint": format!("{issuer}/oauth2/register"),
            "introspection_endpoint": format!("{issuer}/oauth2/introspection"),
            "jwks_uri": format!("{issuer}/oauth2/jwks"),
            "scopes_supported": AUTHKIT_SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported":
                ["none", "client_secret_post", "client_secret_basic"],
            "client_id_metadata_document_supported": true,
        }))
    }

    /// `jwks_uri`.
    pub fn jwks_uri(&self) -> Option<&str> {
        self.jwks_uri.as_deref()
    }

    /// `userinfo_endpoint` (OpenID Connect Discovery §3).
    pub fn userinfo_endpoint(&self) -> Option<&str> {
        self.userinfo_endpoint.as_deref()
    }

    /// The document.
    pub fn to_json(&self) -> &str {
        &self.json
    }

    fn from_value(value: &Value) -> Self {
        let text = |member: &str| value.get(member).and_then(Value::as_str).map(str::to_owned);
        Self {
            jwks_uri: text("jwks_uri"),
            userinfo_endpoint: text("userinfo_endpoint"),
            json: value.to_string().into(),
        }
    }
}

/// Where an issuer's metadata may stand, in the order in which to try: RFC 8414 with the path
/// inserted (§3.1), OpenID Connect with the path inserted, OpenID Connect with it appended (OpenID
/// Connect Discovery §4).
pub fn metadata_urls(issuer: &str) -> Vec<String> {
    let issuer = issuer.trim_end_matches('/');
    let after_scheme = issuer.find("://").map_or(0, |at| at + 3);
    let host_end = issuer[after_scheme..].find('/').map_or(issuer.len(), |at| after_scheme + at);
    let (origin, path) = issuer.split_at(host_end);
    let mut urls = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        urls.push(format!("{origin}{path}/.well-known/openid-configuration"));
    }
    urls
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("the answer is not a JSON object"),
            Self::OtherIssuer { expected, found: Some(found) } => {
                write!(f, "the document names the issuer {found:?}, expected {expected:?}")
            }
            Self::OtherIssuer { expected, found: None } => {
                write!(f, "the document names no issuer, expected {expected:?}")
            }
        }
    }
}

impl std::error::Error for MetadataError {}

#[cfg(test)]
mod tests;
