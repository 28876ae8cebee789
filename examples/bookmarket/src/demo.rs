//! The demo authority: signing in without an account at WorkOS, to try Bookmarket.

use std::{
    io,
    net::SocketAddr,
    ops::Deref,
    path::{Path, PathBuf},
    time::Duration,
};

use actix_mcp_auth::{
    ConfigError,
    testing::{self, Person, TestAuthority},
};

use crate::{
    auth,
    settings::{DEMO_APPROVE, Grants},
    start::StartError,
    store,
};

/// How the demo authority behaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demo {
    /// The person whom it signs in without showing a page, for scripted tests.
    pub approve: Option<String>,
    /// The lifetime of its tokens, if not the default.
    pub token_lifetime: Option<Duration>,
    /// The SQLite database beside which it keeps its keys, clients and refresh tokens, so that agents
    /// go on after a restart. Without one they are gone with the process.
    pub database: Option<PathBuf>,
    /// Whether it grants Bookmarket's permissions by scope. Otherwise Bookmarket grants them.
    pub grants: Grants,
}

impl Demo {
    /// The demo person who may read and not write.
    pub const READER: &str = "user_katherine";

    fn people() -> [Person; 4] {
        [
            Person::new("user_ada", "Ada Lovelace").email("ada@example.com"),
            Person::new("user_alan", "Alan Turing").email("alan@example.com"),
            Person::new("user_grace", "Grace Hopper").email("grace@example.com").verified(false),
            Person::new(Self::READER, "Katherine Johnson (may only read)")
                .email("katherine@example.com"),
        ]
    }

    /// The port of the demo authority; `None` where it is any free one.
    pub(crate) fn port(bookmarket: SocketAddr) -> Option<u16> {
        match bookmarket.port() {
            0 | u16::MAX => None,
            port => Some(port + 1),
        }
    }

    /// The file of the database at this URL, if it is SQLite's, and if its directory exists.
    pub(crate) fn database_of(url: &str) -> Option<PathBuf> {
        let path = store::file_of(url)?;
        let directory = path.parent().filter(|parent| *parent != Path::new(""));
        directory.is_none_or(Path::is_dir).then(|| path.clone())
    }

    /// Where the authority on this port keeps its state.
    fn state_file(database: &Path, port: u16) -> PathBuf {
        database.with_extension(format!("authority-{port}.json"))
    }

    /// Starts an authorization server with demo people on the port after Bookmarket's own, or on
    /// any free port if Bookmarket uses any free port.
    ///
    /// # Errors
    /// The port is in use, its state beside the database cannot be read or written, or no person has the id that should be approved.
    pub fn start(&self, bookmarket: SocketAddr) -> Result<DemoAuthority, StartError> {
        let fixed_port = Self::port(bookmarket);
        let port = fixed_port.unwrap_or(0);
        let api_key = format!("sk_test_{}", secret()?);
        let mut authority = TestAuthority::builder()
            .address(bookmarket.ip())
            .port(port)
            .workos_api_key(api_key.as_str())
            .local_session_issuer();
        // An issuer on any free port has another name after a restart.
        if let (Some(database), Some(port)) = (&self.database, fixed_port) {
            authority = authority.persist(Self::state_file(database, port));
        }
        for person in Self::people() {
            // Read-only people are on Bookmarket's own list.
            if self.grants == Grants::Own || person.id != Self::READER {
                authority = authority.person(person);
            }
        }
        authority = match self.grants {
            // Some clients never ask for `offline_access`, and would need a sign-in every five
            // minutes.
            Grants::Own => authority.always_refresh(),
            // A client with a refresh token may use it when it needs another scope, which a refresh
            // cannot add (RFC 6749 §6).
            Grants::Scopes => {
                auth::SCOPES.iter().fold(authority, |authority, scope| authority.scope(*scope))
            }
        };
        if let Some(person) = &self.approve {
            authority = authority.auto_approve(person);
        }
        if let Some(lifetime) = self.token_lifetime {
            authority = authority.token_lifetime(lifetime);
        }
        let authority = authority.start().map_err(|error| match error {
            testing::StartError::UnknownPerson(id) => {
                let expected = "must be the id of one of the demo people";
                ConfigError::invalid(DEMO_APPROVE, id, expected, "user_ada").into()
            }
            error => StartError::Demo(error),
        })?;
        Ok(DemoAuthority { authority, api_key, cookie_password: secret()? })
    }
}

/// The demo authority, running until it is dropped, with secrets that last as long.
pub struct DemoAuthority {
    authority: TestAuthority,
    api_key: String,
    cookie_password: String,
}

impl DemoAuthority {
    /// The key to its stand-in of WorkOS's API, by which the pages sign people in.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// What the pages encrypt cookies with.
    pub fn cookie_password(&self) -> &str {
        &self.cookie_password
    }
}

impl Deref for DemoAuthority {
    type Target = TestAuthority;

    fn deref(&self) -> &TestAuthority {
        &self.authority
    }
}

/// 32 random bytes, in hexadecimal.
fn secret() -> Result<String, StartError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| StartError::Io(io::Error::other(error)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::{fs, net::TcpListener};

    use super::*;

    #[test]
    fn state_is_kept_beside_an_sqlite_database_only() {
        for (url, database) in [
            ("sqlite://bookmarket.sqlite?mode=rwc", Some("bookmarket.sqlite")),
            ("sqlite:bookmarket.sqlite", Some("bookmarket.sqlite")),
            ("sqlite:///tmp/bookmarket.sqlite", Some("/tmp/bookmarket.sqlite")),
            ("sqlite:///no/such/directory/bookmarket.sqlite", None),
            ("sqlite::memory:", None),
            ("sqlite://:memory:", None),
            ("postgres://localhost/bookmarket", None),
            ("", None),
        ] {
            assert_eq!(Demo::database_of(url).as_deref(), database.map(Path::new), "{url}");
        }
        let file = Demo::state_file(Path::new("/tmp/bookmarket.sqlite"), 8788);
        assert_eq!(file, Path::new("/tmp/bookmarket.authority-8788.json"));
    }

    #[test]
    fn a_restarted_demo_has_the_same_issuer_and_keys() {
        let folder = std::env::temp_dir().join(format!("bookmarket-demo-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a directory");
        let demo = Demo { database: Some(folder.join("bookmarket.sqlite")), ..Demo::default() };
        // The demo takes the port after Bookmarket's, which another program may have.
        let on_some_port = || {
            let listener = TcpListener::bind("127.0.0.1:0").ok()?;
            let address = listener.local_addr().ok()?;
            Some((address, demo.start(address).ok()?))
        };
        let (address, first) = (0..50).find_map(|_| on_some_port()).expect("two ports in a row");
        let (issuer, key) = (first.issuer().to_owned(), first.keys().current());
        drop(first);
        let again = demo.start(address).expect("a second start");
        assert_eq!((again.issuer(), again.keys().current()), (&*issuer, key));
        drop(again);
        fs::remove_dir_all(&folder).expect("the directory is removed");
    }
}
