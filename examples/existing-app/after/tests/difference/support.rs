//! A server, and a database with two people and a note each.

use std::path::Path;

use actix_web::{App, HttpServer, dev::ServerHandle, rt, web::ServiceConfig};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

/// The origin of a server with these routes, and the handle that stops it.
pub(crate) fn serve(
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> (String, ServerHandle) {
    let server = HttpServer::new(move || App::new().configure(routes.clone()));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    (origin, handle)
}

/// Ada and Grace, unless they are there already.
pub(crate) async fn add_people(db: &DatabaseConnection) {
    let people = "
        INSERT OR IGNORE INTO users VALUES (1, 'user_ada', 'Ada'), (2, 'user_grace', 'Grace');
        INSERT OR IGNORE INTO notes VALUES (1, 1, 'engines'), (2, 2, 'compilers');";
    db.execute_unprepared(people).await.unwrap();
}

/// A file, since one in memory is lost with its connection, and a server that stops may take the
/// connection along.
pub(crate) async fn database(file: &Path) -> DatabaseConnection {
    Database::connect(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap()
}

/// The statements that made the tables.
pub(crate) async fn schema(db: &DatabaseConnection) -> Vec<String> {
    let all = "SELECT name || ': ' || COALESCE(sql, '') AS line FROM sqlite_master ORDER BY name";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, all)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "line").unwrap()).collect()
}
