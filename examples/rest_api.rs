//! A REST API beside an MCP server, with the same people. The web page sends the session token of
//! its WorkOS sign-in, MCP clients send Connect tokens to the MCP route, and a nightly job still
//! uses its old API key.
//!
//! `cargo run --example rest_api` starts it on this machine and calls it as each of them.

use std::{error::Error, net::TcpListener};

use actix_mcp_auth::{AuthedUser, Issuer, McpAuth, PrincipalKind, testing::TestAuthority};
use actix_web::{App, HttpServer, Responder, http::StatusCode, rt, web};

/// In your application it comes from a secret, such as `MCP_AUTH_API_KEYS_FILE`.
const NIGHTLY_KEY: &str = "nightly_9fQ2xR7vT1kLm4Zc8WbY5hJ0sD3gN6pA";

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let workos = TestAuthority::start()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let origin = format!("http://{}", listener.local_addr()?);

    // Not MCP, and so it may accept session tokens, which have no `aud`: their key set belongs to
    // this application's client alone. In production: Issuer::workos_sessions("client_…").
    let api = McpAuth::api(format!("{origin}/api"))
        .issuer(Issuer::workos_sessions_at(workos.issuer(), workos.client_id())?)
        .api_key("nightly", NIGHTLY_KEY)
        .build()?;
    let mcp = McpAuth::builder(format!("{origin}/mcp")).authkit(workos.issuer()).build()?;

    // On an MCP resource the same issuer is rejected at start-up.
    let sessions = Issuer::workos_sessions("client_01ABC")?;
    let refused = McpAuth::builder("https://app.example.com/mcp").issuer(sessions).build();
    assert!(refused.is_err_and(|error| error.to_string().contains("McpAuth::api")));

    let server = HttpServer::new(move || {
        App::new()
            .configure(McpAuth::discovery_of(&[&mcp, &api]))
            .service(web::scope("/api").wrap(api.middleware()).route("/me", web::get().to(me)))
            .service(web::resource("/mcp").wrap(mcp.middleware()).route(web::get().to(me)))
    });
    rt::spawn(server.workers(1).listen(listener)?.run());

    let get = async |path: &str, token: &str| {
        let request = awc::Client::default().get(format!("{origin}{path}")).bearer_auth(token);
        let mut answer = request.send().await?;
        let body = answer.body().await?;
        Ok::<_, Box<dyn Error>>((answer.status(), String::from_utf8_lossy(&body).into_owned()))
    };
    let session = workos.session_token().subject("user_ada").issuer(workos.issuer()).sign();
    let connect = workos.person_token("user_ada", &format!("{origin}/mcp"));
    assert_eq!(get("/api/me", &session).await?.1, "user_ada, a person");
    assert_eq!(get("/mcp", &connect).await?.1, "user_ada, a person");
    assert_eq!(get("/api/me", NIGHTLY_KEY).await?.1, "nightly, a job with a key");
    // Each is accepted on its own route, and on no other.
    for (path, token) in [("/api/me", &*connect), ("/mcp", &session), ("/mcp", NIGHTLY_KEY)] {
        assert_eq!(get(path, token).await?.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    Ok(())
}

async fn me(me: AuthedUser) -> impl Responder {
    let kind = match me.kind() {
        PrincipalKind::ApiKey(_) => "a job with a key",
        PrincipalKind::Machine(_) => "a program",
        _ => "a person",
    };
    format!("{}, {kind}", me.subject().id())
}
