//! The documents of the resources below a resource, made as they are asked for.

use mcp_auth_core::{
    ProtectedResourceMetadata, Resource,
    resource::{AUTHORIZATION_SERVER_ROOT, METADATA_ROOT},
};

use super::{
    document::Document,
    place::{Kind, Paths, Place},
};

/// The documents of the resources below one resource.
#[derive(Debug)]
pub(super) struct DocumentsBelow {
    pub(super) metadata: ProtectedResourceMetadata,
    /// The same for all of them; `None` where the application answers itself.
    pub(super) authorization_server: Option<Document>,
}

impl DocumentsBelow {
    /// Whether there are documents of this kind.
    pub(super) fn has(&self, kind: Kind) -> bool {
        kind == Kind::Metadata || self.authorization_server.is_some()
    }

    /// The document at this place below the resource: [`Document::Absent`] where the place names no
    /// resource, `None` where the resource has no documents of this kind.
    pub(super) fn at(&self, resource: &Resource, place: &Place<'_>) -> Option<Document> {
        let document = match place.kind {
            Kind::Metadata => None,
            Kind::AuthorizationServer => Some(self.authorization_server.clone()?),
        };
        Some(match resource.below(place.rest) {
            Some(below) => {
                document.unwrap_or_else(|| Document::resource(&self.metadata.of(&below)))
            }
            None => Document::Absent,
        })
    }

    /// The patterns of all their paths: below a `/.well-known`, and with one behind the resource's
    /// path.
    pub(super) fn patterns(&self, paths: &Paths) -> Vec<String> {
        let mut patterns = Vec::new();
        for path in paths.all() {
            if self.authorization_server.is_some() {
                patterns.push(format!("{AUTHORIZATION_SERVER_ROOT}{path}/{{below:.*}}"));
            }
            patterns.push(format!("{METADATA_ROOT}{path}/{{below:.*}}"));
            patterns.push(format!("{path}/{{below:.*}}{METADATA_ROOT}"));
        }
        patterns
    }
}
