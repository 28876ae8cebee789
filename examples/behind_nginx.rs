//! Behind a proxy that terminates TLS and removes a prefix of the path: the public URL is
//! `https://app.example.com/tools/mcp`, and the application gets `/mcp`.
//!
//! `cargo run --example behind_nginx` calls the application as the proxy would. With
//! `-- --listen 127.0.0.1:8080 --resource https://localhost:8443/tools/mcp [--served-at /mcp]` it
//! serves until its standard input ends; `tests/nginx/run` does that, with a real nginx in front.
//! docs/deployment.md shows the configuration.

use std::{env, error::Error, io, net::TcpListener};

use actix_mcp_auth::{AuthedUser, McpAuth, McpAuthBuilder, testing::TestAuthority};
use actix_web::{App, HttpServer, http::StatusCode, rt, web};
use serde_json::Value;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Ada is signed in without a page, so that a script can run the whole flow.
    let authority = TestAuthority::builder().auto_approve("user_ada").start()?;
    let argument = |name: &str| env::args().skip_while(|argument| argument != name).nth(1);
    let listen = argument("--listen").unwrap_or_else(|| "127.0.0.1:0".into());
    let resource = argument("--resource").unwrap_or_else(|| "http://localhost/tools/mcp".into());
    let served_at = match argument("--resource") {
        Some(_) => argument("--served-at"),
        None => Some("/mcp".into()),
    };

    // Metadata and challenges are built from `resource` alone. `served_at` is for this
    // application's own routes, and is left out if the proxy does not change the path.
    let auth = McpAuth::builder(&*resource).authkit(authority.issuer());
    let auth = served_at.iter().fold(auth, McpAuthBuilder::served_at).build()?;
    let path = served_at.unwrap_or_else(|| "/tools/mcp".into());

    let listener = TcpListener::bind(listen)?;
    let origin = format!("http://{}", listener.local_addr()?);
    let route = path.clone();
    let server = HttpServer::new(move || {
        App::new()
            .service(web::resource(&*route).wrap(auth.middleware()).route(web::post().to(whoami)))
            .configure(auth.discovery())
    });
    rt::spawn(server.workers(1).listen(listener)?.run());

    if env::args().any(|argument| argument == "--listen") {
        rt::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
        return Ok(());
    }

    // The proxy forwards `/tools/mcp` as `/mcp`, and the well-known path unchanged.
    let refused = awc::Client::default().post(format!("{origin}{path}")).send().await?;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let challenge = refused.headers().get("www-authenticate").ok_or("a challenge")?.to_str()?;
    let metadata = "http://localhost/.well-known/oauth-protected-resource/tools/mcp";
    assert!(challenge.contains(metadata), "{challenge}");
    let sent_on = metadata.replace("http://localhost", &origin);
    let document: Value = awc::Client::default().get(sent_on).send().await?.json().await?;
    assert_eq!(document["resource"], *resource);

    let token = authority.person_token("user_ada", &resource);
    let called = awc::Client::default().post(format!("{origin}{path}")).bearer_auth(token);
    assert_eq!(called.send().await?.status(), StatusCode::OK);
    Ok(())
}

async fn whoami(me: AuthedUser) -> String {
    me.subject().id().to_owned()
}
