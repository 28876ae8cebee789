//! The settings, read once at start-up.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `WORKOS_AUTHKIT_DOMAIN` | the demo authority | where people sign in: a domain, or a URL |
//! | `BOOKMARKET_BIND` | `127.0.0.1:8787` | the address to listen on |
//! | `BOOKMARKET_PUBLIC_URL` | `http://` + the address | the address that clients use |
//! | `DATABASE_URL` | `sqlite://bookmarket.sqlite?mode=rwc` | where people and bookmarks are stored |
//! | `BOOKMARKET_UNKNOWN_USER` | `provision` | `refuse` rejects people without an account |
//! | `BOOKMARKET_GRANTS` | `own` | who grants permissions: Bookmarket's own list, or with `scopes` the tokens |
//! | `BOOKMARKET_READ_ONLY` | nobody, or one of the demo people | who may read and not write: user ids, separated by commas |
//! | `BOOKMARKET_ACTIVITY_DAYS` | 90 | how long is kept what people and agents did |
//! | `MCP_AUTH_LEEWAY_SECONDS` | 30 | the tolerated difference of clocks |
//! | `BOOKMARKET_REVOCATIONS` | this process only | the log of revocations that processes share: `redis://…` or `postgres://…` |
//! | `WORKOS_CLIENT_ID` | none | people sign in at the pages, with the next two: the environment's client id |
//! | `WORKOS_API_KEY` | none | the key to WorkOS's API: sign-in at the pages, events, the check of the set-up |
//! | `WORKOS_COOKIE_PASSWORD` | none | what the pages encrypt cookies with: a secret of at least 32 bytes |
//! | `WORKOS_WEBHOOK_SECRET` | none | opens `POST /webhooks/workos`; several with commas between them |
//! | `BOOKMARKET_DISCONNECT` | `consent` | what disconnecting an agent does: deletes its consent in WorkOS, or with `standing` refuses it until its person lets it in again |
//! | `WORKOS_API_URL` | `https://api.workos.com` | another address of WorkOS's API, for tests |
//! | `BOOKMARKET_DEMO_APPROVE` | nobody | the person whom the demo authority signs in without a page |
//! | `BOOKMARKET_DEMO_TOKEN_SECONDS` | 300 | the lifetime of the demo authority's tokens |
//!
//! A build with the memory store has no `DATABASE_URL`, and rejects one.
//!
//! An invalid or empty variable is an error; the default is not used instead.

mod authkit;

use std::{
    env::{self, VarError},
    net::SocketAddr,
    time::Duration,
};

use actix_mcp_auth::{ConfigError, Issuer, Resource};

use self::authkit::authkit;
use crate::{activity, demo::Demo, revocations::LogUrl, store, workos::WorkOsKeys};

/// The path of the MCP endpoint below the public URL.
pub const MCP_PATH: &str = "/mcp/bookmarket";

/// Where people sign in.
pub const AUTHKIT_DOMAIN: &str = "WORKOS_AUTHKIT_DOMAIN";
/// The address to listen on.
pub const BIND: &str = "BOOKMARKET_BIND";
/// The address that clients use.
pub const PUBLIC_URL: &str = "BOOKMARKET_PUBLIC_URL";
/// Where people and bookmarks are kept.
pub const DATABASE_URL: &str = "DATABASE_URL";
/// What happens with a person without an account.
pub const UNKNOWN_USER: &str = "BOOKMARKET_UNKNOWN_USER";
/// Who grants permissions.
pub const GRANTS: &str = "BOOKMARKET_GRANTS";
/// Who may see bookmarks, and neither add nor delete any.
pub const READ_ONLY: &str = "BOOKMARKET_READ_ONLY";
/// How long is kept what people and agents did.
pub const ACTIVITY_DAYS: &str = "BOOKMARKET_ACTIVITY_DAYS";
/// By how much clocks may differ.
pub const LEEWAY: &str = "MCP_AUTH_LEEWAY_SECONDS";
/// Where revocations are shared.
pub const REVOCATIONS: &str = "BOOKMARKET_REVOCATIONS";
/// The environment at WorkOS where people sign in at the pages.
pub const CLIENT_ID: &str = "WORKOS_CLIENT_ID";
/// What the pages encrypt cookies with.
pub const COOKIE_PASSWORD: &str = "WORKOS_COOKIE_PASSWORD";
/// The key to WorkOS's API.
pub const API_KEY: &str = "WORKOS_API_KEY";
/// The secrets of webhooks.
pub const WEBHOOK_SECRET: &str = "WORKOS_WEBHOOK_SECRET";
/// What disconnecting an agent does.
pub const DISCONNECT: &str = "BOOKMARKET_DISCONNECT";
/// Where WorkOS's API is.
pub const API_URL: &str = "WORKOS_API_URL";
/// Whom the demo authority signs in without asking.
pub const DEMO_APPROVE: &str = "BOOKMARKET_DEMO_APPROVE";
/// How long the demo authority's tokens are good.
pub const DEMO_TOKEN_SECONDS: &str = "BOOKMARKET_DEMO_TOKEN_SECONDS";

const AUTHKIT_EXAMPLE: &str = "your-subdomain.authkit.app";
const BIND_DEFAULT: &str = "127.0.0.1:8787";
const PUBLIC_URL_EXAMPLE: &str = "https://app.example.com";

/// All settings of Bookmarket. See the [module](self) for names and defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen on. Port 0 takes any free port.
    pub bind: SocketAddr,
    /// The identifier of this MCP server, if it does not follow from [`bind`](Self::bind).
    pub resource: Option<Resource>,
    /// Where people and bookmarks are kept.
    pub database_url: String,
    /// Where people sign in.
    pub sign_in: SignIn,
    /// The tolerated difference of clocks, if not the library's default.
    pub leeway: Option<Duration>,
    /// What happens with a person who signs in and has no account yet.
    pub unknown_user: UnknownUser,
    /// Who grants permissions.
    pub grants: Grants,
    /// Who may see bookmarks, and neither add nor delete any: by the `sub` of their tokens.
    pub read_only: Vec<String>,
    /// How long activity is kept.
    pub activity_kept: Duration,
    /// The log of revocations that processes share, if there are several.
    pub revocations: Option<LogUrl>,
    /// The keys to WorkOS.
    pub workos: WorkOsKeys,
}

/// Where people sign in.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// At WorkOS AuthKit, or at a server with the same paths.
    AuthKit(Box<Issuer>),
    /// At a demo authorization server with demo people, on the next port.
    Demo(Demo),
}

/// What becomes of a person who signs in and has no account yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownUser {
    /// They get one.
    Provision,
    /// They are refused.
    Refuse,
}

/// Who grants permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grants {
    /// Bookmarket, to everybody except read-only people.
    #[default]
    Own,
    /// The issuer, by the scopes of its tokens: clients begin with reading, and ask for more when a
    /// tool needs it.
    Scopes,
}

impl Settings {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// One sentence that names the variable, what was expected, and an example.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(value)) => {
                let found = value.to_string_lossy();
                Err(ConfigError::invalid(name, found, "must be valid UTF-8", "text"))
            }
        })
    }

    /// Reads settings by `lookup`.
    ///
    /// ```
    /// use bookmarket::Settings;
    ///
    /// let settings = Settings::read(|_name| Ok(None)).expect("the defaults are valid");
    /// assert_eq!(settings.bind.to_string(), "127.0.0.1:8787");
    /// ```
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn read(
        lookup: impl Fn(&'static str) -> Result<Option<String>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let grants = grants(lookup(GRANTS)?)?;
        let database_url = database_url(lookup(DATABASE_URL)?)?;
        let sign_in = match lookup(AUTHKIT_DOMAIN)? {
            Some(domain) => SignIn::AuthKit(Box::new(authkit(&domain, &lookup)?)),
            None => SignIn::Demo(Demo {
                approve: lookup(DEMO_APPROVE)?,
                database: Demo::database_of(&database_url),
                token_lifetime: seconds(DEMO_TOKEN_SECONDS, lookup(DEMO_TOKEN_SECONDS)?, 86_400)?,
                grants,
            }),
        };
        let settings = Self {
            bind: bind(lookup(BIND)?)?,
            resource: lookup(PUBLIC_URL)?.map(|url| resource_below(&url)).transpose()?,
            database_url,
            read_only: read_only(lookup(READ_ONLY)?, &sign_in, grants)?,
            activity_kept: activity::kept(lookup(ACTIVITY_DAYS)?)?,
            workos: WorkOsKeys::read(&sign_in, &lookup)?,
            revocations: lookup(REVOCATIONS)?.map(|url| LogUrl::parse(&url)).transpose()?,
            grants,
            sign_in,
            leeway: seconds(LEEWAY, lookup(LEEWAY)?, 300)?,
            unknown_user: unknown_user(lookup(UNKNOWN_USER)?)?,
        };
        settings.check_reach()?;
        Ok(settings)
    }

    /// The identifier of this MCP server, once it listens on `address`.
    ///
    /// # Errors
    /// The address alone cannot be one; [`read`](Self::read) has checked that.
    pub fn resource_at(&self, address: SocketAddr) -> Result<Resource, ConfigError> {
        match &self.resource {
            Some(resource) => Ok(resource.clone()),
            None => resource_below(&format!("http://{address}")),
        }
    }

    /// The names of the issuers, as they are configured: of agents' tokens, and of people's
    /// sessions.
    ///
    /// # Errors
    /// The demo authority listens on any free port, so its names are not known.
    pub fn issuers(&self) -> Result<[String; 2], ConfigError> {
        match &self.sign_in {
            SignIn::AuthKit(issuer) => {
                Ok([issuer.name().to_owned(), self.workos.api_url().to_owned()])
            }
            SignIn::Demo(_) => {
                let port = Demo::port(self.bind).ok_or_else(|| {
                    let expected = "must have a port, since the demo authority's name contains it";
                    ConfigError::invalid(BIND, self.bind.to_string(), expected, BIND_DEFAULT)
                })?;
                let address = SocketAddr::new(self.bind.ip(), port);
                Ok([format!("http://{address}"), format!("http://localhost:{port}")])
            }
        }
    }

    /// Demo people are for this machine only; a public server needs a public URL.
    fn check_reach(&self) -> Result<(), ConfigError> {
        let bound_here = self.bind.ip().is_loopback();
        let used_here = self.resource.as_ref().is_none_or(Resource::is_loopback);
        match self.sign_in {
            SignIn::Demo(_) if !(bound_here && used_here) => Err(ConfigError::missing(
                AUTHKIT_DOMAIN,
                "must be your AuthKit domain, since BOOKMARKET_BIND or BOOKMARKET_PUBLIC_URL reaches \
                 beyond this machine and the demo sign-in is for this machine only",
                AUTHKIT_EXAMPLE,
            )),
            _ if !bound_here && self.resource.is_none() => Err(ConfigError::missing(
                PUBLIC_URL,
                "must be the address that clients use, since BOOKMARKET_BIND is not loopback",
                PUBLIC_URL_EXAMPLE,
            )),
            _ => Ok(()),
        }
    }
}

fn bind(text: Option<String>) -> Result<SocketAddr, ConfigError> {
    let text = text.as_deref().unwrap_or(BIND_DEFAULT);
    let expected = "must be an IP address and a port";
    text.parse().map_err(|_| ConfigError::invalid(BIND, text, expected, BIND_DEFAULT))
}

/// The resource below a public URL, whether or not that ends with a slash.
fn resource_below(public_url: &str) -> Result<Resource, ConfigError> {
    let base = public_url.trim_end_matches('/');
    Resource::parse(base).map_err(|error| error.named(PUBLIC_URL))?;
    Resource::parse(&format!("{base}{MCP_PATH}"))
}

fn seconds(
    variable: &'static str,
    text: Option<String>,
    most: u64,
) -> Result<Option<Duration>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(seconds) if seconds <= most => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(ConfigError::invalid(
            variable,
            text,
            format!("must be a whole number of seconds, at most {most}"),
            "30",
        )),
    }
}

/// Shows only the scheme in an error: the rest may contain a password.
fn database_url(url: Option<String>) -> Result<String, ConfigError> {
    let url = url.unwrap_or_else(|| store::DEFAULT_URL.to_owned());
    let Err(expected) = store::accepts(&url) else { return Ok(url) };
    let scheme = url.split_once(':').map_or(String::new(), |(scheme, _)| format!("{scheme}:"));
    Err(ConfigError::invalid(DATABASE_URL, format!("{scheme}…"), expected, store::DEFAULT_URL))
}

fn unknown_user(text: Option<String>) -> Result<UnknownUser, ConfigError> {
    match text.as_deref() {
        None | Some("provision") => Ok(UnknownUser::Provision),
        Some("refuse") => Ok(UnknownUser::Refuse),
        Some(other) => Err(ConfigError::invalid(
            UNKNOWN_USER,
            other,
            "must be `provision` or `refuse`",
            "provision",
        )),
    }
}

fn grants(text: Option<String>) -> Result<Grants, ConfigError> {
    match text.as_deref() {
        None | Some("own") => Ok(Grants::Own),
        Some("scopes") => Ok(Grants::Scopes),
        Some(other) => {
            Err(ConfigError::invalid(GRANTS, other, "must be `own` or `scopes`", "scopes"))
        }
    }
}

/// The ids, each of which is somebody's. Where tokens tell what people may do, there is no list.
fn read_only(
    text: Option<String>,
    sign_in: &SignIn,
    grants: Grants,
) -> Result<Vec<String>, ConfigError> {
    let Some(text) = text else {
        return Ok(match (sign_in, grants) {
            (SignIn::Demo(_), Grants::Own) => vec![Demo::READER.to_owned()],
            _ => Vec::new(),
        });
    };
    if grants == Grants::Scopes {
        let expected = "must be unset, since with BOOKMARKET_GRANTS=scopes the tokens tell who may";
        return Err(ConfigError::invalid(READ_ONLY, text, expected, "nothing"));
    }
    let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
    match ids.iter().any(String::is_empty) {
        false => Ok(ids),
        true => Err(ConfigError::invalid(
            READ_ONLY,
            text,
            "must be user ids with commas between them",
            "user_01HXYZ,user_01HABC",
        )),
    }
}
