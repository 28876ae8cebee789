//! The documents of one App, in however many registrations they came.

use std::{
    any::Any,
    cell::RefCell,
    rc::{Rc, Weak},
};

use actix_web::{
    HttpRequest,
    dev::{AppService, HttpServiceFactory},
    http::header,
};

use crate::{
    auth::McpAuth,
    discovery::{Discovery, Document, document_below, documents_of_host},
};

/// The documents of resources that are known to each other: each host with its own.
pub(super) struct Documents {
    resources: Vec<McpAuth>,
    hosts: Vec<Host>,
}

struct Host {
    origin: String,
    authority: String,
    documents: Vec<(String, Document)>,
}

impl Documents {
    fn of(resources: Vec<McpAuth>) -> Self {
        let mut hosts: Vec<Host> = Vec::new();
        for auth in &resources {
            let resource = &auth.inner().discovery.resource;
            if hosts.iter().all(|host| host.origin != resource.origin()) {
                let on_host: Vec<_> = on(resource.origin(), &resources).collect();
                hosts.push(Host {
                    origin: resource.origin().to_owned(),
                    authority: resource.authority().to_owned(),
                    documents: documents_of_host(&on_host),
                });
            }
        }
        Self { resources, hosts }
    }

    /// The paths of all documents, but for those of resources below.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().flat_map(|host| &host.documents).map(|(path, _)| path.as_str())
    }

    /// With several hosts, `Host` decides whose document it is; nothing is built from it (R5).
    pub(super) fn at(&self, request: &HttpRequest) -> Option<Document> {
        let (host, path) = (self.asked(request)?, request.path());
        let below = || document_below(on(&host.origin, &self.resources), path);
        find(&host.documents, path).or_else(below)
    }

    /// The document for the middleware of a resource that may be none of these.
    pub(super) fn around(&self, auth: &McpAuth, request: &HttpRequest) -> Option<Document> {
        if self.resources.iter().any(|known| known.is(auth)) {
            return self.at(request);
        }
        let (own, path) = (&auth.inner().discovery, request.path());
        let known = || find(&self.asked(request)?.documents, path);
        let below = || {
            let neighbours = on(own.resource.origin(), &self.resources);
            document_below(neighbours.chain([own]), path)
        };
        find(&own.own, path).or_else(known).or_else(below)
    }

    fn asked(&self, request: &HttpRequest) -> Option<&Host> {
        match &self.hosts[..] {
            [only] => Some(only),
            several => {
                let asked = asked_host(request)?;
                several.iter().find(|host| host.authority.eq_ignore_ascii_case(asked))
            }
        }
    }
}

/// Resources that were registered together.
pub(super) struct Registered {
    pub(super) resources: Vec<McpAuth>,
    /// Of these resources, and of all others that are registered with the same App.
    documents: RefCell<Rc<Documents>>,
}

impl Registered {
    pub(super) fn new(resources: Vec<McpAuth>) -> Self {
        let documents = RefCell::new(Rc::new(Documents::of(resources.clone())));
        Self { resources, documents }
    }

    pub(super) fn documents(&self) -> Rc<Documents> {
        self.documents.borrow().clone()
    }
}

/// Makes a registration known to the others of its App. Has no route.
pub(super) struct Join(pub(super) Rc<Registered>);

impl HttpServiceFactory for Join {
    fn register(self, app: &mut AppService) {
        // A scope's documents are not at the paths where clients look.
        if app.is_root() {
            join(app.default_service(), &self.0);
        }
    }
}

thread_local! {
    static LAST_APP: RefCell<Option<LastApp>> = const { RefCell::new(None) };
}

struct LastApp {
    default_service: Weak<dyn Any>,
    registrations: Vec<Weak<Registered>>,
}

/// actix-web has no place where one registration finds another. It registers all services of an App
/// one after the other, in one thread and with one default service, whose address tells the App:
/// the `Weak` keeps the memory from being used again.
fn join(default_service: Rc<dyn Any>, new: &Rc<Registered>) {
    let default_service = Rc::downgrade(&default_service);
    LAST_APP.with_borrow_mut(|last| {
        let same = |app: &LastApp| Weak::ptr_eq(&app.default_service, &default_service);
        let mut registrations =
            last.take().filter(same).map(|app| app.registrations).unwrap_or_default();
        registrations.push(Rc::downgrade(new));
        let all: Vec<_> = registrations.iter().filter_map(Weak::upgrade).collect();
        let resources = all.iter().flat_map(|one| one.resources.iter().cloned()).collect();
        let documents = Rc::new(Documents::of(resources));
        for one in all {
            one.documents.replace(documents.clone());
        }
        *last = Some(LastApp { default_service, registrations });
    });
}

fn on<'a>(
    origin: &'a str,
    resources: &'a [McpAuth],
) -> impl Iterator<Item = &'a Discovery> + Clone {
    let discoveries = resources.iter().map(|auth| &auth.inner().discovery);
    discoveries.filter(move |discovery| discovery.resource.origin() == origin)
}

/// The document at a path. One slash at the end counts for nothing: a client that compares adds
/// none, but `NormalizePath` does.
pub(super) fn find(documents: &[(String, Document)], path: &str) -> Option<Document> {
    let exact = documents.iter().find(|(known, _)| known == path);
    let near = || documents.iter().find(|(known, _)| without_slash(known) == without_slash(path));
    exact.or_else(near).map(|(_, document)| document.clone())
}

pub(super) fn without_slash(path: &str) -> &str {
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
