//! Which resource a request is for, where each path below the configured one is a resource.

use mcp_auth_core::{Rejection, Resource};

/// The configured resource, and its path as the application sees it, without a slash at its end.
#[derive(Debug)]
pub(crate) struct ResourcesBelow {
    resource: Resource,
    path: Box<str>,
}

impl ResourcesBelow {
    pub(crate) fn new(resource: &Resource, served_at: Option<&str>) -> Self {
        let path = served_at.unwrap_or(resource.path());
        let path = path.strip_suffix('/').unwrap_or(path);
        Self { resource: resource.clone(), path: path.into() }
    }

    /// The resource at the path of a request.
    ///
    /// The path is compared as it was sent. Routing decodes it, so a path with another spelling can
    /// come to a handler that this one does not come to: it is rejected.
    pub(crate) fn at(&self, path: &str) -> Result<Resource, Rejection> {
        let rest = path.strip_prefix(&*self.path);
        let unknown = || Rejection::UnknownResource { path: path.to_owned() };
        rest.and_then(|rest| self.resource.below(rest)).ok_or_else(unknown)
    }
}
