//! `GET /health`: whether this server can decide about tokens, for load balancers and operators.

use std::time::Duration;

use actix_mcp_auth::{McpAuth, operation::Health};
use actix_web::{HttpResponse, http::header, web};

/// Where it is served.
pub const PATH: &str = "/health";

/// 200 if tokens of every issuer can be verified and every earlier revocation is in force, else 503.
/// The body has a line for each issuer and one for the revocations.
pub async fn answer(auth: web::Data<McpAuth>) -> HttpResponse {
    let health = auth.health();
    let mut response = match health.is_ready() {
        true => HttpResponse::Ok(),
        false => HttpResponse::ServiceUnavailable(),
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(report(&health))
}

fn report(health: &Health) -> String {
    let mut text = String::new();
    for issuer in &health.issuers {
        let error = issuer.last_error.as_deref();
        let what = format!("issuer {}", issuer.issuer);
        text += &line(&what, issuer.ready, issuer.age, error);
    }
    let revocations = &health.revocations;
    let what = format!("revocations in {}", revocations.log);
    text + &line(&what, revocations.ready, revocations.silence, revocations.last_error.as_deref())
}

/// `WHAT: ready; answered 0.4 s ago; last error: WHY`, the latter two where they apply.
fn line(what: &str, ready: bool, silence: Option<Duration>, error: Option<&str>) -> String {
    let ready = if ready { "ready" } else { "not ready" };
    let mut line = format!("{what}: {ready}");
    if let Some(silence) = silence {
        line += &format!("; answered {:.1} s ago", silence.as_secs_f64());
    }
    if let Some(error) = error {
        line += &format!("; last error: {}", error.replace(['\r', '\n'], " "));
    }
    line + "\n"
}
