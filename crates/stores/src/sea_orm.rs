//! Users in the application's own table, by a SeaORM column.

use std::fmt;

use async_trait::async_trait;
use mcp_auth_core::{IdentityStore, StoreError, Subject};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ModelTrait, QueryFilter, Value};

/// Finds users by the column that holds their `sub`; entity and model follow from the column.
///
/// ```
/// use mcp_auth_stores::SeaOrmIdentityStore;
/// use sea_orm::DatabaseConnection;
///
/// mod users {
///     use sea_orm::entity::prelude::*;
///
///     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
///     #[sea_orm(table_name = "users")]
///     pub struct Model {
///         #[sea_orm(primary_key)]
///         pub id: i32,
///         #[sea_orm(unique)]
///         pub workos_id: Option<String>,
///     }
///
///     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
///     pub enum Relation {}
///
///     impl ActiveModelBehavior for ActiveModel {}
/// }
///
/// fn store(db: DatabaseConnection) -> SeaOrmIdentityStore<DatabaseConnection, users::Column> {
///     SeaOrmIdentityStore::new(db, users::Column::WorkosId)
/// }
/// ```
#[derive(Clone)]
pub struct SeaOrmIdentityStore<D, C> {
    db: D,
    subject: C,
}

impl<D, C> SeaOrmIdentityStore<D, C> {
    /// A store over `db`, whose users have their `sub` in the text column `subject`. An index on
    /// it makes each look-up one step; a unique one is needed where users are
    /// [provisioned](mcp_auth_core::IdentityStoreExt::provision_with).
    pub fn new(db: D, subject: C) -> Self {
        Self { db, subject }
    }
}

#[async_trait]
impl<D, C, E> IdentityStore for SeaOrmIdentityStore<D, C>
where
    D: ConnectionTrait + Send + Sync + 'static,
    C: ColumnTrait<EntityName = E> + Send + Sync + 'static,
    E: EntityTrait<Column = C>,
    E::Model: Send + Sync + 'static,
{
    type User = E::Model;

    async fn find(&self, user: &Subject) -> Result<Option<E::Model>, StoreError> {
        let found = E::find()
            .filter(self.subject.eq(user.id()))
            .all(&self.db)
            .await
            .map_err(StoreError::new)?;
        // A case-insensitive collation finds more than was asked for.
        Ok(found.into_iter().find(|row| holds(&row.get(self.subject), user.id())))
    }
}

/// Whether the column's value is this very text, byte for byte.
fn holds(value: &Value, text: &str) -> bool {
    matches!(value, Value::String(Some(found)) if found.as_str() == text)
}

impl<D, C: fmt::Debug> fmt::Debug for SeaOrmIdentityStore<D, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeaOrmIdentityStore")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}
