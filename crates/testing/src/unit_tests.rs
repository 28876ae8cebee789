//! What a unit test sends: a token of the process's own authority, and a tool call.

use std::sync::OnceLock;

use actix_web::test::TestRequest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::authority::TestAuthority;
use crate::token::authorization;

/// The newest revision of MCP, whose requests need no handshake.
const REVISION: &str = "2026-07-28";

/// The authority of this process, which [`bearer`] signs with. It is started by the first call, and
/// runs until the process ends.
///
/// All tests of a binary share it. A test that rotates keys, stops the authority or moves its clock
/// starts [one of its own](TestAuthority::start).
///
/// # Panics
/// If this process cannot listen on 127.0.0.1.
#[track_caller]
pub fn authority() -> &'static TestAuthority {
    static AUTHORITY: OnceLock<TestAuthority> = OnceLock::new();
    AUTHORITY.get_or_init(|| TestAuthority::start().unwrap_or_else(|error| panic!("{error}")))
}

/// The `Authorization` header of a person's request to a resource, for `insert_header`. The token is
/// an access token of the process's [`authority`] with the scope `openid profile email`; an `McpAuth`
/// whose issuer is `testing::authority().issuer()` verifies it like any other.
///
/// For other scopes or claims, begin with [`TestAuthority::token`] and end with
/// [`TokenBuilder::bearer`](crate::TokenBuilder::bearer).
///
/// ```
/// use actix_web::test::TestRequest;
/// use mcp_auth_testing::{authority, bearer};
///
/// const RESOURCE: &str = "http://127.0.0.1:8080/mcp";
///
/// let request = TestRequest::get().insert_header(bearer("user_ada", RESOURCE));
/// let narrow = authority().token().subject("user_ada").audience(RESOURCE).scope("bookmarks:read");
/// let request = TestRequest::get().insert_header(narrow.bearer());
/// ```
///
/// # Panics
/// As [`authority`].
#[track_caller]
pub fn bearer(person_id: &str, resource: &str) -> (&'static str, String) {
    authorization(&authority().person_token(person_id, resource))
}

/// A request that calls a tool: a POST of `tools/call` with the headers and the `_meta` that MCP
/// 2026-07-28 requires, to `/`. A server without sessions answers it without `initialize`.
///
/// `arguments` is an object, or `null` for none. `Host` is `localhost`, which an endpoint of rmcp
/// accepts for a resource on this machine; for another resource set its own with `insert_header`.
///
/// ```
/// use mcp_auth_testing::{bearer, mcp_call};
/// use serde_json::json;
///
/// let request = mcp_call("add_bookmark", json!({ "url": "https://example.com" }))
///     .uri("/mcp")
///     .insert_header(bearer("user_ada", "http://127.0.0.1:8080/mcp"))
///     .to_request();
/// ```
pub fn mcp_call(tool: &str, arguments: impl Into<Value>) -> TestRequest {
    let mut params = json!({
        "name": tool,
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientInfo": { "name": "unit-test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    });
    match arguments.into() {
        Value::Null => {}
        arguments => params["arguments"] = arguments,
    }
    TestRequest::post()
        .insert_header(("Host", "localhost"))
        .insert_header(("Accept", "application/json, text/event-stream"))
        .insert_header(("MCP-Protocol-Version", REVISION))
        .insert_header(("Mcp-Method", "tools/call"))
        .insert_header(("Mcp-Name", mirrored(tool)))
        .set_json(json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }))
}

/// A name as `Mcp-Name` carries it: what no header may have is encoded, and so is what looks encoded
/// (MCP 2026-07-28, Transports).
fn mirrored(name: &str) -> String {
    let plain = name.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && name.trim() == name
        && !name.starts_with("=?base64?");
    match plain {
        true => name.to_owned(),
        false => format!("=?base64?{}?=", STANDARD.encode(name)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{FromRequest as _, web::Bytes};
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_name_that_no_header_may_have_is_encoded() {
        assert_eq!(mirrored("add_bookmark"), "add_bookmark");
        assert_eq!(mirrored("Hello, \u{4e16}\u{754c}"), "=?base64?SGVsbG8sIOS4lueVjA==?=");
        assert_eq!(mirrored(" padded "), "=?base64?IHBhZGRlZCA=?=");
        assert_eq!(mirrored("=?base64?literal?="), "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
    }

    #[test]
    fn a_call_without_arguments_has_none() {
        for (arguments, expected) in [(Value::Null, None), (json!({"a": 1}), Some(json!({"a": 1})))]
        {
            let (request, mut payload) = mcp_call("whoami", arguments).to_http_parts();
            assert_eq!(request.method(), "POST");
            let body = Bytes::from_request(&request, &mut payload).now_or_never();
            let body = body.expect("the body is there").expect("a body");
            let message: Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(message["params"].get("arguments"), expected.as_ref());
            assert_eq!(message["params"]["name"], "whoami");
        }
    }
}
