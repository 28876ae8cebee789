//! The well-known routes of all resources of an App.

mod app;

use std::{future::ready, rc::Rc};

use actix_web::{
    HttpRequest, HttpResponse, Scope,
    dev::ServiceRequest,
    guard::{GuardContext, fn_guard},
    web::{self, ServiceConfig},
};

use crate::{
    auth::McpAuth,
    discovery::{Discovery, document_below, not_found},
};
use app::{Join, Registered, find, without_slash};

/// Resources that were registered together.
#[derive(Clone)]
pub(crate) struct Registration(Rc<Registered>);

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
    let (own, path) = (&auth.inner().discovery, request.path());
    let document = match request.app_data::<Registration>() {
        Some(registration) => registration.0.documents().around(auth, request.request()),
        None => find(&own.alone, path).or_else(|| document_below([own].into_iter(), path)),
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
        Self(Rc::new(Registered::new(resources.to_vec())))
    }

    /// Registers every path, and tells the middleware around the App what belongs together.
    ///
    /// They stand in one scope for each `…/.well-known` there is: what every other request pays is
    /// that its path does not begin with that. The scope's guard leaves what is not ours to whoever
    /// comes after. A path of ours can be another registration's too, as for root aliases: whichever
    /// comes first answers for all of the App.
    pub(crate) fn register(&self, config: &mut ServiceConfig) {
        let documents = self.0.documents();
        let mut paths: Vec<&str> = Vec::new();
        for path in documents.paths() {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        let patterns: Vec<String> =
            self.discoveries().flat_map(Discovery::patterns_below).collect();
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
        config.service(Join(self.0.clone())).app_data(self.clone());
    }

    fn scope(&self, prefix: &str, rests: Vec<&str>) -> Scope {
        let ours: Vec<String> = rests.iter().map(|rest| format!("{prefix}{rest}")).collect();
        let registration = self.clone();
        let is_ours = move |context: &GuardContext<'_>| {
            let path = context.head().uri.path();
            ours.iter().any(|ours| without_slash(ours) == without_slash(path))
                || registration.discoveries().any(|one| one.covers_below(path))
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
        let document = self.0.documents().at(request);
        document.map_or_else(not_found, |document| document.answer(request.method()))
    }

    fn discoveries(&self) -> impl Iterator<Item = &Discovery> {
        self.0.resources.iter().map(|auth| &auth.inner().discovery)
    }
}
