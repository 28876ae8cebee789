//! A gateway in front of an MCP server in any language: requests without a valid token do not reach
//! the server, and a header names the caller.
//!
//! `cargo run --example gateway` starts both on this machine and sends a request through.
//! `cargo run --example gateway -- http://127.0.0.1:3000/mcp` is a gateway in front of your server.
//! It prints its address and a token to try it. Tools that are named after the address require the
//! scope `tools:trusted`.
#![allow(clippy::print_stdout)]

use std::{error::Error, net::TcpListener};

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, mcp::ToolRules, permission::Permission, scopes,
    testing::TestAuthority,
};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    body::{BodyStream, BoxBody, MessageBody, SizedStream},
    error::ErrorBadGateway,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    rt, web,
};
use futures_util::{StreamExt, stream};
use tokio::sync::watch;

scopes! {
    /// Call the tools that are not for everybody.
    pub Trusted = "tools:trusted";
}

/// The header that names the caller to the server: the token's `sub`.
const USER: HeaderName = HeaderName::from_static("x-user");

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// Headers of one connection, and not of the message (RFC 9110 §7.6.1, §11.7).
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = TestAuthority::builder().scope(Trusted::NAME).start()?;
    let mut arguments = std::env::args().skip(1);
    let Some(behind) = arguments.next() else {
        return call_through(&authority).await;
    };
    let tools: Vec<String> = arguments.collect();
    let (resource, server) = gateway(&authority, behind, &tools)?;
    let token = authority.token().subject("user_ada").audience(&*resource).scope(Trusted::NAME);
    println!("Resource  {resource}");
    println!("Token     {}", token.sign());
    Ok(server.await?)
}

/// The gateway on a free port, in front of the server at the address `behind`.
pub(crate) fn gateway(
    authority: &TestAuthority,
    behind: String,
    tools: &[String],
) -> Result<(String, actix_web::dev::Server), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let resource = format!("http://{}/mcp", listener.local_addr()?);
    let issuer = Issuer::authkit(authority.issuer())?.scopes(["openid", Trusted::NAME])?;
    let auth = McpAuth::builder(&*resource).issuer(issuer).permissions::<Trusted>().build()?;
    let rules = tools
        .iter()
        .fold(ToolRules::new(), |rules, tool| rules.tool(tool.as_str()).requires::<Trusted>());
    let mcp = auth.mcp().rules(rules)?;
    let server = HttpServer::new(move || {
        // Streams have no time limit, and redirects are passed on.
        let client = awc::Client::builder().disable_timeout().disable_redirects().finish();
        App::new()
            .app_data(web::Data::new(auth.clone()))
            .app_data(web::Data::new(client))
            .app_data(web::Data::new(behind.clone()))
            .service(web::resource("/mcp").wrap(mcp.clone()).to(forward))
            .configure(auth.discovery())
    });
    Ok((resource, server.workers(1).listen(listener)?.run()))
}

/// Forwards a message, and its answer back, streams event by event.
async fn forward(
    me: AuthedUser,
    request: HttpRequest,
    payload: web::Payload,
    auth: web::Data<McpAuth>,
    client: web::Data<awc::Client>,
    behind: web::Data<String>,
) -> actix_web::Result<HttpResponse> {
    let mut onward = client.request(request.method().clone(), &***behind).no_decompress();
    for (name, value) in end_to_end(request.headers()).filter(|(name, _)| is_unambiguous(name)) {
        onward.headers_mut().append(name.clone(), value.clone());
    }
    let headers = onward.headers_mut();
    // The token is for this resource (MCP, "Token Passthrough"), and the client does not choose who
    // calls.
    headers.remove(header::AUTHORIZATION);
    headers.insert(USER, HeaderValue::from_str(me.subject().id()).map_err(ErrorBadGateway)?);
    // Servers replay the stream of an event id without checking whose it is.
    if !(headers.contains_key(SESSION) && auth.is_session_bound(&request)) {
        headers.remove(LAST_EVENT);
    }

    let body = match length(request.headers()) {
        Some(length) => SizedStream::new(length, payload.into_inner()).boxed(),
        None if request.headers().contains_key(header::TRANSFER_ENCODING) => {
            BodyStream::new(payload.into_inner()).boxed()
        }
        None => BoxBody::new(()),
    };
    let answer =
        onward.send_body(body).await.map_err(|error| ErrorBadGateway(error.to_string()))?;

    let mut back = HttpResponse::build(answer.status());
    for (name, value) in end_to_end(answer.headers()) {
        back.append_header((name.clone(), value.clone()));
    }
    Ok(match length(answer.headers()) {
        Some(length) => back.body(SizedStream::new(length, answer)),
        None => back.streaming(answer),
    })
}

/// Whether every server reads this header's name in the same way. Interfaces like CGI (RFC 3875
/// §4.1.18) turn `-` into `_`, and some do so with every other character: `Mcp_Session_Id` and
/// `X.User` would be read as the headers that were checked.
fn is_unambiguous(name: &HeaderName) -> bool {
    name.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The headers of the message: not those of the connection, nor those that `Connection` names, nor
/// the length, which the body has.
fn end_to_end(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let named = move |name: &HeaderName| {
        let listed = headers.get_all(header::CONNECTION).filter_map(|value| value.to_str().ok());
        let mut options = listed.flat_map(|value| value.split(','));
        options.any(|option| option.trim().eq_ignore_ascii_case(name.as_str()))
    };
    headers.iter().filter(move |(name, _)| {
        !HOP_BY_HOP.contains(name) && **name != header::CONTENT_LENGTH && !named(name)
    })
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Sends a request through. Of two events, the second waits until the first one has arrived.
async fn call_through(authority: &TestAuthority) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let behind = format!("http://{}/mcp", listener.local_addr()?);
    let (go_on, may_go_on) = watch::channel(false);
    let server = HttpServer::new(move || {
        let may_go_on = may_go_on.clone();
        App::new().route(
            "/mcp",
            web::post().to(move |request: HttpRequest| two_events(request, may_go_on.clone())),
        )
    });
    rt::spawn(server.workers(1).listen(listener)?.run());
    let (resource, server) = gateway(authority, behind, &[])?;
    rt::spawn(server);

    let client = awc::Client::default();
    let refused = client.post(&resource).send_body("{}").await?;
    assert_eq!(refused.status(), 401);

    let ada = authority.person_token("user_ada", &resource);
    let request = client.post(&resource).bearer_auth(ada).insert_header((USER, "user_grace"));
    let mut answer = request.send_body("{}").await?;
    assert_eq!(answer.status(), 200);
    let first = answer.next().await.ok_or("no event")??;
    assert_eq!(first, "data: user_ada, without a token\n\n");
    go_on.send(true)?;
    let second = answer.next().await.ok_or("no second event")??;
    assert_eq!(second, "data: and on\n\n");
    println!("through the gateway: {first:?}, then {second:?}");
    Ok(())
}

/// The server behind the gateway, which could be in any language.
async fn two_events(request: HttpRequest, mut may_go_on: watch::Receiver<bool>) -> HttpResponse {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let token = if header(header::AUTHORIZATION).is_some() { "with" } else { "without" };
    let first = format!("data: {}, {token} a token\n\n", header(USER).unwrap_or("nobody"));
    let first = stream::once(async { Ok::<_, actix_web::Error>(first.into()) });
    let second = stream::once(async move {
        let _ = may_go_on.wait_for(|may| *may).await;
        Ok("data: and on\n\n".into())
    });
    HttpResponse::Ok().content_type("text/event-stream").streaming(first.chain(second))
}
