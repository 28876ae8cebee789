//! The pages' side of authentication: sessions of people who signed in with a browser.

use actix_mcp_auth::{
    ConfigError, Issuer, McpAuth, Resource,
    revocation::SharedRevocations,
    session::{PostgresRefreshLock, RedisRefreshLock},
    sign_in::{SignIn, SignInSettings},
};

use crate::{
    auth,
    demo::DemoAuthority,
    pages::{self, BOOKMARKS_PATH},
    revocations::{CREATE_TABLES_EVERY, LogUrl},
    settings::{API_KEY, CLIENT_ID, COOKIE_PASSWORD, MCP_PATH, PUBLIC_URL, REVOCATIONS, Settings},
    start::StartError,
    store::Store,
};

/// Where WorkOS sends people back to after they signed in, below the public URL.
const CALLBACK_PATH: &str = "/callback";

/// What the pages need to know who is there.
#[derive(Debug, Clone)]
pub enum Site {
    /// People sign in.
    Open {
        /// Authenticates them.
        auth: McpAuth,
        /// Signs them in and out.
        sign_in: SignIn,
    },
    /// Nobody can sign in, for this reason: a sentence for whoever set Bookmarket up.
    Closed(String),
}

/// What the sign-in needs.
struct SignInKeys {
    client_id: String,
    api_key: String,
    cookie_password: String,
    /// Where WorkOS's API is, which is also the issuer of sessions.
    api_url: String,
}

impl Site {
    /// Protects the pages, where people can sign in.
    ///
    /// # Errors
    /// A setting cannot be used.
    pub fn open(
        resource: &Resource,
        demo: Option<&DemoAuthority>,
        store: &Store,
        revocations: &SharedRevocations,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        if resource.path() != MCP_PATH {
            // The sign-in has its paths at the root.
            return Ok(Self::Closed(format!(
                "The pages need a public URL without a path; {PUBLIC_URL} has one."
            )));
        }
        let keys = match keys(demo, settings) {
            Ok(keys) => keys,
            Err(missing) => {
                return Ok(Self::Closed(format!(
                    "Set {}. The client id and the API key are in the WorkOS dashboard; the cookie \
                     password is a secret of at least 32 bytes.",
                    missing.join(", ")
                )));
            }
        };
        let sessions = Issuer::workos_sessions_at(&keys.api_url, &keys.client_id)?;
        let callback = format!("{}{CALLBACK_PATH}", resource.origin());
        let SignInKeys { client_id, api_key, cookie_password, api_url } = keys;
        let sign_in = SignInSettings::new(client_id, api_key, callback, cookie_password)?
            .api_url(api_url)?
            .error_page(pages::error_page);
        let sign_in = with_refresh_lock(sign_in, settings)?;
        let site = format!("{}{BOOKMARKS_PATH}", resource.origin());
        let auth = auth::protect_pages(&site, sessions, store, revocations, settings)?;
        let sign_in = SignIn::authkit(&sign_in, auth.handle())?;
        let auth = auth.accept_sessions(sign_in.sessions())?;
        Ok(Self::Open { auth, sign_in })
    }
}

/// Where several servers share revocations, they also agree at the same place which of them refreshes
/// a session.
fn with_refresh_lock(
    sign_in: SignInSettings,
    settings: &Settings,
) -> Result<SignInSettings, ConfigError> {
    let named = |error: ConfigError| error.named(REVOCATIONS);
    Ok(match &settings.revocations {
        None => sign_in,
        Some(LogUrl::Redis(url)) => {
            sign_in.refresh_lock(RedisRefreshLock::new(url).map_err(named)?)
        }
        Some(LogUrl::Postgres(url)) => {
            let tables = PostgresRefreshLock::new(url).map_err(named)?;
            actix_web::rt::spawn(async move {
                while let Err(error) = tables.create_tables().await {
                    tracing::warn!(%error, "the table for sessions cannot be created, trying again");
                    actix_web::rt::time::sleep(CREATE_TABLES_EVERY).await;
                }
            });
            sign_in.refresh_lock(PostgresRefreshLock::new(url).map_err(named)?)
        }
    })
}

/// The keys, or the names of those that are missing.
fn keys(
    demo: Option<&DemoAuthority>,
    settings: &Settings,
) -> Result<SignInKeys, Vec<&'static str>> {
    if let Some(demo) = demo {
        return Ok(SignInKeys {
            client_id: demo.client_id().to_owned(),
            api_key: demo.api_key().to_owned(),
            cookie_password: demo.cookie_password().to_owned(),
            api_url: demo.session_issuer().to_owned(),
        });
    }
    let workos = &settings.workos;
    let given = [
        (CLIENT_ID, &workos.client_id),
        (API_KEY, &workos.api_key),
        (COOKIE_PASSWORD, &workos.cookie_password),
    ];
    match given.each_ref().map(|(_, value)| value.as_deref()) {
        [Some(client_id), Some(api_key), Some(cookie_password)] => Ok(SignInKeys {
            client_id: client_id.to_owned(),
            api_key: api_key.to_owned(),
            cookie_password: cookie_password.to_owned(),
            api_url: workos.api_url().to_owned(),
        }),
        _ => Err(given.iter().filter(|(_, it)| it.is_none()).map(|(name, _)| *name).collect()),
    }
}
