//! An MCP endpoint whose list of tools and opening hours need no credentials. A person's own data
//! does: the client gets the usual 401, signs its user in, and continues.
//!
//! `cargo run --example optional_authentication` starts it on this machine and calls it without a
//! token, with a person's token, and with a bad token.

use std::{error::Error, net::TcpListener};

use actix_mcp_auth::{MaybeAuthed, McpAuth, mcp::AnonymousMethods, testing::TestAuthority};
use actix_web::{
    App, HttpServer, Responder,
    http::{StatusCode, header},
    rt, web,
};
use serde_json::{Value, json};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = TestAuthority::start()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let resource = format!("http://{}/mcp", listener.local_addr()?);

    let auth = McpAuth::builder(&*resource).authkit(authority.issuer()).build()?;
    // `initialize`, `ping`, `server/discover`, `tools/list`; and one tool of ours.
    let open = AnonymousMethods::discovery().tool("opening_hours");
    let mcp = auth.mcp().allow_anonymous(open);
    let server = HttpServer::new(move || {
        App::new()
            .service(web::resource("/mcp").wrap(mcp.clone()).route(web::post().to(answer)))
            .configure(auth.discovery())
    });
    rt::spawn(server.workers(1).listen(listener)?.run());

    let post = async |token: Option<&str>, method: &str, params: Value| {
        let mut request = awc::Client::default().post(&resource);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut answer = request.send_json(&message).await?;
        let challenged = answer.headers().contains_key(header::WWW_AUTHENTICATE);
        let text = String::from_utf8(answer.body().await?.to_vec())?;
        Ok::<_, Box<dyn Error>>((answer.status(), challenged, text))
    };
    let (hours, order) = (json!({ "name": "opening_hours" }), json!({ "name": "my_orders" }));

    let (status, _, text) = post(None, "tools/list", json!({})).await?;
    assert_eq!((status, &*text), (StatusCode::OK, "tools/list for nobody in particular"));
    let (status, ..) = post(None, "tools/call", hours.clone()).await?;
    assert_eq!(status, StatusCode::OK);

    // A person's own data: the challenge leads the client to the authorization server.
    let (status, challenged, _) = post(None, "tools/call", order.clone()).await?;
    assert_eq!((status, challenged), (StatusCode::UNAUTHORIZED, true));
    let ada = authority.person_token("user_ada", &resource);
    let (status, _, text) = post(Some(&ada), "tools/call", order).await?;
    assert_eq!((status, &*text), (StatusCode::OK, "tools/call for user_ada"));

    // A bad token is rejected even if none is needed, so that the client learns of it.
    let (status, ..) = post(Some("expired"), "tools/call", hours).await?;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    Ok(())
}

/// In place of a real MCP server; docs/mcp.md shows one with rmcp.
async fn answer(caller: MaybeAuthed, message: web::Json<Value>) -> impl Responder {
    let name = caller.user().map_or("nobody in particular", |user| user.subject().id());
    format!("{} for {name}", message["method"].as_str().unwrap_or_default())
}
