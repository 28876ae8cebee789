//! Which path below a resource's a document is asked for.

use mcp_auth_core::{
    Resource,
    resource::{AUTHORIZATION_SERVER_ROOT, METADATA_ROOT},
};

/// The path of a resource, in public and as the application sees it, without a slash at its end.
#[derive(Debug)]
pub(super) struct Paths {
    public: Box<str>,
    served_at: Box<str>,
}

/// A document's path below a resource's.
pub(super) struct Place<'p> {
    pub(super) kind: Kind,
    /// What follows the path of the resource.
    pub(super) rest: &'p str,
    /// The length of the resource's path that comes before.
    pub(super) depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Metadata,
    AuthorizationServer,
}

impl Paths {
    pub(super) fn of(resource: &Resource, served_at: Option<&str>) -> Self {
        let without_slash = |path: &str| path.strip_suffix('/').unwrap_or(path).into();
        let public = resource.path();
        Self {
            public: without_slash(public),
            served_at: without_slash(served_at.unwrap_or(public)),
        }
    }

    /// Both, once where they are the same.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let served_at = (self.served_at != self.public).then_some(&*self.served_at);
        [&*self.public].into_iter().chain(served_at)
    }

    pub(super) fn place<'p>(&self, path: &'p str) -> Option<Place<'p>> {
        let inserted = |kind: Kind, root: &str| {
            // Challenges name the public path.
            below([&self.public, &self.served_at], kind, path.strip_prefix(root)?)
        };
        let appended = || {
            let path = path.strip_suffix('/').unwrap_or(path).strip_suffix(METADATA_ROOT)?;
            // It follows the path of a request.
            below([&self.served_at, &self.public], Kind::Metadata, path)
        };
        inserted(Kind::Metadata, METADATA_ROOT)
            .or_else(|| inserted(Kind::AuthorizationServer, AUTHORIZATION_SERVER_ROOT))
            .or_else(appended)
    }
}

/// The place at a path below the first of these that it is below.
fn below<'p>(above: [&str; 2], kind: Kind, path: &'p str) -> Option<Place<'p>> {
    above.into_iter().find_map(|above| {
        let rest = path.strip_prefix(above)?;
        rest.starts_with('/').then_some(Place { kind, rest, depth: above.len() })
    })
}
