//! An identity store of your own, over an HTTP service that has the users.
//!
//! `cargo run --example own_store_http` starts such a service on this machine and calls it.

use std::time::Duration;

use actix_mcp_auth::{Found, IdentityStore, Lookup, StoreError, Subject, async_trait};
use actix_web::{App, HttpResponse, HttpServer, rt, web};
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

/// Users of the company's directory service: `GET /users?subject=…`.
struct Directory {
    client: Client,
    users: Url,
}

#[async_trait]
impl IdentityStore for Directory {
    type User = Value;

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<Value>, StoreError> {
        let mut url = self.users.clone();
        url.query_pairs_mut().append_pair("subject", who.id());
        let answer = self.client.get(url).send().await.map_err(StoreError::new)?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(Found::Nobody),
            StatusCode::OK => {
                let body = answer.bytes().await.map_err(StoreError::new)?;
                let found: Value = serde_json::from_slice(&body).map_err(StoreError::new)?;
                Ok(Some(found).filter(|found| found["subject"] == who.id()).into())
            }
            status => Err(StoreError::new(format!("the directory answered {status}"))),
        }
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = HttpServer::new(|| App::new().route("/users", web::get().to(directory)));
    let service = service.workers(1).bind("127.0.0.1:0")?;
    let users = Url::parse(&format!("http://{}/users", service.addrs()[0]))?;
    rt::spawn(service.run());

    // A timeout of its own, since requests wait for this.
    let client = Client::builder().timeout(Duration::from_secs(2)).build()?;
    let directory = Directory { client, users };
    let find = async |sub| {
        let subject = Subject::new("https://login.example.com", sub);
        directory.find(&Lookup::new(&subject)).await
    };
    let ada = find("user_ada").await?.user();
    assert_eq!(ada.map(|ada| ada["name"].clone()), Some(json!("Ada")));
    assert_eq!(find("user_grace").await?, Found::Nobody);
    assert!(find("trouble").await.is_err());
    Ok(())
}

/// The service.
async fn directory(query: web::Query<Vec<(String, String)>>) -> HttpResponse {
    match query.iter().find(|(name, _)| name == "subject").map(|(_, sub)| sub.as_str()) {
        Some("user_ada") => HttpResponse::Ok().json(json!({"subject": "user_ada", "name": "Ada"})),
        Some("trouble") => HttpResponse::InternalServerError().finish(),
        _ => HttpResponse::NotFound().finish(),
    }
}
