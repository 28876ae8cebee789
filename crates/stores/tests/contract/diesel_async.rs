//! The diesel-async store.

use deadpool::managed::Manager as Pooled;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, SelectableHelper,
    SqliteConnection,
};
use diesel_async::{
    AsyncConnection, RunQueryDsl,
    pooled_connection::{
        AsyncDieselConnectionManager as Manager, ManagerConfig, PoolError, PoolableConnection,
        deadpool::{Object, Pool},
    },
    sync_connection_wrapper::SyncConnectionWrapper,
};
use mcp_auth_core::{
    IdentityStore, Newcomer, Profile, StoreError, async_trait, contract_tests::ISSUER,
};
use mcp_auth_stores::{
    DieselAsyncIdentityStore, FindBySubjectAsync, IdentityStoreExt, PaddedText,
    find_by_subject_async,
};
use uuid::Uuid;

use crate::{
    diesel_people::{Current, Fixed, Member, Named, Numbered, bytes, issued, number, text},
    over::{Over, Person},
    place::Place,
    tests::TIMEOUT,
};

type AsyncSqliteConnection = SyncConnectionWrapper<SqliteConnection>;

/// What differs from database to database.
#[async_trait]
trait Connection: PoolableConnection + Sized + 'static {
    async fn open(url: &str) -> diesel::ConnectionResult<Self> {
        Self::establish(url).await
    }

    /// Adds a person, unless there is one with this subject.
    async fn insert(&mut self, sub: &str) -> QueryResult<usize>;

    /// All persons with this address.
    async fn with_email(&mut self, email: &str) -> QueryResult<Vec<Named>>;

    /// Writes the subject into a person who has none; otherwise it changes no row.
    async fn link(&mut self, id: i32, sub: &str) -> QueryResult<usize>;
}

#[async_trait]
impl Connection for AsyncSqliteConnection {
    async fn open(url: &str) -> diesel::ConnectionResult<Self> {
        let mut conn = Self::establish(url).await?;
        let busy_timeout = diesel::sql_query("PRAGMA busy_timeout = 5000").execute(&mut conn).await;
        busy_timeout.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }

    async fn insert(&mut self, sub: &str) -> QueryResult<usize> {
        let person = text::people::external_id.eq(sub.to_owned());
        let insert = diesel::insert_into(text::people::table).values(person);
        insert.on_conflict_do_nothing().execute(self).await
    }

    async fn with_email(&mut self, email: &str) -> QueryResult<Vec<Named>> {
        let named = text::people::table.select(Named::as_select());
        named.filter(text::people::email.eq(email.to_owned())).load(self).await
    }

    async fn link(&mut self, id: i32, sub: &str) -> QueryResult<usize> {
        let free = text::people::id.eq(id).and(text::people::external_id.is_null());
        let update = diesel::update(text::people::table.filter(free));
        update.set(text::people::external_id.eq(sub.to_owned())).execute(self).await
    }
}

find_by_subject_async!(Named, text::people::external_id, AsyncSqliteConnection);
find_by_subject_async!(Fixed, text::people::external_id as PaddedText, AsyncSqliteConnection);
find_by_subject_async!(
    Current,
    text::people::external_id,
    AsyncSqliteConnection,
    filter = text::people::deleted_at.is_null(),
);
find_by_subject_async!(Numbered, number::people::external_id as i64, AsyncSqliteConnection);
find_by_subject_async!(
    Member,
    (issued::people::issuer, issued::people::external_id),
    AsyncSqliteConnection,
);

impl FindBySubjectAsync<AsyncSqliteConnection> for bytes::Identified {
    type Key = Uuid;

    async fn find(id: &Uuid, conn: &mut AsyncSqliteConnection) -> QueryResult<Vec<(Uuid, Self)>> {
        let id = id.as_bytes().to_vec();
        let people = bytes::people::table.filter(bytes::people::external_id.eq(id));
        bytes::read(people.select(bytes::people::external_id).load(conn).await?)
    }
}

async fn connect<C>(place: &Place, connections: usize) -> Pool<C>
where
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(|url| {
        let url = url.to_owned();
        Box::pin(async move { C::open(&url).await })
    });
    let url = &place.database.url;
    let manager = Manager::<C>::new_with_config(url, config);
    Pool::builder(manager).max_size(connections).build().unwrap()
}

async fn text<C>(place: Place) -> Over<impl IdentityStore<User = Named>>
where
    Named: FindBySubjectAsync<C>,
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    let pool = connect::<C>(&place, 4).await;
    let store = DieselAsyncIdentityStore::<Named, C>::new(pool.clone());
    let found = store.clone();
    let (by_email, linking) = (pool.clone(), pool.clone());
    let store = store.provision_with(move |newcomer: Newcomer| {
        let (pool, store) = (pool.clone(), found.clone());
        async move {
            let mut conn = pool.get().await.map_err(StoreError::new)?;
            conn.insert(newcomer.subject().id()).await.map_err(StoreError::new)?;
            drop(conn);
            store.find(&newcomer.lookup()).await
        }
    });
    let store = store.link_by_verified_email(
        ISSUER,
        move |profile: Profile| {
            let pool = by_email.clone();
            async move {
                let mut conn = pool.get().await.map_err(StoreError::new)?;
                let email = profile.verified_email().unwrap_or_default();
                conn.with_email(email).await.map_err(StoreError::new)
            }
        },
        |person: &Named| person.external_id.is_some(),
        move |person: Named, newcomer: Newcomer| {
            let pool = linking.clone();
            async move {
                let mut conn = pool.get().await.map_err(StoreError::new)?;
                let sub = newcomer.subject().id().to_owned();
                let rows = conn.link(person.id, &sub).await.map_err(StoreError::new)?;
                Ok((rows == 1).then_some(Named { external_id: Some(sub), ..person }))
            }
        },
    );
    Over::new(place, store)
}

async fn over<U, C>(place: Place) -> Over<DieselAsyncIdentityStore<U, C>>
where
    U: FindBySubjectAsync<C> + Person,
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    let pool = connect::<C>(&place, 4).await;
    Over::new(place, DieselAsyncIdentityStore::new(pool))
}

async fn filtered<C>(place: Place) -> Over<impl IdentityStore<User = Current>>
where
    Current: FindBySubjectAsync<C>,
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    over::<Current, C>(place).await
}

async fn padded<C>(place: Place) -> Over<impl IdentityStore<User = Fixed>>
where
    Fixed: FindBySubjectAsync<C>,
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    over::<Fixed, C>(place).await
}

async fn numbers<C>(place: Place) -> Over<impl IdentityStore<User = Numbered>>
where
    Numbered: FindBySubjectAsync<C>,
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    over::<Numbered, C>(place).await
}

async fn uuids<C>(place: Place) -> Over<impl IdentityStore<User = bytes::Identified>>
where
    bytes::Identified: FindBySubjectAsync<C>,
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    over::<bytes::Identified, C>(place).await
}

async fn with_issuer<C>(place: Place) -> Over<impl IdentityStore<User = Member>>
where
    Member: FindBySubjectAsync<C>,
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    over::<Member, C>(place).await
}

async fn busy<C>(place: Place) -> (Over<impl IdentityStore<User = Named>>, Object<C>)
where
    Named: FindBySubjectAsync<C>,
    C: Connection,
    Manager<C>: Pooled<Type = C, Error = PoolError>,
{
    let pool = connect::<C>(&place, 1).await;
    let taken = pool.get().await.unwrap();
    (Over::new(place, DieselAsyncIdentityStore::<Named, C>::new(pool).timeout(TIMEOUT)), taken)
}

mod sqlite {
    tests!(Kind::Sqlite, ::<AsyncSqliteConnection>);
}

#[cfg(feature = "test-postgres")]
mod postgres {
    use diesel_async::AsyncPgConnection;

    use crate::diesel_people::native::{self, Identified};

    #[async_trait]
    impl Connection for AsyncPgConnection {
        async fn insert(&mut self, sub: &str) -> QueryResult<usize> {
            let person = text::people::external_id.eq(sub.to_owned());
            let insert = diesel::insert_into(text::people::table).values(person);
            insert.on_conflict_do_nothing().execute(self).await
        }

        async fn with_email(&mut self, email: &str) -> QueryResult<Vec<Named>> {
            let named = text::people::table.select(Named::as_select());
            named.filter(text::people::email.eq(email.to_owned())).load(self).await
        }

        async fn link(&mut self, id: i32, sub: &str) -> QueryResult<usize> {
            let free = text::people::id.eq(id).and(text::people::external_id.is_null());
            let update = diesel::update(text::people::table.filter(free));
            update.set(text::people::external_id.eq(sub.to_owned())).execute(self).await
        }
    }

    find_by_subject_async!(Named, text::people::external_id, AsyncPgConnection);
    find_by_subject_async!(Fixed, text::people::external_id as PaddedText, AsyncPgConnection);
    find_by_subject_async!(
        Current,
        text::people::external_id,
        AsyncPgConnection,
        filter = text::people::deleted_at.is_null(),
    );
    find_by_subject_async!(Numbered, number::people::external_id as i64, AsyncPgConnection);
    find_by_subject_async!(Identified, native::people::external_id as Uuid, AsyncPgConnection);
    find_by_subject_async!(
        Member,
        (issued::people::issuer, issued::people::external_id),
        AsyncPgConnection,
    );

    async fn uuids<C>(place: Place) -> Over<impl IdentityStore<User = Identified>>
    where
        Identified: FindBySubjectAsync<C>,
        C: Connection,
        Manager<C>: Pooled<Type = C, Error = PoolError>,
    {
        over::<Identified, C>(place).await
    }

    tests!(Kind::Postgres, ::<AsyncPgConnection>);
}

#[cfg(feature = "test-mysql")]
mod mariadb;
