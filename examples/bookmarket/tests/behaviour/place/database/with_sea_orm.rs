//! Statements by SeaORM.

use std::thread;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};

pub(super) fn execute(url: &str, statement: &str) -> Result<(), DbErr> {
    connected(url, async |db| db.execute_unprepared(statement).await.map(|_| ()))
}

pub(super) fn count(url: &str, table: &str) -> Result<i64, DbErr> {
    let count = format!("SELECT COUNT(*) AS n FROM {table}");
    connected(url, async |db| {
        let count = Statement::from_string(db.get_database_backend(), count);
        let row = db.query_one_raw(count).await?;
        row.expect("a row").try_get("", "n")
    })
}

/// Does something with a connection, on a thread that may wait: a test ends in `drop`, which
/// cannot await.
fn connected<T: Send>(
    url: &str,
    something: impl AsyncFnOnce(&DatabaseConnection) -> Result<T, DbErr> + Send,
) -> Result<T, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            actix_web::rt::Runtime::new().expect("a runtime").block_on(async {
                let db = Database::connect(options).await?;
                let done = something(&db).await;
                db.close().await?;
                done
            })
        });
        thread.join().expect("no panic")
    })
}
