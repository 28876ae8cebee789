//! The documents of all resources that were registered together, and the routes to them.

use std::{future::ready, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, Scope,
    dev::ServiceRequest,
    guard::{GuardContext, fn_guard},
    http::{Method, header},
    web::{self, ServiceConfig},
};

use super::{Discovery, Document, document::not_found, documents_of_host};
use crate::auth::McpAuth;

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

/// The answer to a request for a document, before anybody has to say who they are. The middleware
/// gives it too, so that discovery works wherever it stands.
pub(crate) fn answer_at_the_door(auth: &McpAuth, request: &ServiceRequest) -> Option<HttpResponse> {
    const WELL_KNOWN: &str = "/.well-known/";
    let path = request.path();
    // Nearly every path is shorter, and needs no looking through.
    if path.len() < WELL_KNOWN.len() || !path.contains(WELL_KNOWN) {
        return None;
    }
    let own = &auth.inner().discovery;
    let document = match request.app_data::<Registration>() {
        Some(registration) if registration.includes(auth) => {
            registration.document(request.request())
        }
        Some(_) => find(&own.own, path),
        None => find(&own.alone, path),
    };
    Some(document?.answer(request.method()))
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
    /// All of them stand in one scope, so that every other request passes them at the price of one
    /// route. Its guard leaves what is not ours to whoever comes after.
    pub(crate) fn register(&self, config: &mut ServiceConfig) {
        let mut paths: Vec<&str> = Vec::new();
        for (path, _) in self.0.hosts.iter().flat_map(|host| &host.documents) {
            if !paths.contains(&path.as_str()) {
                paths.push(path);
            }
        }
        let resources = paths.iter().map(|path| {
            let registration = self.clone();
            web::resource(*path)
                .to(move |request: HttpRequest| ready(registration.answer(&request)))
        });
        let ours: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        let shortest = ours.iter().map(String::len).min().unwrap_or_default();
        let is_ours = move |context: &GuardContext<'_>| {
            let path = context.head().uri.path();
            path.len() >= shortest && ours.iter().any(|ours| ours == path)
        };
        let scope = web::scope("").guard(fn_guard(is_ours));
        config.service(resources.fold(scope, Scope::service)).app_data(self.clone());
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let document = match request.app_data::<Self>() {
            // Registered one by one: the root aliases are nobody's, whoever came first.
            Some(last) if !last.is(self) => {
                self.discoveries().find_map(|one| find(&one.own, request.path()))
            }
            _ => self.document(request),
        };
        let method: &Method = request.method();
        document.map_or_else(not_found, |document| document.answer(method))
    }

    /// With several hosts, `Host` decides whose document it is; nothing is built from it (R5).
    fn document(&self, request: &HttpRequest) -> Option<&Document> {
        let host = match &self.0.hosts[..] {
            [only] => only,
            several => {
                let asked = asked_host(request)?;
                several.iter().find(|host| host.authority.eq_ignore_ascii_case(asked))?
            }
        };
        find(&host.documents, request.path())
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

fn find<'d>(documents: &'d [(String, Document)], path: &str) -> Option<&'d Document> {
    documents.iter().find(|(known, _)| known == path).map(|(_, document)| document)
}

/// The host that the client called, with its port where it is no default: `:authority` in HTTP/2,
/// `Host` otherwise.
fn asked_host(request: &HttpRequest) -> Option<&str> {
    let of_uri = request.uri().authority().map(|authority| authority.as_str());
    let of_header = || request.headers().get(header::HOST)?.to_str().ok();
    let host = of_uri.or_else(of_header)?;
    Some(host.strip_suffix(":443").unwrap_or(host))
}
