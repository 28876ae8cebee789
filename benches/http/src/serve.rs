//! The servers: one resource that answers `ok`, and what stands before it.

use std::{fs, net::TcpListener, time::Duration};

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, McpAuthBuilder, Principal, Resource,
    permission::Permission,
    stores::{IdentityStoreExt, SeaOrmIdentityStore},
};
use actix_web::{
    App, HttpServer,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use sea_orm::DatabaseConnection;

use crate::{
    by_hand::{Verifier, verify},
    people::{self, Model},
    tools::{self, Open, Protected, ToolsCall},
};

/// What the tokens are for: a resource as it is deployed, with a public URL.
pub const RESOURCE: &str = "https://app.example.com/mcp";

/// Every server, and the one without authentication that it is compared with.
pub const MODES: [(&str, &str); 9] = [
    ("none", "none"),
    ("ours", "none"),
    ("ours-cached", "none"),
    ("bare-query", "none"),
    ("ours-sqlite", "none"),
    ("by-hand", "none"),
    ("rmcp", "rmcp"),
    ("rmcp-cached", "rmcp"),
    ("rmcp-sqlite", "rmcp"),
];

/// Serves until it is killed, and says on standard output where. `files` is the certificate's path;
/// the key set stands beside it.
pub async fn serve(mode: &str, issuer: &str, files: &str, database: &str) {
    let known = Issuer::new(issuer).and_then(|known| known.jwks_uri(format!("{issuer}/jwks")));
    let builder = McpAuth::builder(RESOURCE)
        .issuer(known.expect("an issuer and the URL of its keys"))
        .trust_ca_pem(fs::read(files).expect("a certificate"));
    let db = people::connect(database).await;
    let store = SeaOrmIdentityStore::new(db.clone(), people::Column::ExternalId);
    let cached = || store.clone().cached(Duration::from_secs(30), 10_000);
    match mode {
        "none" => {
            let configure = |config: &mut ServiceConfig| {
                config.service(web::resource("/mcp").route(web::get().to(ok)));
            };
            listen(configure).await;
        }
        "bare-query" => {
            let configure = move |config: &mut ServiceConfig| {
                let resource = web::resource("/mcp").route(web::get().to(query));
                config.app_data(web::Data::new(db.clone())).service(resource);
            };
            listen(configure).await;
        }
        "by-hand" => {
            let jwks = format!("{files}.jwks");
            let verifier = Verifier::new(issuer, RESOURCE, &jwks, database).await;
            let verifier = web::Data::new(verifier);
            let configure = move |config: &mut ServiceConfig| {
                let resource = web::resource("/mcp").route(web::get().to(ok));
                config.app_data(verifier.clone()).service(resource.wrap(from_fn(verify)));
            };
            listen(configure).await;
        }
        "ours" => {
            let auth = build(builder);
            let configure = move |config: &mut ServiceConfig| {
                let resource = web::resource("/mcp").route(web::get().to(principal));
                config.service(resource.wrap(auth.middleware())).configure(auth.discovery());
            };
            listen(configure).await;
        }
        "ours-cached" => with_users(build(builder.users(cached()))).await,
        "ours-sqlite" => with_users(build(builder.users(store))).await,
        "rmcp" => {
            let resource = Resource::parse(RESOURCE).expect("a resource");
            let endpoint = mcp_auth_rmcp::endpoint(&resource, || Open).build();
            let endpoint = endpoint.expect("an endpoint");
            let configure = move |config: &mut ServiceConfig| {
                config.service(endpoint.scope());
            };
            listen(configure).await;
        }
        "rmcp-cached" => with_tools(builder.users(cached())).await,
        "rmcp-sqlite" => with_tools(builder.users(store)).await,
        other => panic!("{other} is not among {MODES:?}"),
    }
}

async fn with_users(auth: McpAuth) {
    let configure = move |config: &mut ServiceConfig| {
        let resource = web::resource("/mcp").route(web::get().to(user));
        config.service(resource.wrap(auth.middleware())).configure(auth.discovery());
    };
    listen(configure).await;
}

async fn with_tools(builder: McpAuthBuilder) {
    let builder = builder.permissions::<ToolsCall>();
    let auth = build(builder.grants(|_, _: &Model| [ToolsCall::NAME]));
    let mcp = auth.mcp().rules(tools::rules()).expect("rules for declared permissions");
    let endpoint = mcp_auth_rmcp::endpoint(auth.resource(), || Protected).build();
    let endpoint = endpoint.expect("an endpoint");
    let configure = move |config: &mut ServiceConfig| {
        config.service(endpoint.scope().wrap(mcp.clone())).configure(auth.discovery());
    };
    listen(configure).await;
}

fn build(builder: McpAuthBuilder) -> McpAuth {
    builder.build().expect("a good configuration")
}

async fn ok() -> &'static str {
    "ok"
}

async fn principal(_: AuthedUser<Principal>) -> &'static str {
    "ok"
}

async fn user(_: AuthedUser<Model>) -> &'static str {
    "ok"
}

async fn query(db: web::Data<DatabaseConnection>) -> &'static str {
    assert_eq!(people::find(&db, "user_0").await.len(), 1, "one user has this id");
    "ok"
}

async fn listen(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    println!("{}", listener.local_addr().expect("an address"));
    let server = HttpServer::new(move || App::new().configure(configure.clone()))
        .workers(1)
        // Connections wait for their first burst, and between two bursts.
        .client_request_timeout(Duration::from_secs(3600))
        .keep_alive(Duration::from_secs(3600))
        .disable_signals()
        .listen(listener)
        .expect("it listens already");
    server.run().await.expect("it serves until it is killed");
}
