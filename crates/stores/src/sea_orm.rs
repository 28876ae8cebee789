//! Users in the application's own table, by a SeaORM column.

mod column;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{Found, IdentityStore, IssuerAwareness, Lookup, StoreError};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ModelTrait, QueryFilter};

use crate::timeout::{DEFAULT_TIMEOUT, within};

/// Finds users by the column that holds their `sub`; entity and model follow from the column.
///
/// The column is one of text, an integer, or a UUID, and may be NULL. A `sub` that it cannot hold
/// has no user: `user_ada` in an integer column, and `007` too, since the column would give back
/// `7`. A row that is found must have this very `sub`, byte for byte, whatever the collation.
///
/// ```
/// use actix_mcp_auth::stores::SeaOrmIdentityStore;
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
    issuer: Option<C>,
    timeout: Duration,
}

impl<D, C> SeaOrmIdentityStore<D, C> {
    /// A store over `db`, whose users have their `sub` in the column `subject`. An index on it
    /// makes each look-up one step; a unique one is needed where users are
    /// [provisioned](crate::IdentityStoreExt::provision_with).
    pub fn new(db: D, subject: C) -> Self {
        Self { db, subject, issuer: None, timeout: DEFAULT_TIMEOUT }
    }

    /// The text column that holds the issuer, as configured, byte for byte: then users are known
    /// by issuer and `sub`, and several issuers can be trusted. Default: none, `sub` alone.
    #[must_use]
    pub fn issuer_column(mut self, issuer: C) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// How long a look-up may take, waiting for a free connection included. Default 2 s; after it
    /// the client gets 503. The pool's own `acquire_timeout` and `connect_timeout` end a wait
    /// earlier where they are shorter.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
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

    fn issuers(&self) -> IssuerAwareness {
        match self.issuer {
            Some(_) => IssuerAwareness::Distinguishes,
            None => IssuerAwareness::Ignores,
        }
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<E::Model>, StoreError> {
        let Some(subject) = column::value(&self.subject, who.id())? else {
            return Ok(Found::Nobody);
        };
        let mut query = E::find().filter(self.subject.eq(subject));
        if let Some(issuer) = self.issuer {
            query = query.filter(issuer.eq(who.issuer()));
        }
        let rows = async { query.all(&self.db).await.map_err(StoreError::new) };
        let rows = within(self.timeout, rows).await?;
        // A case-insensitive collation also matches other subjects.
        let row = rows.into_iter().find(|row| {
            column::is(&row.get(self.subject), who.id())
                && self.issuer.is_none_or(|issuer| column::is(&row.get(issuer), who.issuer()))
        });
        Ok(row.into())
    }
}

impl<D, C: fmt::Debug> fmt::Debug for SeaOrmIdentityStore<D, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeaOrmIdentityStore")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
