//! What [`SignIn`](crate::SignIn) is made from.

use std::{fmt, sync::Arc, time::Duration};

use actix_session::storage::SessionStore;
use mcp_auth_core::{
    ConfigError, Secret,
    session::{ErrorPage, RefreshLock, is_own_path},
};
use url::Url;

use crate::{
    environment::{self, Variables},
    seal::{MIN_PASSWORD, Seal},
    store::{InCookie, Of, Store},
    stored::Lifetimes,
};

/// Renders an error page in the application's own design.
pub(crate) type RenderPage = Arc<dyn Fn(&ErrorPage) -> String + Send + Sync>;

/// The settings of [`SignIn`](crate::SignIn).
///
/// ```
/// use std::time::Duration;
/// use actix_mcp_auth::sign_in::SignInSettings;
///
/// let settings = SignInSettings::new(
///     "client_01ABC",
///     "sk_test_a1B2c3",
///     "https://app.example.com/callback",
///     "a password of at least 32 bytes, from a secret store",
/// )?
/// .idle_lifetime(Duration::from_secs(24 * 60 * 60));
/// # Ok::<(), actix_mcp_auth::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct SignInSettings {
    pub(crate) client_id: Box<str>,
    pub(crate) api_key: Secret,
    pub(crate) redirect_url: Url,
    pub(crate) api_url: Url,
    pub(crate) seal: Seal,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) lock: Option<Arc<dyn RefreshLock>>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) login_path: Box<str>,
    pub(crate) logout_path: Box<str>,
    pub(crate) home: Box<str>,
    pub(crate) render: Option<RenderPage>,
}

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
const API: &str = "https://api.workos.com";

impl SignInSettings {
    /// The settings of an environment in WorkOS:
    ///
    /// - `client_id` (`client_…`) and `api_key` (`sk_…`), as the dashboard shows them.
    /// - `redirect_url`: the URL of the callback, which is registered in the dashboard (Redirects).
    ///   Its path becomes a route; its origin is that of the application. It is https, or http on a
    ///   loopback host.
    /// - `cookie_password`: at least 32 bytes, the same in every replica. Cookies are sealed with it.
    ///
    /// # Errors
    /// What cannot be used, with an example.
    pub fn new(
        client_id: impl Into<Box<str>>,
        api_key: impl AsRef<str>,
        redirect_url: impl AsRef<str>,
        cookie_password: impl AsRef<str>,
    ) -> Result<Self, ConfigError> {
        let client_id = client_id.into();
        if !client_id.starts_with("client_") {
            return Err(ConfigError::invalid(
                environment::CLIENT_ID,
                &*client_id,
                "must be the client id of the environment, as the dashboard shows it",
                "client_01ABC",
            ));
        }
        let api_key = api_key.as_ref();
        if !api_key.starts_with("sk_") || api_key.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(ConfigError::invalid(
                environment::API_KEY,
                "…",
                "must be an API key of the environment, which begins with sk_",
                "sk_test_a1B2c3",
            ));
        }
        let seal = Seal::new(cookie_password.as_ref()).ok_or_else(|| {
            let expected = format!("must have at least {MIN_PASSWORD} bytes");
            ConfigError::invalid(
                environment::COOKIE_PASSWORD,
                "…",
                expected,
                "the output of `openssl rand -base64 32`",
            )
        })?;
        Ok(Self {
            client_id,
            api_key: Secret::new(api_key),
            redirect_url: redirect(redirect_url.as_ref())?,
            api_url: url("api_url", API)?,
            seal,
            store: Arc::new(InCookie),
            lock: None,
            lifetimes: Lifetimes { idle: 7 * A_DAY, absolute: 30 * A_DAY },
            login_path: "/login".into(),
            logout_path: "/logout".into(),
            home: "/".into(),
            render: None,
        })
    }

    /// The settings from environment variables, each of which can be in a file instead
    /// (`WORKOS_API_KEY_FILE` names it):
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `WORKOS_CLIENT_ID` | the environment's client id |
    /// | `WORKOS_API_KEY` | an API key of the environment |
    /// | `WORKOS_REDIRECT_URL` | the URL of the callback |
    /// | `WORKOS_COOKIE_PASSWORD` | at least 32 bytes, to seal cookies with |
    ///
    /// # Errors
    /// What is missing or cannot be used, with an example.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// The same, with the variables looked up by `var`: for settings that live elsewhere, and for
    /// tests.
    ///
    /// # Errors
    /// As for [`from_env`](Self::from_env).
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let Variables { client_id, api_key, redirect_url, cookie_password } =
            environment::read(var)?;
        Self::new(client_id, api_key.expose(), redirect_url, cookie_password.expose())
    }

    /// Where sessions are kept: any store of the crate `actix-session`, such as its
    /// `RedisSessionStore`. Default: in the cookie itself, sealed, which needs no server. A cookie
    /// cannot be taken back: signing out ends the session by the revocation log alone.
    pub fn store(self, store: impl SessionStore + Send + Sync + 'static) -> Self {
        Self { store: Arc::new(Of(store)), ..self }
    }

    /// Lets one of several processes refresh a session. Default: none, for a single process.
    /// Without it, two processes that refresh one session at once can sign the person out.
    pub fn refresh_lock(self, lock: impl RefreshLock) -> Self {
        Self { lock: Some(Arc::new(lock)), ..self }
    }

    /// How long a session lasts without use. Default: 7 days. Use is noticed when the session's
    /// tokens are refreshed, so that a session can end up to half of this time earlier.
    pub fn idle_lifetime(mut self, time: Duration) -> Self {
        self.lifetimes.idle = time;
        self
    }

    /// How long a session lasts after its sign-in, however often it is used. Default: 30 days.
    /// Revocations are kept for this time at least.
    pub fn absolute_lifetime(mut self, time: Duration) -> Self {
        self.lifetimes.absolute = time;
        self
    }

    /// Where signing in begins. Default: `/login`. The organization is switched at `…/organization`
    /// below it.
    ///
    /// # Errors
    /// Where it is no path of the own origin.
    pub fn login_path(self, path: impl Into<Box<str>>) -> Result<Self, ConfigError> {
        Ok(Self { login_path: own("login_path", path.into(), "/login")?, ..self })
    }

    /// Where a form posts to sign out. Default: `/logout`.
    ///
    /// # Errors
    /// Where it is no path of the own origin.
    pub fn logout_path(self, path: impl Into<Box<str>>) -> Result<Self, ConfigError> {
        Ok(Self { logout_path: own("logout_path", path.into(), "/logout")?, ..self })
    }

    /// Where a person comes to after signing out. Default: `/`. Its URL is registered in the
    /// dashboard (Redirects, sign-out).
    ///
    /// # Errors
    /// Where it is no path of the own origin.
    pub fn after_sign_out(self, path: impl Into<Box<str>>) -> Result<Self, ConfigError> {
        Ok(Self { home: own("after_sign_out", path.into(), "/")?, ..self })
    }

    /// Renders error pages in the application's own design, as HTML. Default: plain pages. They are
    /// sent with [`ErrorPage::HEADERS`], which allow inline styles and nothing that is loaded.
    pub fn error_page(self, render: impl Fn(&ErrorPage) -> String + Send + Sync + 'static) -> Self {
        Self { render: Some(Arc::new(render)), ..self }
    }

    /// Where WorkOS's API is. Default `https://api.workos.com`; a stand-in for tests has another. It
    /// is the issuer of session tokens as well.
    ///
    /// # Errors
    /// Where it is neither https nor on a loopback host.
    pub fn api_url(self, api_url: impl AsRef<str>) -> Result<Self, ConfigError> {
        Ok(Self { api_url: url("api_url", api_url.as_ref())?, ..self })
    }
}

/// The origin of a URL, as browsers write it.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn redirect(text: &str) -> Result<Url, ConfigError> {
    const EXAMPLE: &str = "https://app.example.com/callback";
    let url = url(environment::REDIRECT_URL, text)?;
    let invalid =
        |expected| Err(ConfigError::invalid(environment::REDIRECT_URL, text, expected, EXAMPLE));
    match (url.query().or(url.fragment()), url.path()) {
        (Some(_), _) => invalid("must have neither a query nor a fragment"),
        (None, "/") => invalid("must have a path, which becomes the route of the callback"),
        (None, path) if path.contains(['{', '}', '%']) => invalid("must have a plain path"),
        _ => Ok(url),
    }
}

fn url(setting: &str, text: &str) -> Result<Url, ConfigError> {
    let parsed = Url::parse(text.trim()).ok().filter(|url| {
        let is_loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let scheme = url.scheme() == "https" || url.scheme() == "http" && is_loopback;
        scheme && url.username().is_empty() && url.password().is_none()
    });
    parsed.ok_or_else(|| {
        ConfigError::invalid(
            setting,
            text,
            "must be an https URL, or http on a loopback host",
            "https://app.example.com/callback",
        )
    })
}

fn own(setting: &str, path: Box<str>, example: &str) -> Result<Box<str>, ConfigError> {
    match is_own_path(&path) && !path.contains(['?', '#', '{', '}', '%']) {
        true => Ok(path),
        false => {
            let expected = "must be a path of the own origin, without a query";
            Err(ConfigError::invalid(setting, path, expected, example))
        }
    }
}

/// Shows neither key nor password.
impl fmt::Debug for SignInSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInSettings")
            .field("client_id", &self.client_id)
            .field("redirect_url", &self.redirect_url.as_str())
            .field("api_url", &self.api_url.as_str())
            .field("lifetimes", &self.lifetimes)
            .field("refresh_lock", &self.lock.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{API_KEY, CLIENT_ID, COOKIE_PASSWORD, REDIRECT_URL};

    const GOOD: [(&str, &str); 4] = [
        (CLIENT_ID, "client_01ABC"),
        (API_KEY, "sk_test_a1B2c3"),
        (REDIRECT_URL, "https://app.example.com/callback"),
        (COOKIE_PASSWORD, "0123456789abcdef0123456789abcdef"),
    ];

    fn with(changed: &str, value: Option<&str>) -> Result<SignInSettings, ConfigError> {
        SignInSettings::from_vars(|name| {
            let good = GOOD.iter().find(|(known, _)| *known == name);
            let good = good.map(|(_, value)| *value);
            if name == changed { value } else { good }.map(str::to_owned)
        })
    }

    #[test]
    fn r38_a_setting_that_is_missing_or_wrong_is_named() {
        assert!(with("", None).is_ok());
        for (name, _) in GOOD {
            let error = with(name, None).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains("for example"), "{error}");
        }
        for (name, value) in [
            (CLIENT_ID, "01ABC"),
            (API_KEY, "pk_1"),
            (API_KEY, "sk_test a"),
            (REDIRECT_URL, "http://app.example.com/callback"),
            (REDIRECT_URL, "https://app.example.com"),
            (REDIRECT_URL, "https://app.example.com/callback?a=b"),
            (REDIRECT_URL, "https://user@app.example.com/callback"),
            (REDIRECT_URL, "app.example.com/callback"),
            (COOKIE_PASSWORD, "short"),
        ] {
            let error = with(name, Some(value)).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains("for example"), "{error}");
            let is_secret = name == API_KEY || name == COOKIE_PASSWORD;
            assert!(!is_secret || !error.contains(value), "{error}");
        }
        for loopback in ["http://localhost:8080/callback", "http://127.0.0.1/cb", "http://[::1]/cb"]
        {
            assert!(with(REDIRECT_URL, Some(loopback)).is_ok(), "{loopback}");
        }
    }

    #[test]
    fn r09_debug_of_settings_shows_no_secrets() {
        let shown = format!("{:?}", with("", None).unwrap());
        assert!(!shown.contains("a1B2c3") && !shown.contains("abcdef"), "{shown}");
    }
}
