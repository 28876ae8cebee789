//! [`SignIn`].

use std::{fmt, sync::Arc};

use actix_web::web;
use mcp_auth_core::{
    AuthHandle, ConfigError, ResourceKind, log_limit::OncePerSecond, session::SessionSource,
};

use crate::{
    authkit::AuthKit,
    completed::Completed,
    context::{Context, Paths},
    cookies::Cookies,
    refresh::Refresher,
    routes,
    sessions::Sessions,
    settings::{SignInSettings, origin},
};

/// Sign-in in the browser by WorkOS AuthKit. Cloning is cheap, and clones are the same.
///
/// ```no_run
/// use actix_mcp_auth::{Issuer, McpAuth, sign_in::{SignIn, SignInSettings}};
/// use actix_web::{App, web};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = SignInSettings::from_env()?;
/// let site = McpAuth::api("https://app.example.com/app")
///     .issuer(Issuer::workos_sessions("client_01ABC")?)
///     .build()?;
/// let sign_in = SignIn::authkit(&settings, site.handle())?;
/// let site = site.accept_sessions(sign_in.sessions())?;
///
/// App::new()
///     .configure(sign_in.routes())
///     .service(web::scope("/app").wrap(site.middleware()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SignIn(Arc<Context>);

impl SignIn {
    /// A sign-in for the pages of a resource: pass the handle of a `McpAuth::api` that trusts
    /// [`Issuer::workos_sessions`](mcp_auth_core::Issuer::workos_sessions). Call it once for each
    /// application, before the server starts, so that all workers share it.
    ///
    /// # Errors
    /// Where the resource is an MCP server, which takes bearer tokens only.
    pub fn authkit(settings: &SignInSettings, handle: AuthHandle) -> Result<Self, ConfigError> {
        let SignInSettings { redirect_url, lifetimes, login_path, .. } = settings.clone();
        let policy = handle.authenticator().policy();
        if policy.kind == ResourceKind::Mcp {
            return Err(ConfigError::invalid(
                "sign_in",
                policy.resource.as_str(),
                "must be for a resource that is not an MCP server, which takes bearer tokens only: \
                 declare it with McpAuth::api",
                "McpAuth::api(\"https://app.example.com/app\")",
            ));
        }
        let authkit = AuthKit {
            http: handle.http().clone(),
            api_url: settings.api_url.clone(),
            client_id: settings.client_id.clone(),
            api_key: settings.api_key.clone(),
            redirect_url: redirect_url.as_str().into(),
        };
        let clock = handle.clock().clone();
        let refresher = Refresher::new(
            authkit.clone(),
            settings.store.clone(),
            settings.lock.clone(),
            settings.seal.clone(),
            clock.clone(),
            lifetimes,
        );
        let cookies = Cookies::new(settings.seal.clone(), redirect_url.scheme() == "https");
        let sessions = Arc::new(Sessions {
            issuer: settings.api_url.as_str().trim_end_matches('/').into(),
            cookies: cookies.clone(),
            store: settings.store.clone(),
            refresher: refresher.clone(),
            clock,
            lifetimes,
            login_path: login_path.clone(),
            render: settings.render.clone(),
        });
        let origin = origin(&redirect_url);
        let paths = Paths {
            organization: format!("{}/organization", login_path.trim_end_matches('/')).into(),
            login: login_path,
            callback: redirect_url.path().into(),
            logout: settings.logout_path.clone(),
        };
        let home = format!("{origin}{}", settings.home);
        let refusals = OncePerSecond::default();
        let context = Context {
            handle,
            authkit,
            sessions,
            cookies,
            completed: Completed::default(),
            refresher,
            paths,
            origin,
            home,
            refusals,
        };
        Ok(Self(Arc::new(context)))
    }

    /// The sessions, for `McpAuth::accept_sessions`.
    pub fn sessions(&self) -> Arc<dyn SessionSource> {
        self.0.sessions.clone()
    }

    /// The routes, for [`App::configure`](actix_web::App::configure):
    ///
    /// | route | what it does |
    /// |---|---|
    /// | `GET /login` | redirects to AuthKit. Parameters, all optional: `return_to` (a path), `organization_id`, `login_hint`, `screen_hint`, `max_age` (seconds), `invitation_token` |
    /// | `GET /callback` | completes it: the path of the redirect URL |
    /// | `POST /logout` | ends the session here and at AuthKit |
    /// | `POST /login/organization` | switches to the organization in the form's `organization_id`, and goes on to `return_to` |
    pub fn routes(&self) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        let context = self.0.clone();
        move |app| routes::configure(app, &context)
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("authkit", &self.0.authkit).finish_non_exhaustive()
    }
}
