//! People, bookmarks and activity in a database, by SeaORM.

mod activity;

use std::time::Duration;

use actix_mcp_auth::stores::SeaOrmIdentityStore;
use chrono::Utc;
use sea_orm::{
    ActiveValue::Set, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend,
    DbErr, QueryOrder, Schema, entity::prelude::*, sea_query::OnConflict,
};

pub use self::activity::Activity;
use super::database::without_creating;
pub use super::database::{DEFAULT_URL, IS_OF_THIS_PROCESS, accepts};
use crate::bookmark::{Bookmark, NewBookmark};

/// A row of the table `users`.
pub type User = users::Model;

/// What a query fails with.
pub type Error = DbErr;

/// How long a request waits for the database before it gives up.
const TIMEOUT: Duration = Duration::from_secs(5);

/// People, by the `sub` that AuthKit knows them by.
mod users {
    use super::*;

    /// A person with an account.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        /// Our own number for them.
        #[sea_orm(primary_key)]
        pub id: i64,
        /// AuthKit's name for them: the `sub` of their tokens.
        #[sea_orm(unique)]
        pub workos_id: String,
        /// What to call them, where we know.
        pub name: Option<String>,
        /// When they first signed in.
        pub created_at: DateTimeUtc,
    }

    /// How people relate to the rest.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Bookmarks, each of one person.
mod bookmarks {
    use super::*;

    /// A bookmark as the table holds it.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "bookmarks")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(indexed)]
        pub user_id: i64,
        #[sea_orm(column_type = "Text")]
        pub url: String,
        pub title: String,
        /// Joined by commas, which no tag contains.
        #[sea_orm(column_type = "Text")]
        pub tags: String,
        pub created_at: DateTimeUtc,
    }

    /// How bookmarks relate to the rest.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        /// A bookmark is deleted with its owner.
        #[sea_orm(
            belongs_to = "super::users::Entity",
            from = "Column::UserId",
            to = "super::users::Column::Id",
            on_delete = "Cascade"
        )]
        Owner,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

impl From<bookmarks::Model> for Bookmark {
    fn from(row: bookmarks::Model) -> Self {
        let tags = row.tags.split(',').filter(|tag| !tag.is_empty());
        Self {
            id: row.id,
            tags: tags.map(str::to_owned).collect(),
            url: row.url,
            title: row.title,
            created_at: row.created_at,
        }
    }
}

/// A handle on the database; clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    db: DatabaseConnection,
    /// For `add_activity`, which the thread of the audit log calls. A connection to a server ends with
    /// the runtime of the thread that has opened it, and the last rows are written when the threads
    /// that serve requests have ended.
    of_audit_log: DatabaseConnection,
}

impl Store {
    /// Connects, and creates the tables where there are none.
    ///
    /// # Errors
    /// The database is out of reach, or is not ours to write.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let store = Self::connect(url).await?;
        create_tables(&store.db).await?;
        Ok(store)
    }

    /// Connects to a database that has the tables already. It creates nothing.
    ///
    /// # Errors
    /// There is no such database, or it is out of reach.
    pub async fn open_existing(url: &str) -> Result<Self, Error> {
        Self::connect(&without_creating(url)).await
    }

    async fn connect(url: &str) -> Result<Self, Error> {
        let mut options = ConnectOptions::new(url);
        options.connect_timeout(TIMEOUT).acquire_timeout(TIMEOUT).sqlx_logging(false);
        // A database in memory lasts as long as its connection.
        options.idle_timeout(None).max_lifetime(None);
        let db = Database::connect(options.clone()).await?;
        let of_audit_log = match db.get_database_backend() {
            // It belongs to no runtime, and in memory there is one only.
            DbBackend::Sqlite => db.clone(),
            _ => {
                options.max_connections(1).connect_lazy(true);
                Database::connect(options).await?
            }
        };
        Ok(Self { db, of_audit_log })
    }

    /// The identity store: finds the person for a verified token by one column.
    pub fn identities(&self) -> SeaOrmIdentityStore<DatabaseConnection, users::Column> {
        SeaOrmIdentityStore::new(self.db.clone(), users::Column::WorkosId)
    }

    /// The account of `workos_id`, created if there is none. Of many first requests at once the
    /// unique index lets one create it, and all find it.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn provision(&self, workos_id: &str) -> Result<Option<User>, Error> {
        let newcomer = users::ActiveModel {
            workos_id: Set(workos_id.to_owned()),
            name: Set(None),
            created_at: Set(Utc::now()),
            ..Default::default()
        };
        // MariaDB does nothing by setting a column to what it is; its INSERT IGNORE would ignore
        // every other error too.
        let mut conflict = OnConflict::column(users::Column::WorkosId);
        conflict.do_nothing_on([users::Column::Id]);
        users::Entity::insert(newcomer)
            .on_conflict(conflict)
            .exec_without_returning(&self.db)
            .await?;
        self.find(workos_id).await
    }

    /// The account of `workos_id`, if there is one.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn find(&self, workos_id: &str) -> Result<Option<User>, Error> {
        let found = users::Entity::find()
            .filter(users::Column::WorkosId.eq(workos_id))
            .one(&self.db)
            .await?;
        // A database may ignore case or accents; subjects are compared byte for byte.
        Ok(found.filter(|user| user.workos_id == workos_id))
    }

    /// All bookmarks of `owner`, the newest first.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn bookmarks_of(&self, owner: &User) -> Result<Vec<Bookmark>, Error> {
        let rows = bookmarks::Entity::find()
            .filter(bookmarks::Column::UserId.eq(owner.id))
            .order_by_desc(bookmarks::Column::Id)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(Bookmark::from).collect())
    }

    /// How many bookmarks `owner` has.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn count_bookmarks_of(&self, owner: &User) -> Result<u64, Error> {
        bookmarks::Entity::find()
            .filter(bookmarks::Column::UserId.eq(owner.id))
            .count(&self.db)
            .await
    }

    /// Keeps a bookmark for `owner`.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn add_bookmark(&self, owner: &User, new: &NewBookmark) -> Result<Bookmark, Error> {
        let row = bookmarks::ActiveModel {
            user_id: Set(owner.id),
            url: Set(new.url().to_owned()),
            title: Set(new.title().to_owned()),
            tags: Set(new.tags().join(",")),
            created_at: Set(Utc::now()),
            ..Default::default()
        };
        Ok(row.insert(&self.db).await?.into())
    }

    /// Deletes a bookmark of `owner`; `false` if they have none with that number, even if another
    /// person has.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn delete_bookmark(&self, owner: &User, id: i64) -> Result<bool, Error> {
        let deleted = bookmarks::Entity::delete_many()
            .filter(bookmarks::Column::Id.eq(id))
            .filter(bookmarks::Column::UserId.eq(owner.id))
            .exec(&self.db)
            .await?;
        Ok(deleted.rows_affected > 0)
    }
}

async fn create_tables(db: &DatabaseConnection) -> Result<(), Error> {
    let schema = Schema::new(db.get_database_backend());
    let mut people = schema.create_table_from_entity(users::Entity);
    let mut pages = schema.create_table_from_entity(bookmarks::Entity);
    if db.get_database_backend() == DbBackend::MySql {
        for table in [&mut people, &mut pages] {
            // Otherwise MariaDB treats `USER_ADA` and `user_ada` as equal.
            table.character_set("utf8mb4").collate("utf8mb4_bin");
        }
    }
    db.execute(people.if_not_exists()).await?;
    db.execute(pages.if_not_exists()).await?;
    activity::create_table(db).await?;
    if db.get_database_backend() == DbBackend::MySql {
        // A foreign key has its index there, and an index has no IF NOT EXISTS.
        return Ok(());
    }
    for mut index in schema.create_index_from_entity(bookmarks::Entity) {
        db.execute(index.if_not_exists()).await?;
    }
    Ok(())
}
