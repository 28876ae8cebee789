//! An identity store of your own, over plain sqlx: a query and about twenty lines.
//!
//! `cargo run --example own_store_sqlx` needs no sign-in; it calls the store directly.

use actix_mcp_auth::{Found, IdentityStore, Lookup, StoreError, Subject, async_trait};
use sqlx::{FromRow, SqlitePool};

/// A row of the table that the application has already.
#[derive(Debug, Clone, FromRow)]
struct Person {
    external_id: String,
    name: String,
}

struct People {
    pool: SqlitePool,
}

#[async_trait]
impl IdentityStore for People {
    type User = Person;

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<Person>, StoreError> {
        let found = sqlx::query_as::<_, Person>("SELECT * FROM people WHERE external_id = ?")
            .bind(who.id())
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::new)?;
        // Byte for byte: a collation may match other subjects as well.
        Ok(found.into_iter().find(|person| person.external_id == who.id()).into())
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = SqlitePool::connect("sqlite::memory:").await?;
    sqlx::raw_sql(
        "CREATE TABLE people (external_id TEXT UNIQUE COLLATE NOCASE, name TEXT NOT NULL);
         INSERT INTO people VALUES ('user_ada', 'Ada Lovelace')",
    )
    .execute(&pool)
    .await?;

    let people = People { pool };
    for sub in ["user_ada", "USER_ADA", "user_grace"] {
        let subject = Subject::new("https://login.example.com", sub);
        let found = people.find(&Lookup::new(&subject)).await?.user();
        let name = found.map_or("nobody".to_owned(), |person| person.name.clone());
        tracing::info!("{sub} is {name}");
        assert_eq!(name == "Ada Lovelace", sub == "user_ada");
    }
    Ok(())
}
