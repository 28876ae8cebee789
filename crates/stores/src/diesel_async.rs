//! Users in the application's own table, by a diesel-async query.

use std::{any::type_name, fmt, future::Future, marker::PhantomData, time::Duration};

use async_trait::async_trait;
use deadpool::managed::Manager;
use diesel::QueryResult;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, PoolError, PoolableConnection, deadpool::Pool,
};
use mcp_auth_core::{Found, IdentityStore, IssuerAwareness, Lookup, StoreError};

use crate::{
    subject_key::{SubjectKey, user_of},
    timeout::{DEFAULT_TIMEOUT, within},
};

/// Finds users by the application's own diesel-async query, on connections of its own deadpool
/// pool. The query is written by [`find_by_subject_async!`](crate::find_by_subject_async), or by
/// hand as [`FindBySubjectAsync`].
///
/// ```
/// use diesel::prelude::*;
/// use diesel_async::pooled_connection::deadpool::Pool;
/// use actix_mcp_auth::stores::{DieselAsyncIdentityStore, find_by_subject_async};
/// # type Connection =
/// #     diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
///
/// diesel::table! {
///     users (id) {
///         id -> Integer,
///         workos_id -> Nullable<Text>,
///         name -> Text,
///     }
/// }
///
/// #[derive(Queryable, Selectable)]
/// struct User {
///     id: i32,
///     name: String,
/// }
///
/// // `Connection` is AsyncPgConnection, AsyncMysqlConnection, …
/// find_by_subject_async!(User, users::workos_id, Connection);
///
/// fn store(pool: Pool<Connection>) -> DieselAsyncIdentityStore<User, Connection> {
///     DieselAsyncIdentityStore::new(pool)
/// }
/// ```
pub struct DieselAsyncIdentityStore<U, C>
where
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager,
{
    pool: Pool<C>,
    timeout: Duration,
    user: PhantomData<fn() -> U>,
}

/// How a user is found on a connection of type `C`: one query.
///
/// ```
/// use diesel::{QueryResult, prelude::*};
/// use diesel_async::RunQueryDsl;
/// use actix_mcp_auth::stores::FindBySubjectAsync;
/// # type Connection =
/// #     diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
/// # diesel::table! { users (id) { id -> Integer, workos_id -> Text, name -> Text, } }
/// # #[derive(Queryable, Selectable)]
/// # struct User { id: i32, name: String }
///
/// impl FindBySubjectAsync<Connection> for User {
///     type Key = String;
///
///     async fn find(sub: &String, conn: &mut Connection) -> QueryResult<Vec<(String, User)>> {
///         users::table
///             .filter(users::workos_id.eq(sub))
///             .select((users::workos_id, User::as_select()))
///             .load(conn)
///             .await
///     }
/// }
/// ```
///
/// With several issuers the key is `(String, String)`: issuer and subject, and the query looks at
/// both.
pub trait FindBySubjectAsync<C>: Sized + Send + Sync + 'static {
    /// The Rust type of the column, or columns, that hold the subject.
    type Key: SubjectKey;

    /// The rows with this key, each with the key that it really has: the store compares it, since
    /// a database may find more than it was asked for. Return deactivated users too, with a key of
    /// the type `(…, bool)` that says so: a user whom the query leaves out is an unknown one, who may
    /// be made anew by `provision_with`. Two rows of one subject are an error.
    ///
    /// # Errors
    /// Diesel's own. The client gets 503, the log the error.
    fn find(
        key: &Self::Key,
        conn: &mut C,
    ) -> impl Future<Output = QueryResult<Vec<(Self::Key, Self)>>> + Send;
}

impl<U, C> DieselAsyncIdentityStore<U, C>
where
    U: FindBySubjectAsync<C>,
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager<Type = C, Error = PoolError>,
{
    /// A store over the application's pool.
    pub fn new(pool: Pool<C>) -> Self {
        Self { pool, timeout: DEFAULT_TIMEOUT, user: PhantomData }
    }

    /// How long a look-up may take, waiting for a free connection included. Default 2 s; after it
    /// the client gets 503.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn rows(&self, key: U::Key) -> Result<Vec<(U::Key, U)>, StoreError> {
        let mut conn = self.pool.get().await.map_err(StoreError::new)?;
        U::find(&key, &mut conn).await.map_err(StoreError::new)
    }
}

#[async_trait]
impl<U, C> IdentityStore for DieselAsyncIdentityStore<U, C>
where
    U: FindBySubjectAsync<C>,
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager<Type = C, Error = PoolError>,
{
    type User = U;

    fn issuers(&self) -> IssuerAwareness {
        U::Key::ISSUERS
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<U>, StoreError> {
        let Some(key) = U::Key::of(who.subject()) else { return Ok(Found::Nobody) };
        let rows = within(self.timeout, self.rows(key)).await?;
        user_of(who.subject(), rows)
    }
}

impl<U, C> Clone for DieselAsyncIdentityStore<U, C>
where
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager,
{
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), timeout: self.timeout, user: PhantomData }
    }
}

impl<U, C> fmt::Debug for DieselAsyncIdentityStore<U, C>
where
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DieselAsyncIdentityStore")
            .field("user", &type_name::<U>())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Writes [`FindBySubjectAsync`] for a type that is `Selectable`; the forms are those of
/// [`find_by_subject!`](https://docs.rs/actix-mcp-auth/latest/actix_mcp_auth/stores/macro.find_by_subject.html):
/// a column, the column's Rust type if it is not text, the connection's type, and `filter = …`, which
/// says which users are let in.
///
/// ```
/// use diesel::prelude::*;
/// use actix_mcp_auth::stores::find_by_subject_async;
/// # type Connection =
/// #     diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
/// # diesel::table! {
/// #     users (id) { id -> Integer, workos_id -> Text, name -> Text, }
/// # }
/// # diesel::table! {
/// #     people (id) { id -> Integer, external_id -> BigInt, deleted_at -> Nullable<Timestamp>, }
/// # }
/// # diesel::table! {
/// #     members (id) { id -> Integer, issuer -> Text, sub -> Text, }
/// # }
/// # #[derive(Queryable, Selectable)] #[diesel(table_name = users)] struct User { id: i32 }
/// # #[derive(Queryable, Selectable)] #[diesel(table_name = people)] struct Person { id: i32 }
/// # #[derive(Queryable, Selectable)] #[diesel(table_name = members)] struct Member { id: i32 }
///
/// find_by_subject_async!(User, users::workos_id, Connection);
/// // Without those who were deleted:
/// find_by_subject_async!(
///     Person,
///     people::external_id as i64,
///     Connection,
///     filter = people::deleted_at.is_null(),
/// );
/// // For several issuers, with the issuer in a column of its own:
/// find_by_subject_async!(Member, (members::issuer, members::sub), Connection);
/// ```
#[macro_export]
macro_rules! find_by_subject_async {
    (@write $user:ty, $conn:ty, $column:path, $key:ty, |$name:pat_param| $is_key:expr, $selected:expr) => {
        impl $crate::FindBySubjectAsync<$conn> for $user {
            type Key = $key;

            async fn find(
                $name: &Self::Key,
                conn: &mut $conn,
            ) -> $crate::__diesel::QueryResult<Vec<(Self::Key, Self)>> {
                use $crate::__diesel::{associations::HasTable, prelude::*};
                let query = <<$column as Column>::Table as HasTable>::table()
                    .filter($is_key)
                    .select(($selected, <$user>::as_select()));
                $crate::__diesel_async::RunQueryDsl::load(query, conn).await
            }
        }
    };
    ($user:ty, ($issuer:path, $subject:path), $conn:ty $(,)?) => {
        $crate::find_by_subject_async!(
            @write $user, $conn, $subject, (Option<String>, Option<String>),
            |(issuer, sub)| $issuer.nullable().eq(issuer.as_deref()).and($subject.nullable().eq(sub.as_deref())),
            ($issuer.nullable(), $subject.nullable())
        );
    };
    ($user:ty, ($issuer:path, $subject:path), $conn:ty, filter = $filter:expr $(,)?) => {
        $crate::find_by_subject_async!(
            @write $user, $conn, $subject, ((Option<String>, Option<String>), Option<bool>),
            |((issuer, sub), _)| $issuer.nullable().eq(issuer.as_deref()).and($subject.nullable().eq(sub.as_deref())),
            (($issuer.nullable(), $subject.nullable()), $filter.nullable())
        );
    };
    ($user:ty, $subject:path as $key:ty, $conn:ty $(,)?) => {
        $crate::find_by_subject_async!(
            @write $user, $conn, $subject, Option<$key>,
            |sub| $subject.nullable().eq(sub),
            $subject.nullable()
        );
    };
    ($user:ty, $subject:path as $key:ty, $conn:ty, filter = $filter:expr $(,)?) => {
        $crate::find_by_subject_async!(
            @write $user, $conn, $subject, (Option<$key>, Option<bool>),
            |(sub, _)| $subject.nullable().eq(sub),
            ($subject.nullable(), $filter.nullable())
        );
    };
    ($user:ty, $subject:path, $conn:ty $(, filter = $filter:expr)? $(,)?) => {
        $crate::find_by_subject_async!($user, $subject as String, $conn $(, filter = $filter)?);
    };
}
