//! Fetching an issuer's documents: bounded in time and size, never redirected, never believed
//! without a check (R27).

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    ops::ControlFlow::{self, Break, Continue},
    sync::Arc,
    time::Duration,
};

use actix_web::http::{
    StatusCode,
    header::{self, HeaderValue},
};
use awc::Client;
use mcp_auth_core::{
    AuthorizationServerMetadata, Issuer, JwksLocation, KeySet, Profile, ProfileError, Secret,
    issuer::WorkosApi, keys::JwksError, metadata::metadata_urls, signature::SignatureBackend,
};
use openssl::ssl::SslConnector;

use super::{
    error::FetchError,
    http::{Answer, bounded, client, sensitive},
};
use crate::observe;

/// Fetches documents. The HTTP clients are built at the first fetch: reading the system's
/// certificates takes some milliseconds that start-up need not wait for.
pub(super) struct Fetcher {
    signatures: Arc<dyn SignatureBackend>,
    /// What to trust, where that is not the system's choice alone.
    tls: Option<SslConnector>,
    documents: OnceCell<Client>,
    /// Apart from the documents', so that a flood of newcomers leaves keys alone.
    profiles: OnceCell<Client>,
    /// By which name each issuer's server knows the key set that is in use.
    known: RefCell<HashMap<String, KnownSet>>,
    /// The `jwks_uri` that each issuer's metadata named last.
    discovered: RefCell<HashMap<String, String>>,
    /// The `userinfo_endpoint` of each issuer that was asked about somebody.
    userinfo: RefCell<HashMap<String, String>>,
}

/// What an issuer says of its keys.
pub(super) enum FetchedKeys {
    /// These.
    Set(KeySet),
    /// Those that it told last.
    Unchanged,
    /// None, in a well-formed document.
    None(JwksError),
}

struct KnownSet {
    uri: String,
    tag: HeaderValue,
    fresh: Option<Duration>,
}

/// A document with how long it is fresh, where its server tells.
type Fetched<T> = Result<(T, Option<Duration>), FetchError>;

/// What a walk is to do after a place: stop with an outcome, or go on for this reason.
type Step<T> = ControlFlow<Result<T, FetchError>, FetchError>;

impl Fetcher {
    /// Nothing is fetched yet. Keys are made ready for this backend.
    pub(super) fn new(signatures: Arc<dyn SignatureBackend>, tls: Option<SslConnector>) -> Self {
        Self {
            signatures,
            tls,
            documents: OnceCell::new(),
            profiles: OnceCell::new(),
            known: RefCell::default(),
            discovered: RefCell::default(),
            userinfo: RefCell::default(),
        }
    }

    /// An issuer's key set, from where it is configured or discovered to be.
    pub(super) async fn keys(&self, issuer: &Issuer) -> Fetched<FetchedKeys> {
        let uri = match issuer.jwks_location() {
            JwksLocation::Uri(uri) => uri.clone(),
            _ => self.discover_jwks_uri(issuer).await?,
        };
        // Forgotten until it is confirmed: after any trouble the whole set is asked for.
        let known = self.known.borrow_mut().remove(issuer.name()).filter(|known| known.uri == uri);
        let answer = self.get_if_new(issuer, &uri, known.as_ref()).await?;
        match (answer.body, known) {
            (Some(body), _) => self.read_keys(issuer, uri, &body, answer.tag, answer.fresh),
            (None, Some(known)) => {
                // What a 304 does not say stands as it was (RFC 9111 §4.3.4).
                let fresh = answer.fresh.or(known.fresh);
                self.remember(issuer, KnownSet { fresh, ..known });
                Ok((FetchedKeys::Unchanged, fresh))
            }
            (None, None) => Err(FetchError::Status { uri, status: StatusCode::NOT_MODIFIED }),
        }
    }

    fn read_keys(
        &self,
        issuer: &Issuer,
        uri: String,
        body: &[u8],
        tag: Option<HeaderValue>,
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

    /// An issuer's metadata, from the first of the well-known places that has it. Only a place
    /// that says it has nothing is passed over: an OpenID document says less than the one of RFC
    /// 8414, and must not take its place because of a moment's trouble (R6).
    pub(super) async fn metadata(&self, issuer: &Issuer) -> Fetched<AuthorizationServerMetadata> {
        self.walk_metadata(issuer, FetchError::NoMetadata, |found| match found {
            Err(error) if error.says_nothing_is_there() => Continue(error),
            outcome => Break(outcome),
        })
        .await
    }

    /// Goes from one place where an issuer's metadata may stand to the next, until `judge` has
    /// enough; else tells why the last one was not.
    async fn walk_metadata<T>(
        &self,
        issuer: &Issuer,
        nowhere: FetchError,
        judge: impl Fn(Fetched<AuthorizationServerMetadata>) -> Step<T>,
    ) -> Result<T, FetchError> {
        let mut last = nowhere;
        for uri in metadata_urls(issuer.name()) {
            match judge(self.metadata_at(issuer, &uri).await) {
                Break(outcome) => return outcome,
                Continue(reason) => last = reason,
            }
        }
        Err(last)
    }

    async fn metadata_at(
        &self,
        issuer: &Issuer,
        uri: &str,
    ) -> Fetched<AuthorizationServerMetadata> {
        let answer = self.get_if_new(issuer, uri, None).await?;
        let metadata = AuthorizationServerMetadata::parse(answer.document(), issuer.name())
            .map_err(|error| FetchError::Metadata { uri: uri.to_owned(), error })?;
        Ok((metadata, answer.fresh))
    }

    async fn discover_jwks_uri(&self, issuer: &Issuer) -> Result<String, FetchError> {
        let (metadata, _) = self.metadata(issuer).await?;
        let uri = metadata.jwks_uri().ok_or(FetchError::NoJwksUri)?.to_owned();
        let old = self.discovered.borrow_mut().insert(issuer.name().to_owned(), uri.clone());
        if let Some(old) = old.filter(|old| *old != uri) {
            observe::jwks_uri_changed(issuer.name(), &old, &uri);
        }
        Ok(uri)
    }

    /// What the issuer, or the WorkOS API for it, tells about a person.
    pub(super) async fn profile(
        &self,
        issuer: &Issuer,
        sub: &str,
        token: &Secret,
    ) -> Result<Profile, ProfileError> {
        let answer = match issuer.workos_api() {
            Some(api) => self.workos_user(issuer, api, sub).await,
            None => self.userinfo(issuer, sub, token).await,
        };
        answer.map_err(|error| match (&error, issuer.workos_api()) {
            (FetchError::Status { status: StatusCode::UNAUTHORIZED, .. }, None) => {
                ProfileError::TokenRefused
            }
            (FetchError::Status { status: StatusCode::FORBIDDEN, .. }, None)
            | (FetchError::Status { status: StatusCode::NOT_FOUND, .. }, _) => {
                ProfileError::NoProfile
            }
            _ => ProfileError::Unavailable(error.to_string()),
        })
    }

    async fn workos_user(
        &self,
        issuer: &Issuer,
        api: &WorkosApi,
        sub: &str,
    ) -> Result<Profile, FetchError> {
        let uri = format!("{}/user_management/users/{}", api.url, path_segment(sub));
        let answer = self.get_as(issuer, &uri, &api.key).await?;
        Profile::from_workos_user(answer.document(), sub)
            .map_err(|error| FetchError::Profile { uri, error })
    }

    async fn userinfo(
        &self,
        issuer: &Issuer,
        sub: &str,
        token: &Secret,
    ) -> Result<Profile, FetchError> {
        let uri = self.userinfo_endpoint(issuer).await?;
        let outcome = self.get_as(issuer, &uri, token).await;
        if outcome.is_err() {
            // It may have moved.
            self.userinfo.borrow_mut().remove(issuer.name());
        }
        Profile::from_userinfo(outcome?.document(), sub)
            .map_err(|error| FetchError::Profile { uri, error })
    }

    /// From the first document that names it: AuthKit's RFC 8414 document does not, its OpenID one
    /// does.
    async fn userinfo_endpoint(&self, issuer: &Issuer) -> Result<String, FetchError> {
        if let Some(known) = self.userinfo.borrow().get(issuer.name()) {
            return Ok(known.clone());
        }
        let endpoint = self.walk_metadata(issuer, FetchError::NoUserinfo, |found| match found {
            Ok((metadata, _)) => match metadata.userinfo_endpoint() {
                Some(endpoint) => Break(Ok(endpoint.to_owned())),
                None => Continue(FetchError::NoUserinfo),
            },
            Err(error) => Continue(error),
        });
        let endpoint = endpoint.await?;
        self.userinfo.borrow_mut().insert(issuer.name().to_owned(), endpoint.clone());
        Ok(endpoint)
    }

    /// A document, unless it is still the one that is known.
    async fn get_if_new(
        &self,
        issuer: &Issuer,
        uri: &str,
        known: Option<&KnownSet>,
    ) -> Result<Answer, FetchError> {
        let client = self.documents.get_or_init(|| client(self.tls.as_ref()));
        bounded(issuer, uri, || match known {
            Some(known) => {
                client.get(uri).insert_header((header::IF_NONE_MATCH, known.tag.clone()))
            }
            None => client.get(uri),
        })
        .await
    }

    async fn get_as(
        &self,
        issuer: &Issuer,
        uri: &str,
        bearer: &Secret,
    ) -> Result<Answer, FetchError> {
        let client = self.profiles.get_or_init(|| client(self.tls.as_ref()));
        let Some(authorization) = sensitive(bearer) else {
            return Err(FetchError::Insecure { uri: uri.to_owned() });
        };
        bounded(issuer, uri, || {
            client.get(uri).insert_header((header::AUTHORIZATION, authorization))
        })
        .await
    }
}

/// A subject as one segment of a path, whatever is in it (RFC 3986 §3.3).
fn path_segment(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match unreserved(byte) {
            true => segment.push(char::from(byte)),
            false => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_stays_one_segment_of_the_path() {
        assert_eq!(path_segment("user_1"), "user_1");
        assert_eq!(path_segment("../a?b#c%/ü"), "..%2Fa%3Fb%23c%25%2F%C3%BC");
    }
}
