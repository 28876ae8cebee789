//! WorkOS: what happens there takes effect here, and the command that checks the set-up.

use actix_mcp_auth::{
    ConfigError, McpAuth,
    workos::{ApiError, Webhooks, WorkOs, WorkOsSettings},
};
use clap::Args;

use crate::{
    agents::Disconnect,
    demo::DemoAuthority,
    settings::{
        API_KEY, API_URL, AUTHKIT_DOMAIN, CLIENT_ID, COOKIE_PASSWORD, DISCONNECT, Settings, SignIn,
        WEBHOOK_SECRET,
    },
    start::StartError,
};

const API: &str = "https://api.workos.com";

/// Where WorkOS sends webhooks to.
pub const WEBHOOKS_PATH: &str = "/webhooks/workos";

/// How Bookmarket works with WorkOS.
#[derive(Clone, Default)]
pub struct WorkOsKeys {
    /// The environment's client id, for people who sign in at the pages.
    pub(crate) client_id: Option<String>,
    pub(crate) api_key: Option<String>,
    /// What the pages encrypt cookies with.
    pub(crate) cookie_password: Option<String>,
    webhook_secrets: Vec<String>,
    api_url: Option<String>,
    /// What disconnecting an agent does, where there is a key.
    pub(crate) disconnect: Disconnect,
}

impl WorkOsKeys {
    /// Reads the variables.
    ///
    /// # Errors
    /// Where one is set and people do not sign in at AuthKit, a secret is empty, or another value is
    /// none of those that are possible.
    pub fn read(
        sign_in: &SignIn,
        lookup: impl Fn(&'static str) -> Result<Option<String>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let keys = Self {
            client_id: lookup(CLIENT_ID)?,
            api_key: lookup(API_KEY)?,
            cookie_password: lookup(COOKIE_PASSWORD)?,
            webhook_secrets: lookup(WEBHOOK_SECRET)?
                .map(|secrets| secrets.split(',').map(|it| it.trim().to_owned()).collect())
                .unwrap_or_default(),
            api_url: lookup(API_URL)?,
            disconnect: Disconnect::parse(lookup(DISCONNECT)?)?,
        };
        let empty = |name: &str| {
            let expected = "must not be empty; a list has commas between its secrets";
            ConfigError::missing(name, expected, "the value in the WorkOS dashboard")
        };
        let single = [
            (CLIENT_ID, &keys.client_id),
            (API_KEY, &keys.api_key),
            (COOKIE_PASSWORD, &keys.cookie_password),
        ];
        if let Some((name, _)) = single.iter().find(|(_, value)| value.as_deref() == Some("")) {
            return Err(empty(name));
        }
        if keys.webhook_secrets.iter().any(String::is_empty) {
            return Err(empty(WEBHOOK_SECRET));
        }
        match sign_in {
            SignIn::Demo(_) if keys.any() => Err(no_authkit("WORKOS_API_KEY or its like is set")),
            _ => Ok(keys),
        }
    }

    /// Where WorkOS's API is, which is also the issuer of people's sessions.
    pub fn api_url(&self) -> &str {
        self.api_url.as_deref().map_or(API, |url| url.trim_end_matches('/'))
    }

    fn any(&self) -> bool {
        self.client_id.is_some() || self.cookie_password.is_some() || self.follows_events()
    }

    fn follows_events(&self) -> bool {
        self.api_key.is_some() || !self.webhook_secrets.is_empty() || self.api_url.is_some()
    }
}

fn no_authkit(why: &str) -> ConfigError {
    ConfigError::missing(
        AUTHKIT_DOMAIN,
        format!("must be your AuthKit domain, since {why}"),
        "your-subdomain.authkit.app",
    )
}

/// Lets what happens in WorkOS take effect, where a key or a secret is set; with the service for
/// webhooks, where a secret is. The demo authority stands in for WorkOS.
///
/// # Errors
/// The settings cannot be used.
pub fn follow(
    settings: &Settings,
    auth: &McpAuth,
    demo: Option<&DemoAuthority>,
) -> Result<(Option<WorkOs>, Option<Webhooks>), StartError> {
    if let Some(demo) = demo {
        return Ok((Some(connect_demo(demo, auth)?), None));
    }
    let keys = &settings.workos;
    if !keys.follows_events() {
        return Ok((None, None));
    }
    let workos = connect(settings, auth)?;
    let webhooks = match keys.webhook_secrets.is_empty() {
        true => None,
        false => Some(workos.webhooks(&keys.webhook_secrets)?),
    };
    Ok((Some(workos), webhooks))
}

fn connect(settings: &Settings, auth: &McpAuth) -> Result<WorkOs, StartError> {
    let SignIn::AuthKit(issuer) = &settings.sign_in else {
        return Err(no_authkit("WorkOS is asked").into());
    };
    let api_url = settings.workos.api_url();
    let mut workos =
        WorkOsSettings::authkit(issuer.name())?.api_url(api_url).sessions_issuer(api_url);
    if let Some(key) = &settings.workos.api_key {
        workos = workos.api_key(key.as_str());
    }
    WorkOs::new(workos, auth.handle()).map_err(StartError::Io)
}

fn connect_demo(demo: &DemoAuthority, auth: &McpAuth) -> Result<WorkOs, StartError> {
    // So that the check of the set-up has nothing to mend. Events are read from its API; it sends
    // no webhooks.
    demo.register_resource(auth.resource().as_str());
    demo.register_webhook_endpoint(format!("{}{WEBHOOKS_PATH}", auth.resource().origin()), ["*"]);
    let api = demo.session_issuer();
    let workos = WorkOsSettings::authkit(demo.issuer())?.api_key(demo.api_key());
    WorkOs::new(workos.api_url(api).sessions_issuer(api), auth.handle()).map_err(StartError::Io)
}

/// Checks the set-up in WorkOS: a line for each finding. The exit code is 1 where something has to
/// be mended.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Adds the resource indicator first.
    #[arg(long)]
    register: bool,
}

/// What the check has found, and whether nothing has to be mended.
///
/// # Errors
/// The settings cannot be used, or WorkOS refuses to add the resource indicator.
pub async fn check(settings: &Settings, check: &Check) -> Result<(String, bool), CheckError> {
    let SignIn::AuthKit(issuer) = &settings.sign_in else {
        return Err(CheckError::Start(no_authkit("the set-up of WorkOS is checked").into()));
    };
    let resource = settings.resource_at(settings.bind).map_err(StartError::from)?;
    let auth = McpAuth::builder(resource).issuer((**issuer).clone()).build();
    let auth = auth.map_err(StartError::from)?;
    let workos = connect(settings, &auth)?;
    if check.register {
        workos.register_resource().await.map_err(CheckError::Register)?;
    }
    let found = workos.check().await;
    Ok((found.to_string().trim_end().to_owned(), found.is_good()))
}

/// Why the set-up was not checked.
#[non_exhaustive]
pub enum CheckError {
    /// A setting cannot be used.
    Start(StartError),
    /// The resource indicator was not added.
    Register(ApiError),
}

impl std::fmt::Display for CheckError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Register(error) => write!(
                f,
                "the resource indicator was not added: {error}; is it there already, and is \
                 {API_KEY} the key of this environment?"
            ),
        }
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl std::fmt::Debug for CheckError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for CheckError {}

impl From<StartError> for CheckError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

/// Shows no key and no secret.
impl std::fmt::Debug for WorkOsKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkOsKeys")
            .field("client_id", &self.client_id)
            .field("api_key", &self.api_key.is_some())
            .field("cookie_password", &self.cookie_password.is_some())
            .field("webhook_secrets", &self.webhook_secrets.len())
            .field("api_url", &self.api_url)
            .field("disconnect", &self.disconnect)
            .finish()
    }
}
