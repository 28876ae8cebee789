//! Web pages that call.

use actix_web::http::Method;

use crate::support::{Server, authority, builder, good_token};

#[actix_web::test]
async fn r10_a_preflight_is_answered_by_the_middleware() {
    let authority = authority();
    let auth = builder(&authority).allow_origin("https://chat.example.com").build().unwrap();
    let server = Server::of(&auth);
    let answer = server
        .request(Method::OPTIONS, "/mcp")
        .header("Origin", "https://chat.example.com")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization, mcp-param-city")
        .send()
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://chat.example.com"));
    let allowed = answer.header("access-control-allow-headers").unwrap();
    for name in ["Authorization", "MCP-Protocol-Version", "Mcp-Method", "mcp-param-city"] {
        assert!(allowed.contains(name), "{name} in {allowed}");
    }
    assert!(answer.header("vary").unwrap().contains("Origin"));
}

#[actix_web::test]
async fn r16_a_page_that_may_call_can_read_every_answer() {
    let authority = authority();
    let auth = builder(&authority).allow_origin("https://chat.example.com").build().unwrap();
    let server = Server::of(&auth);
    let from_page =
        || server.request(Method::POST, "/mcp").header("Origin", "https://chat.example.com");
    let good = from_page().bearer(&good_token(&authority)).send().await;
    let bad = from_page().bearer("bad").send().await;
    assert_eq!((good.status.as_u16(), bad.status.as_u16()), (200, 401));
    for answer in [good, bad] {
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://chat.example.com"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("WWW-Authenticate") && exposed.contains("Mcp-Session-Id"));
        assert_eq!(answer.header("vary"), Some("Origin"));
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
