//! Web pages that call.

use actix_cors::Cors;
use actix_mcp_auth::{AuthedUser, McpAuth};
use actix_web::{
    Error, HttpResponse, Responder,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorConflict,
    http::Method,
    middleware::{Next, from_fn},
    web,
};

use crate::{
    metrics,
    support::{Answer, Request, Server, authority, builder, good_token},
};

const PAGE: &str = "https://chat.example.com";

#[actix_web::test]
async fn r10_a_preflight_is_answered_by_the_middleware() {
    let authority = authority();
    let auth = builder(&authority).allow_origin(PAGE).build().unwrap();
    let server = Server::of(&auth);
    let answer = server
        .request(Method::OPTIONS, "/mcp")
        .header("Origin", PAGE)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization, mcp-param-city")
        .send()
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    let allowed = answer.header("access-control-allow-headers").unwrap();
    for name in ["Authorization", "MCP-Protocol-Version", "Mcp-Method", "mcp-param-city"] {
        assert!(allowed.contains(name), "{name} in {allowed}");
    }
    assert!(answer.header("vary").unwrap().contains("Origin"));
}

#[actix_web::test]
async fn r16_a_page_that_may_call_can_read_every_answer() {
    let authority = authority();
    let auth = builder(&authority).allow_origin(PAGE).build().unwrap();
    let server = Server::of(&auth);
    let from_page = || server.request(Method::POST, "/mcp").header("Origin", PAGE);
    let good = from_page().bearer(&good_token(&authority)).send().await;
    let bad = from_page().bearer("bad").send().await;
    assert_eq!((good.status.as_u16(), bad.status.as_u16()), (200, 401));
    for answer in [good, bad] {
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("WWW-Authenticate") && exposed.contains("Mcp-Session-Id"));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[actix_web::test]
async fn r16_what_a_cache_keeps_of_a_program_s_answer_is_not_given_to_pages() {
    const KEY: &str = "a-key-that-32-random-bytes-make-in-base64";
    let public = || McpAuth::builder("https://app.example.com/mcp").authkit("x.authkit.app");
    for (what, builder, varies) in [
        ("no other page", public(), false),
        ("another page", public().allow_origin(PAGE), true),
        ("any page of this machine", builder(&authority()), true),
    ] {
        let server = Server::of(&builder.api_key("nightly", KEY).build().unwrap());
        for (method, key, status) in [
            (Method::GET, Some(KEY), 405),
            (Method::GET, None, 401),
            (Method::POST, Some(KEY), 200),
            (Method::POST, None, 401),
        ] {
            let request = server.request(method.clone(), "/mcp");
            let answer = key.into_iter().fold(request, Request::bearer).send().await;
            assert_eq!(answer.status, status, "{what} may call: {method}");
            let expected = (varies && method == Method::GET).then_some("Origin");
            assert_eq!(answer.header("vary"), expected, "{what} may call: {method} {status}");
        }
    }
}

#[actix_web::test]
async fn r29_a_foreign_page_is_refused_before_its_token_is_looked_at() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let token = good_token(&authority);
    for origin in ["https://evil.example", "null", "http://evil.example:8787"] {
        let request = server.request(Method::POST, "/mcp").header("Origin", origin);
        let answer = request.bearer(&token).send().await;
        assert_eq!(answer.status, 403, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("www-authenticate"), None);
        let preflight = server
            .request(Method::OPTIONS, "/mcp")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST");
        assert_eq!(preflight.send().await.status, 403, "{origin}");
    }
}

#[actix_web::test]
async fn r29_what_no_browser_sends_as_an_origin_is_refused() {
    let authority = authority();
    let server = Server::of(&builder(&authority).allow_origin(PAGE).build().unwrap());
    let token = good_token(&authority);
    for origins in [
        &[PAGE, "https://evil.example"][..],
        &["https://evil.example", PAGE],
        &[PAGE, PAGE],
        &["https://chat.example.com, https://evil.example"],
        &["https://CHAT.example.com"],
        &["https://chat.example.com:443"],
        &["https://chat.example.com/"],
        &["http://[::1]evil.example"],
        &[""],
    ] {
        let request = server.request(Method::POST, "/mcp").bearer(&token);
        let request =
            origins.iter().fold(request, |request, origin| request.header("Origin", origin));
        let answer = request.send().await;
        assert_eq!(answer.status, 403, "{origins:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origins:?}");
        assert_eq!(answer.header("vary"), Some("Origin"), "{origins:?}");
    }
    for local in ["http://localhost:6274", "http://127.0.0.1:6274", "http://[::1]:6274"] {
        let request = server.request(Method::POST, "/mcp").header("Origin", local);
        assert_eq!(request.bearer(&token).send().await.status, 200, "{local}");
    }
}

#[actix_web::test]
async fn r29_a_page_that_points_its_name_at_this_machine_is_refused() {
    let authority = authority();
    let token = good_token(&authority);
    let auth = builder(&authority).allow_any_origin().allow_host("app").build().unwrap();
    let server = Server::of(&auth);
    for (method, host, status) in [
        (Method::POST, "evil.example", 403),
        (Method::GET, "evil.example:8787", 403),
        (Method::OPTIONS, "evil.example", 403),
        (Method::POST, "app:8787", 200),
        (Method::POST, "localhost:1", 200),
        (Method::POST, "[::1]:8787", 200),
    ] {
        let request = server.request(method.clone(), "/mcp").header("Host", host).bearer(&token);
        let answer = request.send().await;
        assert_eq!(answer.status, status, "{method} {host}");
        assert!(!answer.body.contains("evil"), "{}", answer.body);
        assert_eq!(answer.header("www-authenticate"), None, "{method} {host}");
    }
    let preflight = preflight(&server).header("Host", "evil.example").send().await;
    assert_eq!(preflight.status, 403);
    // What is public stays so.
    let document = server.get("/.well-known/oauth-protected-resource");
    assert_eq!(document.header("Host", "evil.example").send().await.status, 200);

    let public = McpAuth::builder("https://app.example.com/mcp").authkit("x.authkit.app");
    let server = Server::of(&public.build().unwrap());
    let behind_a_proxy = server.request(Method::POST, "/mcp").header("Host", "10.0.0.7");
    assert_eq!(behind_a_proxy.send().await.status, 401);
}

/// Where an application's own CORS middleware stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Theirs {
    None,
    Around,
    Within,
    /// Within, and with a list of its own of what pages may read.
    WithinExposing,
}

#[actix_web::test]
async fn r16_with_actix_cors_around_or_within_nothing_is_doubled_or_lost() {
    let authority = authority();
    let auth = builder(&authority).allow_origin(PAGE).build().unwrap();
    let good = good_token(&authority);
    for theirs in [Theirs::None, Theirs::Around, Theirs::Within, Theirs::WithinExposing] {
        let server = with_cors(&auth, theirs);
        for (method, token, status) in [
            (Method::POST, Some(&*good), 200),
            (Method::POST, Some("bad"), 401),
            (Method::POST, None, 401),
            (Method::GET, Some(&*good), 405),
            (Method::PUT, Some(&*good), 418),
            (Method::DELETE, Some(&*good), 409),
        ] {
            let request = from_page(&server, method.clone());
            let request = token.into_iter().fold(request, Request::bearer);
            let answer = request.send().await;
            assert_eq!(answer.status, status, "{theirs:?} {method}");
            assert_readable(&answer, &format!("{theirs:?} {method} {status}"));
            // Theirs says it again where it was said already; ours does not.
            let varies = list(&answer, "vary").iter().filter(|member| *member == "origin").count();
            assert!(theirs != Theirs::None || varies == 1, "{method}: {:?}", answer.header("vary"));
            if theirs == Theirs::WithinExposing && status != 401 {
                assert!(list(&answer, "access-control-expose-headers").contains(&"x-mine".into()));
            }
        }
        let preflight = preflight(&server).send().await;
        assert!(preflight.status.is_success(), "{theirs:?}");
        assert_eq!(list(&preflight, "access-control-allow-origin"), [PAGE], "{theirs:?}");
        let allowed = list(&preflight, "access-control-allow-headers");
        assert!(allowed.contains(&"authorization".into()), "{theirs:?} {allowed:?}");
    }
}

#[actix_web::test]
async fn r16_an_error_that_a_middleware_returns_can_be_read_by_the_page() {
    async fn refuse(
        mut request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        request.extract::<AuthedUser<String>>().await?;
        next.call(request).await
    }
    async fn taken(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
        Err(ErrorConflict("taken"))
    }
    const RESOURCE: &str = "http://127.0.0.1:8787/returned";
    metrics::rendered();
    let authority = authority();
    let auth = McpAuth::builder(RESOURCE).authkit(authority.issuer()).allow_origin(PAGE);
    let auth = auth.build().unwrap();
    let server = Server::start(move |config| {
        let scope = |path| web::scope(path).default_service(web::to(HttpResponse::Ok));
        config
            .service(scope("/taken").wrap(from_fn(taken)).wrap(auth.middleware()))
            .service(scope("/twice").wrap(from_fn(taken)).wrap(auth.mcp()).wrap(auth.middleware()))
            .service(scope("/nobody").wrap(from_fn(refuse)).wrap(auth.middleware().optional()));
    });
    let token = authority.person_token("user_ada", RESOURCE);
    for path in ["/taken", "/twice"] {
        let ask = || server.request(Method::POST, path).bearer(&token);
        let answer = ask().header("Origin", PAGE).send().await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (409, "taken"), "{path}");
        assert_readable(&answer, path);
        let to_a_program = ask().send().await;
        assert_eq!((to_a_program.status.as_u16(), &*to_a_program.body), (409, "taken"), "{path}");
        assert_eq!(to_a_program.header("access-control-allow-origin"), None, "{path}");
    }
    let answer = server.request(Method::POST, "/nobody").header("Origin", PAGE).send().await;
    assert_eq!(answer.status, 401);
    assert_readable(&answer, "/nobody");
    assert!(answer.challenge().contains("resource_metadata"), "{}", answer.challenge());
    assert_eq!(metrics::decisions(RESOURCE, "refused", "missing_credentials"), 1.0, "told once");
}

/// `/mcp` with a handler for POST and PUT, an error of a middleware for DELETE, and the
/// application's own CORS.
fn with_cors(auth: &McpAuth, theirs: Theirs) -> Server {
    async fn conflict(
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        match *request.method() {
            Method::DELETE => Err(ErrorConflict("taken")),
            _ => next.call(request).await,
        }
    }
    async fn teapot() -> impl Responder {
        HttpResponse::ImATeapot().insert_header(("Vary", "Accept, origin")).finish()
    }
    let auth = auth.clone();
    Server::start(move |config| {
        let cors = || Cors::default().allowed_origin(PAGE).allow_any_method().allow_any_header();
        let mcp = web::resource("/mcp")
            .route(web::post().to(HttpResponse::Ok))
            .route(web::put().to(teapot))
            .wrap(from_fn(conflict));
        match theirs {
            Theirs::None => config.service(mcp.wrap(auth.middleware())),
            Theirs::Around => config.service(mcp.wrap(auth.middleware()).wrap(cors())),
            Theirs::Within => config.service(mcp.wrap(cors()).wrap(auth.middleware())),
            Theirs::WithinExposing => {
                let exposing = cors().expose_headers(["x-mine", "mcp-session-id"]);
                config.service(mcp.wrap(exposing).wrap(auth.middleware()))
            }
        };
    })
}

fn from_page(server: &Server, method: Method) -> Request {
    server.request(method, "/mcp").header("Origin", PAGE)
}

fn preflight(server: &Server) -> Request {
    from_page(server, Method::OPTIONS)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization")
}

/// A page of `PAGE`'s may read this, and what clients need of its headers.
#[track_caller]
fn assert_readable(answer: &Answer, what: &str) {
    assert_eq!(list(answer, "access-control-allow-origin"), [PAGE], "{what}");
    let exposed = list(answer, "access-control-expose-headers");
    for name in ["www-authenticate", "mcp-session-id", "dpop-nonce", "retry-after"] {
        let times = exposed.iter().filter(|exposed| *exposed == name).count();
        assert_eq!(times, 1, "{what}: {name} in {exposed:?}");
    }
    assert!(list(answer, "vary").contains(&"origin".into()), "{what}");
}

/// The members of a header that is a list, in lower case, however many lines it takes.
fn list(answer: &Answer, name: &str) -> Vec<String> {
    let values = answer.headers.get_all(name).map(|value| value.to_str().unwrap());
    values.flat_map(|value| value.split(',')).map(|one| one.trim().to_ascii_lowercase()).collect()
}

#[actix_web::test]
async fn r16_a_page_may_send_further_headers_that_are_configured() {
    let authority = authority();
    let auth = builder(&authority).allow_origin(PAGE).allow_headers(["If-Match", "x-request-id"]);
    // actix-cors within is not asked for preflights.
    let server = with_cors(&auth.build().unwrap(), Theirs::Within);
    let allowed = list(&preflight(&server).send().await, "access-control-allow-headers");
    for name in
        ["authorization", "if-match", "x-request-id", "traceparent", "tracestate", "baggage"]
    {
        assert!(allowed.contains(&name.into()), "{name} in {allowed:?}");
    }
    assert!(!allowed.contains(&"x-other".into()), "{allowed:?}");
}
