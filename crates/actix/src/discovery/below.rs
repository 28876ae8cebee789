//! The documents of the resources below a resource, made as they are asked for.

use mcp_auth_core::{
    ProtectedResourceMetadata, Resource,
    resource::{AUTHORIZATION_SERVER_ROOT, METADATA_ROOT},
};

use super::Document;

/// The documents of the resources below one resource.
#[derive(Debug)]
pub(crate) struct DocumentsBelow {
    resource: Resource,
    metadata: ProtectedResourceMetadata,
    /// The same for all of them; `None` where the application answers itself.
    authorization_server: Option<Document>,
    /// The path of the resource, in public and as the application sees it, without a slash at its end.
    paths: Vec<String>,
}

/// What stands at a path, and what follows the path of the resource there.
enum Place<'p> {
    Metadata(&'p str),
    AuthorizationServer(&'p str),
}

impl DocumentsBelow {
    pub(super) fn new(
        resource: &Resource,
        served_at: Option<&str>,
        metadata: &ProtectedResourceMetadata,
        authorization_server: Option<Document>,
    ) -> Self {
        let mut paths: Vec<String> = Vec::new();
        for path in [Some(resource.path()), served_at].into_iter().flatten() {
            let path = path.strip_suffix('/').unwrap_or(path);
            if paths.iter().all(|known| known != path) {
                paths.push(path.to_owned());
            }
        }
        let (resource, metadata) = (resource.clone(), metadata.clone());
        Self { resource, metadata, authorization_server, paths }
    }

    /// Whether a document below may stand at this path.
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.place(path).is_some()
    }

    /// What stands at this path: nothing, where it names no resource. `None`: it is no path of a
    /// document below.
    pub(crate) fn at(&self, path: &str) -> Option<Document> {
        Some(match self.place(path)? {
            Place::Metadata(rest) => match self.resource.below(rest) {
                Some(resource) => Document::resource(&self.metadata.of(&resource)),
                None => Document::Absent,
            },
            Place::AuthorizationServer(rest) => match &self.authorization_server {
                Some(document) if self.resource.below(rest).is_some() => document.clone(),
                _ => Document::Absent,
            },
        })
    }

    /// The patterns of all these paths: below a `/.well-known`, and with one behind the resource's
    /// path.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = String> {
        let servers = self.authorization_server.iter().map(|_| AUTHORIZATION_SERVER_ROOT);
        let roots: Vec<_> = servers.chain([METADATA_ROOT]).collect();
        self.paths.iter().flat_map(move |path| {
            let inserted =
                roots.clone().into_iter().map(move |root| format!("{root}{path}/{{below:.*}}"));
            inserted.chain([format!("{path}/{{below:.*}}{METADATA_ROOT}")])
        })
    }

    fn place<'p>(&self, path: &'p str) -> Option<Place<'p>> {
        let behind = |root: &str| {
            let path = path.strip_prefix(root)?;
            let mut rests = self.paths.iter().filter_map(|above| path.strip_prefix(&**above));
            rests.find(|rest| rest.starts_with('/'))
        };
        if let Some(rest) = behind(METADATA_ROOT) {
            return Some(Place::Metadata(rest));
        }
        if self.authorization_server.is_some()
            && let Some(rest) = behind(AUTHORIZATION_SERVER_ROOT)
        {
            return Some(Place::AuthorizationServer(rest));
        }
        let path = path.strip_suffix('/').unwrap_or(path).strip_suffix(METADATA_ROOT)?;
        let mut rests = self.paths.iter().filter_map(|above| path.strip_prefix(&**above));
        rests.find(|rest| rest.starts_with('/')).map(Place::Metadata)
    }
}
