//! Users in the application's own table, by a Diesel query.

use std::{any::type_name, fmt, marker::PhantomData, sync::Arc, time::Duration};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    r2d2::{ConnectionManager, Pool, R2D2Connection},
};
use mcp_auth_core::{Found, IdentityStore, IssuerAwareness, Lookup, StoreError};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    subject_key::{SubjectKey, user_of},
    timeout::{DEFAULT_TIMEOUT, within},
};

/// Finds users by the application's own Diesel query, on connections of its own pool. The query
/// is written by [`find_by_subject!`](crate::find_by_subject), or by hand as [`FindBySubject`].
///
/// Queries run on tokio's blocking threads, never on those that serve requests, and on no more of
/// them at a time than the pool has connections.
///
/// ```
/// use diesel::{SqliteConnection, prelude::*, r2d2::{ConnectionManager, Pool}};
/// use actix_mcp_auth::stores::{DieselIdentityStore, find_by_subject};
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
/// find_by_subject!(User, users::workos_id, SqliteConnection);
///
/// fn store(
///     pool: Pool<ConnectionManager<SqliteConnection>>,
/// ) -> DieselIdentityStore<User, SqliteConnection> {
///     DieselIdentityStore::new(pool)
/// }
/// ```
pub struct DieselIdentityStore<U, C: R2D2Connection + 'static> {
    pool: Pool<ConnectionManager<C>>,
    /// One for each connection: who has none waits without a thread.
    turns: Arc<Semaphore>,
    timeout: Duration,
    user: PhantomData<fn() -> U>,
}

/// How a user is found on a connection of type `C`: one query.
///
/// ```
/// use diesel::{QueryResult, SqliteConnection, prelude::*};
/// use actix_mcp_auth::stores::FindBySubject;
/// # diesel::table! { users (id) { id -> Integer, workos_id -> Text, name -> Text, } }
/// # #[derive(Queryable, Selectable)]
/// # struct User { id: i32, name: String }
///
/// impl FindBySubject<SqliteConnection> for User {
///     type Key = String;
///
///     fn find(sub: &String, conn: &mut SqliteConnection) -> QueryResult<Vec<(String, User)>> {
///         users::table
///             .filter(users::workos_id.eq(sub))
///             .select((users::workos_id, User::as_select()))
///             .load(conn)
///     }
/// }
/// ```
///
/// With several issuers, the key is issuer and subject, and a query that looks at both is all:
///
/// ```
/// # use diesel::{QueryResult, SqliteConnection, prelude::*};
/// # use actix_mcp_auth::stores::FindBySubject;
/// # diesel::table! { users (id) { id -> Integer, issuer -> Text, sub -> Text, name -> Text, } }
/// # #[derive(Queryable, Selectable)]
/// # struct User { id: i32, name: String }
/// type Key = (String, String);
///
/// impl FindBySubject<SqliteConnection> for User {
///     type Key = Key;
///
///     fn find((issuer, sub): &Key, conn: &mut SqliteConnection) -> QueryResult<Vec<(Key, User)>> {
///         users::table
///             .filter(users::issuer.eq(issuer).and(users::sub.eq(sub)))
///             .select(((users::issuer, users::sub), User::as_select()))
///             .load(conn)
///     }
/// }
/// ```
pub trait FindBySubject<C>: Sized + Send + Sync + 'static {
    /// The Rust type of the column, or columns, that hold the subject.
    type Key: SubjectKey;

    /// The rows with this key, each with the key that it really has: the store compares it, since
    /// a database may find more than it was asked for. Return deactivated users too, with a key of
    /// the type `(…, bool)` that says so: a user whom the query leaves out is an unknown one, who may
    /// be made anew by `provision_with`. Two rows of one subject are an error.
    ///
    /// # Errors
    /// Diesel's own. The client gets 503, the log the error.
    fn find(key: &Self::Key, conn: &mut C) -> QueryResult<Vec<(Self::Key, Self)>>;
}

impl<U: FindBySubject<C>, C: R2D2Connection + 'static> DieselIdentityStore<U, C> {
    /// A store over the application's pool.
    pub fn new(pool: Pool<ConnectionManager<C>>) -> Self {
        let turns = Arc::new(Semaphore::new(pool.max_size() as usize));
        Self { pool, turns, timeout: DEFAULT_TIMEOUT, user: PhantomData }
    }

    /// How long a look-up may take, waiting for a free connection included. Default 2 s; after it
    /// the client gets 503. The pool's own `connection_timeout` (30 s by default) does not count
    /// here. A query that is under way keeps its connection until the database answers: set a
    /// `statement_timeout` where that may be long.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn rows(&self, key: U::Key) -> Result<Vec<(U::Key, U)>, StoreError> {
        let turn = self.turns.clone().acquire_owned().await.map_err(StoreError::new)?;
        let (pool, timeout) = (self.pool.clone(), self.timeout);
        let query = spawn_blocking(move || {
            // A look-up that nobody waits for any more still has its turn until it ends.
            let _turn = turn;
            let mut conn = pool.get_timeout(timeout).map_err(StoreError::new)?;
            U::find(&key, &mut conn).map_err(StoreError::new)
        });
        query.await.map_err(StoreError::new)?
    }
}

#[async_trait]
impl<U, C> IdentityStore for DieselIdentityStore<U, C>
where
    U: FindBySubject<C>,
    C: R2D2Connection + 'static,
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

impl<U, C: R2D2Connection + 'static> Clone for DieselIdentityStore<U, C> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            turns: self.turns.clone(),
            timeout: self.timeout,
            user: PhantomData,
        }
    }
}

impl<U, C: R2D2Connection + 'static> fmt::Debug for DieselIdentityStore<U, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DieselIdentityStore")
            .field("user", &type_name::<U>())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Writes [`FindBySubject`] for a type that is `Selectable`: by a column, the column's Rust type
/// if it is not text, and the connection's type. Columns may be NULL or not.
///
/// `filter = …`, a Diesel expression, says which users are let in. A user for whom it is false or
/// NULL is refused ([`Found::Refused`](https://docs.rs/actix-mcp-auth/latest/actix_mcp_auth/enum.Found.html)):
/// 403 with the reason `user_refused`, and `provision_with` makes no new user. Default: all are let in.
///
/// ```
/// use diesel::{SqliteConnection, prelude::*};
/// use actix_mcp_auth::stores::find_by_subject;
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
/// find_by_subject!(User, users::workos_id, SqliteConnection);
/// // Without those who were deleted:
/// find_by_subject!(
///     Person,
///     people::external_id as i64,
///     SqliteConnection,
///     filter = people::deleted_at.is_null(),
/// );
/// // For several issuers, with the issuer in a column of its own:
/// find_by_subject!(Member, (members::issuer, members::sub), SqliteConnection);
/// ```
#[macro_export]
macro_rules! find_by_subject {
    (@write $user:ty, $conn:ty, $column:path, $key:ty, |$name:pat_param| $is_key:expr, $selected:expr) => {
        impl $crate::FindBySubject<$conn> for $user {
            type Key = $key;

            fn find(
                $name: &Self::Key,
                conn: &mut $conn,
            ) -> $crate::__diesel::QueryResult<Vec<(Self::Key, Self)>> {
                use $crate::__diesel::{associations::HasTable, prelude::*};
                <<$column as Column>::Table as HasTable>::table()
                    .filter($is_key)
                    .select(($selected, <$user>::as_select()))
                    .load(conn)
            }
        }
    };
    ($user:ty, ($issuer:path, $subject:path), $conn:ty $(,)?) => {
        $crate::find_by_subject!(
            @write $user, $conn, $subject, (Option<String>, Option<String>),
            |(issuer, sub)| $issuer.nullable().eq(issuer.as_deref()).and($subject.nullable().eq(sub.as_deref())),
            ($issuer.nullable(), $subject.nullable())
        );
    };
    ($user:ty, ($issuer:path, $subject:path), $conn:ty, filter = $filter:expr $(,)?) => {
        $crate::find_by_subject!(
            @write $user, $conn, $subject, ((Option<String>, Option<String>), Option<bool>),
            |((issuer, sub), _)| $issuer.nullable().eq(issuer.as_deref()).and($subject.nullable().eq(sub.as_deref())),
            (($issuer.nullable(), $subject.nullable()), $filter.nullable())
        );
    };
    ($user:ty, $subject:path as $key:ty, $conn:ty $(,)?) => {
        $crate::find_by_subject!(
            @write $user, $conn, $subject, Option<$key>,
            |sub| $subject.nullable().eq(sub),
            $subject.nullable()
        );
    };
    ($user:ty, $subject:path as $key:ty, $conn:ty, filter = $filter:expr $(,)?) => {
        $crate::find_by_subject!(
            @write $user, $conn, $subject, (Option<$key>, Option<bool>),
            |(sub, _)| $subject.nullable().eq(sub),
            ($subject.nullable(), $filter.nullable())
        );
    };
    ($user:ty, $subject:path, $conn:ty $(, filter = $filter:expr)? $(,)?) => {
        $crate::find_by_subject!($user, $subject as String, $conn $(, filter = $filter)?);
    };
}
