//! The application's own users: 10,000 rows in SQLite.

use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait,
    QueryFilter, entity::prelude::*,
};

const TABLE: &str =
    "CREATE TABLE people (id INTEGER PRIMARY KEY, external_id TEXT UNIQUE, name TEXT NOT NULL)";
const ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) \
     INSERT INTO people SELECT i + 1, 'user_' || i, 'Person ' || i FROM n";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "people")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    #[sea_orm(unique)]
    pub external_id: Option<String>,
    pub name: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The database in this file.
pub async fn connect(file: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{file}?mode=rwc"));
    options.max_connections(4).sqlx_logging(false);
    Database::connect(options).await.expect("a database")
}

/// Creates the table and its rows.
pub async fn fill(file: &str) {
    let db = connect(file).await;
    for statement in [TABLE, ROWS] {
        db.execute_unprepared(statement).await.expect("a new table");
    }
}

/// The bare query that the identity store makes as well.
pub async fn find(db: &DatabaseConnection, external_id: &str) -> Vec<Model> {
    let query = Entity::find().filter(Column::ExternalId.eq(external_id));
    query.all(db).await.expect("the database answers")
}
