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
    let server = Server::of(&builder(&authority).build().unwrap());
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
