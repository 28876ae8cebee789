//! MariaDB.

use diesel_async::AsyncMysqlConnection;

#[async_trait]
impl Connection for AsyncMysqlConnection {
    async fn insert(&mut self, sub: &str) -> QueryResult<usize> {
        let person = text::people::external_id.eq(sub.to_owned());
        let insert = diesel::insert_or_ignore_into(text::people::table).values(person);
        insert.execute(self).await
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

find_by_subject_async!(Named, text::people::external_id, AsyncMysqlConnection);
find_by_subject_async!(Fixed, text::people::external_id as PaddedText, AsyncMysqlConnection);
find_by_subject_async!(
    Current,
    text::people::external_id,
    AsyncMysqlConnection,
    filter = text::people::deleted_at.is_null(),
);
find_by_subject_async!(Numbered, number::people::external_id as i64, AsyncMysqlConnection);
find_by_subject_async!(
    Member,
    (issued::people::issuer, issued::people::external_id),
    AsyncMysqlConnection,
);

impl FindBySubjectAsync<AsyncMysqlConnection> for bytes::Identified {
    type Key = Uuid;

    async fn find(id: &Uuid, conn: &mut AsyncMysqlConnection) -> QueryResult<Vec<(Uuid, Self)>> {
        let id = id.as_bytes().to_vec();
        let people = bytes::people::table.filter(bytes::people::external_id.eq(id));
        bytes::read(people.select(bytes::people::external_id).load(conn).await?)
    }
}

tests!(Kind::MariaDb, ::<AsyncMysqlConnection>);
