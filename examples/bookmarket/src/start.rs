//! From settings to a running server.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
};

use actix_mcp_auth::{
    BuildError, ConfigError, Issuer, McpAuth, Resource,
    audit::AuditLog,
    testing,
    workos::{Webhooks, WorkOs},
};
use actix_web::{App, HttpServer, dev::Server, rt::task::JoinHandle, web};
use mcp_auth_rmcp::ToolRulesMismatch;

use crate::{
    activity,
    agents::Agents,
    auth,
    demo::DemoAuthority,
    health,
    pages::{self, Pages},
    revocations,
    settings::{AUTHKIT_DOMAIN, MCP_PATH, Settings, SignIn},
    site::Site,
    store::{self, Store},
    tools::{self, Tools},
    workos::{self, WEBHOOKS_PATH},
};

/// How long current requests may take after the server was told to stop, in seconds.
const GRACE: u64 = 10;
/// The largest message that a client may send, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// Bookmarket, listening.
pub struct Bookmarket {
    server: Server,
    resource: Resource,
    /// Stops when it is dropped.
    demo: Option<DemoAuthority>,
    /// Why nobody can sign in at the pages, if so.
    no_sign_in: Option<String>,
    /// Reads events until it is dropped.
    _workos: Option<WorkOs>,
    /// Writes what people and agents do to the store.
    audit: AuditLog,
    /// Deletes it when it is old.
    deleting: JoinHandle<()>,
}

impl Bookmarket {
    /// Opens the port and the store, and starts the demo authority if it is configured.
    ///
    /// # Errors
    /// What prevents the start, in one sentence.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        let listener = listen(settings.bind)?;
        let store = Store::open(&settings.database_url).await.map_err(StartError::Database)?;
        Self::on(listener, store, settings).await
    }

    /// The same over a store that is open already, such as one that a test reads as well.
    ///
    /// # Errors
    /// What prevents the start, in one sentence.
    pub async fn start_over(store: Store, settings: &Settings) -> Result<Self, StartError> {
        Self::on(listen(settings.bind)?, store, settings).await
    }

    async fn on(
        listener: TcpListener,
        store: Store,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        let address = listener.local_addr().map_err(StartError::Io)?;
        let resource = settings.resource_at(address)?;
        let (issuer, demo) = match &settings.sign_in {
            SignIn::AuthKit(issuer) => ((**issuer).clone(), None),
            SignIn::Demo(demo) => {
                let demo = demo.start(settings.bind)?;
                (Issuer::authkit(demo.issuer())?, Some(demo))
            }
        };
        let revocations = revocations::start(settings).await?;
        let site = Site::open(&resource, demo.as_ref(), &store, &revocations, settings)?;
        let auth = auth::protect(&resource, issuer, &store, &revocations, settings)?;
        let (workos, webhooks) = workos::follow(settings, &auth, demo.as_ref())?;
        let agents = Agents::of(settings, &auth, demo.as_ref(), workos.as_ref(), &store)?;
        let no_sign_in = match &site {
            Site::Open { .. } => None,
            Site::Closed(reason) => Some(reason.clone()),
        };
        let names = auth::agent_names(&auth, workos.as_ref());
        let audit = activity::start(&store, &names).map_err(StartError::Io)?;
        let deleting = activity::delete_old(&store, settings.activity_kept);
        let kept = settings.activity_kept;
        let pages = Pages::new(store.clone(), resource.clone(), agents, audit.clone(), kept);
        let tools = Tools::new(store, tools::rules()?);
        let server = serve(listener, auth, site, webhooks, pages, tools, &audit)?;
        Ok(Self { server, resource, demo, no_sign_in, _workos: workos, audit, deleting })
    }

    /// The identifier of this MCP server, which is also its address.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// What to do next, for the person who started it.
    pub fn welcome(&self) -> String {
        let resource = &self.resource;
        let mut text = format!("Bookmarket listens. Its pages:\n\n    {}/\n\n", resource.origin());
        if let Some(reason) = &self.no_sign_in {
            text.push_str(&format!("Nobody can sign in there yet. {reason}\n\n"));
        }
        text.push_str(&format!(
            "Add it to Claude Code:\n\n    {}\n\n\
             The resource indicator for the WorkOS dashboard (Connect > Configuration), exactly:\n\n    \
             {resource}\n",
            pages::line_to_paste(resource),
        ));
        if let Some(demo) = &self.demo {
            text.push_str(&format!(
                "\nWORKOS_AUTHKIT_DOMAIN is not set, so people sign in at a demo authorization \
                 server:\n\n    {}\n\n\
                 Its people are made up and it asks for no password. It is for trying things out \
                 on this machine.\n",
                demo.issuer()
            ));
        }
        text.push_str("\nCtrl-C stops it.");
        text
    }

    /// Serves until `stop` is ready, then waits for current requests, and for what is still to be
    /// written of what was done.
    ///
    /// # Errors
    /// The sockets failed.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let handle = self.server.handle();
        let server = actix_web::rt::spawn(self.server);
        stop.await;
        handle.stop(true).await;
        let ended = server.await;
        self.deleting.abort();
        self.audit.close().await;
        match ended {
            Ok(ended) => ended.map_err(StartError::Io),
            Err(panicked) => Err(StartError::Io(io::Error::other(panicked))),
        }
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|error| StartError::Bind { address, error })
}

fn serve(
    listener: TcpListener,
    auth: McpAuth,
    site: Site,
    webhooks: Option<Webhooks>,
    pages: Pages,
    tools: Tools,
    audit: &AuditLog,
) -> Result<Server, StartError> {
    let guard = auth.mcp().rules(tools.rules())?.max_message_bytes(MAX_MESSAGE).audit(audit);
    let mcp = mcp_auth_rmcp::endpoint(auth.resource(), move || tools.clone())
        .max_message_bytes(MAX_MESSAGE)
        // A public URL may have a path of its own, which the proxy in front then removes.
        .served_at(MCP_PATH)
        .build()?;
    let server = HttpServer::new(move || {
        App::new()
            .service(mcp.scope().wrap(guard.clone()))
            .configure(auth.discovery())
            .app_data(web::Data::new(auth.clone()))
            .route(health::PATH, web::get().to(health::answer))
            .configure(|config| {
                if let Some(webhooks) = &webhooks {
                    config.service(webhooks.at(WEBHOOKS_PATH));
                }
            })
            .configure(|config| pages.configure(&site, config))
    });
    let server = server.disable_signals().shutdown_timeout(GRACE);
    Ok(server.listen(listener).map_err(StartError::Io)?.run())
}

/// Why Bookmarket cannot run: one sentence.
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The demo authorization server cannot be started.
    Demo(testing::StartError),
    /// The database cannot be opened.
    Database(store::Error),
    /// A setting cannot be used.
    Config(ConfigError),
    /// Authentication cannot be set up.
    Auth(BuildError),
    /// The rules for tools do not fit the tools.
    Rules(ToolRulesMismatch),
    /// Another error of the system.
    Io(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind { address, error } => write!(
                f,
                "cannot listen on {address} ({error}); BOOKMARKET_BIND must be a free address of \
                 this machine, for example \"127.0.0.1:9797\""
            ),
            Self::Demo(error) => write!(
                f,
                "cannot start the demo sign-in ({error}); BOOKMARKET_BIND must be an address whose \
                 next port is free too, for example \"127.0.0.1:9797\""
            ),
            Self::Database(error) => write!(
                f,
                "cannot open the database ({error}); DATABASE_URL must be one that can be written, \
                 for example \"sqlite://bookmarket.sqlite?mode=rwc\""
            ),
            Self::Config(error) => error.fmt(f),
            Self::Auth(error) => error.fmt(f),
            Self::Rules(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the system refuses: {error}"),
        }
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<ToolRulesMismatch> for StartError {
    fn from(error: ToolRulesMismatch) -> Self {
        Self::Rules(error)
    }
}

impl From<BuildError> for StartError {
    /// Names the issuer as in the settings.
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Config(error) if error.setting() == "issuer" => {
                Self::Config(error.named(AUTHKIT_DOMAIN))
            }
            BuildError::Config(error) => Self::Config(error),
            error => Self::Auth(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::{revocations::Failed, workos::CheckError};

    fn shown(error: impl Error) {
        assert_eq!(format!("{error:?}"), error.to_string());
    }

    /// `main` prints `Debug`.
    #[test]
    fn debug_of_a_start_up_error_is_its_text() {
        let config = || ConfigError::missing("BOOKMARKET_BIND", "must be there", "127.0.0.1:9797");
        let io = || io::Error::other("refused");
        shown(StartError::Config(config()));
        shown(StartError::Auth(config().into()));
        shown(StartError::Io(io()));
        shown(StartError::Bind { address: ([127, 0, 0, 1], 1).into(), error: io() });
        shown(Failed::NoLog);
        shown(Failed::Start(config().into()));
        shown(CheckError::Start(config().into()));
    }
}
