//! Fetching an issuer's documents: bounded in time and size, never redirected, never believed
//! without a check (R27).

use std::{cell::OnceCell, cell::RefCell, collections::HashMap, fmt, sync::Arc, time::Duration};

use actix_web::http::{StatusCode, header, header::HeaderValue};
use awc::{Client, ClientRequest};
use mcp_auth_core::{
    AuthorizationServerMetadata, Issuer, JwksLocation, KeySet, Profile, ProfileError, Secret,
    issuer::WorkosApi,
    keys::JwksError,
    metadata::{MetadataError, metadata_urls},
    profile::NotAProfile,
    refresh::max_age,
    signature::SignatureBackend,
};
use tokio::time::timeout;

use crate::observe;

/// The longest that a whole fetch may take: connecting, header and body.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The largest document that is read, in bytes.
const SIZE_LIMIT: usize = 64 * 1024;

/// Fetches documents. The HTTP clients are built at the first fetch: reading the system's
/// certificates takes some milliseconds that start-up need not wait for.
pub(super) struct Fetcher {
    signatures: Arc<dyn SignatureBackend>,
    documents: OnceCell<Client>,
    /// Apart from the documents', so that a flood of newcomers leaves keys alone.
    profiles: OnceCell<Client>,
    /// The `jwks_uri` that each issuer's metadata named last.
    discovered: RefCell<HashMap<String, String>>,
    /// The `userinfo_endpoint` of each issuer that was asked about somebody.
    userinfo: RefCell<HashMap<String, String>>,
}

/// A document with how long it is fresh, where its server tells.
type Fetched<T> = Result<(T, Option<Duration>), FetchError>;

impl Fetcher {
    /// Nothing is fetched yet. Keys are made ready for this backend.
    pub(super) fn new(signatures: Arc<dyn SignatureBackend>) -> Self {
        Self {
            signatures,
            documents: OnceCell::new(),
            profiles: OnceCell::new(),
            discovered: RefCell::default(),
            userinfo: RefCell::default(),
        }
    }

    /// An issuer's key set, from where it is configured or discovered to be.
    pub(super) async fn keys(&self, issuer: &Issuer) -> Fetched<KeySet> {
        let uri = match issuer.jwks_location() {
            JwksLocation::Uri(uri) => uri.clone(),
            _ => self.discover_jwks_uri(issuer).await?,
        };
        let (body, fresh) = self.get(issuer, &uri).await?;
        let keys = KeySet::parse(&body, issuer.allowed_algorithms(), &*self.signatures)
            .map_err(|error| FetchError::Keys { uri, error })?;
        Ok((keys, fresh))
    }

    /// An issuer's metadata, from the first of the well-known places that has it. Only a place
    /// that says it has nothing is passed over: an OpenID document says less than the one of RFC
    /// 8414, and must not take its place because of a moment's trouble (R6).
    pub(super) async fn metadata(&self, issuer: &Issuer) -> Fetched<AuthorizationServerMetadata> {
        let mut nothing = FetchError::NoMetadata;
        for uri in metadata_urls(issuer.name()) {
            match self.metadata_at(issuer, &uri).await {
                Err(error) if error.says_nothing_is_there() => nothing = error,
                outcome => return outcome,
            }
        }
        Err(nothing)
    }

    async fn metadata_at(
        &self,
        issuer: &Issuer,
        uri: &str,
    ) -> Fetched<AuthorizationServerMetadata> {
        let (body, fresh) = self.get(issuer, uri).await?;
        let metadata = AuthorizationServerMetadata::parse(&body, issuer.name())
            .map_err(|error| FetchError::Metadata { uri: uri.to_owned(), error })?;
        Ok((metadata, fresh))
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
        let (body, _) = self.get_as(issuer, &uri, &api.key).await?;
        Profile::from_workos_user(&body, sub).map_err(|error| FetchError::Profile { uri, error })
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
        let (body, _) = outcome?;
        Profile::from_userinfo(&body, sub).map_err(|error| FetchError::Profile { uri, error })
    }

    /// From the first document that names it: AuthKit's RFC 8414 document does not, its OpenID one
    /// does.
    async fn userinfo_endpoint(&self, issuer: &Issuer) -> Result<String, FetchError> {
        if let Some(known) = self.userinfo.borrow().get(issuer.name()) {
            return Ok(known.clone());
        }
        let mut last = FetchError::NoUserinfo;
        for uri in metadata_urls(issuer.name()) {
            match self.metadata_at(issuer, &uri).await {
                Ok((metadata, _)) => {
                    if let Some(endpoint) = metadata.userinfo_endpoint().map(str::to_owned) {
                        let name = issuer.name().to_owned();
                        self.userinfo.borrow_mut().insert(name, endpoint.clone());
                        return Ok(endpoint);
                    }
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn get(&self, issuer: &Issuer, uri: &str) -> Fetched<Vec<u8>> {
        let client = self.documents.get_or_init(client);
        bounded(issuer, uri, || client.get(uri)).await
    }

    async fn get_as(&self, issuer: &Issuer, uri: &str, bearer: &Secret) -> Fetched<Vec<u8>> {
        let client = self.profiles.get_or_init(client);
        let Some(authorization) = sensitive(bearer) else {
            return Err(FetchError::Insecure { uri: uri.to_owned() });
        };
        bounded(issuer, uri, || {
            client.get(uri).insert_header((header::AUTHORIZATION, authorization))
        })
        .await
    }
}

fn client() -> Client {
    Client::builder().disable_redirects().finish()
}

/// A header that HTTP libraries show to nobody and put in no table (R9).
fn sensitive(bearer: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", bearer.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Asks, within the limits of time and size.
async fn bounded(
    issuer: &Issuer,
    uri: &str,
    request: impl FnOnce() -> ClientRequest,
) -> Fetched<Vec<u8>> {
    if !issuer.may_fetch(uri) {
        return Err(FetchError::Insecure { uri: uri.to_owned() });
    }
    let answer = ask(uri, request());
    timeout(TIME_LIMIT, answer).await.map_err(|_| FetchError::TooSlow { uri: uri.to_owned() })?
}

async fn ask(uri: &str, request: ClientRequest) -> Fetched<Vec<u8>> {
    let at = || uri.to_owned();
    let mut answer = request
        .insert_header((header::ACCEPT, "application/json"))
        .timeout(TIME_LIMIT)
        .send()
        .await
        .map_err(|error| FetchError::Unreachable { uri: at(), error: error.to_string() })?;
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status { uri: at(), status: answer.status() });
    }
    let fresh = answer
        .headers()
        .get(header::CACHE_CONTROL)
        .and_then(|value| value.to_str().ok())
        .and_then(max_age);
    let body = answer
        .body()
        .limit(SIZE_LIMIT)
        .await
        .map_err(|error| FetchError::Body { uri: at(), error: error.to_string() })?;
    Ok((body.to_vec(), fresh))
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

/// Why a document is not there. For the log only.
#[derive(Debug)]
pub(super) enum FetchError {
    Insecure { uri: String },
    TooSlow { uri: String },
    Unreachable { uri: String, error: String },
    Status { uri: String, status: StatusCode },
    Body { uri: String, error: String },
    Keys { uri: String, error: JwksError },
    Metadata { uri: String, error: MetadataError },
    Profile { uri: String, error: NotAProfile },
    NoMetadata,
    NoJwksUri,
    NoUserinfo,
}

impl FetchError {
    /// Whether the place says that it has no such document: by its status, or with a page for
    /// people in its stead.
    fn says_nothing_is_there(&self) -> bool {
        match self {
            Self::Status { status, .. } => status.is_client_error(),
            Self::Metadata { error, .. } => *error == MetadataError::NotAnObject,
            _ => false,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insecure { uri } => write!(f, "{uri:?} is not an https URL"),
            Self::TooSlow { uri } => write!(f, "{uri} took longer than {TIME_LIMIT:?}"),
            Self::Unreachable { uri, error } => write!(f, "{uri} cannot be reached: {error}"),
            Self::Status { uri, status } => write!(f, "{uri} answered {status}"),
            Self::Body { uri, error } => write!(
                f,
                "the answer of {uri} could not be read (at most {SIZE_LIMIT} bytes): {error}"
            ),
            Self::Keys { uri, error } => write!(f, "{uri}: {error}"),
            Self::Metadata { uri, error } => write!(f, "{uri}: {error}"),
            Self::Profile { uri, error } => write!(f, "{uri}: {error}"),
            Self::NoMetadata => f.write_str("the issuer has no metadata"),
            Self::NoUserinfo => f.write_str("the issuer's metadata has no userinfo_endpoint"),
            Self::NoJwksUri => f.write_str("the issuer's metadata has no jwks_uri"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r09_what_is_sent_to_an_issuer_shows_in_no_library_s_log() {
        let value = sensitive(&Secret::new("sk_live")).unwrap();
        assert!(value.is_sensitive());
        assert!(!format!("{value:?}").contains("sk_live"));
        assert!(sensitive(&Secret::new("a\nb")).is_none());
    }

    #[test]
    fn a_subject_stays_one_segment_of_the_path() {
        assert_eq!(path_segment("user_1"), "user_1");
        assert_eq!(path_segment("../a?b#c%/ü"), "..%2Fa%3Fb%23c%25%2F%C3%BC");
    }
}
