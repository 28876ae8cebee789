//! The SeaORM store.

use mcp_auth_core::{IdentityStore, Newcomer, Profile, StoreError, contract_tests::ISSUER};
use mcp_auth_stores::{IdentityStoreExt, SeaOrmIdentityStore};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, EntityTrait,
    QueryFilter, TransactionTrait,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    database::Kind,
    over::{Over, Person},
    place::Place,
    tests::TIMEOUT,
};

mod text {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) issuer: Option<String>,
        pub(crate) external_id: Option<String>,
        pub(crate) email: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The column of a fixed length.
mod fixed {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        #[sea_orm(column_type = "Char(Some(255))")]
        pub(crate) external_id: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod number {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) external_id: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod uuid {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) external_id: Uuid,
        pub(crate) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Person for text::Model {
    fn sub(&self) -> String {
        self.external_id.clone().unwrap()
    }
}

impl Person for fixed::Model {
    fn sub(&self) -> String {
        self.external_id.clone().unwrap().trim_end_matches(' ').to_owned()
    }
}

impl Person for number::Model {
    fn sub(&self) -> String {
        self.external_id.unwrap().to_string()
    }
}

impl Person for uuid::Model {
    fn sub(&self) -> String {
        self.external_id.to_string()
    }
}

async fn connect(place: &Place, connections: u32) -> DatabaseConnection {
    let scheme = match place.database.kind {
        Kind::Sqlite => "sqlite://",
        Kind::Postgres | Kind::MariaDb => "",
    };
    let mut options = ConnectOptions::new(format!("{scheme}{}", place.database.url));
    options.max_connections(connections).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn text(place: Place) -> Over<impl IdentityStore<User = text::Model>> {
    let db = connect(&place, 4).await;
    let store = SeaOrmIdentityStore::new(db.clone(), text::Column::ExternalId);
    let found = store.clone();
    let (by_email, linking) = (db.clone(), db.clone());
    let store = store.provision_with(move |newcomer: Newcomer| {
        let (db, store) = (db.clone(), found.clone());
        async move {
            let person = text::ActiveModel {
                external_id: Set(Some(newcomer.subject().id().to_owned())),
                ..Default::default()
            };
            text::Entity::insert(person)
                .on_conflict(OnConflict::new().do_nothing_on([text::Column::Id]).to_owned())
                .exec_without_returning(&db)
                .await
                .map_err(StoreError::new)?;
            store.find(&newcomer.lookup()).await
        }
    });
    let store = store.link_by_verified_email(
        ISSUER,
        move |profile: Profile| {
            let db = by_email.clone();
            async move {
                let email = profile.verified_email().unwrap_or_default();
                let people = text::Entity::find().filter(text::Column::Email.eq(email));
                people.all(&db).await.map_err(StoreError::new)
            }
        },
        |person: &text::Model| person.external_id.is_some(),
        move |person: text::Model, newcomer: Newcomer| {
            let db = linking.clone();
            async move {
                let sub = newcomer.subject().id().to_owned();
                let written = text::Entity::update_many()
                    .col_expr(text::Column::ExternalId, Expr::value(sub.clone()))
                    .filter(text::Column::Id.eq(person.id))
                    .filter(text::Column::ExternalId.is_null())
                    .exec(&db)
                    .await
                    .map_err(StoreError::new)?;
                let linked = text::Model { external_id: Some(sub), ..person };
                Ok((written.rows_affected == 1).then_some(linked))
            }
        },
    );
    Over::new(place, store)
}

async fn filtered(place: Place) -> Over<impl IdentityStore<User = text::Model>> {
    let db = connect(&place, 4).await;
    let store = SeaOrmIdentityStore::new(db, text::Column::ExternalId);
    Over::new(place, store.filter(Expr::col("deleted_at").is_null()))
}

async fn padded(place: Place) -> Over<impl IdentityStore<User = fixed::Model>> {
    let db = connect(&place, 4).await;
    Over::new(place, SeaOrmIdentityStore::new(db, fixed::Column::ExternalId))
}

async fn numbers(place: Place) -> Over<impl IdentityStore<User = number::Model>> {
    let db = connect(&place, 4).await;
    Over::new(place, SeaOrmIdentityStore::new(db, number::Column::ExternalId))
}

async fn uuids(place: Place) -> Over<impl IdentityStore<User = uuid::Model>> {
    let db = connect(&place, 4).await;
    Over::new(place, SeaOrmIdentityStore::new(db, uuid::Column::ExternalId))
}

async fn with_issuer(place: Place) -> Over<impl IdentityStore<User = text::Model>> {
    let db = connect(&place, 4).await;
    let store = SeaOrmIdentityStore::new(db, text::Column::ExternalId);
    Over::new(place, store.issuer_column(text::Column::Issuer))
}

async fn busy(place: Place) -> (Over<impl IdentityStore<User = text::Model>>, DatabaseTransaction) {
    let db = connect(&place, 1).await;
    let taken = db.begin().await.unwrap();
    let store = SeaOrmIdentityStore::new(db, text::Column::ExternalId).timeout(TIMEOUT);
    (Over::new(place, store), taken)
}

mod sqlite {
    tests!(Kind::Sqlite);
}
#[cfg(feature = "test-postgres")]
mod postgres {
    tests!(Kind::Postgres);
}
#[cfg(feature = "test-mysql")]
mod mariadb {
    tests!(Kind::MariaDb);
}
