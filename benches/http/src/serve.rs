//! The application: one resource that answers `ok`, and what stands before it.

use std::{fs, net::TcpListener, time::Duration};

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, McpAuthBuilder, Principal,
    keys::AwsLcRs,
    token::TokenCacheSettings,
};
use actix_web::{
    App, HttpServer,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use crate::jsonwebtoken_middleware::{Verifier, verify};

/// What the tokens are for: a resource as it is deployed, with a public URL.
pub const RESOURCE: &str = "https://app.example.com/mcp";
/// Who can stand before the application; the first is nobody.
pub const MODES: [&str; 6] =
    ["none", "ours", "ours-user", "ours-new", "ours-new-aws", "jsonwebtoken"];

/// Serves until it is killed, and says on standard output where.
pub fn serve(mode: &str, workers: usize, issuer: &str, certificate: &str, jwks_uri: &str) {
    let builder = || {
        let known = Issuer::new(issuer).and_then(|known| known.jwks_uri(format!("{issuer}/jwks")));
        McpAuth::builder(RESOURCE)
            .issuer(known.expect("an issuer and the URL of its keys"))
            .trust_ca_pem(fs::read(certificate).expect("a certificate"))
    };
    match mode {
        "none" => listen(workers, |config| {
            config.service(web::resource("/mcp").route(web::get().to(nobody)));
        }),
        "jsonwebtoken" => {
            let verifier = web::Data::new(Verifier::fetch(issuer, RESOURCE, jwks_uri));
            listen(workers, move |config| {
                let resource = web::resource("/mcp").route(web::get().to(nobody));
                config.app_data(verifier.clone()).service(resource.wrap(from_fn(verify)));
            })
        }
        "ours-user" => {
            let auth = build(builder());
            listen(workers, move |config| {
                let resource = web::resource("/mcp").route(web::get().to(somebody));
                config.service(resource.wrap(auth.middleware())).configure(auth.discovery());
            })
        }
        _ => {
            let auth = build(match mode {
                "ours" => builder(),
                "ours-new" => forgetting(builder()),
                "ours-new-aws" => forgetting(builder().signature_backend(AwsLcRs)),
                other => panic!("{other} is not among {MODES:?}"),
            });
            listen(workers, move |config| {
                let resource = web::resource("/mcp").route(web::get().to(nobody));
                config.service(resource.wrap(auth.middleware())).configure(auth.discovery());
            })
        }
    }
}

/// What is remembered ends before any token comes again: each request pays for its signature, and
/// for being remembered as well.
fn forgetting(builder: McpAuthBuilder) -> McpAuthBuilder {
    let mut settings = TokenCacheSettings::default();
    settings.ttl = Duration::from_millis(10);
    builder.token_cache(settings)
}

fn build(builder: McpAuthBuilder) -> McpAuth {
    builder.build().expect("a good configuration")
}

async fn nobody() -> &'static str {
    "ok"
}

async fn somebody(_: AuthedUser<Principal>) -> &'static str {
    "ok"
}

fn listen(workers: usize, configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    println!("{}", listener.local_addr().expect("an address"));
    let server = HttpServer::new(move || App::new().configure(configure.clone()))
        .workers(workers)
        // Connections wait for their first burst, and between two bursts.
        .client_request_timeout(Duration::from_secs(3600))
        .keep_alive(Duration::from_secs(3600))
        .disable_signals()
        .listen(listener)
        .expect("it listens already");
    actix_web::rt::System::new().block_on(server.run()).expect("it serves until it is killed");
}
