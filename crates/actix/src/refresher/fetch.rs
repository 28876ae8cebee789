//! Fetching an issuer's documents: bounded in time and size, without redirects, and checked before
//! they are used.

mod file;
mod profile;

pub(super) use file::FILE_FRESH;

use std::{
    cell::RefCell,
    collections::HashMap,
    ops::ControlFlow::{self, Break, Continue},
    sync::Arc,
    time::Duration,
};

use mcp_auth_core::{
    AuthorizationServerMetadata, HttpClient, HttpRequest, Issuer, JwksLocation, KeySet,
    http::AllowedAddresses, keys::JwksError, metadata::metadata_urls, signature::SignatureBackend,
};

use super::{
    document::{self, Answer, IF_NONE_MATCH, NOT_MODIFIED},
    error::FetchError,
    origin,
};
use crate::observe;

/// Fetches documents.
pub(super) struct Fetcher {
    signatures: Arc<dyn SignatureBackend>,
    http: Arc<dyn HttpClient>,
    /// The key set in use of each issuer, with its `ETag`.
    known: RefCell<HashMap<String, KnownSet>>,
    /// What the file of each issuer with one said last.
    files: RefCell<HashMap<String, String>>,
    /// The `jwks_uri` that each issuer's metadata named last.
    discovered: RefCell<HashMap<String, String>>,
    /// The URL of each issuer's metadata that named its keys last: it is asked first.
    found_at: RefCell<HashMap<String, String>>,
    /// The `userinfo_endpoint` that was discovered for each issuer.
    userinfo: RefCell<HashMap<String, String>>,
    /// The discovered `userinfo_endpoint` of each issuer that is not used, once it was logged.
    not_used: RefCell<HashMap<String, String>>,
}

/// An issuer's answer to a request for its keys.
pub(super) enum FetchedKeys {
    /// A key set.
    Set(KeySet),
    /// The key set is the one that was fetched last.
    Unchanged,
    /// A well-formed document without keys.
    None(JwksError),
}

struct KnownSet {
    uri: String,
    tag: Vec<u8>,
    fresh: Option<Duration>,
}

/// A document, and how long it is fresh where its server says so.
type Fetched<T> = Result<(T, Option<Duration>), FetchError>;

/// Whether to stop with an outcome, or to try the next URL for this reason.
type Step<T> = ControlFlow<Result<T, FetchError>, FetchError>;

impl Fetcher {
    /// Nothing is fetched yet. Keys are made ready for this backend.
    pub(super) fn new(signatures: Arc<dyn SignatureBackend>, http: Arc<dyn HttpClient>) -> Self {
        Self {
            signatures,
            http,
            known: RefCell::default(),
            files: RefCell::default(),
            discovered: RefCell::default(),
            found_at: RefCell::default(),
            userinfo: RefCell::default(),
            not_used: RefCell::default(),
        }
    }

    /// An issuer's key set, from where it is configured or discovered to be.
    pub(super) async fn keys(&self, issuer: &Issuer) -> Fetched<FetchedKeys> {
        let (uri, addresses) = match issuer.jwks_location() {
            JwksLocation::Uri(uri) => (uri.clone(), AllowedAddresses::Any),
            JwksLocation::File(path) => return self.keys_of_file(issuer, path).await,
            _ => {
                let uri = self.discover_jwks_uri(issuer).await?;
                let addresses = addresses_of_discovered(issuer, &uri);
                (uri, addresses)
            }
        };
        // Removed until it is confirmed: after any failure the whole set is fetched.
        let known = self.known.borrow_mut().remove(issuer.name()).filter(|known| known.uri == uri);
        let mut request = HttpRequest::get(&*uri).addresses(addresses);
        if let Some(known) = &known {
            request = request.header(IF_NONE_MATCH, known.tag.clone());
        }
        let answer = self.fetch(issuer, request).await?;
        match (answer.body, known) {
            (Some(body), _) => self.read_keys(issuer, uri, &body, answer.tag, answer.fresh),
            (None, Some(known)) => {
                // What a 304 does not say stands as it was (RFC 9111 §4.3.4).
                let fresh = answer.fresh.or(known.fresh);
                self.remember(issuer, KnownSet { fresh, ..known });
                Ok((FetchedKeys::Unchanged, fresh))
            }
            (None, None) => Err(FetchError::Status { uri, status: NOT_MODIFIED }),
        }
    }

    fn read_keys(
        &self,
        issuer: &Issuer,
        uri: String,
        body: &[u8],
        tag: Option<Vec<u8>>,
        fresh: Option<Duration>,
    ) -> Fetched<FetchedKeys> {
        match KeySet::parse(body, issuer.allowed_algorithms(), &*self.signatures) {
            Ok(keys) => {
                if let Some(tag) = tag {
                    self.remember(issuer, KnownSet { uri, tag, fresh });
                }
                Ok((FetchedKeys::Set(keys), fresh))
            }
            Err(error) if error.is_a_set_without_keys() => Ok((FetchedKeys::None(error), fresh)),
            Err(error) => Err(FetchError::Keys { uri, error }),
        }
    }

    fn remember(&self, issuer: &Issuer, known: KnownSet) {
        self.known.borrow_mut().insert(issuer.name().to_owned(), known);
    }

    /// An issuer's metadata, from the first of the well-known URLs that has it. Only a URL that
    /// says it has nothing is passed over: an OpenID document has less in it than the one of RFC
    /// 8414, and must not take its place because of a short failure.
    pub(super) async fn metadata(&self, issuer: &Issuer) -> Fetched<AuthorizationServerMetadata> {
        let urls = metadata_urls(issuer.name());
        self.walk_metadata(issuer, urls, |_, found| match found {
            Err(error) if error.says_nothing_is_there() => Continue(error),
            outcome => Break(outcome),
        })
        .await
    }

    /// Tries one URL of the issuer's metadata after the other until `judge` stops; where it never
    /// does, the error has each reason to go on.
    async fn walk_metadata<T>(
        &self,
        issuer: &Issuer,
        urls: Vec<String>,
        judge: impl Fn(&str, Fetched<AuthorizationServerMetadata>) -> Step<T>,
    ) -> Result<T, FetchError> {
        let mut reasons = Vec::new();
        for uri in urls {
            match judge(&uri, self.metadata_at(issuer, &uri).await) {
                Break(outcome) => return outcome,
                Continue(reason) => reasons.push(reason),
            }
        }
        Err(FetchError::Nowhere(reasons))
    }

    async fn metadata_at(
        &self,
        issuer: &Issuer,
        uri: &str,
    ) -> Fetched<AuthorizationServerMetadata> {
        let answer = self.fetch(issuer, HttpRequest::get(uri)).await?;
        let metadata = AuthorizationServerMetadata::parse(answer.document(), issuer.name())
            .map_err(|error| FetchError::Metadata { uri: uri.to_owned(), error })?;
        self.log_unused_userinfo_endpoint(issuer, &metadata);
        Ok((metadata, answer.fresh))
    }

    /// Says once, as a rule at start-up, that a discovered userinfo endpoint is not used.
    fn log_unused_userinfo_endpoint(
        &self,
        issuer: &Issuer,
        metadata: &AuthorizationServerMetadata,
    ) {
        let Some(endpoint) = metadata.userinfo_endpoint() else { return };
        let is_configured =
            issuer.configured_userinfo_endpoint().is_some() || issuer.workos_api().is_some();
        if is_configured || origin::same_origin(endpoint, issuer.name()) {
            return;
        }
        let old = self.not_used.borrow_mut().insert(issuer.name().to_owned(), endpoint.to_owned());
        if old.as_deref() != Some(endpoint) {
            observe::userinfo_endpoint_not_used(issuer.name(), endpoint);
        }
    }

    /// From the first document that names it, whatever the other URLs answer: they can belong to
    /// the host and not to the issuer. What is used names the issuer byte for byte (RFC 8414 §3.3).
    async fn discover_jwks_uri(&self, issuer: &Issuer) -> Result<String, FetchError> {
        let mut urls = metadata_urls(issuer.name());
        if let Some(known) = self.found_at.borrow().get(issuer.name()) {
            // A stable sort: the others keep their order.
            urls.sort_by_key(|url| url != known);
        }
        let found = self.walk_metadata(issuer, urls, |url, found| match found {
            Ok((metadata, _)) => match metadata.jwks_uri() {
                Some(uri) => Break(Ok((url.to_owned(), uri.to_owned()))),
                None => Continue(FetchError::NoJwksUri { uri: url.to_owned() }),
            },
            Err(error) => Continue(error),
        });
        let (found_at, uri) = found.await?;
        self.found_at.borrow_mut().insert(issuer.name().to_owned(), found_at);
        let old = self.discovered.borrow_mut().insert(issuer.name().to_owned(), uri.clone());
        if let Some(old) = old.filter(|old| *old != uri) {
            observe::jwks_uri_changed(issuer.name(), &old, &uri);
        }
        Ok(uri)
    }

    async fn fetch(&self, issuer: &Issuer, request: HttpRequest) -> Result<Answer, FetchError> {
        document::fetch(&*self.http, issuer, request).await
    }
}

/// Which addresses a URL that the issuer's metadata names may have.
fn addresses_of_discovered(issuer: &Issuer, uri: &str) -> AllowedAddresses {
    if origin::same_host(uri, issuer.name()) || issuer.names_plain_http_host(uri) {
        return AllowedAddresses::Any;
    }
    // Without a host nothing can be looked up, and private addresses are refused.
    let host = origin::host(issuer.name()).unwrap_or_default();
    AllowedAddresses::PublicUnlessPrivate { named_by: host.into() }
}
