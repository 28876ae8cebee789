//! Several issuers for one resource: staff sign in at one, customers at another, and each has
//! users of its own. The same `sub` from the other issuer is another person. Each issuer grants
//! only what the application allows it to grant: other scopes, and other roles in a claim, grant
//! nothing.
//!
//! `cargo run --example several_issuers` starts both issuers and the application on this machine.

use std::{error::Error, net::TcpListener};

use actix_mcp_auth::{
    AuthedUser, Authorized, Issuer, McpAuth,
    permission::Permission,
    scopes,
    stores::{IssuerStores, MemoryIdentityStore},
    testing::TestAuthority,
};
use actix_web::{App, HttpServer, http::StatusCode, rt, web};
use serde_json::{Value, json};

scopes! {
    /// See the orders of everybody.
    pub Orders = "orders:all";
    /// A role of the staff.
    pub Admin = "admin" implies Orders;
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (staff, customers) = (TestAuthority::start()?, TestAuthority::start()?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let resource = format!("http://{}/mcp", listener.local_addr()?);

    // A store for each issuer. One store for both would confuse their users, and is rejected at
    // start-up, unless it looks at the issuer too or they share their subjects.
    let user = |sub: &str, name: &str| MemoryIdentityStore::from_iter([(sub, name.to_owned())]);
    let users = IssuerStores::new()
        .with(staff.issuer(), user("user_ada", "Ada, who works here"))
        .with(customers.issuer(), user("user_ada", "another Ada, who buys here"));
    // What each may grant: without `scopes`, each could grant every permission, and the log would
    // say so. A claim must name the issuers for which it grants; without them `build()` fails.
    let auth = McpAuth::builder(&*resource)
        .issuer(Issuer::new(staff.issuer())?.scopes(["openid", Orders::NAME])?)
        .issuer(Issuer::new(customers.issuer())?.scopes(["openid"])?)
        .users(users)
        .permissions::<(Orders, Admin)>()
        .grants_from_claim_of(staff.issuer(), "roles")
        .build()?;

    let server = HttpServer::new(move || {
        App::new()
            .service(
                web::resource("/mcp")
                    .wrap(auth.middleware())
                    .route(web::post().to(whoami))
                    .route(web::get().to(orders)),
            )
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

    // Both sign the same scope and the same role. One of them may grant it.
    for (authority, expected) in [(&staff, StatusCode::OK), (&customers, StatusCode::FORBIDDEN)] {
        let ada = || authority.token().subject("user_ada").audience(&*resource);
        let by_scope = ada().scope("openid orders:all").sign();
        let by_claim = ada().scope("openid").claim("roles", json!(["admin"])).sign();
        for token in [by_scope, by_claim] {
            let answer = awc::Client::default().get(&resource).bearer_auth(token).send().await?;
            assert_eq!(answer.status(), expected);
        }
    }

    // A token is checked with the keys of the issuer that it names, and with no others.
    let crossed = customers.token().subject("user_ada").audience(&*resource);
    let (status, _) = call(&crossed.issuer(staff.issuer()).sign()).await?;
    assert_eq!(status, StatusCode::UNAUTHORIZED);

    // If one issuer cannot be reached, the other is not affected.
    customers.go_down();
    let (status, _) = call(&staff.person_token("user_ada", &resource)).await?;
    assert_eq!(status, StatusCode::OK);
    Ok(())
}

async fn whoami(me: AuthedUser<String>) -> String {
    me.to_string()
}

async fn orders(me: Authorized<Orders, String>) -> String {
    format!("all orders, for {}", *me)
}
