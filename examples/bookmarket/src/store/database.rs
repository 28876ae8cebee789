//! Which database an address means, and whether this build has a driver for it.

/// A file in the program's working directory, created if it does not exist.
pub const DEFAULT_URL: &str = "sqlite://bookmarket.sqlite?mode=rwc";

/// Whether another process sees none of it.
pub const IS_OF_THIS_PROCESS: bool = false;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "mysql")]
    MariaDb,
}

impl Database {
    /// The kind that an address begins with, or what is expected instead.
    pub(super) fn of(url: &str) -> Result<Self, &'static str> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            #[cfg(feature = "mysql")]
            Some("mysql") => Ok(Self::MariaDb),
            #[cfg(not(feature = "postgres"))]
            Some("postgres" | "postgresql") => Err("needs a driver for PostgreSQL, which is not \
                 in this build; add it by `--features postgres`, or use SQLite"),
            #[cfg(not(feature = "mysql"))]
            Some("mysql") => Err("needs a driver for MariaDB, which is not in this build; add it \
                 by `--features mysql`, or use SQLite"),
            _ => Err("must begin with sqlite://, postgres:// or mysql://"),
        }
    }
}

/// Whether this build can open such an address.
///
/// # Errors
/// What is expected instead, to complete the sentence "…, but it …".
pub fn accepts(url: &str) -> Result<(), &'static str> {
    Database::of(url).map(|_| ())
}
