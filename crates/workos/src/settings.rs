//! What [`WorkOs`](crate::WorkOs) is made from.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use mcp_auth_core::{ConfigError, Secret};

use crate::{event::Event, hook::Hook};

/// The settings of [`WorkOs`](crate::WorkOs).
///
/// ```
/// use actix_mcp_auth::workos::WorkOsSettings;
///
/// let settings = WorkOsSettings::authkit("your-subdomain.authkit.app")?
///     .api_key("sk_test_a1B2c3")
///     .static_key("api_key_01ABC", "nightly-export");
/// # Ok::<(), actix_mcp_auth::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct WorkOsSettings {
    pub(crate) authkit: Box<str>,
    pub(crate) sessions: Box<str>,
    pub(crate) api_url: Box<str>,
    pub(crate) api_key: Option<Secret>,
    pub(crate) static_keys: Vec<(Box<str>, Box<str>)>,
    pub(crate) poll_every: Duration,
    pub(crate) look_back: Duration,
    pub(crate) hook: Option<Hook>,
}

/// WorkOS's API, which is the issuer of session tokens as well.
const API: &str = "https://api.workos.com";
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl WorkOsSettings {
    /// The settings for an AuthKit domain, given as for
    /// [`Issuer::authkit`](mcp_auth_core::Issuer::authkit).
    ///
    /// # Errors
    /// Where it is neither a domain nor a URL.
    pub fn authkit(domain: impl AsRef<str>) -> Result<Self, ConfigError> {
        Ok(Self {
            authkit: mcp_auth_core::Issuer::authkit(domain)?.name().into(),
            sessions: API.into(),
            api_url: API.into(),
            api_key: None,
            static_keys: Vec::new(),
            poll_every: Duration::from_secs(5),
            look_back: A_DAY,
            hook: None,
        })
    }

    /// The environment's API key (`sk_…`). With it events are read from the API, which catches up on
    /// webhooks that were missed, and the set-up can be checked. Default: none.
    pub fn api_key(mut self, key: impl Into<Box<str>>) -> Self {
        let key: Box<str> = key.into();
        self.api_key = Some(Secret::new(&*key));
        self
    }

    /// Where WorkOS's API is. Default `https://api.workos.com`; a stand-in for tests has another.
    pub fn api_url(mut self, url: impl Into<Box<str>>) -> Self {
        self.api_url = Box::from(url.into().trim_end_matches('/'));
        self
    }

    /// The issuer of session tokens. Default `https://api.workos.com`.
    pub fn sessions_issuer(mut self, name: impl Into<Box<str>>) -> Self {
        self.sessions = name.into();
        self
    }

    /// The static key of this name ends with WorkOS's API key of this id: on the event
    /// `api_key.revoked`.
    pub fn static_key(
        mut self,
        api_key_id: impl Into<Box<str>>,
        name: impl Into<Box<str>>,
    ) -> Self {
        self.static_keys.push((api_key_id.into(), name.into()));
        self
    }

    /// How often events are read. Default 5 s. WorkOS allows 6,000 requests in 60 s.
    pub fn poll_every(mut self, time: Duration) -> Self {
        self.poll_every = time;
        self
    }

    /// From how long ago events are read where no position is known: at the first start, and where
    /// the revocation log has lost it. Default 24 h; WorkOS keeps events for 90 days.
    pub fn look_back(mut self, time: Duration) -> Self {
        self.look_back = time;
        self
    }

    /// Called with every verified event, for the application's own work: after the event's
    /// revocations are in the log, and before changed users are dropped from caches. An event may come
    /// more than once, so the hook must be harmless when repeated; [`Event::id`] tells events apart.
    ///
    /// An error makes the webhook a 503, so that WorkOS sends it again. An event that was read from
    /// the API is tried five times. Default: none.
    pub fn on_event<F, E>(mut self, hook: impl Fn(Event) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.hook = Some(Arc::new(move |event| {
            let done = hook(event);
            Box::pin(async move { done.await.map_err(Into::into) })
        }));
        self
    }
}

impl fmt::Debug for WorkOsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkOsSettings")
            .field("authkit", &self.authkit)
            .field("api_url", &self.api_url)
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}
