//! A database of its own for one test, and a connection beside Bookmarket's.

use std::{env, thread};

use url::Url;

use super::{Folder, unique_name};

#[cfg(feature = "diesel")]
mod with_diesel;
#[cfg(feature = "diesel")]
use self::with_diesel::{count, execute};

#[cfg(not(feature = "diesel"))]
mod with_sea_orm;
#[cfg(not(feature = "diesel"))]
use self::with_sea_orm::{count, execute};

/// Where the databases for the tests are made, if not in files of SQLite.
const SERVER: &str = "TEST_DATABASE_URL";

/// A folder to run in, and an empty database: a file in that folder, or on the server at
/// `TEST_DATABASE_URL` a schema (PostgreSQL) or a database (MariaDB).
pub(crate) struct Place {
    folder: Folder,
    url: String,
    /// Where and how the database is removed, if it does not go with the folder.
    removal: Option<(Url, String)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        match env::var(SERVER) {
            Ok(server) => Self::on(Url::parse(&server).expect(SERVER)),
            Err(_) => Self::in_a_file(),
        }
    }

    pub(crate) fn in_a_file() -> Self {
        let folder = Folder::new();
        let file = folder.path().join("bookmarket.sqlite");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        Self { folder, url, removal: None }
    }

    fn on(server: Url) -> Self {
        let mut url = server.clone();
        let name = unique_name();
        let kind = match server.scheme() {
            "mysql" => {
                url.set_path(&name);
                "DATABASE"
            }
            _ => {
                url.query_pairs_mut().append_pair("options", &format!("-csearch_path={name}"));
                "SCHEMA"
            }
        };
        execute(server.as_str(), &format!("CREATE {kind} {name}")).expect(SERVER);
        let cascade = if kind == "SCHEMA" { " CASCADE" } else { "" };
        let removal = Some((server, format!("DROP {kind} {name}{cascade}")));
        Self { folder: Folder::new(), url: url.into(), removal }
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Changes the database without Bookmarket.
    pub(crate) fn sql(&self, statement: &str) {
        execute(&self.url, statement).expect(statement);
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, table: &str) -> i64 {
        count(&self.url, table).expect(table)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((server, statement)) = self.removal.take() else { return };
        let removed = execute(server.as_str(), &statement);
        if !thread::panicking() {
            removed.expect(&statement);
        }
    }
}
