//! A registered MCP resource indicator (RFC 8707).

use std::time::SystemTime;

use serde_json::{Value, json};

use super::timestamp::{iso8601, millis_of};
use crate::random;

#[derive(Clone)]
pub(crate) struct ApiResource {
    pub(crate) id: String,
    /// Kept byte for byte.
    pub(crate) uri: String,
    pub(crate) is_default: bool,
    created_at: SystemTime,
}

impl ApiResource {
    pub(crate) fn new(uri: impl Into<String>, is_default: bool, now: SystemTime) -> Self {
        let id = format!("authkit_oauth_resource_{}", random::sorted_ulid(millis_of(now)));
        Self { id, uri: uri.into(), is_default, created_at: now }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "object": "authkit_oauth_resource",
            "id": self.id,
            "uri": self.uri,
            "default": self.is_default,
            "created_at": iso8601(self.created_at),
            "updated_at": iso8601(self.created_at),
        })
    }
}
