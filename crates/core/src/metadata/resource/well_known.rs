//! Where a resource's documents stand.

use super::Resource;

/// Where a client looks that knows a host and no resource: the metadata's root alias (R2). Good for
/// a host with one resource only.
pub const METADATA_ROOT: &str = "/.well-known/oauth-protected-resource";
/// Where clients of the MCP revision 2025-03-26 look for an authorization server's metadata, on the
/// resource's own host (R6).
pub const AUTHORIZATION_SERVER_ROOT: &str = "/.well-known/oauth-authorization-server";

/// The paths that are this resource's alone; the root aliases are among them only where the
/// resource is a host's root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WellKnownPaths {
    /// Of the metadata document: path-inserted (RFC 9728 §3.1), and appended to the resource's
    /// path, which some clients try.
    pub metadata: Vec<String>,
    /// Of the authorization server's metadata: path-inserted (RFC 8414 §3.1).
    pub authorization_server: Vec<String>,
}

impl Resource {
    /// Where the metadata document stands: the well-known path between host and path
    /// (RFC 9728 §3.1).
    pub fn metadata_url(&self) -> String {
        format!("{}{}", self.origin(), self.metadata_path())
    }

    /// The path of [`metadata_url`](Self::metadata_url).
    pub fn metadata_path(&self) -> String {
        inserted(METADATA_ROOT, self.path())
    }

    /// The paths of this resource's documents, as the application sees them. `served_at` is the
    /// path of the resource itself in the application, where a proxy changes it; which of the two a
    /// proxy puts behind a well-known path is its own affair, so both are there.
    pub fn well_known_paths(&self, served_at: Option<&str>) -> WellKnownPaths {
        let (mut metadata, mut authorization_server) = (Vec::new(), Vec::new());
        for path in [Some(self.path()), served_at].into_iter().flatten() {
            add(&mut metadata, inserted(METADATA_ROOT, path));
            add(&mut metadata, format!("{}{METADATA_ROOT}", path.trim_end_matches('/')));
            add(&mut authorization_server, inserted(AUTHORIZATION_SERVER_ROOT, path));
        }
        WellKnownPaths { metadata, authorization_server }
    }
}

/// `well_known` with a path behind it; a path of `/` alone is dropped (RFC 9728 §3.1).
fn inserted(well_known: &str, path: &str) -> String {
    match path {
        "/" => well_known.to_owned(),
        path => format!("{well_known}{path}"),
    }
}

fn add(paths: &mut Vec<String>, path: String) {
    if !paths.contains(&path) {
        paths.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(resource: &str, served_at: Option<&str>) -> WellKnownPaths {
        Resource::parse(resource).unwrap().well_known_paths(served_at)
    }

    #[test]
    fn r02_the_metadata_stands_at_paths_of_the_resource_s_own() {
        assert_eq!(
            paths("https://h/a/mcp", None).metadata,
            [
                "/.well-known/oauth-protected-resource/a/mcp",
                "/a/mcp/.well-known/oauth-protected-resource",
            ]
        );
        for root in ["https://h", "https://h/"] {
            assert_eq!(paths(root, None).metadata, [METADATA_ROOT], "{root}");
            assert_eq!(paths(root, None).authorization_server, [AUTHORIZATION_SERVER_ROOT]);
        }
        assert_eq!(
            Resource::parse("https://h/mcp/").unwrap().metadata_url(),
            "https://h/.well-known/oauth-protected-resource/mcp/"
        );
    }

    #[test]
    fn r05_behind_a_prefix_both_paths_are_there() {
        let both = paths("https://h/tools/mcp", Some("/mcp"));
        assert_eq!(
            both.metadata,
            [
                "/.well-known/oauth-protected-resource/tools/mcp",
                "/tools/mcp/.well-known/oauth-protected-resource",
                "/.well-known/oauth-protected-resource/mcp",
                "/mcp/.well-known/oauth-protected-resource",
            ]
        );
        assert_eq!(
            both.authorization_server,
            [
                "/.well-known/oauth-authorization-server/tools/mcp",
                "/.well-known/oauth-authorization-server/mcp",
            ]
        );
        let same = paths("https://h/mcp", Some("/mcp"));
        assert_eq!(same, paths("https://h/mcp", None));
    }
}
