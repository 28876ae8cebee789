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

/// The address, such that SQLite does not create the file. The servers create no database.
pub(super) fn without_creating(url: &str) -> String {
    let Some(("sqlite", _)) = url.split_once(':') else { return url.to_owned() };
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let others =
        query.split('&').filter(|it| !it.is_empty() && !matches!(*it, "mode=rwc" | "mode=rw"));
    let mut query: Vec<&str> = others.collect();
    if !query.iter().any(|it| it.starts_with("mode=")) && !path.ends_with(":memory:") {
        query.push("mode=rw");
    }
    format!("{path}?{}", query.join("&"))
}

/// Fails where the table `activity` is of a version before it had all columns.
pub(super) const HAS_ALL_COLUMNS: &str = "SELECT kind FROM activity WHERE 1 = 0";

/// What brings such a table up to date. Nobody knows the `kind` of its rows.
pub(super) mod upgrade {
    pub(in crate::store) const SQLITE: &str =
        "ALTER TABLE activity ADD COLUMN kind VARCHAR NOT NULL DEFAULT ''";
    #[cfg(any(feature = "postgres", not(feature = "diesel")))]
    pub(in crate::store) const POSTGRES: &str = r#"
        DROP INDEX IF EXISTS "idx-activity-client_id";
        DROP INDEX IF EXISTS "idx-activity-subject";
        ALTER TABLE activity ADD COLUMN IF NOT EXISTS kind VARCHAR NOT NULL DEFAULT '',
            ALTER COLUMN subject TYPE TEXT, ALTER COLUMN client_id TYPE TEXT"#;
    #[cfg(any(feature = "mysql", not(feature = "diesel")))]
    pub(in crate::store) const MARIADB: &str = "
        ALTER TABLE activity DROP INDEX IF EXISTS `idx-activity-client_id`,
            DROP INDEX IF EXISTS `idx-activity-subject`, MODIFY subject TEXT NOT NULL,
            MODIFY client_id TEXT, ADD COLUMN IF NOT EXISTS kind VARCHAR(255) NOT NULL DEFAULT ''";
}

#[cfg(test)]
mod tests {
    use super::without_creating;

    #[test]
    fn without_creating_the_mode_is_not_rwc() {
        for (url, expected) in [
            ("sqlite://a.sqlite?mode=rwc", "sqlite://a.sqlite?mode=rw"),
            ("sqlite:a.sqlite", "sqlite:a.sqlite?mode=rw"),
            ("sqlite://a?cache=private&mode=rwc", "sqlite://a?cache=private&mode=rw"),
            ("sqlite://a.sqlite?mode=ro", "sqlite://a.sqlite?mode=ro"),
            ("postgres://a/b?mode=rwc", "postgres://a/b?mode=rwc"),
        ] {
            assert_eq!(without_creating(url), expected);
        }
    }
}
