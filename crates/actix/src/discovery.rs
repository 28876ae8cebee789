//! The well-known routes: what a resource says of itself, and, for older clients, what its
//! authorization server says.
//!
//! Each resource has paths of its own, and a host has root aliases, at which a client looks that
//! knows no resource. Only one resource of a host can answer there, so with several the metadata's
//! root alias is a real 404 (R2); the authorization server's is answered where all of them pass on
//! the same one.

mod below;
mod document;
mod place;

use mcp_auth_core::{
    Issuer, ProtectedResourceMetadata, Resource,
    resource::{AUTHORIZATION_SERVER_ROOT, METADATA_ROOT},
};

use crate::refresher::same_origin;
use below::DocumentsBelow;
pub(crate) use document::{Document, not_found};
use place::Paths;

const OPENID: &str = "/.well-known/openid-configuration";

/// The documents of one resource.
#[derive(Debug)]
pub(crate) struct Discovery {
    pub(crate) resource: Resource,
    /// At the resource's own paths.
    pub(crate) own: Vec<(String, Document)>,
    /// At its host's root aliases.
    at_root: AtRoot,
    /// All of them, for a resource that has its host to itself.
    pub(crate) alone: Vec<(String, Document)>,
    /// Those of the resources below.
    below: Option<DocumentsBelow>,
    paths: Paths,
}

/// What a resource would answer at the root of its host. What is `None` is left to the application.
#[derive(Debug)]
struct AtRoot {
    metadata: Document,
    authorization_server: Option<Document>,
    openid: Option<Document>,
}

/// What the resource passes on of its authorization server's metadata.
pub(crate) struct MetadataProxy {
    /// The document; [`Document::Absent`] where current clients go to the server itself.
    pub(crate) document: Document,
    /// Whether it stands at the OpenID paths as well.
    pub(crate) openid: bool,
}

impl Discovery {
    pub(crate) fn new(
        resource: &Resource,
        served_at: Option<&str>,
        resources_below: bool,
        metadata: &ProtectedResourceMetadata,
        issuers: &[Issuer],
        shim: MetadataProxy,
    ) -> Self {
        let paths = resource.well_known_paths(served_at);
        let document = Document::resource(metadata);
        let at = |document: &Document| {
            let document = document.clone();
            move |path: String| (path, document.clone())
        };
        let mut own: Vec<_> = paths.metadata.into_iter().map(at(&document)).collect();
        // An application that is its own authorization server answers these itself.
        let answers_itself = issuers.iter().any(|issuer| shares_origin(issuer, resource));
        let mut at_root = AtRoot { metadata: document, authorization_server: None, openid: None };
        if !answers_itself {
            own.extend(paths.authorization_server.into_iter().map(at(&shim.document)));
            // Nobody else's business unless asked for: the application may be a provider for others.
            at_root.openid = shim.openid.then(|| shim.document.clone());
            at_root.authorization_server = Some(shim.document);
        }
        let below = resources_below.then(|| DocumentsBelow {
            metadata: metadata.clone(),
            authorization_server: at_root.authorization_server.clone(),
        });
        let (resource, paths) = (resource.clone(), Paths::of(resource, served_at));
        let mut discovery = Self { resource, own, at_root, alone: Vec::new(), below, paths };
        discovery.alone = documents_of_host(&[&discovery]);
        discovery
    }

    /// Whether a document of a resource below may stand at this path.
    pub(crate) fn covers_below(&self, path: &str) -> bool {
        let place = || self.paths.place(path);
        self.below.as_ref().is_some_and(|below| place().is_some_and(|place| below.has(place.kind)))
    }

    /// The patterns of all these paths.
    pub(crate) fn patterns_below(&self) -> Vec<String> {
        self.below.as_ref().map(|below| below.patterns(&self.paths)).unwrap_or_default()
    }
}

/// The document at a path below one of these resources: of the one whose path is the longest of
/// those that match. `None`: no resource below has this path.
pub(crate) fn document_below<'d>(
    resources: impl Iterator<Item = &'d Discovery> + Clone,
    path: &str,
) -> Option<Document> {
    if !resources.clone().any(|one| one.covers_below(path)) {
        return None;
    }
    let above = resources.filter_map(|one| Some((one, one.paths.place(path)?)));
    let (nearest, place) = above.max_by_key(|(one, place)| (place.depth, one.below.is_some()))?;
    match &nearest.below {
        Some(below) => below.at(&nearest.resource, &place),
        // Every path below it is of the one resource, and none has a document of its own.
        None => Some(Document::Absent),
    }
}

/// Every document of the resources of one host.
pub(crate) fn documents_of_host(resources: &[&Discovery]) -> Vec<(String, Document)> {
    let mut documents: Vec<(String, Document)> = Vec::new();
    let mut add = |path: &str, document: &Document| {
        if documents.iter().all(|(known, _)| known != path) {
            documents.push((path.to_owned(), document.clone()));
        }
    };
    // A host's root may be a resource itself, whose own paths these then are.
    for (path, document) in resources.iter().flat_map(|resource| &resource.own) {
        add(path, document);
    }
    let metadata = resources.iter().map(|one| Some(&one.at_root.metadata));
    let servers = resources.iter().map(|one| one.at_root.authorization_server.as_ref());
    let openid = resources.iter().map(|one| one.at_root.openid.as_ref());
    let roots = [
        (METADATA_ROOT, in_common(metadata)),
        (AUTHORIZATION_SERVER_ROOT, in_common(servers)),
        (OPENID, in_common(openid)),
    ];
    for (path, document) in roots {
        if let Some(document) = document {
            add(path, &document);
        }
    }
    documents
}

/// The one document on which all agree; absent, where they do not; `None`, where one leaves the
/// path to the application.
fn in_common<'d>(documents: impl Iterator<Item = Option<&'d Document>>) -> Option<Document> {
    let documents: Vec<&Document> = documents.collect::<Option<_>>()?;
    let (first, others) = documents.split_first()?;
    match others.iter().all(|other| other == first) {
        true => Some((*first).clone()),
        false => Some(Document::Absent),
    }
}

fn shares_origin(issuer: &Issuer, resource: &Resource) -> bool {
    // An issuer's name may have its default port, or capitals.
    same_origin(issuer.name(), resource.origin())
}
