//! Other spellings of a path are no resource.

use actix_web::{http::Method, web};

use super::{Below, METADATA, PUBLIC, whoami};
use crate::support::{Server, authority, builder};

/// Behind `/mcp`: what servers, proxies and routers may take for `/acme`, `/other` or `/acme/shop`.
const SPELLINGS: [&str; 34] = [
    "//acme",
    "/acme//",
    "/acme//shop",
    "//",
    "/%61cme",
    "/%61%63%6d%65",
    "/%61%63%6D%65",
    "/acme%2Fshop",
    "/acme%2fshop",
    "/%2Facme",
    "%2Facme",
    "%2facme",
    "/acme%2F",
    "/acme/.",
    "/./acme",
    "/other/../acme",
    "/acme/..",
    "/acme/../other",
    "/%2e/acme",
    "/%2E/acme",
    "/other/%2e%2e/acme",
    "/other/%2E%2E/acme",
    "/other/.%2e/acme",
    "/other/%252e%252e/acme",
    "/acme;v=1",
    "/acme;",
    "/;/acme",
    "/acme%3Bv=1",
    "/acme%00",
    "/acme%20",
    "/acme%3F",
    "/acme+",
    "/acme:1",
    "/acme@evil",
];

#[actix_web::test]
async fn r19_another_spelling_of_a_path_is_404_and_no_tenant_s() {
    let below = Below::start();
    // As far as any routing may let through: the middleware around everything.
    let auth = below.auth.clone();
    let around = Server::start(move |config| {
        let all = web::scope("").wrap(auth.middleware());
        config.service(all.default_service(web::to(whoami)));
    });
    let client = awc::Client::builder().disable_redirects().finish();
    let request = |server: &Server, method, path: &str| server.request_by(&client, method, path);
    let audiences = ["/mcp", "/mcp/acme", "/mcp/other", "/mcp/acme/shop"];
    let mut tokens: Vec<String> = audiences.map(|path| below.token(&[path])).into();
    tokens.push(below.token(&audiences));
    for spelling in SPELLINGS {
        let path = format!("/mcp{spelling}");
        // Not even where a token names that very spelling.
        let itself = below.token(&[&path]);
        for token in tokens.iter().chain([&itself]) {
            let inner = request(&below.server, Method::POST, &path).bearer(token).send().await;
            assert!(
                inner.status == 404 || inner.body == "a page for everything",
                "{path}: {inner:?}"
            );
            let outer = request(&around, Method::POST, &path).bearer(token).send().await;
            assert_eq!(outer.status, 404, "{path}: {outer:?}");
            assert!(outer.header("www-authenticate").is_none(), "{path}");
        }
        for server in [&below.server, &around] {
            let document = request(server, Method::GET, &format!("{METADATA}{path}")).send().await;
            assert!(!document.body.contains("\"resource\""), "{path}: {document:?}");
            let appended = request(server, Method::GET, &format!("{path}{METADATA}")).send().await;
            assert!(!appended.body.contains("\"resource\""), "{path}: {appended:?}");
        }
        let document = below.server.get(&format!("{METADATA}{path}")).send().await;
        match spelling.starts_with('/') {
            true => assert_eq!(document.status, 404, "{path}: {document:?}"),
            // `/mcp%2Facme` is a path beside `/mcp`, and the application's own.
            false => assert_eq!(document.body, "a page for everything"),
        }
    }
    for (path, token) in audiences.iter().zip(&tokens) {
        assert!(below.is_let_in(path, token).await, "{path} itself is good");
    }
}

/// Outside of the resource's path, whatever the routing makes of it.
#[actix_web::test]
async fn r19_a_path_outside_of_the_resource_is_404() {
    let authority = authority();
    let auth = builder(&authority).resources_below().build().unwrap();
    let server = Server::start(move |config| {
        let all = web::scope("").wrap(auth.middleware());
        config.service(all.default_service(web::to(whoami)));
    });
    for path in
        ["/", "//mcp/acme", "/%6dcp/acme", "/MCP/acme", "/mcpx", "/mcpx/acme", "/x/mcp/acme", "/mc"]
    {
        for audience in ["/mcp", "/mcp/acme", path] {
            let token = authority.person_token("user_ada", &format!("{PUBLIC}{audience}"));
            let answer = server.request(Method::POST, path).bearer(&token).send().await;
            assert_eq!(answer.status, 404, "{path} with {audience}: {answer:?}");
        }
    }
    // Segments are few and short.
    let (few, many) = ("/s".repeat(8), "/s".repeat(9));
    let (short, long) = (format!("/{}", "a".repeat(128)), format!("/{}", "a".repeat(129)));
    for (rest, status) in [(&few, 200), (&many, 404), (&short, 200), (&long, 404)] {
        let path = format!("/mcp{rest}");
        let token = authority.person_token("user_ada", &format!("{PUBLIC}{path}"));
        let answer = server.request(Method::POST, &path).bearer(&token).send().await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        let document = server.get(&format!("{METADATA}{path}")).send().await;
        assert_eq!(document.status, status, "{path}");
    }
}
