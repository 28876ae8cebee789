//! Where sessions come from, and which resources take them.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use actix_web::{HttpRequest, http::header};
use futures_util::future::LocalBoxFuture;
use mcp_auth_core::session::{
    ErrorPage, LoadedSession, SessionError, SessionIdentity, SessionSource,
};

use crate::percent;

/// Finds the person in the application's own session.
pub(crate) trait FindIdentity: Send + Sync {
    fn find<'r>(&'r self, request: &'r HttpRequest) -> LocalBoxFuture<'r, Found>;
}

/// The person, if somebody is signed in.
pub(crate) type Found = Result<Option<SessionIdentity>, SessionError>;

impl<F> FindIdentity for F
where
    F: AsyncFn(&HttpRequest) -> Found + Send + Sync,
{
    fn find<'r>(&'r self, request: &'r HttpRequest) -> LocalBoxFuture<'r, Found> {
        Box::pin(self(request))
    }
}

/// The sessions that a resource takes beside bearer tokens.
#[derive(Default)]
pub(crate) struct BrowserSessions {
    pub(crate) source: OnceLock<Arc<dyn SessionSource>>,
    pub(crate) own: OnceLock<Box<dyn FindIdentity>>,
    pub(crate) sign_in_page: OnceLock<Box<str>>,
}

impl BrowserSessions {
    /// Whether any session is taken.
    pub(crate) fn any(&self) -> bool {
        self.source.get().is_some() || self.own.get().is_some()
    }

    /// What a request's session proves: the application's own first.
    pub(crate) async fn load(&self, request: &HttpRequest) -> Result<LoadedSession, SessionError> {
        if let Some(own) = self.own.get()
            && let Some(identity) = own.find(request).await?
        {
            return Ok(LoadedSession::of(identity));
        }
        match self.source() {
            Some(source) if request.headers().contains_key(header::COOKIE) => {
                let cookies = request.headers().get_all(header::COOKIE);
                source.load(cookies.map(|value| value.as_bytes()).collect()).await
            }
            _ => Ok(LoadedSession::none()),
        }
    }

    /// A page in the application's own design.
    pub(crate) fn error_page(&self, page: &ErrorPage) -> Option<String> {
        self.source()?.error_page(page)
    }

    fn source(&self) -> Option<&Arc<dyn SessionSource>> {
        self.source.get()
    }

    /// Where a person signs in to come back to `return_to`.
    pub(crate) fn sign_in_url(&self, return_to: &str) -> Option<String> {
        if let Some(url) = self.source().and_then(|source| source.sign_in_url(return_to)) {
            return Some(url);
        }
        let page = self.sign_in_page.get()?;
        let separator = if page.contains('?') { '&' } else { '?' };
        Some(format!("{page}{separator}return_to={}", percent::encode(return_to, b"/")))
    }
}

impl fmt::Debug for BrowserSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSessions")
            .field("source", &self.source.get().map(|source| source.issuer()))
            .field("own", &self.own.get().is_some())
            .finish()
    }
}
