//! [`AgentNames`]: the names of agents, from several sources.

use std::{collections::HashSet, error::Error, fmt, future::Future, pin::Pin, sync::Arc};

use super::{
    client_metadata::{DocumentError, fetch_name, is_document_url},
    directory::{AgentDirectory, AgentError},
    name::{AgentName, NameSource},
    name_cache::{Known, NameCache},
};
use crate::{
    handle::AuthHandle,
    http::HttpClient,
    identity::{Subject, principal::Principal},
    time::Clock,
};

/// The most names that are taken from one answer of a directory.
const MAX_LEARNED: usize = 100;
/// The longest client id that is named, in bytes.
const MAX_CLIENT_ID: usize = 2048;

/// What agents are called, by issuer and client id. Cloning is cheap, and clones are the same.
///
/// The sources, in order: the application's own function, a directory such as WorkOS's, and the
/// client's metadata document where the client id is a URL. The first name that is found is used
/// for an hour, and no name for five minutes; after a failure the question is repeated after a
/// minute. At most 10,000 clients are remembered. For each issuer the sources are asked 32 times at
/// once, and then once a second.
///
/// ```
/// # mod actix_mcp_auth {
/// #     pub use mcp_auth_core::{AuthHandle, Principal};
/// #     pub mod agents { pub use mcp_auth_core::agents::*; }
/// # }
/// use actix_mcp_auth::{AuthHandle, Principal, agents::AgentNames};
///
/// async fn print_name(names: &AgentNames, caller: &Principal) {
///     if let Some(name) = names.of(caller).await {
///         println!("{} ({:?})", name.as_str(), name.source());
///     }
/// }
///
/// fn names(handle: &AuthHandle) -> AgentNames {
///     AgentNames::new(handle).application(|_issuer, client_id| async move {
///         Ok::<_, std::io::Error>((&*client_id == "client_01").then(|| "Our own agent".to_owned()))
///     })
/// }
/// ```
#[derive(Clone)]
pub struct AgentNames(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
    cache: Arc<NameCache>,
    application: Option<NameFunction>,
    directory: Option<Arc<dyn AgentDirectory>>,
    fetches_documents: bool,
    on_error: Option<OnError>,
}

type NameFunction = Arc<
    dyn Fn(
            Box<str>,
            Box<str>,
        ) -> Pin<Box<dyn Future<Output = Result<Option<String>, NameError>> + Send>>
        + Send
        + Sync,
>;
type OnError = Arc<dyn Fn(&str, &NameError) + Send + Sync>;

/// Why a source gave no name.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NameError {
    /// The application's function failed.
    Application(Arc<dyn Error + Send + Sync>),
    /// The directory failed.
    Directory(AgentError),
    /// The client's metadata document has none that may be used.
    Document(DocumentError),
}

impl AgentNames {
    /// The names of the clients that call the resource of this handle, from the clients' metadata
    /// documents.
    pub fn new(handle: &AuthHandle) -> Self {
        Self::with(handle.http().clone(), handle.clock().clone())
    }

    fn with(http: Arc<dyn HttpClient>, clock: Arc<dyn Clock>) -> Self {
        let cache = Arc::new(NameCache::new());
        let (application, directory, on_error) = (None, None, None);
        let fetches_documents = true;
        Self(Arc::new(Inner {
            http,
            clock,
            cache,
            application,
            directory,
            fetches_documents,
            on_error,
        }))
    }

    /// Asks the application first: a function of issuer and client id. Default: none.
    pub fn application<F, E>(
        self,
        name: impl Fn(Box<str>, Box<str>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Option<String>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.change(|inner| {
            inner.application = Some(Arc::new(move |issuer, client_id| {
                let name = name(issuer, client_id);
                let failed = |error: E| NameError::Application(Arc::from(error.into()));
                Box::pin(async move { name.await.map_err(failed) })
            }));
        })
    }

    /// Asks a directory for the agents of the person for whom the client calls, and caches all their
    /// names. Default: none.
    pub fn directory(self, directory: impl AgentDirectory) -> Self {
        self.change(|inner| inner.directory = Some(Arc::new(directory)))
    }

    /// Fetches no metadata documents of clients. Default: they are fetched, at most 64 KiB within
    /// 5 s from a public address, without following redirects, and not through a proxy.
    pub fn without_documents(self) -> Self {
        self.change(|inner| inner.fetches_documents = false)
    }

    /// Is told of each source that failed, with the client id: for the application's log. The
    /// client id can be any text. Default: errors are ignored.
    pub fn on_error(self, told: impl Fn(&str, &NameError) + Send + Sync + 'static) -> Self {
        self.change(|inner| inner.on_error = Some(Arc::new(told)))
    }

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// The name of the client through which a caller calls; `None` where it has no name, or none is
    /// known at the moment. It asks the sources where the name is not known, and waits for them.
    /// While somebody waits for the same name, others get what was known before.
    ///
    /// A client is asked about only after a token of it was verified: a [`Principal`] proves that.
    pub async fn of(&self, caller: &Principal) -> Option<AgentName> {
        let person = caller.kind().is_person().then(|| caller.subject());
        self.find(caller.issuer(), person, caller.client()?).await
    }

    /// Begins to find the name of the client through which a caller calls: a future that asks the
    /// sources, after which [`known`](Self::known) gives the name. `None` where nobody is to be
    /// asked now. For callers that cannot wait; the future has no time limit of its own.
    pub fn begin(&self, caller: &Principal) -> Option<impl Future<Output = ()> + Send + use<>> {
        let (issuer, client_id) = (caller.issuer(), caller.client()?);
        let Known::Ask = self.look_up(issuer, client_id) else { return None };
        let person = caller.kind().is_person().then(|| caller.subject().clone());
        let (names, issuer) = (self.clone(), Box::<str>::from(issuer));
        let client_id = Box::<str>::from(client_id);
        Some(async move {
            names.ask(&issuer, person.as_ref(), &client_id).await;
        })
    }

    /// The name of a client, where it is known already. It asks nobody.
    pub fn known(&self, issuer: &str, client_id: &str) -> Option<AgentName> {
        self.0.cache.known(issuer, client_id)
    }

    async fn find(
        &self,
        issuer: &str,
        person: Option<&Subject>,
        client_id: &str,
    ) -> Option<AgentName> {
        match self.look_up(issuer, client_id) {
            Known::Name(name) => name,
            Known::Ask => self.ask(issuer, person, client_id).await,
        }
    }

    fn look_up(&self, issuer: &str, client_id: &str) -> Known {
        match client_id.len() {
            1..=MAX_CLIENT_ID => self.0.cache.look_up(issuer, client_id, self.0.clock.now()),
            _ => Known::Name(None),
        }
    }

    /// Asks the sources, and remembers the answer.
    async fn ask(
        &self,
        issuer: &str,
        person: Option<&Subject>,
        client_id: &str,
    ) -> Option<AgentName> {
        let asked = self.0.ask(issuer, person, client_id).await;
        let now = self.0.clock.now();
        match asked {
            Ok(name) => self.0.cache.answered(issuer, client_id, name, now),
            Err(()) => self.0.cache.failed(issuer, client_id, now),
        }
    }
}

impl Inner {
    /// The first name that a source gives; an error where there is none, and a source has failed.
    async fn ask(
        &self,
        issuer: &str,
        person: Option<&Subject>,
        client_id: &str,
    ) -> Result<Option<AgentName>, ()> {
        let mut has_failed = false;
        let mut found = |name: Result<Option<AgentName>, NameError>| {
            name.unwrap_or_else(|error| {
                has_failed = true;
                if let Some(told) = &self.on_error {
                    told(client_id, &error);
                }
                None
            })
        };
        if let Some(application) = &self.application {
            let name = application(issuer.into(), client_id.into()).await;
            let name =
                name.map(|name| AgentName::new(&name.unwrap_or_default(), NameSource::Application));
            if let Some(name) = found(name) {
                return Ok(Some(name));
            }
        }
        if let (Some(directory), Some(person)) = (&self.directory, person)
            && let Some(name) = found(self.ask_directory(&**directory, person, client_id).await)
        {
            return Ok(Some(name));
        }
        if self.fetches_documents && is_document_url(client_id) {
            let name = fetch_name(&*self.http, client_id).await.map_err(NameError::Document);
            let name =
                name.map(|name| AgentName::new(&name.unwrap_or_default(), NameSource::Client));
            if let Some(name) = found(name) {
                return Ok(Some(name));
            }
        }
        if has_failed { Err(()) } else { Ok(None) }
    }

    async fn ask_directory(
        &self,
        directory: &dyn AgentDirectory,
        person: &Subject,
        client_id: &str,
    ) -> Result<Option<AgentName>, NameError> {
        let agents = match directory.list(person).await {
            Ok(agents) => agents,
            Err(AgentError::OtherIssuer { .. }) => return Ok(None),
            Err(error) => return Err(NameError::Directory(error)),
        };
        let now = self.clock.now();
        let (mut name, mut seen) = (None, HashSet::new());
        for agent in agents.into_iter().filter(|it| it.name.source() != NameSource::ClientId) {
            if *agent.client_id == *client_id {
                name = Some(agent.name);
            } else if self.application.is_none()
                && seen.len() < MAX_LEARNED
                && agent.client_id.len() <= MAX_CLIENT_ID
                && seen.insert(agent.client_id.clone())
            {
                self.cache.answered(person.issuer(), &agent.client_id, Some(agent.name), now);
            }
        }
        Ok(name)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(error) => write!(f, "the application's function failed: {error}"),
            Self::Directory(error) => error.fmt(f),
            Self::Document(error) => write!(f, "the client's metadata document: {error}"),
        }
    }
}

impl Error for NameError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Application(error) => Some(&**error),
            Self::Directory(error) => Some(error),
            Self::Document(error) => Some(error),
        }
    }
}

impl fmt::Debug for AgentNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentNames")
            .field("fetches_documents", &self.0.fetches_documents)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
