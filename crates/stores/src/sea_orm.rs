//! Users in the application's own table, by a SeaORM column.

mod column;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{ConfigError, Found, IdentityStore, IssuerAwareness, Lookup, StoreError};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, ModelTrait,
    QueryFilter, QueryResult, QuerySelect, Select, sea_query::IntoCondition,
};

use crate::{
    one_user::only_user,
    timeout::{DEFAULT_TIMEOUT, within},
};

/// The name, in the result, of whether the filter is fulfilled.
const IS_LET_IN: &str = "mcp_auth_is_let_in";

/// Finds users by the column that holds their `sub`; entity and model follow from the column.
///
/// The column is one of text, an integer, or a UUID, and may be NULL. A `sub` that it cannot hold
/// has no user: `user_ada` in an integer column, and `007` too, since the column would give back
/// `7`. A row that is found must have this very `sub`, byte for byte, whatever the collation. The
/// blanks at the end of a `char(n)` column do not count, if the entity declares it as one
/// (`column_type = "Char(Some(64))"`). Two rows with one `sub` are an error.
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
    filter: Option<Condition>,
    timeout: Duration,
}

impl<D, C> SeaOrmIdentityStore<D, C> {
    /// A store over `db`, whose users have their `sub` in the column `subject`. An index on it
    /// makes each look-up one step; a unique one is needed where users are
    /// [provisioned](crate::IdentityStoreExt::provision_with).
    pub fn new(db: D, subject: C) -> Self {
        Self { db, subject, issuer: None, filter: None, timeout: DEFAULT_TIMEOUT }
    }

    /// The text column that holds the issuer, as configured, byte for byte: then users are known
    /// by issuer and `sub`, and several issuers can be trusted. Default: none, `sub` alone.
    #[must_use]
    pub fn issuer_column(mut self, issuer: C) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// Which users are let in, such as those who are not deactivated. A user for whom the condition
    /// is false or NULL is [refused](Found::Refused): 403 with the reason `user_refused`, and
    /// [`provision_with`](crate::IdentityStoreExt::provision_with) makes no new user. Where a subject
    /// has several rows, only one may fulfil it. Called again, all conditions must be fulfilled.
    /// Default: none, all users are let in.
    ///
    /// The condition is made once. For the current time use the database's,
    /// `Expr::current_timestamp()`.
    ///
    /// ```
    /// # use actix_mcp_auth::stores::SeaOrmIdentityStore;
    /// # use sea_orm::{ColumnTrait, DatabaseConnection};
    /// # mod users {
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    /// #     #[sea_orm(table_name = "users")]
    /// #     pub struct Model {
    /// #         #[sea_orm(primary_key)]
    /// #         pub id: i32,
    /// #         pub workos_id: Option<String>,
    /// #         pub deactivated: bool,
    /// #     }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # fn store(db: DatabaseConnection) -> SeaOrmIdentityStore<DatabaseConnection, users::Column> {
    /// SeaOrmIdentityStore::new(db, users::Column::WorkosId)
    ///     .filter(users::Column::Deactivated.eq(false))
    /// # }
    /// ```
    #[must_use]
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        let all = self.filter.unwrap_or_else(Condition::all);
        self.filter = Some(all.add(condition.into_condition()));
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

impl<D, C, E> SeaOrmIdentityStore<D, C>
where
    D: ConnectionTrait,
    C: ColumnTrait<EntityName = E>,
    E: EntityTrait<Column = C>,
{
    /// The rows, each with whether its user is let in.
    async fn rows(&self, query: Select<E>) -> Result<Vec<(E::Model, bool)>, DbErr> {
        let Some(filter) = self.filter.clone() else {
            return Ok(query.all(&self.db).await?.into_iter().map(|model| (model, true)).collect());
        };
        let query = query.expr_as(filter, IS_LET_IN).into_model::<FilteredRow<E::Model>>();
        Ok(query.all(&self.db).await?.into_iter().map(|row| (row.model, row.is_let_in)).collect())
    }
}

/// A model, and whether its row fulfils the filter.
struct FilteredRow<M> {
    model: M,
    is_let_in: bool,
}

impl<M: FromQueryResult> FromQueryResult for FilteredRow<M> {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        // NULL does not fulfil a condition, as in `WHERE`.
        let is_let_in: Option<bool> = row.try_get("", IS_LET_IN)?;
        let model = M::from_query_result(row, prefix)?;
        Ok(Self { model, is_let_in: is_let_in.unwrap_or(false) })
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

    /// Whether the columns can hold what they are for.
    fn check_issuers(&self, _: &[&str]) -> Result<(), ConfigError> {
        column::check_subject(&self.subject)?;
        self.issuer.as_ref().map_or(Ok(()), column::check_issuer)
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<E::Model>, StoreError> {
        let Some(subject) = column::value(&self.subject, who.id())? else {
            return Ok(Found::Nobody);
        };
        let mut query = E::find().filter(self.subject.eq(subject));
        if let Some(issuer) = self.issuer {
            query = query.filter(issuer.eq(who.issuer()));
        }
        let rows = async { self.rows(query).await.map_err(StoreError::new) };
        let rows = within(self.timeout, rows).await?;
        // A case-insensitive collation also matches other subjects.
        let rows = rows.into_iter().filter(|(row, _)| {
            column::is(&self.subject, &row.get(self.subject), who.id())
                && self
                    .issuer
                    .is_none_or(|issuer| column::is(&issuer, &row.get(issuer), who.issuer()))
        });
        only_user(rows, column::name(&self.subject))
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
