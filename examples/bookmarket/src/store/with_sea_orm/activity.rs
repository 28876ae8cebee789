//! What people and their agents did, in the table `activity`.

use sea_orm::{
    Condition, DbBackend, IntoActiveModel, QueryOrder, QuerySelect, Schema, entity::prelude::*,
    sea_query::Index,
};
use serde::Serialize;

use super::{Error, Store, User};
use crate::activity::{AgentUse, Cursor, Through};
use crate::store::database::{HAS_ALL_COLUMNS, upgrade};

/// Something that was done: see [`crate::activity`].
pub type Activity = Model;

/// Something that was done: see [`crate::activity`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, DeriveEntityModel)]
#[sea_orm(table_name = "activity")]
#[allow(missing_docs, reason = "`crate::activity` has a table of them")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(26))")]
    pub id: String,
    pub time_ms: i64,
    pub user_id: Option<i64>,
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    pub credential: String,
    pub kind: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub client_id: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(256))", nullable)]
    pub client_name: Option<String>,
    pub client_name_source: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(256))")]
    pub method: String,
    pub target_kind: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub target: Option<String>,
    pub decision: String,
    pub reason: Option<String>,
    pub outcome: String,
    pub code: Option<i64>,
    pub duration_us: i64,
}

/// How activity relates to the rest: not at all, since it may outlast an account.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// Keeps what was done.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn add_activity(&self, row: Activity) -> Result<(), Error> {
        let row = row.into_active_model().reset_all();
        Entity::insert(row).exec_without_returning(&self.of_audit_log).await?;
        Ok(())
    }

    /// At most `count` rows of a person, the newest first.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn activity_of(
        &self,
        person: &User,
        through: &Through,
        from: &Cursor,
        count: usize,
    ) -> Result<Vec<Activity>, Error> {
        let mut which = Condition::all().add(Column::UserId.eq(person.id));
        which = match through {
            Through::Any => which,
            Through::Browser => which.add(Column::Credential.eq("session")),
            Through::Agent(client_id) => which.add(Column::ClientId.eq(client_id.as_str())),
        };
        which = match from {
            Cursor::Newest => which,
            Cursor::Before(id) => which.add(Column::Id.lt(id.as_str())),
            Cursor::After(id) => which.add(Column::Id.gt(id.as_str())),
        };
        let rows = Entity::find().filter(which).limit(count as u64);
        Ok(match from {
            Cursor::After(_) => {
                let mut rows = rows.order_by_asc(Column::Id).all(&self.db).await?;
                rows.reverse();
                rows
            }
            _ => rows.order_by_desc(Column::Id).all(&self.db).await?,
        })
    }

    /// The agents that have called for a person, the last used first; at most `count`.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn agents_of(&self, person: &User, count: usize) -> Result<Vec<AgentUse>, Error> {
        let by_agent = || {
            let own = Entity::find().filter(Column::UserId.eq(person.id));
            let of_agents = own.filter(Column::ClientId.is_not_null());
            of_agents.select_only().group_by(Column::ClientId)
        };
        let used: Vec<(String, String)> = by_agent()
            .column_as(Column::Id.min(), "first_id")
            .column_as(Column::Id.max(), "last_id")
            .order_by_desc(Column::Id.max())
            .limit(count as u64)
            .into_tuple()
            .all(&self.db)
            .await?;
        let named: Vec<String> = by_agent()
            .filter(Column::ClientName.is_not_null())
            .column_as(Column::Id.max(), "named_id")
            .order_by_desc(Column::Id.max())
            .limit(count as u64)
            .into_tuple()
            .all(&self.db)
            .await?;
        let ids = used.iter().flat_map(|(first, last)| [first, last]).chain(&named);
        let rows = Entity::find().filter(Column::Id.is_in(ids.cloned())).all(&self.db).await?;
        Ok(AgentUse::all(&used, &rows))
    }

    /// At most `count` rows of a subject after the one with this id, the oldest first.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn activity_of_subject(
        &self,
        subject: &str,
        after: &str,
        count: usize,
    ) -> Result<Vec<Activity>, Error> {
        Entity::find()
            .filter(Column::Subject.eq(subject))
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id)
            .limit(count as u64)
            .all(&self.db)
            .await
    }

    /// Deletes everybody's rows with a smaller id.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn delete_activity_before(&self, id: &str) -> Result<(), Error> {
        Entity::delete_many().filter(Column::Id.lt(id)).exec(&self.db).await?;
        Ok(())
    }
}

/// Creates the table where there is none.
pub(super) async fn create_table(db: &sea_orm::DatabaseConnection) -> Result<(), Error> {
    let backend = db.get_database_backend();
    let mut table = Schema::new(backend).create_table_from_entity(Entity);
    // Subjects and client ids have any length, so no index has them.
    let mut index =
        Index::create().name("idx-activity-user_id").col(Column::UserId).col(Column::Id).take();
    if backend == DbBackend::MySql {
        table.character_set("utf8mb4").collate("utf8mb4_bin");
        // An index of its own has no IF NOT EXISTS there.
        db.execute(table.index(&mut index).if_not_exists()).await?;
    } else {
        db.execute(table.if_not_exists()).await?;
        db.execute(index.table(Entity).if_not_exists()).await?;
    }
    if db.execute_unprepared(HAS_ALL_COLUMNS).await.is_err() {
        db.execute_unprepared(match backend {
            DbBackend::MySql => upgrade::MARIADB,
            DbBackend::Postgres => upgrade::POSTGRES,
            _ => upgrade::SQLITE,
        })
        .await?;
    }
    Ok(())
}
