//! Several issuers for one resource: staff sign in at one, customers at another, and each has
//! users of its own. The same `sub` from the other issuer is somebody else.
//!
//! `cargo run --example several_issuers` starts both issuers and the application on this machine.

use std::{error::Error, net::TcpListener};

use actix_mcp_auth::{
    AuthedUser, Issuer, IssuerStores, McpAuth, MemoryIdentityStore, testing::TestAuthority,
};
use actix_web::{App, HttpServer, http::StatusCode, rt, web};
use serde_json::{Value, json};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (staff, customers) = (TestAuthority::start()?, TestAuthority::start()?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let resource = format!("http://{}/mcp", listener.local_addr()?);

    // A store for each issuer. One store for both would mix up their users, and is refused at
    // start-up, unless it looks at the issuer as well or they share their subjects.
    let user = |sub: &str, name: &str| MemoryIdentityStore::from_iter([(sub, name.to_owned())]);
    let users = IssuerStores::new()
        .with(staff.issuer(), user("user_ada", "Ada, who works here"))
        .with(customers.issuer(), user("user_ada", "another Ada, who buys here"));
    let auth = McpAuth::builder(&*resource)
        .issuer(Issuer::new(staff.issuer())?)
        .issuer(Issuer::new(customers.issuer())?)
        .users(users)
        .build()?;

    let server = HttpServer::new(move || {
        App::new()
            .service(web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(whoami)))
            .configure(auth.discovery())
    });
    rt::spawn(server.workers(1).listen(listener)?.run());

    // Clients see both, the first one first.
    let well_known = resource.replace("/mcp", "/.well-known/oauth-protected-resource/mcp");
    let document: Value = awc::Client::default().get(well_known).send().await?.json().await?;
    assert_eq!(document["authorization_servers"], json!([staff.issuer(), customers.issuer()]));

    let call = async |token: &str| {
        let request = awc::Client::default().post(&resource).bearer_auth(token);
        let mut answer = request.send().await?;
        let body = answer.body().await?;
        Ok::<_, Box<dyn Error>>((answer.status(), String::from_utf8_lossy(&body).into_owned()))
    };
    let (_, name) = call(&staff.person_token("user_ada", &resource)).await?;
    assert_eq!(name, "Ada, who works here");
    let (_, name) = call(&customers.person_token("user_ada", &resource)).await?;
    assert_eq!(name, "another Ada, who buys here");

    // A token is checked with the keys of the issuer that it names, and with no others.
    let crossed = customers.token().subject("user_ada").audience(&*resource);
    let (status, _) = call(&crossed.issuer(staff.issuer()).sign()).await?;
    assert_eq!(status, StatusCode::UNAUTHORIZED);

    // One issuer out of reach costs the other nothing.
    customers.go_down();
    let (status, _) = call(&staff.person_token("user_ada", &resource)).await?;
    assert_eq!(status, StatusCode::OK);
    Ok(())
}

async fn whoami(me: AuthedUser<String>) -> String {
    me.to_string()
}
