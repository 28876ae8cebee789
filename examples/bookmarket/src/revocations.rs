//! Revocations: the log that processes share, and the command that appends to it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use actix_mcp_auth::{
    ConfigError,
    operation::UnixTime,
    revocation::{
        LogError, NewRevocation, PostgresRevocationLog, RedisRevocationLog, RevocationLog,
        RevocationSettings, Revocations, RevokeError, Revoked, SharedRevocations,
    },
};
use clap::Args;

use crate::{
    settings::{REVOCATIONS, Settings},
    start::StartError,
};

/// How often it is tried to create the tables while PostgreSQL does not answer.
pub(crate) const CREATE_TABLES_EVERY: Duration = Duration::from_secs(1);

/// The address of a revocation log. It may contain a password, so `Debug` does not show it.
#[derive(Clone)]
pub enum LogUrl {
    /// In Redis.
    Redis(String),
    /// In PostgreSQL.
    Postgres(String),
}

impl LogUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// Where its scheme is none of `redis`, `rediss`, `postgres` and `postgresql`.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("redis" | "rediss") => Ok(Self::Redis(url.to_owned())),
            Some("postgres" | "postgresql") => Ok(Self::Postgres(url.to_owned())),
            scheme => Err(ConfigError::invalid(
                REVOCATIONS,
                scheme.map_or(String::new(), |scheme| format!("{scheme}://…")),
                "must be the address of a Redis or PostgreSQL server",
                "redis://127.0.0.1:6379",
            )),
        }
    }
}

impl fmt::Debug for LogUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redis(_) => "LogUrl(redis)",
            Self::Postgres(_) => "LogUrl(postgres)",
        })
    }
}

/// The revocations of this process, which follow the log if one is configured. A log that does not
/// answer is no error: requests get 503 until it was read.
///
/// # Errors
/// The address cannot be used.
pub async fn start(settings: &Settings) -> Result<SharedRevocations, StartError> {
    let bounds = RevocationSettings::default();
    let followed = match &settings.revocations {
        None => return Ok(SharedRevocations::in_memory(bounds)),
        Some(LogUrl::Redis(url)) => SharedRevocations::follow(redis(url)?, bounds),
        Some(LogUrl::Postgres(url)) => {
            let tables = postgres(url)?;
            // Before the log is followed, since reading without tables is reported as an error.
            if let Err(error) = tables.create_tables().await {
                actix_web::rt::spawn(create_tables_later(tables, error));
            }
            SharedRevocations::follow(postgres(url)?, bounds)
        }
    };
    followed.map_err(StartError::Io)
}

/// Tries again until PostgreSQL answers.
async fn create_tables_later(log: PostgresRevocationLog, mut error: LogError) {
    loop {
        tracing::warn!(%error, "the tables for revocations cannot be created, trying again");
        actix_web::rt::time::sleep(CREATE_TABLES_EVERY).await;
        match log.create_tables().await {
            Ok(()) => return,
            Err(next) => error = next,
        }
    }
}

fn redis(url: &str) -> Result<RedisRevocationLog, ConfigError> {
    RedisRevocationLog::new(url).map_err(|error| error.named(REVOCATIONS))
}

fn postgres(url: &str) -> Result<PostgresRevocationLog, ConfigError> {
    PostgresRevocationLog::new(url).map_err(|error| error.named(REVOCATIONS))
}

/// Ends access at once, in every process that follows the log `BOOKMARKET_REVOCATIONS`.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).multiple(true))]
pub struct Revoke {
    /// The person, by the `sub` of their tokens.
    #[arg(long, value_name = "SUB", group = "whom")]
    user: Option<String>,
    /// The agent, by its client id; with --user, for that person only.
    #[arg(long, value_name = "CLIENT_ID", group = "whom")]
    agent: Option<String>,
    /// One session, by the `sid` of its tokens.
    #[arg(long, value_name = "SID", group = "whom", conflicts_with = "agent")]
    session: Option<String>,
    /// Ends an earlier revocation of the very same.
    #[arg(long)]
    lift: bool,
    /// Refuses what was issued until now only, so that who signs in again is accepted.
    #[arg(long, conflicts_with = "lift")]
    issued_before_now: bool,
    /// Why, for the list of revocations in force.
    #[arg(long, value_name = "TEXT", default_value = "bookmarket revoke")]
    reason: String,
}

impl Revoke {
    fn what(&self) -> NewRevocation {
        let what = match (&self.session, &self.user, &self.agent) {
            (Some(session), ..) => Revoked::session(session.as_str()),
            (None, Some(user), Some(agent)) => {
                Revoked::subject_at_client(user.as_str(), agent.as_str())
            }
            (None, Some(user), None) => Revoked::subject(user.as_str()),
            (None, None, agent) => Revoked::client(agent.as_deref().unwrap_or_default()),
        };
        match self.issued_before_now {
            true => what,
            false => what.standing(),
        }
    }
}

/// Appends a revocation to the log. It is in the log when this returns.
///
/// # Errors
/// No log is configured, it does not answer, or what is to be revoked cannot be meant.
pub async fn revoke(settings: &Settings, revoke: &Revoke) -> Result<(), Failed> {
    let log: Arc<dyn RevocationLog> = match &settings.revocations {
        None => return Err(Failed::NoLog),
        Some(LogUrl::Redis(url)) => Arc::new(redis(url)?),
        Some(LogUrl::Postgres(url)) => {
            let log = postgres(url)?;
            log.create_tables().await.map_err(Failed::Log)?;
            Arc::new(log)
        }
    };
    let now = UnixTime::since_epoch(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default());
    let revocations = Revocations::with_log(RevocationSettings::default(), log.clone());
    // So that a wrong clock here cannot make the record older than one that it shall supersede.
    let known = log.follow().next().await.map_err(Failed::Log)?;
    revocations.take_in(known, now);
    // People have tokens of two issuers: one for their agents, one for the pages.
    for issuer in settings.issuers()? {
        let what = revoke.what().of_issuer(issuer).because(revoke.reason.as_str());
        match revoke.lift {
            true => revocations.lift(what, now).await,
            false => revocations.revoke(what, now).await,
        }
        .map_err(Failed::Revoke)?;
    }
    Ok(())
}

/// Why nothing was revoked.
#[non_exhaustive]
pub enum Failed {
    /// There is no log.
    NoLog,
    /// The log does not answer.
    Log(LogError),
    /// It was not appended.
    Revoke(RevokeError),
    /// A setting cannot be used.
    Start(StartError),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLog => write!(
                f,
                "{REVOCATIONS} is missing: it must be the address of the log that the servers \
                 share, for example \"redis://127.0.0.1:6379\"; without it a server keeps \
                 revocations to itself"
            ),
            Self::Log(error) => write!(f, "nothing was revoked, the log does not answer: {error}"),
            Self::Revoke(RevokeError::NotInLog(error)) => {
                write!(f, "nobody knows whether the log has the revocation; try again: {error}")
            }
            Self::Revoke(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
        }
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failed {}

impl From<StartError> for Failed {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<ConfigError> for Failed {
    fn from(error: ConfigError) -> Self {
        Self::Start(error.into())
    }
}
