//! The middleware around a service that does nothing, called in process; and that service alone.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use actix_web::{
    App, Error,
    dev::{Service, ServiceResponse},
    http::{
        StatusCode,
        header::{AUTHORIZATION, HOST},
    },
    rt::{System, SystemRunner, time::sleep},
    test::{TestRequest, init_service},
    web,
};
use mcp_auth_actix::McpAuth;
use mcp_auth_core::{Issuer, TokenCacheSettings, mcp::ToolRules};

use crate::{
    fixture::{Fixture, ISSUER, RESOURCE},
    warm_then_measured,
};

/// What every request carries, whether or not somebody reads it.
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add_bookmark","arguments":{"url":"https://example.com/","title":"Example","tags":["a","b"]}}}"#;

pub fn count(fixture: &Fixture, how: &str, calls: usize) {
    let system = System::new();
    let resource = || web::resource("/mcp").route(web::post().to(|| async { "ok" }));
    if how == "none" {
        let app = system.block_on(init_service(App::new().service(resource())));
        return count_calls(&system, &app, &fixture.headers[..1], calls);
    }
    let cache = match how {
        "cold" => TokenCacheSettings::off(),
        _ => TokenCacheSettings::default(),
    };
    let jwks_uri = serve(fixture.jwks.to_string());
    let issuer = Issuer::new(ISSUER).and_then(|issuer| issuer.jwks_uri(jwks_uri));
    let auth = McpAuth::builder(RESOURCE)
        .issuer(issuer.expect("an issuer and the URL of its keys"))
        .token_cache(cache)
        .build()
        .expect("a good configuration");
    // The worker's memo has the first token, and is of no use to the others, which take turns.
    let in_memo = matches!(how, "memo" | "mcp" | "mcp with rules");
    let headers = if in_memo { &fixture.headers[..1] } else { &fixture.headers[1..] };
    let first = &fixture.headers[0];
    match how {
        "mcp" => {
            let app = App::new().service(resource().wrap(auth.mcp())).configure(auth.discovery());
            count_once_ready(&system, &system.block_on(init_service(app)), first, headers, calls);
        }
        "mcp with rules" => {
            let rules = ToolRules::new().tool("delete_bookmark").refused();
            let mcp = auth.mcp().rules(rules).expect("rules that need nothing");
            let app = App::new().service(resource().wrap(mcp)).configure(auth.discovery());
            count_once_ready(&system, &system.block_on(init_service(app)), first, headers, calls);
        }
        _ => {
            let app =
                App::new().service(resource().wrap(auth.middleware())).configure(auth.discovery());
            count_once_ready(&system, &system.block_on(init_service(app)), first, headers, calls);
        }
    }
}

/// Counts as soon as the keys are there and the first token is in the worker's memo.
fn count_once_ready<S, B>(
    system: &SystemRunner,
    app: &S,
    first: &str,
    headers: &[String],
    calls: usize,
) where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
{
    system.block_on(async {
        while status(app, first).await != StatusCode::OK {
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(status(app, first).await, StatusCode::OK);
    });
    count_calls(system, app, headers, calls);
}

fn count_calls<S, B>(system: &SystemRunner, app: &S, headers: &[String], calls: usize)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
{
    let mut n = 0;
    warm_then_measured(calls, || {
        n += 1;
        let header = &headers[n % headers.len()];
        assert_eq!(system.block_on(status(app, header)), StatusCode::OK);
    });
}

async fn status<S, B>(app: &S, header: &str) -> StatusCode
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
{
    let request = TestRequest::post().uri("/mcp").insert_header((HOST, "127.0.0.1"));
    let request = request.insert_header((AUTHORIZATION, header)).set_payload(CALL);
    app.call(request.to_request()).await.expect("an answer").status()
}

/// Serves a key set over HTTP as long as the process lives.
fn serve(jwks: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            while lines.next().is_some_and(|line| !line.is_empty()) {}
            // Whoever hung up has its answer already.
            let _ = write!(
                &stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{jwks}",
                jwks.len()
            );
        }
    });
    format!("http://{address}/jwks")
}
