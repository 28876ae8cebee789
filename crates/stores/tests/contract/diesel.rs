//! The Diesel store.

use std::time::Duration;

use diesel::{
    QueryResult, SqliteConnection,
    prelude::*,
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection, R2D2Connection},
};
use mcp_auth_core::{IdentityStore, Newcomer, Profile, StoreError, contract_tests::ISSUER};
use mcp_auth_stores::{
    DieselIdentityStore, FindBySubject, IdentityStoreExt, PaddedText, find_by_subject,
};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::{
    diesel_people::{Current, Fixed, Member, Named, Numbered, bytes, issued, number, text},
    over::{Over, Person},
    place::Place,
    tests::TIMEOUT,
};

/// What differs from database to database.
trait Connection: R2D2Connection + Sized + 'static {
    /// What is said on each new connection.
    const GREETING: Option<&str> = None;

    /// Adds a person, unless there is one with this subject.
    fn insert(&mut self, sub: &str) -> QueryResult<usize>;

    /// All persons with this address.
    fn with_email(&mut self, email: &str) -> QueryResult<Vec<Named>>;

    /// Writes the subject into a person who has none; otherwise it changes no row.
    fn link(&mut self, id: i32, sub: &str) -> QueryResult<usize>;
}

/// What the query builder does for every backend, and cannot say for all of them in one function.
macro_rules! by_email {
    () => {
        fn with_email(&mut self, email: &str) -> QueryResult<Vec<Named>> {
            let named = text::people::table.select(Named::as_select());
            named.filter(text::people::email.eq(email)).load(self)
        }

        fn link(&mut self, id: i32, sub: &str) -> QueryResult<usize> {
            let free = text::people::id.eq(id).and(text::people::external_id.is_null());
            diesel::update(text::people::table.filter(free))
                .set(text::people::external_id.eq(sub))
                .execute(self)
        }
    };
}

impl Connection for SqliteConnection {
    const GREETING: Option<&str> = Some("PRAGMA busy_timeout = 5000");

    fn insert(&mut self, sub: &str) -> QueryResult<usize> {
        let person = text::people::external_id.eq(sub);
        diesel::insert_into(text::people::table)
            .values(person)
            .on_conflict_do_nothing()
            .execute(self)
    }

    by_email!();
}

find_by_subject!(Named, text::people::external_id, SqliteConnection);
find_by_subject!(Fixed, text::people::external_id as PaddedText, SqliteConnection);
find_by_subject!(
    Current,
    text::people::external_id,
    SqliteConnection,
    filter = text::people::deleted_at.is_null(),
);
find_by_subject!(Numbered, number::people::external_id as i64, SqliteConnection);
find_by_subject!(Member, (issued::people::issuer, issued::people::external_id), SqliteConnection);

impl FindBySubject<SqliteConnection> for bytes::Identified {
    type Key = Uuid;

    fn find(id: &Uuid, conn: &mut SqliteConnection) -> QueryResult<Vec<(Uuid, Self)>> {
        let people = bytes::people::table.filter(bytes::people::external_id.eq(id.as_bytes()));
        bytes::read(people.select(bytes::people::external_id).load(conn)?)
    }
}

#[derive(Debug)]
struct Greet;

impl<C: Connection> CustomizeConnection<C, diesel::r2d2::Error> for Greet {
    fn on_acquire(&self, conn: &mut C) -> Result<(), diesel::r2d2::Error> {
        let greeting = C::GREETING.map_or(Ok(()), |greeting| conn.batch_execute(greeting));
        greeting.map_err(diesel::r2d2::Error::QueryError)
    }
}

async fn connect<C: Connection>(place: &Place, connections: u32) -> Pool<ConnectionManager<C>> {
    let manager = ConnectionManager::<C>::new(&place.database.url);
    let pool = Pool::builder()
        .max_size(connections)
        .connection_timeout(Duration::from_secs(5))
        .connection_customizer(Box::new(Greet));
    spawn_blocking(move || pool.build(manager)).await.unwrap().unwrap()
}

async fn text<C: Connection>(place: Place) -> Over<impl IdentityStore<User = Named>>
where
    Named: FindBySubject<C>,
{
    let pool = connect::<C>(&place, 4).await;
    let store = DieselIdentityStore::<Named, C>::new(pool.clone());
    let found = store.clone();
    let (by_email, linking) = (pool.clone(), pool.clone());
    let store = store.provision_with(move |newcomer: Newcomer| {
        let (pool, store) = (pool.clone(), found.clone());
        async move {
            let sub = newcomer.subject().id().to_owned();
            with(&pool, move |conn| conn.insert(&sub)).await?;
            store.find(&newcomer.lookup()).await
        }
    });
    let store = store.link_by_verified_email(
        ISSUER,
        move |profile: Profile| {
            with(&by_email, move |conn| {
                conn.with_email(profile.verified_email().unwrap_or_default())
            })
        },
        |person: &Named| person.external_id.is_some(),
        move |person: Named, newcomer: Newcomer| {
            let sub = newcomer.subject().id().to_owned();
            let linked = Named { external_id: Some(sub.clone()), ..person };
            let rows = with(&linking, move |conn| conn.link(person.id, &sub));
            async move { Ok((rows.await? == 1).then_some(linked)) }
        },
    );
    Over::new(place, store)
}

/// Runs a query on a thread that may block.
fn with<C, T, Q>(
    pool: &Pool<ConnectionManager<C>>,
    query: Q,
) -> impl Future<Output = Result<T, StoreError>> + Send + use<C, T, Q>
where
    C: Connection,
    T: Send + 'static,
    Q: FnOnce(&mut C) -> QueryResult<T> + Send + 'static,
{
    let pool = pool.clone();
    let task = spawn_blocking(move || {
        let mut conn = pool.get().map_err(StoreError::new)?;
        query(&mut conn).map_err(StoreError::new)
    });
    async move { task.await.map_err(StoreError::new)? }
}

async fn over<U, C>(place: Place) -> Over<DieselIdentityStore<U, C>>
where
    U: FindBySubject<C> + Person,
    C: Connection,
{
    let pool = connect::<C>(&place, 4).await;
    Over::new(place, DieselIdentityStore::new(pool))
}

async fn filtered<C: Connection>(place: Place) -> Over<impl IdentityStore<User = Current>>
where
    Current: FindBySubject<C>,
{
    over::<Current, C>(place).await
}

async fn padded<C: Connection>(place: Place) -> Over<impl IdentityStore<User = Fixed>>
where
    Fixed: FindBySubject<C>,
{
    over::<Fixed, C>(place).await
}

async fn numbers<C: Connection>(place: Place) -> Over<impl IdentityStore<User = Numbered>>
where
    Numbered: FindBySubject<C>,
{
    over::<Numbered, C>(place).await
}

async fn uuids<C: Connection>(place: Place) -> Over<impl IdentityStore<User = bytes::Identified>>
where
    bytes::Identified: FindBySubject<C>,
{
    over::<bytes::Identified, C>(place).await
}

async fn with_issuer<C: Connection>(place: Place) -> Over<impl IdentityStore<User = Member>>
where
    Member: FindBySubject<C>,
{
    over::<Member, C>(place).await
}

async fn busy<C: Connection>(
    place: Place,
) -> (Over<impl IdentityStore<User = Named>>, PooledConnection<ConnectionManager<C>>)
where
    Named: FindBySubject<C>,
{
    let pool = connect::<C>(&place, 1).await;
    let taken = pool.get().unwrap();
    (Over::new(place, DieselIdentityStore::<Named, C>::new(pool).timeout(TIMEOUT)), taken)
}

mod sqlite {
    tests!(Kind::Sqlite, ::<SqliteConnection>);
}

#[cfg(feature = "test-postgres")]
mod postgres {
    use diesel::PgConnection;

    use crate::diesel_people::native::{self, Identified};

    impl Connection for PgConnection {
        fn insert(&mut self, sub: &str) -> QueryResult<usize> {
            let person = text::people::external_id.eq(sub);
            diesel::insert_into(text::people::table)
                .values(person)
                .on_conflict_do_nothing()
                .execute(self)
        }

        by_email!();
    }

    find_by_subject!(Named, text::people::external_id, PgConnection);
    find_by_subject!(Fixed, text::people::external_id as PaddedText, PgConnection);
    find_by_subject!(
        Current,
        text::people::external_id,
        PgConnection,
        filter = text::people::deleted_at.is_null(),
    );
    find_by_subject!(Numbered, number::people::external_id as i64, PgConnection);
    find_by_subject!(Identified, native::people::external_id as Uuid, PgConnection);
    find_by_subject!(Member, (issued::people::issuer, issued::people::external_id), PgConnection);

    async fn uuids<C: Connection>(place: Place) -> Over<impl IdentityStore<User = Identified>>
    where
        Identified: FindBySubject<C>,
    {
        over::<Identified, C>(place).await
    }

    tests!(Kind::Postgres, ::<PgConnection>);
}

#[cfg(feature = "test-mysql")]
mod mariadb {
    use diesel::MysqlConnection;

    impl Connection for MysqlConnection {
        fn insert(&mut self, sub: &str) -> QueryResult<usize> {
            let person = text::people::external_id.eq(sub);
            diesel::insert_or_ignore_into(text::people::table).values(person).execute(self)
        }

        by_email!();
    }

    find_by_subject!(Named, text::people::external_id, MysqlConnection);
    find_by_subject!(Fixed, text::people::external_id as PaddedText, MysqlConnection);
    find_by_subject!(
        Current,
        text::people::external_id,
        MysqlConnection,
        filter = text::people::deleted_at.is_null(),
    );
    find_by_subject!(Numbered, number::people::external_id as i64, MysqlConnection);
    find_by_subject!(
        Member,
        (issued::people::issuer, issued::people::external_id),
        MysqlConnection,
    );

    impl FindBySubject<MysqlConnection> for bytes::Identified {
        type Key = Uuid;

        fn find(id: &Uuid, conn: &mut MysqlConnection) -> QueryResult<Vec<(Uuid, Self)>> {
            let people = bytes::people::table.filter(bytes::people::external_id.eq(id.as_bytes()));
            bytes::read(people.select(bytes::people::external_id).load(conn)?)
        }
    }

    tests!(Kind::MariaDb, ::<MysqlConnection>);
}
