//! R7 and R8: what counts as credentials, byte by byte.

use actix_mcp_auth::testing::TestAuthority;
use hostile::{
    Class,
    Expected::{BadRequest, BadToken, NoCredentials, Passed, Refused},
    RESOURCE, Server,
    server::builder,
};

#[actix_web::test]
async fn r07_r11_the_authorization_header_is_read_to_the_byte() {
    let authority = TestAuthority::start().unwrap();
    let server = Server::when_ready(&builder(&authority).build().unwrap());
    let token = authority.person_token("user_ada", RESOURCE);
    let other = authority.person_token("user_alan", RESOURCE);
    let mut class = Class::new("credentials");
    let mut wire = server.wire();
    for (what, value, expected) in [
        ("as it should be", format!("Bearer {token}"), Passed),
        ("in lower case", format!("bearer {token}"), Passed),
        ("in upper case", format!("BEARER {token}"), Passed),
        ("in mixed case", format!("bEaReR {token}"), Passed),
        ("several spaces", format!("Bearer    {token}"), Passed),
        ("white space around", format!(" \t Bearer {token} \t "), Passed),
        ("another scheme", "Basic dTpw".into(), NoCredentials),
        ("a scheme that begins the same", format!("Bearers {token}"), NoCredentials),
        ("a scheme that ends the same", format!("XBearer {token}"), NoCredentials),
        ("a token without a scheme", token.clone(), NoCredentials),
        ("a colon", format!("Bearer:{token}"), NoCredentials),
        ("an equals sign", format!("Bearer={token}"), NoCredentials),
        ("no space at all", format!("Bearer{token}"), NoCredentials),
        ("DPoP", format!("DPoP {token}"), NoCredentials),
        ("an empty value", String::new(), NoCredentials),
        ("nothing behind the scheme", "Bearer".into(), BadRequest),
        ("white space behind the scheme", "Bearer \t ".into(), BadRequest),
        ("two tokens with a comma", format!("Bearer {token}, Bearer {other}"), BadToken),
        ("two tokens without a space", format!("Bearer {token},{other}"), BadToken),
        ("two tokens with a space", format!("Bearer {token} {other}"), BadToken),
        ("another scheme behind", format!("Bearer {token}, Basic dTpw"), BadToken),
        ("another scheme before", format!("Basic dTpw, Bearer {token}"), NoCredentials),
        ("the scheme twice", format!("Bearer Bearer {token}"), BadToken),
        ("in quotes", format!("Bearer \"{token}\""), BadToken),
        ("as a parameter", format!("Bearer token={token}"), BadToken),
        ("percent-encoded", format!("Bearer {}", token.replace('.', "%2E")), BadToken),
    ] {
        class.answer(what, &wire.call(value.as_bytes()), expected);
    }
    for (what, bytes, expected) in [
        ("a tab behind the scheme", [b"Bearer\t", token.as_bytes()].concat(), NoCredentials),
        ("latin-1", [b"Bearer ", token.as_bytes(), b"\xe9"].concat(), BadToken),
        ("bytes that are no UTF-8", [b"Bearer \xff\xfe", token.as_bytes()].concat(), BadToken),
        ("a NUL", [b"Bearer ", token.as_bytes(), b"\0"].concat(), Refused),
        ("a folded line", [b"Bearer\r\n ", token.as_bytes()].concat(), Refused),
        ("a bare carriage return", [b"Bearer \r", token.as_bytes()].concat(), Refused),
    ] {
        class.answer(what, &wire.call(&bytes), expected);
    }
    let bearer = format!("Bearer {token}");
    for (what, first, second) in [
        ("the same header twice", bearer.as_str(), bearer.as_str()),
        ("another token second", &bearer, "Bearer x"),
        ("another scheme first", "Basic dTpw", &bearer),
        ("another scheme second", &bearer, "Basic dTpw"),
        ("nothing first", "", &bearer),
        ("nothing second", &bearer, ""),
    ] {
        for (one, two) in [("Authorization", "Authorization"), ("authorization", "AUTHORIZATION")] {
            let headers = [(one, first.as_bytes()), (two, second.as_bytes())];
            class.answer(format!("{what} ({two})"), &wire.post(&headers), BadRequest);
        }
    }
    class.done();
}

/// `CONNECT` is left out: it has no path, so it requests no resource.
const METHODS: [&str; 12] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "QUERY",
    "PROPFIND",
    "PRI",
    "X-ANYTHING",
];

#[test]
fn r08_r10_every_method_is_authenticated_by_a_token_only() {
    let authority = TestAuthority::start().unwrap();
    let server = Server::when_ready(&builder(&authority).build().unwrap());
    let token = format!("Bearer {}", authority.person_token("user_ada", RESOURCE));
    let expired = authority.token().subject("user_ada").audience(RESOURCE);
    let expired = expired.expired_for(std::time::Duration::from_secs(3600));
    let expired = format!("Bearer {}", expired.sign());
    let mut class = Class::new("methods");
    let mut wire = server.wire();
    for method in METHODS {
        let answer = wire.request(method, &[]);
        class.answer(format!("{method} with nothing"), &answer, NoCredentials);
        for (name, value) in [
            ("Mcp-Session-Id", "session-of-ada"),
            ("Mcp-Method", "server/discover"),
            ("Mcp-Method", "initialize"),
            ("Last-Event-ID", "1"),
            ("Cookie", "session=ada"),
            ("X-Forwarded-User", "user_ada"),
            ("X-Original-Method", "OPTIONS"),
            ("X-HTTP-Method-Override", "OPTIONS"),
            ("Upgrade", "websocket"),
        ] {
            let answer = wire.request(method, &[(name, value.as_bytes())]);
            class.answer(format!("{method} with {name}: {value}"), &answer, NoCredentials);
        }
        let answer = wire.request(method, &[("Authorization", expired.as_bytes())]);
        class.answer(format!("{method} with an expired token"), &answer, BadToken);
        // POST has a handler; other methods get 405 only after authentication.
        let answer = wire.request(method, &[("Authorization", token.as_bytes())]);
        let expected = if method == "POST" { 200 } else { 405 };
        class.same(format!("{method} with a good token"), answer.status, expected);
    }
    class.done();
}

/// R7 forbids to read tokens there, and R9 to show them.
#[test]
fn r07_r09_tokens_outside_the_header_are_ignored_and_not_shown() {
    let authority = TestAuthority::start().unwrap();
    let server = Server::when_ready(&builder(&authority).build().unwrap());
    let token = authority.person_token("user_ada", RESOURCE);
    let mut class = Class::new("tokens elsewhere");
    let bearer = format!("Bearer {token}");
    for name in [
        "Proxy-Authorization",
        "X-Authorization",
        "X-Access-Token",
        "Access-Token",
        "Token",
        "Authorization2",
        "WWW-Authenticate",
        "DPoP",
        "Mcp-Session-Id",
        "Mcp-Param-Authorization",
    ] {
        for value in [&token, &bearer] {
            let answer = server.wire().post(&[(name, value.as_bytes())]);
            class.answer(format!("in {name}"), &answer, NoCredentials);
        }
    }
    let form = format!("access_token={token}");
    let multipart = format!(
        "--b\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\n{token}\r\n--b--\r\n"
    );
    let json = format!("{{\"access_token\":\"{token}\"}}");
    for (what, path, headers, body) in [
        ("in the query", format!("/mcp?access_token={token}"), String::new(), ""),
        (
            "in the query, with the scheme",
            format!("/mcp?authorization=Bearer%20{token}"),
            String::new(),
            "",
        ),
        ("in a cookie", "/mcp".into(), format!("Cookie: access_token={token}\r\n"), ""),
        (
            "in a form",
            "/mcp".into(),
            "Content-Type: application/x-www-form-urlencoded\r\n".into(),
            &*form,
        ),
        (
            "in a multipart form",
            "/mcp".into(),
            "Content-Type: multipart/form-data; boundary=b\r\n".into(),
            &*multipart,
        ),
        ("in JSON", "/mcp".into(), "Content-Type: application/json\r\n".into(), &*json),
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = server.wire().send(request.as_bytes()).judged(token.as_bytes());
        class.answer(what, &answer, NoCredentials);
    }
    // With a valid header they are ignored too.
    let request = format!(
        "POST /mcp?access_token=x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {bearer}\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let answer = server.wire().send(request.as_bytes()).judged(token.as_bytes());
    class.answer("beside a good one", &answer, Passed);
    class.done();
}
