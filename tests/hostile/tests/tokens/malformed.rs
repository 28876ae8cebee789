//! No content of a token causes a panic, a hang or a 500 (R11, R23). Each token is signed with the
//! issuer's own key, so that the parser must reject it and not the signature.

use std::time::SystemTime;

use actix_mcp_auth::{
    Resource,
    operation::UnixTime,
    testing::{TestAuthority, TokenBuilder},
};
use hostile::{
    Class,
    Expected::{self, BadToken, Passed},
    Gate, RESOURCE, Server,
    server::builder,
};
use mcp_auth_core::ResourcePolicy;
use serde_json::{Value, json};

/// Both ways in: over HTTP with the usual bound on a token's length and with one as large as
/// actix's own bound on headers, and in process without any.
pub(crate) struct World {
    pub(crate) authority: TestAuthority,
    pub(crate) usual: Server,
    pub(crate) wide: Server,
    unbounded: Gate,
}

/// Below actix's bound on a request's head, 128 KiB.
const WIDE: usize = 120 * 1024;

impl World {
    pub(crate) fn new() -> Self {
        let authority = TestAuthority::start().unwrap();
        let usual = Server::when_ready(&builder(&authority).build().unwrap());
        let wide = Server::when_ready(&builder(&authority).max_token_len(WIDE).build().unwrap());
        let jwks = json!({"keys": [authority.keys().current().public_jwk()]}).to_string();
        let mut policy = ResourcePolicy::new(Resource::parse(RESOURCE).unwrap());
        policy.max_token_len = usize::MAX;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = UnixTime::since_epoch(now);
        let unbounded = Gate::with_policy(authority.issuer(), &jwks, now, policy).unwrap();
        Self { authority, usual, wide, unbounded }
    }

    pub(crate) fn token(&self) -> TokenBuilder {
        self.authority.token().subject("user_ada").audience(RESOURCE)
    }

    /// Good claims as JSON, without the closing brace.
    pub(crate) fn claims(&self) -> String {
        let json = Value::Object(self.token().claims().clone()).to_string();
        json.strip_suffix('}').unwrap().to_owned()
    }

    /// A good header as JSON, without the closing brace.
    fn header(&self) -> String {
        format!(r#"{{"alg":"RS256","kid":"{}""#, self.authority.keys().current().id())
    }

    /// Authenticates in each way. A token that is too long for a server is rejected there in any
    /// case.
    pub(crate) fn ask(&self, class: &mut Class, case: &str, token: &str, expected: Expected) {
        let value = format!("Bearer {token}");
        for (server, most, name) in
            [(&self.usual, 16 * 1024, "usual bound"), (&self.wide, WIDE, "wide bound")]
        {
            if token.len() < WIDE {
                let answer = server.wire().call(value.as_bytes());
                let expected = if token.len() > most { BadToken } else { expected };
                class.answer(format!("{case}, {name}"), &answer, expected);
            }
        }
        let outcome = self.unbounded.ask_and_listen(token);
        class.same(format!("{case}, no bound"), outcome.is_ok(), expected == Passed);
    }
}

#[test]
fn r11_r23_deeply_nested_json_is_rejected_without_a_crash() {
    let world = World::new();
    let mut class = Class::new("deep JSON");
    // 40,000 levels of arrays fill a request's head, and so do 85,000 that are not closed.
    for levels in [10, 100, 126, 127, 128, 1_000, 40_000, 85_000, 100_000] {
        let arrays = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let objects = format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        let unclosed = "[".repeat(levels);
        for (what, value, closed) in
            [("arrays", arrays, true), ("objects", objects, true), ("unclosed", unclosed, false)]
        {
            // serde_json reads 127 levels, the outermost object being one of them.
            let readable = closed && levels < 127;
            let case = |place: &str| format!("{levels} {what} {place}");
            for (claim, may_be) in [("x", true), ("aud", false), ("act", what == "objects")] {
                let mut claims = world.token().claims().clone();
                claims.remove(claim);
                let rest = Value::Object(claims).to_string();
                let payload = format!("{{\"{claim}\":{value},{}", &rest[1..]);
                let token = world.token().payload_bytes(payload).sign();
                let expected = if readable && may_be { Passed } else { BadToken };
                world.ask(&mut class, &case(&format!("in {claim}")), &token, expected);
            }
            let header = format!("{},\"x\":{value}}}", world.header());
            let token = world.token().header_bytes(header).sign();
            let expected = if readable { Passed } else { BadToken };
            world.ask(&mut class, &case("in the header"), &token, expected);
            let alone = world.token().payload_bytes(value).sign();
            world.ask(&mut class, &case("as the payload"), &alone, BadToken);
        }
    }
    class.done();
}

#[test]
fn r11_r23_documents_that_are_not_quite_json_are_refused() {
    let world = World::new();
    let mut class = Class::new("JSON, nearly");
    let utf16 = |text: &str, little: bool| -> Vec<u8> {
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    };
    for (part, open) in [("payload", world.claims()), ("header", world.header())] {
        let whole = format!("{open}}}");
        let with = |member: &str| format!("{open},{member}}}").into_bytes();
        let text = |text: String| text.into_bytes();
        let cases: Vec<(&str, Vec<u8>, Expected)> = vec![
            ("as it should be", text(whole.clone()), Passed),
            ("white space", text(format!(" \t\r\n{whole} \t\r\n")), Passed),
            ("nothing", Vec::new(), BadToken),
            ("a space", text(" ".into()), BadToken),
            ("null", text("null".into()), BadToken),
            ("true", text("true".into()), BadToken),
            ("a number", text("1".into()), BadToken),
            ("a string", text(json!(whole).to_string()), BadToken),
            ("an array", text("[]".into()), BadToken),
            ("an array of it", text(format!("[{whole}]")), BadToken),
            ("an empty object", text("{}".into()), BadToken),
            ("not closed", text(open.clone()), BadToken),
            ("closed twice", text(format!("{whole}}}")), BadToken),
            ("twice", text(format!("{whole}{whole}")), BadToken),
            ("twice with a space", text(format!("{whole} {whole}")), BadToken),
            ("a word behind it", text(format!("{whole}x")), BadToken),
            ("a NUL behind it", text(format!("{whole}\0")), BadToken),
            ("a NUL before it", text(format!("\0{whole}")), BadToken),
            ("a NUL within it", text(format!("{open}\0}}")), BadToken),
            ("a byte order mark", text(format!("\u{feff}{whole}")), BadToken),
            ("a vertical tab", text(format!("\u{b}{whole}")), BadToken),
            ("a no-break space", text(format!("\u{a0}{whole}")), BadToken),
            ("a trailing comma", text(format!("{open},}}")), BadToken),
            ("two commas", with(r#","x":1"#), BadToken),
            ("a comment", text(format!("/* x */{whole}")), BadToken),
            ("a comment at the end", text(format!("{whole}//")), BadToken),
            ("single quotes", with("'x':1"), BadToken),
            ("a bare name", with("x:1"), BadToken),
            ("no value", with(r#""x":"#), BadToken),
            ("a number as a name", with("1:1"), BadToken),
            ("undefined", with(r#""x":undefined"#), BadToken),
            ("UTF-16, little-endian", utf16(&whole, true), BadToken),
            ("UTF-16, big-endian", utf16(&whole, false), BadToken),
            ("UTF-16 with a mark", utf16(&format!("\u{feff}{whole}"), true), BadToken),
            ("UTF-32", whole.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), BadToken),
            ("base64 of it", text(hostile::forge::encode(whole.as_bytes())), BadToken),
            ("XML", text("<claims/>".into()), BadToken),
            ("CBOR", vec![0xa1, 0x61, 0x61, 0x01], BadToken),
            // Strings.
            ("an escaped surrogate pair", with(r#""x":"\ud834\udd1e""#), Passed),
            ("an escaped NUL", with(r#""x":"\u0000""#), Passed),
            ("a lone high surrogate", with(r#""x":"\ud800""#), BadToken),
            ("a lone low surrogate", with(r#""x":"\udc00""#), BadToken),
            ("surrogates in the wrong order", with(r#""x":"\udd1e\ud834""#), BadToken),
            ("a lone surrogate in a name", with(r#""\ud800":1"#), BadToken),
            ("a raw newline in a string", with("\"x\":\"a\nb\""), BadToken),
            ("a raw NUL in a string", with("\"x\":\"a\0b\""), BadToken),
            ("an unknown escape", with(r#""x":"\x41""#), BadToken),
            ("half an escape", with(r#""x":"\u00""#), BadToken),
            ("a string without an end", with(r#""x":"a"#), BadToken),
            // Unexpected numbers.
            ("1e400", with(r#""x":1e400"#), BadToken),
            ("-1e400", with(r#""x":-1e400"#), BadToken),
            ("2^64", with(r#""x":18446744073709551616"#), Passed),
            ("-0", with(r#""x":-0"#), Passed),
            ("1e-400", with(r#""x":1e-400"#), Passed),
            ("a long fraction", with(&format!(r#""x":0.{}"#, "3".repeat(5_000))), Passed),
            ("a long number", with(&format!(r#""x":{}"#, "9".repeat(5_000))), BadToken),
            ("a leading zero", with(r#""x":01"#), BadToken),
            ("hexadecimal", with(r#""x":0x1"#), BadToken),
            // Names.
            ("an empty name", with(r#""":1"#), Passed),
            ("a name of a prototype", with(r#""__proto__":{"admin":true}"#), Passed),
            ("a name twice", with(r#""x":1,"x":1"#), BadToken),
            ("a name twice, once in escapes", with(r#""x":1,"\u0078":1"#), BadToken),
            ("a name twice, three levels down", with(r#""x":{"y":[{"z":1,"z":2}]}"#), BadToken),
            ("a name twice in escapes, deep", with(r#""x":[[{"z":1,"\u007a":2}]]"#), BadToken),
            ("an empty name twice", with(r#""":1,"":2"#), BadToken),
            ("names that differ in case", with(r#""x":1,"X":2"#), Passed),
            ("the same name at two levels", with(r#""x":{"x":{"x":1}}"#), Passed),
        ];
        for (what, bytes, expected) in cases {
            let token = match part {
                "payload" => world.token().payload_bytes(bytes),
                _ => world.token().header_bytes(bytes),
            };
            world.ask(&mut class, &format!("{part}: {what}"), &token.sign(), expected);
        }
        // Bytes that are no UTF-8, in a value, in a name, and outside of both.
        for bad in [
            &b"\xff"[..],
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xc3",
            b"\x80",
            b"\xf8\x88\x80\x80\x80",
        ] {
            for (before, after) in [(",\"x\":\"", "\"}"), (",\"", "\":1}"), ("}", "")] {
                let bytes = [open.as_bytes(), before.as_bytes(), bad, after.as_bytes()].concat();
                let token = match part {
                    "payload" => world.token().payload_bytes(bytes),
                    _ => world.token().header_bytes(bytes),
                };
                let case = format!("{part}: bytes {bad:x?} between {before:?} and {after:?}");
                world.ask(&mut class, &case, &token.sign(), BadToken);
            }
        }
    }
    class.done();
}

/// Parsers differ in which of two duplicate members they use, so the token is rejected.
#[test]
fn r17_r23_registered_members_stand_once() {
    let world = World::new();
    let mut class = Class::new("members twice");
    let escaped = |name: &str| format!("\\u{:04x}{}", u32::from(name.as_bytes()[0]), &name[1..]);
    let claims = world.token().claims().clone();
    for (name, value) in &claims {
        for second in [value.clone(), json!(null), json!("other"), json!(7)] {
            for name in [name.clone(), escaped(name)] {
                let payload = format!("{},\"{name}\":{second}}}", world.claims());
                let token = world.token().payload_bytes(payload).sign();
                world.ask(&mut class, &format!("claim {name} again: {second}"), &token, BadToken);
            }
        }
    }
    for (name, second) in [
        ("alg", json!("RS256")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("kid", json!(world.authority.keys().current().id())),
        ("kid", json!("other")),
    ] {
        for name in [name.to_owned(), escaped(name)] {
            for header in [
                format!("{},\"{name}\":{second}}}", world.header()),
                format!("{{\"{name}\":{second},{}}}", &world.header()[1..]),
            ] {
                let token = world.token().header_bytes(header).sign();
                world.ask(&mut class, &format!("header {name} twice: {second}"), &token, BadToken);
            }
        }
    }
    class.done();
}
