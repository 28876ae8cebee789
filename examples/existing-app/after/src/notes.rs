//! People keep notes. They sign in on the web with WorkOS, and a session cookie remembers them.

use actix_mcp_auth::{AuthedUser, McpAuth};
use actix_web::{
    HttpRequest, Responder, Result,
    error::{ErrorInternalServerError, ErrorUnauthorized},
    web::{Data, Json, ServiceConfig, get, resource},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter};

use super::entities::{notes, sessions, users};

type Me = AuthedUser<users::Model>;

/// Every route.
pub(crate) fn configure(config: &mut ServiceConfig, auth: &McpAuth) {
    config.route("/notes", get().to(my_notes)).configure(auth.discovery());
    config.service(resource("/agent/notes").wrap(auth.middleware()).route(get().to(agents_notes)));
}

async fn agents_notes(db: Data<DatabaseConnection>, me: Me) -> Result<impl Responder> {
    notes_of(&db, &me).await
}

async fn my_notes(db: Data<DatabaseConnection>, request: HttpRequest) -> Result<impl Responder> {
    let me = signed_in(&db, &request).await?;
    notes_of(&db, &me).await
}

/// The notes of one person.
async fn notes_of(db: &DatabaseConnection, user: &users::Model) -> Result<Json<Vec<notes::Model>>> {
    let mine = notes::Entity::find().filter(notes::Column::UserId.eq(user.id)).all(db).await;
    mine.map(Json).map_err(ErrorInternalServerError)
}

/// The person whom the session cookie stands for.
async fn signed_in(db: &DatabaseConnection, request: &HttpRequest) -> Result<users::Model> {
    let cookie = request.cookie("session").ok_or_else(|| ErrorUnauthorized("sign in first"))?;
    sessions::Entity::find_by_id(cookie.value())
        .find_also_related(users::Entity)
        .one(db)
        .await
        .map_err(ErrorInternalServerError)?
        .and_then(|(_, user)| user)
        .ok_or_else(|| ErrorUnauthorized("sign in first"))
}

/// The tables, where they are not there yet.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn create_tables(db: &DatabaseConnection) -> Result<(), DbErr> {
    let tables = "
        CREATE TABLE IF NOT EXISTS users (
            id INTEGER PRIMARY KEY, workos_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS sessions (
            id TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users);
        CREATE TABLE IF NOT EXISTS notes (
            id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, text TEXT NOT NULL);";
    db.execute_unprepared(tables).await.map(|_| ())
}
