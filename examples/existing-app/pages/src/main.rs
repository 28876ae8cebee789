//! Notes on http://127.0.0.1:8080: `cargo run`.

use actix_mcp_auth::{McpAuth, stores::SeaOrmIdentityStore};
use actix_web::{App, HttpServer, web};
use sea_orm::Database;

mod entities;
mod notes;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL").unwrap_or("sqlite://notes.sqlite?mode=rwc".into());
    let db = Database::connect(url).await?;
    notes::create_tables(&db).await?;
    let people = SeaOrmIdentityStore::new(db.clone(), entities::users::Column::WorkosId);
    let issuer = format!("https://{}", std::env::var("WORKOS_AUTHKIT_DOMAIN")?);
    let site = McpAuth::api(std::env::var("MCP_AUTH_RESOURCE")?).authkit(&issuer).users(people);
    let auth = notes::with_sessions(site.build()?, issuer, web::Data::new(db.clone()))?;
    HttpServer::new(move || {
        App::new().app_data(web::Data::new(db.clone())).configure(|c| notes::configure(c, &auth))
    })
    .bind("127.0.0.1:8080")?
    .run()
    .await?;
    Ok(())
}
