//! People, bookmarks and activity in a database, by Diesel.

mod activity;
mod connection;

use std::time::Duration;

use actix_mcp_auth::stores::{DieselIdentityStore, find_by_subject};
use chrono::{NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind::UniqueViolation, Error::DatabaseError},
};
use tokio::task::spawn_blocking;

pub use self::activity::Activity;
use self::connection::{AnyConnection, Connections};
pub use super::database::{DEFAULT_URL, IS_OF_THIS_PROCESS, accepts};
use crate::bookmark::{Bookmark, NewBookmark};

/// What a query fails with.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How long a request waits for the database before it gives up.
const TIMEOUT: Duration = Duration::from_secs(5);

diesel::table! {
    /// People, by the `sub` that AuthKit knows them by.
    users (id) {
        id -> BigInt,
        workos_id -> Text,
        name -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    /// Bookmarks, each of one person.
    bookmarks (id) {
        id -> BigInt,
        user_id -> BigInt,
        url -> Text,
        title -> Text,
        tags -> Text,
        created_at -> Timestamp,
    }
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
pub struct User {
    /// Our own number for them.
    pub id: i64,
    /// AuthKit's name for them: the `sub` of their tokens.
    pub workos_id: String,
    /// What to call them, where we know.
    pub name: Option<String>,
}

find_by_subject!(User, users::workos_id, AnyConnection);

/// A bookmark as the table holds it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = bookmarks)]
struct Row {
    id: i64,
    url: String,
    title: String,
    tags: String,
    created_at: NaiveDateTime,
}

/// A bookmark that the table does not hold yet.
#[derive(Debug, Insertable)]
#[diesel(table_name = bookmarks)]
struct NewRow {
    user_id: i64,
    url: String,
    title: String,
    /// Joined by commas, which no tag contains.
    tags: String,
    created_at: NaiveDateTime,
}

impl From<Row> for Bookmark {
    fn from(row: Row) -> Self {
        let tags = row.tags.split(',').filter(|tag| !tag.is_empty());
        Self {
            id: row.id,
            tags: tags.map(str::to_owned).collect(),
            url: row.url,
            title: row.title,
            created_at: row.created_at.and_utc(),
        }
    }
}

/// A handle on the database; clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Connections,
}

impl Store {
    /// Connects, and creates the tables where there are none.
    ///
    /// # Errors
    /// The database is out of reach, or is not ours to write.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let url = url.to_owned();
        let pool = spawn_blocking(move || connection::open(&url, TIMEOUT));
        Ok(Self { pool: pool.await?? })
    }

    /// Connects to a database that has the tables already. It creates nothing.
    ///
    /// # Errors
    /// There is no such database, or it is out of reach.
    pub async fn open_existing(url: &str) -> Result<Self, Error> {
        let url = url.to_owned();
        let pool = spawn_blocking(move || connection::open_existing(&url, TIMEOUT));
        Ok(Self { pool: pool.await?? })
    }

    /// The identity store: finds the person for a verified token by one column.
    pub fn identities(&self) -> DieselIdentityStore<User, AnyConnection> {
        DieselIdentityStore::new(self.pool.clone())
    }

    /// The account of `workos_id`, created if there is none. Of many first requests at once the
    /// unique index lets one create it, and all find it.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn provision(&self, workos_id: &str) -> Result<Option<User>, Error> {
        let workos_id = workos_id.to_owned();
        self.run(move |conn| {
            let newcomer =
                (users::workos_id.eq(&workos_id), users::created_at.eq(Utc::now().naive_utc()));
            match diesel::insert_into(users::table).values(newcomer).execute(conn) {
                Ok(_) | Err(DatabaseError(UniqueViolation, _)) => {}
                Err(error) => return Err(error),
            }
            find(conn, &workos_id)
        })
        .await
    }

    /// The account of `workos_id`, if there is one.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn find(&self, workos_id: &str) -> Result<Option<User>, Error> {
        let workos_id = workos_id.to_owned();
        self.run(move |conn| find(conn, &workos_id)).await
    }

    /// All bookmarks of `owner`, the newest first.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn bookmarks_of(&self, owner: &User) -> Result<Vec<Bookmark>, Error> {
        let owner = owner.id;
        let rows = self.run(move |conn| {
            bookmarks::table
                .filter(bookmarks::user_id.eq(owner))
                .order(bookmarks::id.desc())
                .select(Row::as_select())
                .load(conn)
        });
        Ok(rows.await?.into_iter().map(Bookmark::from).collect())
    }

    /// How many bookmarks `owner` has.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn count_bookmarks_of(&self, owner: &User) -> Result<u64, Error> {
        let owner = owner.id;
        let count = self.run(move |conn| {
            bookmarks::table.filter(bookmarks::user_id.eq(owner)).count().get_result::<i64>(conn)
        });
        Ok(count.await?.try_into()?)
    }

    /// Keeps a bookmark for `owner`.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn add_bookmark(&self, owner: &User, new: &NewBookmark) -> Result<Bookmark, Error> {
        let row = NewRow {
            user_id: owner.id,
            url: new.url().to_owned(),
            title: new.title().to_owned(),
            tags: new.tags().join(","),
            created_at: Utc::now().naive_utc(),
        };
        let kept = self.run(move |conn| {
            let id = connection::insert(row, conn)?;
            bookmarks::table.find(id).select(Row::as_select()).first(conn)
        });
        Ok(kept.await?.into())
    }

    /// Deletes a bookmark of `owner`; `false` if they have none with that number, even if another
    /// person has.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn delete_bookmark(&self, owner: &User, id: i64) -> Result<bool, Error> {
        let owner = owner.id;
        let deleted = self.run(move |conn| {
            let own = bookmarks::table.find(id).filter(bookmarks::user_id.eq(owner));
            diesel::delete(own).execute(conn)
        });
        Ok(deleted.await? > 0)
    }

    /// Runs a query on a connection of the pool, off the threads that serve requests.
    async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut AnyConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, Error> {
        let pool = self.pool.clone();
        spawn_blocking(move || Ok(query(&mut *pool.get()?)?)).await?
    }
}

fn find(conn: &mut AnyConnection, workos_id: &str) -> QueryResult<Option<User>> {
    let found = users::table.filter(users::workos_id.eq(workos_id)).select(User::as_select());
    // A database may ignore case or accents; subjects are compared byte for byte.
    Ok(found.first(conn).optional()?.filter(|user: &User| user.workos_id == workos_id))
}
