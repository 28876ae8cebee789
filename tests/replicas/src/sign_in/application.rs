//! An application with pages, as a process of its own: this program with another first argument.

use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, Principal,
    operation::{Clock, SystemClock, UnixTime},
    revocation::{
        PostgresRevocationLog, RedisRevocationLog, RevocationSettings, SharedRevocations,
    },
    session::{PostgresRefreshLock, RedisRefreshLock},
    sign_in::{SignIn, SignInSettings},
};
use actix_session::storage::RedisSessionStore;
use actix_web::{App, HttpServer, middleware::DefaultHeaders, web};
use deadpool_redis::{Config, PoolConfig, Runtime, Timeouts};

use crate::{replica::API_KEY, servers::Failed};

/// The first argument of this program, so that it is an application.
pub(crate) const COMMAND: &str = "application-with-pages";
/// The header that tells which replica answers.
pub(crate) const REPLICA: &str = "x-replica";
/// In place of a URL: sessions are in cookies, or there is no lock.
pub(super) const NONE: &str = "none";

const COOKIE_PASSWORD: &str = "0123456789abcdef0123456789abcdef";

/// What an application is started with.
pub(super) struct Arguments {
    pub(super) address: SocketAddr,
    pub(super) public_url: String,
    /// Where WorkOS's API is, which is also the issuer of sessions.
    pub(super) api_url: String,
    pub(super) client_id: String,
    /// The URL of Redis, or [`NONE`].
    pub(super) store: String,
    /// The URL of the lock's server, or [`NONE`].
    pub(super) lock: String,
    /// The URL of the revocation log.
    pub(super) log: String,
}

impl Arguments {
    pub(super) fn to_list(&self) -> [String; 8] {
        let text = String::clone;
        [
            COMMAND.to_owned(),
            self.address.to_string(),
            text(&self.public_url),
            text(&self.api_url),
            text(&self.client_id),
            text(&self.store),
            text(&self.lock),
            text(&self.log),
        ]
    }

    fn parse(list: &[String]) -> Result<Self, Failed> {
        let [_, address, public_url, api_url, client_id, store, lock, log] = list else {
            return Err(format!("{} arguments instead of 8", list.len()).into());
        };
        let text = String::clone;
        Ok(Self {
            address: address.parse()?,
            public_url: text(public_url),
            api_url: text(api_url),
            client_id: text(client_id),
            store: text(store),
            lock: text(lock),
            log: text(log),
        })
    }
}

/// The machine's clock, set ahead by so many seconds.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicU64>);

impl Clock for Ahead {
    fn now(&self) -> UnixTime {
        SystemClock.now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Runs the application until it is killed.
#[allow(clippy::print_stderr, reason = "the output of the process is kept in a file")]
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let served = Arguments::parse(arguments)
        .and_then(|arguments| actix_web::rt::System::new().block_on(serve(arguments)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Failed> {
    let Arguments { address, public_url, api_url, client_id, .. } = &arguments;
    let clock = Ahead::default();
    let site = McpAuth::api(format!("{public_url}/site"))
        .clock(clock.clone())
        .issuer(Issuer::workos_sessions_at(api_url, client_id)?)
        .revocations(&follow(&arguments.log)?)
        .build()?;
    let callback = format!("{public_url}/callback");
    let settings = SignInSettings::new(client_id.as_str(), API_KEY, callback, COOKIE_PASSWORD)?
        .api_url(api_url)?;
    let settings = with_lock(settings, &arguments.lock)?;
    let settings = match arguments.store.as_str() {
        NONE => settings,
        url => settings.store(sessions_in_redis(url).await?),
    };
    let sign_in = SignIn::authkit(&settings, site.handle())?;
    let site = site.accept_sessions(sign_in.sessions())?;
    let name = address.to_string();
    let app = move || {
        App::new()
            .wrap(DefaultHeaders::new().add((REPLICA, name.as_str())))
            .app_data(web::Data::new(clock.clone()))
            .configure(sign_in.routes())
            .route("/clock", web::post().to(set_clock_ahead))
            .service(web::scope("/site").wrap(site.middleware()).default_service(web::to(whoami)))
    };
    // A machine that is busy sends requests late.
    let server = HttpServer::new(app).client_request_timeout(Duration::from_secs(30));
    Ok(server.workers(2).disable_signals().bind(address)?.run().await?)
}

/// With a pool: the single connection of `RedisSessionStore::new` connects again after minutes only.
async fn sessions_in_redis(url: &str) -> Result<RedisSessionStore, Failed> {
    let mut pool = PoolConfig::default();
    let second = Some(Duration::from_secs(1));
    pool.timeouts = Timeouts { wait: second, create: second, recycle: second };
    let config = Config { pool: Some(pool), ..Config::from_url(url) };
    Ok(RedisSessionStore::new_pooled(config.create_pool(Some(Runtime::Tokio1))?).await?)
}

fn follow(url: &str) -> Result<SharedRevocations, Failed> {
    let settings = RevocationSettings::default();
    Ok(match url.starts_with("redis") {
        true => SharedRevocations::follow(RedisRevocationLog::new(url)?, settings)?,
        false => SharedRevocations::follow(PostgresRevocationLog::new(url)?, settings)?,
    })
}

fn with_lock(settings: SignInSettings, url: &str) -> Result<SignInSettings, Failed> {
    Ok(match url {
        NONE => settings,
        url if url.starts_with("redis") => settings.refresh_lock(RedisRefreshLock::new(url)?),
        url => settings.refresh_lock(PostgresRefreshLock::new(url)?),
    })
}

async fn set_clock_ahead(clock: web::Data<Ahead>, seconds: String) -> &'static str {
    match seconds.parse() {
        Ok(seconds) => {
            clock.0.fetch_add(seconds, Ordering::Relaxed);
            "ok"
        }
        Err(_) => "not a number",
    }
}

async fn whoami(me: AuthedUser<Principal>) -> String {
    me.subject().id().to_owned()
}
