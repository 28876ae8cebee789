//! Metrics for Prometheus: the feature `metrics`, and `/metrics` by metrics-exporter-prometheus.
//!
//! `cargo run --example metrics` calls itself with valid and bad tokens, and checks the output of
//! `/metrics`.
#![allow(clippy::print_stdout)]

use std::{error::Error, time::Duration};

use actix_mcp_auth::{AuthedUser, McpAuth, testing::TestAuthority};
use actix_web::{App, HttpServer, http::StatusCode, rt, web};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

const RESOURCE: &str = "http://127.0.0.1:8787/mcp";

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The recorder first: earlier counts are lost.
    let recorder = PrometheusBuilder::new().install_recorder()?;
    let authority = TestAuthority::start()?;
    let auth = McpAuth::builder(RESOURCE).authkit(authority.issuer()).build()?;

    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(recorder.clone()))
            // For Prometheus alone: in production on an address that only it can reach.
            .route("/metrics", web::get().to(metrics))
            .service(web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(mcp)))
            .configure(auth.discovery())
    });
    let server = server.workers(1).bind("127.0.0.1:0")?;
    let origin = format!("http://{}", server.addrs()[0]);
    rt::spawn(server.run());
    call_and_check(&origin, &authority).await
}

async fn metrics(recorder: web::Data<PrometheusHandle>) -> String {
    recorder.render()
}

async fn mcp(me: AuthedUser) -> String {
    me.subject().id().to_owned()
}

/// Three valid calls, two with an expired token, one without a token.
async fn call_and_check(origin: &str, authority: &TestAuthority) -> Result<(), Box<dyn Error>> {
    let client = reqwest::Client::new();
    let call = async |token: Option<&str>| {
        let request = client.post(format!("{origin}/mcp"));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.map(|answer| answer.status())
    };
    let good = authority.person_token("user_ada", RESOURCE);
    for _ in 0..3 {
        assert_eq!(call(Some(&good)).await?, StatusCode::OK.as_u16());
    }
    let hour = Duration::from_secs(3600);
    let old = authority.token().subject("user_ada").audience(RESOURCE).expired_for(hour).sign();
    for token in [Some(&*old), Some(&*old), None] {
        assert_eq!(call(token).await?, StatusCode::UNAUTHORIZED.as_u16());
    }

    let told = client.get(format!("{origin}/metrics")).send().await?.text().await?;
    println!("{told}");
    let issuer = authority.issuer();
    let decisions = format!("mcp_auth_decisions_total{{resource=\"{RESOURCE}\",decision=");
    let fetches =
        format!("mcp_auth_key_fetches_total{{resource=\"{RESOURCE}\",issuer=\"{issuer}\"");
    for line in [
        format!("{decisions}\"accepted\",reason=\"none\"}} 3"),
        format!("{decisions}\"refused\",reason=\"expired\"}} 2"),
        format!("{decisions}\"refused\",reason=\"missing_credentials\"}} 1"),
        format!("{decisions}\"refused\",reason=\"bad_signature\"}} 0"),
        format!("{decisions}\"unavailable\",reason=\"keys_unavailable\"}} 0"),
        format!("{fetches},outcome=\"succeeded\"}} 1"),
        format!("{fetches},outcome=\"failed\"}} 0"),
        format!("mcp_auth_keys{{resource=\"{RESOURCE}\",issuer=\"{issuer}\"}} 1"),
    ] {
        assert!(told.lines().any(|told| told == line), "not told: {line}");
    }
    assert!(told.contains("mcp_auth_keys_fetched_timestamp_seconds{"));
    assert!(!told.contains(&good) && !told.contains(&old));
    Ok(())
}
