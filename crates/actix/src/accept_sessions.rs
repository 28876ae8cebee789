//! The methods of [`McpAuth`] by which a resource takes the sessions of pages.

use std::sync::Arc;

use actix_web::HttpRequest;
use mcp_auth_core::{
    ConfigError, ResourceKind,
    session::{SessionSource, is_own_path},
};

use crate::{auth::McpAuth, browser::Found};

impl McpAuth {
    /// Takes the sessions of a sign-in too, besides bearer tokens: for pages. Call it before the
    /// server starts. A bearer token goes first, and a bad one is refused even beside a good session.
    ///
    /// # Errors
    /// Where the resource is an MCP server, which takes bearer tokens only, or has
    /// [resources below](crate::McpAuthBuilder::resources_below); where it does not trust
    /// the sessions' issuer; where sessions are taken already.
    pub fn accept_sessions(&self, sessions: Arc<dyn SessionSource>) -> Result<Self, ConfigError> {
        self.refuse_where_never_taken("accept_sessions")?;
        let authenticator = &self.inner().authenticator;
        if !authenticator.trusts(sessions.issuer()) {
            return Err(ConfigError::invalid(
                "accept_sessions",
                sessions.issuer(),
                "must be the sessions of an issuer that this resource trusts",
                ".issuer(Issuer::workos_sessions(\"client_01ABC\")?)",
            ));
        }
        authenticator.revocations().retain_for(sessions.max_age());
        match self.inner().browser.source.set(sessions) {
            Ok(()) => Ok(self.clone()),
            Err(_) => Err(taken_already("accept_sessions")),
        }
    }

    /// Takes the application's own sessions too, besides bearer tokens: for teams that keep a
    /// sign-in of their own. `find` names the person in the session of a request, if somebody is
    /// signed in; an error is answered with 503. The person is then the same user as with an agent's token, with
    /// the same permissions and revocations. Call it before the server starts.
    ///
    /// ```
    /// use actix_mcp_auth::{McpAuth, session::SessionIdentity};
    /// # use actix_mcp_auth::operation::UnixTime;
    /// # use actix_web::HttpRequest;
    /// # async fn signed_in(_: &HttpRequest) -> Option<(String, UnixTime)> { None }
    ///
    /// let site = McpAuth::api("https://app.example.com/app")
    ///     .authkit("your-subdomain.authkit.app")
    ///     .build()?
    ///     .or_session(async |request: &HttpRequest| {
    ///         let person = signed_in(request).await;
    ///         let issuer = "https://your-subdomain.authkit.app";
    ///         Ok(person.map(|(id, since)| SessionIdentity::new(issuer, id, since)))
    ///     })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where the resource is an MCP server or has resources below; where it was called before.
    pub fn or_session(
        &self,
        find: impl AsyncFn(&HttpRequest) -> Found + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        self.refuse_where_never_taken("or_session")?;
        match self.inner().browser.own.set(Box::new(find)) {
            Ok(()) => Ok(self.clone()),
            Err(_) => Err(taken_already("or_session")),
        }
    }

    /// Where navigations without a session are redirected to, with the path to come back to in the
    /// parameter `return_to`: for [`or_session`](Self::or_session). Default: they get 401.
    ///
    /// # Errors
    /// Where `path` is not a path of the own origin, or was set before.
    pub fn sign_in_page(&self, path: impl Into<Box<str>>) -> Result<Self, ConfigError> {
        self.refuse_where_never_taken("sign_in_page")?;
        let path = path.into();
        if !is_own_path(&path) {
            return Err(ConfigError::invalid(
                "sign_in_page",
                &*path,
                "must be a path of the own origin",
                "/login",
            ));
        }
        match self.inner().browser.sign_in_page.set(path) {
            Ok(()) => Ok(self.clone()),
            Err(_) => Err(taken_already("sign_in_page")),
        }
    }

    fn refuse_where_never_taken(&self, setting: &str) -> Result<(), ConfigError> {
        let policy = self.inner().authenticator.policy();
        match policy.kind {
            _ if policy.resources_below => Err(ConfigError::invalid(
                setting,
                policy.resource.as_str(),
                "must be called for a resource without resources_below(): a session names none of \
                 them, and would be good at all",
                "McpAuth::api(\"https://app.example.com/app\")",
            )),
            ResourceKind::Mcp => Err(ConfigError::invalid(
                setting,
                policy.resource.as_str(),
                "must be called for a resource that is not an MCP server, which takes bearer tokens \
                 only: declare it with McpAuth::api",
                "McpAuth::api(\"https://app.example.com/app\")",
            )),
            _ => Ok(()),
        }
    }
}

fn taken_already(setting: &str) -> ConfigError {
    ConfigError::invalid(setting, "a second call", "must be called once only", "one call")
}
