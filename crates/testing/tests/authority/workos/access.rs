//! API keys, the rate limit, and faults.

use mcp_auth_testing::{Endpoint, Fault, TestAuthority};
use serde_json::json;

use super::{KEY, call_with, get, start};

const EVENTS: &str = "/events?events=user.deleted";

#[test]
fn without_a_configured_key_there_is_no_api() {
    let authority = TestAuthority::start().unwrap();
    for target in [EVENTS, "/webhook_endpoints", "/user_management/users/user_ada"] {
        assert_eq!(get(&authority, target).status, 404, "{target}");
    }
}

#[test]
fn every_path_needs_the_right_key() {
    let authority = start();
    for (method, path) in [
        ("GET", "/events"),
        ("GET", "/user_management/authkit_oauth_resources"),
        ("POST", "/user_management/authkit_oauth_resources"),
        ("DELETE", "/user_management/authkit_oauth_resources/x"),
        ("GET", "/webhook_endpoints"),
        ("POST", "/webhook_endpoints"),
        ("PATCH", "/webhook_endpoints/x"),
        ("DELETE", "/webhook_endpoints/x"),
        ("GET", "/user_management/users/user_ada"),
        ("DELETE", "/user_management/users/user_ada"),
        ("GET", "/user_management/users/user_ada/authorized_applications"),
        ("DELETE", "/user_management/users/user_ada/authorized_applications/x"),
        ("GET", "/user_management/users/user_ada/sessions"),
        ("POST", "/user_management/sessions/revoke"),
    ] {
        for wrong in ["", "Bearer ", "Bearer sk_test_b", KEY, "Basic c2tfdGVzdF9h"] {
            let answer = call_with(&authority, method, path, wrong, None);
            assert_eq!(answer.status, 401, "{method} {path} {wrong:?}");
            assert_eq!(answer.json(), json!({ "message": "Unauthorized" }));
        }
    }
    assert_eq!(authority.people().len(), 3, "nobody was deleted");
}

#[test]
fn the_rate_limit_counts_calls_with_the_right_key() {
    let authority = start();
    authority.limit_api(2);
    let wrong = call_with(&authority, "GET", EVENTS, "Bearer sk_test_b", None);
    assert_eq!(wrong.status, 401);
    for _ in 0..2 {
        let answer = get(&authority, EVENTS);
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
        assert_eq!(answer.json()["code"], "rate_limit_exceeded");
    }
    assert_eq!(get(&authority, EVENTS).status, 200);
    assert_eq!(authority.requests("/events"), 4, "by path, without the query");
}

#[test]
fn faults_reach_the_api_and_nothing_else() {
    let authority = start();
    authority.inject(Endpoint::WorkOsApi, Fault::Unavailable);
    for target in [EVENTS, "/webhook_endpoints", "/user_management/users/user_ada"] {
        assert_eq!(get(&authority, target).status, 503, "{target}");
    }
    assert_eq!(get(&authority, "/oauth2/jwks").status, 200);
    authority.clear_faults();

    let body = br#"{"message":"Internal Server Error","code":"server_error"}"#.to_vec();
    let fault = Fault::Custom { status: 500, content_type: "application/json".into(), body };
    authority.inject(Endpoint::Path("/events".into()), fault);
    assert_eq!(get(&authority, EVENTS).status, 500);
    assert_eq!(get(&authority, "/webhook_endpoints").status, 200);
}
