//! People keep notes. They sign in on the web with WorkOS, and a session cookie remembers them.

use actix_mcp_auth::{AuthedUser, ConfigError, McpAuth, operation::UnixTime, session};
use actix_web::{
    HttpRequest, Responder, Result, error,
    web::{Data, Json, ServiceConfig, get, post, resource},
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
};

use super::entities::{notes, sessions, users};

type Db = Data<DatabaseConnection>;
type Me = AuthedUser<users::Model>;

/// Every route.
pub(crate) fn configure(config: &mut ServiceConfig, auth: &McpAuth) {
    config.configure(auth.discovery());
    let notes = resource("/notes").route(get().to(my_notes)).route(post().to(add_note));
    config.service(notes.wrap(auth.middleware()));
}

async fn my_notes(db: Db, me: Me) -> Result<impl Responder> {
    notes_of(&db, &me).await
}

async fn add_note(db: Db, me: Me, text: String) -> Result<impl Responder> {
    let note = notes::ActiveModel { id: NotSet, user_id: Set(me.id), text: Set(text) };
    notes::Entity::insert(note).exec(&**db).await.map_err(error::ErrorInternalServerError)?;
    notes_of(&db, &me).await
}

/// The notes of one person.
async fn notes_of(db: &DatabaseConnection, user: &users::Model) -> Result<Json<Vec<notes::Model>>> {
    let mine = notes::Entity::find().filter(notes::Column::UserId.eq(user.id)).all(db).await;
    mine.map(Json).map_err(error::ErrorInternalServerError)
}

/// People with the session cookie are taken beside agents with a bearer token.
pub(crate) fn with_sessions(auth: McpAuth, issuer: String, db: Db) -> Result<McpAuth, ConfigError> {
    auth.or_session(async move |request: &HttpRequest| {
        let found = find_session(&db, request).await.map_err(session::SessionError::new)?;
        Ok(found.map(|(row, user)| {
            let since = UnixTime::from_secs(row.signed_in_at.cast_unsigned());
            session::SessionIdentity::new(&*issuer, user.workos_id, since)
        }))
    })
}

/// The session that the cookie names, and its person.
async fn find_session(
    db: &DatabaseConnection,
    request: &HttpRequest,
) -> Result<Option<(sessions::Model, users::Model)>, DbErr> {
    let Some(cookie) = request.cookie("session") else { return Ok(None) };
    let session = sessions::Entity::find_by_id(cookie.value()).find_also_related(users::Entity);
    Ok(session.one(db).await?.and_then(|(session, user)| Some((session, user?))))
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
            id TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users,
            signed_in_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS notes (
            id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, text TEXT NOT NULL);";
    db.execute_unprepared(tables).await.map(|_| ())
}
