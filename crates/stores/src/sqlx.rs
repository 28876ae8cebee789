//! Users in the application's own table, by a sqlx query.

mod query;

use std::{any::type_name, fmt, marker::PhantomData, sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{
    ConfigError, Found, IdentityStore, IssuerAwareness, Lookup, StoreError, Subject,
};
use sqlx::{
    Column, ColumnIndex, Database, Decode, Encode, Executor, FromRow, IntoArguments, Pool, Row,
    SqlSafeStr, SqlStr, Type, TypeInfo,
};

use crate::{
    one_user::only_user,
    subject_key::SubjectKey,
    timeout::{DEFAULT_TIMEOUT, within},
};

/// Finds users by the application's own sqlx query, on connections of its own pool: PostgreSQL,
/// MariaDB or MySQL, SQLite.
///
/// The query's first parameter is the `sub`, and its result has the column that is compared with it.
/// A row that is found must have this very `sub` there, byte for byte, whatever the collation. Two
/// rows with one `sub` are an error. The type of the user is one with `FromRow`.
///
/// ```
/// use actix_mcp_auth::stores::SqlxIdentityStore;
/// use sqlx::{FromRow, Sqlite, SqlitePool};
///
/// #[derive(FromRow)]
/// struct User {
///     id: i64,
///     name: String,
/// }
///
/// fn store(pool: SqlitePool) -> SqlxIdentityStore<User, Sqlite> {
///     SqlxIdentityStore::new(pool, "SELECT id, name, workos_id FROM users WHERE workos_id = ?")
/// }
/// ```
///
/// # Columns of other types
/// The parameter is text, unless [`subject_as`](Self::subject_as) says otherwise. A `sub` that the
/// column cannot hold has no user, and the database is not asked.
///
/// | column | |
/// |---|---|
/// | text, `varchar(n)` | `workos_id = $1` |
/// | `char(n)` | `workos_id = $1::bpchar`, so that PostgreSQL uses the index. The blanks with which it pads the value do not count |
/// | `citext` | `workos_id = $1::citext`, so that the index is used. Another case is another subject |
/// | an integer | `workos_id = $1` and `.subject_as::<i64>()`, `i32`, `i16` |
/// | PostgreSQL's `uuid`, 16 bytes elsewhere | `workos_id = $1` and `.subject_as::<Uuid>()`, with sqlx's feature `uuid` |
pub struct SqlxIdentityStore<U, DB: Database, K = String> {
    pool: Pool<DB>,
    query: SqlStr,
    /// The column of the result that has the subject, if it is known.
    subject: Option<Arc<str>>,
    issuer: Option<Arc<str>>,
    filter: Option<Arc<Filter<U>>>,
    timeout: Duration,
    key: PhantomData<fn() -> K>,
}

/// Whether a user is let in.
type Filter<U> = dyn Fn(&U) -> bool + Send + Sync;

impl<U, DB: Database> SqlxIdentityStore<U, DB> {
    /// A store over `pool` with a query whose first parameter is the `sub`.
    ///
    /// Leave deactivated users in, for [`filter`](Self::filter), and write no `LIMIT`, which would
    /// hide a second row. A query that is composed at run time needs sqlx's `AssertSqlSafe`.
    pub fn new(pool: Pool<DB>, query: impl SqlSafeStr) -> Self {
        let query = query.into_sql_str();
        let subject = query::subject_column(query.as_str()).map(Arc::from);
        let (issuer, filter) = (None, None);
        Self { pool, query, subject, issuer, filter, timeout: DEFAULT_TIMEOUT, key: PhantomData }
    }
}

impl<U, DB: Database, K> SqlxIdentityStore<U, DB, K> {
    /// The Rust type of the column that holds the `sub`, with which the parameter is bound: see
    /// [above](Self#columns-of-other-types). Default: `String`.
    #[must_use]
    pub fn subject_as<T>(self) -> SqlxIdentityStore<U, DB, T> {
        let Self { pool, query, subject, issuer, filter, timeout, key: _ } = self;
        SqlxIdentityStore { pool, query, subject, issuer, filter, timeout, key: PhantomData }
    }

    /// The column of the query's result that holds the `sub`. Default: the one that the query
    /// compares with its first parameter by `=`. `build()` fails where there is none, as in
    /// `lower(workos_id) = $1`.
    #[must_use]
    pub fn subject_column(mut self, name: impl Into<String>) -> Self {
        self.subject = Some(name.into().into());
        self
    }

    /// The text column of the query's result that holds the issuer, as configured, byte for byte.
    /// Then the query has the issuer as its second parameter, as in
    /// `WHERE workos_id = $1 AND issuer = $2`, and several issuers can be trusted. Default: none,
    /// `sub` alone.
    #[must_use]
    pub fn issuer_column(mut self, name: impl Into<String>) -> Self {
        self.issuer = Some(name.into().into());
        self
    }

    /// Which users are let in, such as those who are not deactivated. Any other user who is found is
    /// [refused](Found::Refused): 403 with the reason `user_refused`, and
    /// [`provision_with`](crate::IdentityStoreExt::provision_with) makes no new user. A user whom the
    /// query leaves out is unknown, and may be made anew. Default: all are let in.
    ///
    /// ```
    /// use actix_mcp_auth::stores::SqlxIdentityStore;
    /// use sqlx::{FromRow, Sqlite, SqlitePool};
    ///
    /// #[derive(FromRow)]
    /// struct User {
    ///     id: i64,
    ///     active: bool,
    /// }
    ///
    /// fn store(pool: SqlitePool) -> SqlxIdentityStore<User, Sqlite> {
    ///     let query = "SELECT id, workos_id, deleted_at IS NULL AS active \
    ///                  FROM users WHERE workos_id = ?";
    ///     SqlxIdentityStore::new(pool, query).filter(|user: &User| user.active)
    /// }
    /// ```
    #[must_use]
    pub fn filter(mut self, is_let_in: impl Fn(&U) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(is_let_in));
        self
    }

    /// How long a look-up may take, waiting for a free connection included. Default 2 s; after it
    /// the client gets 503. The pool's own `acquire_timeout` ends a wait earlier where it is shorter.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn subject_name(&self) -> Result<&str, ConfigError> {
        self.subject.as_deref().ok_or_else(|| {
            let expected = "must compare a column with its first parameter by `=`, or \
                            `.subject_column(…)` must name the column of its result that holds \
                            the subject";
            let example = "SELECT * FROM users WHERE workos_id = $1";
            ConfigError::invalid(
                "SqlxIdentityStore's query",
                self.query.as_str(),
                expected,
                example,
            )
        })
    }
}

impl<U, DB, K> SqlxIdentityStore<U, DB, K>
where
    U: for<'r> FromRow<'r, DB::Row>,
    DB: Database,
    K: SubjectKey + Type<DB> + for<'r> Decode<'r, DB>,
    String: Type<DB> + for<'r> Decode<'r, DB>,
    usize: ColumnIndex<DB::Row>,
{
    /// The user of the row, where it is the subject's, and whether the user is let in.
    fn user(&self, row: &DB::Row, of: &Subject) -> Result<Option<(U, bool)>, StoreError> {
        let subject = self.subject_name().map_err(StoreError::new)?;
        if !value::<DB, K>(row, subject, "subject")?.is(of) {
            return Ok(None);
        }
        if let Some(issuer) = &self.issuer {
            let issuer = value::<DB, String>(row, issuer, "issuer")?;
            if issuer.as_deref() != Some(of.issuer()) {
                return Ok(None);
            }
        }
        let user = U::from_row(row).map_err(StoreError::new)?;
        let is_let_in = self.filter.as_ref().is_none_or(|filter| filter(&user));
        Ok(Some((user, is_let_in)))
    }
}

/// The value in the one column of this name. Names are compared as databases do: without case.
fn value<DB, K>(row: &DB::Row, name: &str, what: &str) -> Result<Option<K>, StoreError>
where
    DB: Database,
    K: SubjectKey + Type<DB> + for<'r> Decode<'r, DB>,
    usize: ColumnIndex<DB::Row>,
{
    let mut named = row.columns().iter().filter(|column| column.name().eq_ignore_ascii_case(name));
    let (Some(column), None) = (named.next(), named.next()) else {
        return Err(StoreError::new(format!(
            "the result of SqlxIdentityStore's query must have exactly one column `{name}`, which \
             holds the {what}"
        )));
    };
    let value: Option<K> = row.try_get(column.ordinal()).map_err(StoreError::new)?;
    // PostgreSQL's name for `char(n)`, which it pads with blanks.
    let is_padded = column.type_info().name() == "CHAR";
    Ok(if is_padded { value.without_padding() } else { value })
}

#[async_trait]
impl<U, DB, K> IdentityStore for SqlxIdentityStore<U, DB, K>
where
    U: for<'r> FromRow<'r, DB::Row> + Send + Sync + 'static,
    DB: Database,
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    K: SubjectKey + Type<DB> + for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB>,
    String: Type<DB> + for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB>,
    usize: ColumnIndex<DB::Row>,
{
    type User = U;

    fn issuers(&self) -> IssuerAwareness {
        match self.issuer {
            Some(_) => IssuerAwareness::Distinguishes,
            None => IssuerAwareness::Ignores,
        }
    }

    /// Whether the column of the subject is known.
    fn check_issuers(&self, _: &[&str]) -> Result<(), ConfigError> {
        self.subject_name().map(drop)
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<U>, StoreError> {
        let subject = self.subject_name().map_err(StoreError::new)?;
        let Some(key) = K::of(who.subject()) else { return Ok(Found::Nobody) };
        let mut query = sqlx::query::<DB>(self.query.clone()).bind(key);
        if self.issuer.is_some() {
            query = query.bind(who.issuer().to_owned());
        }
        let rows = async { query.fetch_all(&self.pool).await.map_err(StoreError::new) };
        let rows = within(self.timeout, rows).await?;
        // A case-insensitive collation also matches other subjects.
        let users = rows.iter().filter_map(|row| self.user(row, who.subject()).transpose());
        only_user(users.collect::<Result<Vec<_>, _>>()?, format_args!("`{subject}`"))
    }
}

impl<U, DB: Database, K> Clone for SqlxIdentityStore<U, DB, K> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            query: self.query.clone(),
            subject: self.subject.clone(),
            issuer: self.issuer.clone(),
            filter: self.filter.clone(),
            timeout: self.timeout,
            key: PhantomData,
        }
    }
}

impl<U, DB: Database, K> fmt::Debug for SqlxIdentityStore<U, DB, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlxIdentityStore")
            .field("user", &type_name::<U>())
            .field("query", &self.query.as_str())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
