//! The well-known routes of all resources that were registered together.

use std::{future::ready, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, Scope,
    dev::ServiceRequest,
    guard::{GuardContext, fn_guard},
    http::{Method, header},
    web::{self, ServiceConfig},
};

use crate::{
    auth::McpAuth,
    discovery::{
        Discovery, Document, DocumentsBelow, document_below, documents_of_host, not_found,
    },
};

/// Resources that were registered together: each host with its documents.
#[derive(Clone)]
pub(crate) struct Registration(Arc<Registered>);

struct Registered {
    resources: Vec<McpAuth>,
    hosts: Vec<Host>,
}

struct Host {
    origin: String,
    authority: String,
    documents: Vec<(String, Document)>,
}

/// What every document's path has in it (RFC 8615).
const WELL_KNOWN: &str = "/.well-known/";

/// Whether there may be a document at this path. Nearly every path is shorter, and needs no looking
/// through.
#[inline]
pub(crate) fn may_be_well_known(path: &str) -> bool {
    path.len() >= WELL_KNOWN.len() && path.contains(WELL_KNOWN)
}

/// The answer to a request for a document, before anybody has to say who they are. The middleware
/// gives it too, so that discovery works wherever it stands.
pub(crate) fn answer_within(auth: &McpAuth, request: &ServiceRequest) -> Option<HttpResponse> {
    let path = request.path();
    let own = &auth.inner().discovery;
    let below = || document_below([own].into_iter(), path);
    let document = match request.app_data::<Registration>() {
        Some(registration) if registration.includes(auth) => {
            registration.document(request.request())
        }
        Some(_) => find(&own.own, path).or_else(below),
        None => find(&own.alone, path).or_else(below),
    };
    Some(document?.answer(request.method()))
}

/// Whether the application answers for the resource's documents: at the root of the App, or by the
/// middleware around everything.
pub(crate) fn is_answered(auth: &McpAuth, request: &ServiceRequest) -> bool {
    // Nothing of the path was matched yet: the middleware is around everything, and answers itself.
    if request.match_info().unprocessed() == request.path() {
        return true;
    }
    let routes = request.resource_map();
    let own = &auth.inner().discovery.own;
    request.app_data::<Registration>().is_some()
        && own.iter().any(|(path, _)| routes.has_resource(path))
}

impl Registration {
    pub(crate) fn of(resources: &[McpAuth]) -> Self {
        let resources = resources.to_vec();
        let mut hosts: Vec<Host> = Vec::new();
        for auth in &resources {
            let resource = &auth.inner().discovery.resource;
            if hosts.iter().all(|host| host.origin != resource.origin()) {
                hosts.push(Host {
                    origin: resource.origin().to_owned(),
                    authority: resource.authority().to_owned(),
                    documents: documents_of_host(&on(resource.origin(), &resources)),
                });
            }
        }
        Self(Arc::new(Registered { resources, hosts }))
    }

    /// Registers every path, and tells the middleware around the App what belongs together.
    ///
    /// They stand in one scope for each `…/.well-known` there is: what every other request pays is
    /// that its path does not begin with that. The scope's guard leaves what is not ours to whoever
    /// comes after.
    pub(crate) fn register(&self, config: &mut ServiceConfig) {
        let mut paths: Vec<&str> = Vec::new();
        for (path, _) in self.0.hosts.iter().flat_map(|host| &host.documents) {
            if !paths.contains(&path.as_str()) {
                paths.push(path);
            }
        }
        let below = self.discoveries().filter_map(|one| one.below.as_ref());
        let patterns: Vec<String> = below.flat_map(DocumentsBelow::patterns).collect();
        paths.extend(patterns.iter().map(String::as_str));
        let mut scopes: Vec<(&str, Vec<&str>)> = Vec::new();
        for path in paths {
            let end = path.find(WELL_KNOWN).map_or(0, |at| at + WELL_KNOWN.len() - 1);
            let (prefix, rest) = path.split_at(end);
            match scopes.iter_mut().find(|(known, _)| *known == prefix) {
                Some((_, rests)) => rests.push(rest),
                None => scopes.push((prefix, vec![rest])),
            }
        }
        for (prefix, rests) in scopes {
            config.service(self.scope(prefix, rests));
        }
        config.app_data(self.clone());
    }

    fn scope(&self, prefix: &str, rests: Vec<&str>) -> Scope {
        let ours: Vec<String> = rests.iter().map(|rest| format!("{prefix}{rest}")).collect();
        let registration = self.clone();
        let is_ours = move |context: &GuardContext<'_>| {
            let path = context.head().uri.path();
            ours.iter().any(|ours| without_slash(ours) == without_slash(path))
                || registration.covers_below(path)
        };
        let resources = rests.into_iter().map(|rest| {
            let registration = self.clone();
            let rest = without_slash(rest);
            web::resource([rest.to_owned(), format!("{rest}/")])
                .to(move |request: HttpRequest| ready(registration.answer(&request)))
        });
        resources.fold(web::scope(prefix).guard(fn_guard(is_ours)), Scope::service)
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let path = request.path();
        let document = match request.app_data::<Self>() {
            // Registered one by one: the root aliases are nobody's, whoever came first.
            Some(last) if !last.is(self) => {
                let own = || self.discoveries().find_map(|one| find(&one.own, path));
                own().or_else(|| document_below(self.discoveries(), path))
            }
            _ => self.document(request),
        };
        let method: &Method = request.method();
        document.map_or_else(not_found, |document| document.answer(method))
    }

    /// With several hosts, `Host` decides whose document it is; nothing is built from it (R5).
    fn document(&self, request: &HttpRequest) -> Option<Document> {
        let host = match &self.0.hosts[..] {
            [only] => only,
            several => {
                let asked = asked_host(request)?;
                several.iter().find(|host| host.authority.eq_ignore_ascii_case(asked))?
            }
        };
        let path = request.path();
        let of_host = || self.discoveries().filter(|one| one.resource.origin() == host.origin);
        find(&host.documents, path).or_else(|| document_below(of_host(), path))
    }

    fn covers_below(&self, path: &str) -> bool {
        let mut below = self.discoveries().filter_map(|one| one.below.as_ref());
        below.any(|below| below.covers(path))
    }

    fn includes(&self, auth: &McpAuth) -> bool {
        self.0.resources.iter().any(|known| known.is(auth))
    }

    /// Whether it is a registration of the same resources: each worker makes its own.
    fn is(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.0.resources, &other.0.resources);
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, other)| one.is(other))
    }

    fn discoveries(&self) -> impl Iterator<Item = &Discovery> {
        self.0.resources.iter().map(|auth| &auth.inner().discovery)
    }
}

fn on<'a>(origin: &str, resources: &'a [McpAuth]) -> Vec<&'a Discovery> {
    let discoveries = resources.iter().map(|auth| &auth.inner().discovery);
    discoveries.filter(|discovery| discovery.resource.origin() == origin).collect()
}

/// The document at a path. One slash at the end counts for nothing: a client that compares adds
/// none, but `NormalizePath` does.
fn find(documents: &[(String, Document)], path: &str) -> Option<Document> {
    let exact = documents.iter().find(|(known, _)| known == path);
    let near = || documents.iter().find(|(known, _)| without_slash(known) == without_slash(path));
    exact.or_else(near).map(|(_, document)| document.clone())
}

fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The host that the client called, with its port where it is no default: `:authority` in HTTP/2,
/// `Host` otherwise.
fn asked_host(request: &HttpRequest) -> Option<&str> {
    let of_uri = request.uri().authority().map(|authority| authority.as_str());
    let of_header = || request.headers().get(header::HOST)?.to_str().ok();
    let host = of_uri.or_else(of_header)?;
    Some(host.strip_suffix(":443").unwrap_or(host))
}
