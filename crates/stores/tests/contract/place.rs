//! A table `people` as an application might have it, in a database of its own.

use std::{any::Any, str::FromStr};

use mcp_auth_core::Subject;
use sea_orm::{ConnectionTrait, Statement, Value, prelude::Uuid};

use crate::database::{Database, Kind, execute};

/// What sort of column the subject is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Text, unique, may be NULL.
    Text,
    /// Text that ignores case, and where the database can, accents; not unique, may be NULL.
    Folding,
    /// Text of a fixed length, which PostgreSQL pads with blanks.
    Padded,
    /// PostgreSQL's text that ignores case.
    #[cfg(feature = "test-postgres")]
    Citext,
    /// A big integer, may be NULL; the primary key is text.
    Number,
    /// A UUID, the primary key.
    Uuid,
    /// Text, unique together with the issuer.
    WithIssuer,
}

pub(crate) struct Place {
    pub(crate) database: Database,
    column: Column,
}

impl Place {
    pub(crate) async fn new(kind: Kind, column: Column) -> Self {
        let place = Self { database: Database::new(kind).await, column };
        for statement in place.schema() {
            execute(&place.database.admin, &statement).await;
        }
        place
    }

    fn schema(&self) -> Vec<String> {
        use Kind::{MariaDb, Postgres, Sqlite};
        let kind = self.database.kind;
        let id = match kind {
            Sqlite => "id INTEGER PRIMARY KEY AUTOINCREMENT",
            Postgres => "id SERIAL PRIMARY KEY",
            MariaDb => "id INTEGER AUTO_INCREMENT PRIMARY KEY",
        };
        let text = match kind {
            Sqlite => "TEXT",
            Postgres | MariaDb => "VARCHAR(255)",
        };
        let folding = match kind {
            Sqlite => "TEXT COLLATE NOCASE",
            Postgres => "TEXT COLLATE folding",
            MariaDb => "VARCHAR(255) COLLATE utf8mb4_unicode_ci",
        };
        let uuid = match kind {
            Sqlite => "BLOB",
            Postgres => "UUID",
            MariaDb => "BINARY(16)",
        };
        let columns = match self.column {
            Column::Text => format!("{id}, external_id {text} UNIQUE"),
            Column::Folding => format!("{id}, external_id {folding}"),
            Column::Padded => format!("{id}, external_id CHAR(255)"),
            #[cfg(feature = "test-postgres")]
            Column::Citext => format!("{id}, external_id CITEXT"),
            Column::Number => "id VARCHAR(36) PRIMARY KEY, external_id BIGINT UNIQUE".to_owned(),
            Column::Uuid => format!("external_id {uuid} PRIMARY KEY"),
            Column::WithIssuer => {
                format!("{id}, external_id {text} NOT NULL, UNIQUE (issuer, external_id)")
            }
        };
        let table = format!(
            "CREATE TABLE people (issuer {text}, email {text}, deleted_at TIMESTAMP NULL, \
             name VARCHAR(100) NOT NULL DEFAULT 'Ada', \
             created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, balance DECIMAL(10, 2), {columns})"
        );
        let mut statements = vec![table];
        #[cfg(feature = "test-postgres")]
        if self.column == Column::Citext {
            // For the whole database, and once, whoever else asks for it at the same time.
            let extension = "DO $$ BEGIN PERFORM pg_advisory_xact_lock(8259002); \
                             CREATE EXTENSION IF NOT EXISTS citext SCHEMA public; END $$";
            statements.insert(0, extension.to_owned());
        }
        if kind == Postgres && self.column == Column::Folding {
            let collation = "CREATE COLLATION folding \
                             (provider = icu, locale = 'und-u-ks-level1', deterministic = false)";
            statements.insert(0, collation.to_owned());
        }
        if matches!(self.column, Column::Text | Column::Folding) {
            let nobody = "INSERT INTO people (external_id) VALUES (NULL), (NULL)";
            statements.push(nobody.to_owned());
        }
        statements
    }

    pub(crate) async fn add(&self, user: &Subject) {
        let (columns, values) = match self.column {
            Column::Number => ("(issuer, external_id, id)", "(?, ?, ?)"),
            _ => ("(issuer, external_id)", "(?, ?)"),
        };
        let mut sql = format!("INSERT INTO people {columns} VALUES {values}");
        if self.database.kind == Kind::Postgres {
            for n in 1..=3 {
                sql = sql.replacen('?', &format!("${n}"), 1);
            }
        }
        let mut values: Vec<Value> = vec![user.issuer().into(), self.value(user.id())];
        if self.column == Column::Number {
            values.push(format!("key {}", user.id()).into());
        }
        let backend = self.database.admin.get_database_backend();
        let insert = Statement::from_sql_and_values(backend, sql, values);
        let done = self.database.admin.execute_raw(insert).await;
        done.unwrap_or_else(|error| panic!("{user:?}: {error}"));
    }

    /// Marks all rows of this subject as deleted.
    pub(crate) async fn deactivate(&self, sub: &str) {
        let sql = format!(
            "UPDATE people SET deleted_at = CURRENT_TIMESTAMP WHERE external_id = {}",
            self.placeholder()
        );
        let done = self.database.admin.execute_raw(self.statement(&sql, sub)).await;
        done.unwrap_or_else(|error| panic!("{sub}: {error}"));
    }

    fn value(&self, sub: &str) -> Value {
        match self.column {
            Column::Number => sub.parse::<i64>().unwrap().into(),
            Column::Uuid => sub.parse::<Uuid>().unwrap().into(),
            _ => sub.into(),
        }
    }

    /// Adds somebody who has an address and no subject.
    pub(crate) async fn add_unlinked(&self, email: &str) {
        let sql = format!("INSERT INTO people (email) VALUES ({})", self.placeholder());
        let done = self.database.admin.execute_raw(self.statement(&sql, email)).await;
        done.unwrap_or_else(|error| panic!("{email}: {error}"));
    }

    /// The subject of each who has this address.
    pub(crate) async fn linked_to(&self, email: &str) -> Vec<Option<String>> {
        let sql = format!("SELECT external_id FROM people WHERE email = {}", self.placeholder());
        let rows = self.database.admin.query_all_raw(self.statement(&sql, email)).await.unwrap();
        rows.iter().map(|row| row.try_get("", "external_id").unwrap()).collect()
    }

    fn statement(&self, sql: &str, value: &str) -> Statement {
        let backend = self.database.admin.get_database_backend();
        Statement::from_sql_and_values(backend, sql, [value.into()])
    }

    fn placeholder(&self) -> &'static str {
        match self.database.kind {
            Kind::Postgres => "$1",
            Kind::Sqlite | Kind::MariaDb => "?",
        }
    }

    /// How many people have a subject.
    pub(crate) async fn count(&self) -> usize {
        let sql = "SELECT COUNT(*) AS n FROM people WHERE external_id IS NOT NULL";
        let backend = self.database.admin.get_database_backend();
        let count = Statement::from_string(backend, sql);
        let row = self.database.admin.query_one_raw(count).await.unwrap().unwrap();
        let n: i64 = row.try_get("", "n").unwrap();
        usize::try_from(n).unwrap()
    }

    pub(crate) fn subject(&self, n: usize) -> String {
        match self.column {
            Column::Number => (1000 + n).to_string(),
            Column::Uuid => format!("67e55044-10b1-426f-9247-bb680e5f{n:04x}"),
            _ => format!("user_{n}"),
        }
    }

    pub(crate) fn holds(&self, sub: &str) -> bool {
        fn canonical<T: FromStr + ToString + Any>(sub: &str) -> bool {
            sub.parse::<T>().is_ok_and(|value| value.to_string() == sub)
        }
        match self.column {
            Column::Number => canonical::<i64>(sub),
            Column::Uuid => canonical::<Uuid>(sub),
            Column::Padded => !sub.ends_with(' '),
            _ => true,
        }
    }

    /// Where there is no server that could go, the table does.
    pub(crate) async fn begin_outage(&self) {
        match &self.database.proxy {
            Some(proxy) => proxy.cut(),
            None => execute(&self.database.admin, "ALTER TABLE people RENAME TO gone").await,
        }
    }

    pub(crate) async fn end_outage(&self) {
        match &self.database.proxy {
            Some(proxy) => proxy.restore(),
            None => execute(&self.database.admin, "ALTER TABLE gone RENAME TO people").await,
        }
    }
}
