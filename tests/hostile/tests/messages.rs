//! Hostile messages: a message that another parser could read as a refused call is rejected, for
//! every member that the rules depend on and every method that names something.
#![allow(clippy::unwrap_used)]

use actix_mcp_auth::{mcp::ToolRules, testing::TestAuthority};
use actix_web::{http::Method, web};
use hostile::{
    Answer, Class,
    Expected::{Passed, Refused},
    RESOURCE, Server,
    server::{builder, wait_until_ready},
};

/// For each method that names something: a valid message, and the members that the rules depend on.
const MESSAGES: [(&str, &[&str]); 6] = [
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}}"#,
        &["method", "params", "id", "name"],
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"open"}}"#,
        &["method", "params", "name"],
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"open://a"}}"#,
        &["method", "params", "uri"],
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"open://a"}}"#,
        &["method", "params", "uri"],
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["open://a"]}}}"#,
        &["method", "params", "notifications", "resourceSubscriptions"],
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"open://{a}"}}}"#,
        &["method", "params", "ref", "type", "uri"],
    ),
];

/// Replacements of a letter that are the same letter for some parsers: by case, by Unicode's
/// folding, or by a language's upper case.
const LOOKALIKES: [(char, &[&str]); 4] = [
    ('s', &["\u{17f}", "\\u017f", "\\u017F"]),
    ('k', &["\u{212a}"]),
    ('i', &["\u{131}", "\u{130}"]),
    ('e', &["\u{e9}", "\u{435}"]),
];

/// What is appended to a name, and ignored by some parsers.
const ENDINGS: [&str; 7] =
    ["\\u0000", "\\u0000x", "\\u0001", "\\n", "\\u007f", "\u{feff}", "\\u200b"];

struct Ruled {
    server: Server,
    token: String,
}

impl Ruled {
    fn start() -> Self {
        let authority = TestAuthority::start().unwrap();
        let auth = builder(&authority).build().unwrap();
        wait_until_ready(&auth);
        let rules = ToolRules::new()
            .tool("secret")
            .refused()
            .prompt("secret")
            .refused()
            .resource("secret://vault/keys")
            .refused()
            .resource("https://example.com")
            .refused()
            .resource("files://get?path=/etc/keys")
            .refused()
            .resource("notes://Ada/1")
            .refused();
        let mcp = auth.mcp().rules(rules).unwrap();
        let server = Server::start(move |config| {
            let handler = web::post().to(|| async { "reached" });
            config.service(web::resource("/mcp").wrap(mcp.clone()).route(handler));
        });
        let token = authority.token().subject("user_ada").audience(RESOURCE).sign();
        Self { server, token }
    }

    async fn post(&self, body: &str) -> Answer {
        let request = self.server.request(Method::POST, "/mcp").bearer(&self.token);
        request.send_body(body.to_owned()).await
    }
}

/// Other names that a parser may take for this one.
fn lookalikes(name: &str) -> Vec<String> {
    let mut all = vec![name.to_ascii_uppercase()];
    for (at, letter) in name.char_indices() {
        let (before, after) = (&name[..at], &name[at + 1..]);
        let mut replace = |by: &str| all.push(format!("{before}{by}{after}"));
        let other_case = if letter.is_ascii_lowercase() {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        };
        replace(&other_case.to_string());
        for (_, by) in LOOKALIKES.iter().filter(|(of, _)| letter.eq_ignore_ascii_case(of)) {
            by.iter().for_each(|by| replace(by));
        }
    }
    all.extend(ENDINGS.map(|ending| format!("{name}{ending}")));
    all
}

#[actix_web::test]
async fn r30_members_that_resemble_one_that_decides_are_refused() {
    let ruled = Ruled::start();
    let mut class = Class::new("messages: members that resemble");
    for (good, members) in MESSAGES {
        class.answer(good, &ruled.post(good).await, Passed);
        for member in members {
            let quoted = format!("\"{member}\":");
            for lookalike in lookalikes(member) {
                // Instead of it, before it with another value, and twice.
                for by in [
                    format!("\"{lookalike}\":"),
                    format!("\"{lookalike}\":\"secret\",{quoted}"),
                    format!("\"{lookalike}\":{{\"name\":\"secret\"}},{quoted}"),
                ] {
                    let body = good.replace(&quoted, &by);
                    class.answer(&body, &ruled.post(&body).await, Refused);
                }
            }
            let body = good.replace(&quoted, &format!("{quoted}\"secret\",{quoted}"));
            class.answer(&body, &ruled.post(&body).await, Refused);
        }
    }
    class.done();
}

#[actix_web::test]
async fn r30_values_that_a_server_may_strip_or_cut_are_refused() {
    let ruled = Ruled::start();
    let mut class = Class::new("messages: values to strip or cut");
    for odd in [
        " ", "\\t", "\\n", "\\r", "\\u000b", "\\u000c", "\\u0000", "\\u001f", "\\u007f", "\\u0085",
        "\u{a0}", "\u{1680}", "\u{2003}", "\u{2028}", "\u{2029}", "\u{202f}", "\u{3000}",
        "\u{feff}", "\u{200b}", "\u{180e}",
    ] {
        for name in [format!("{odd}secret"), format!("secret{odd}")] {
            for body in [
                format!(r#"{{"id":1,"method":"tools/call","params":{{"name":"{name}"}}}}"#),
                format!(r#"{{"id":1,"method":"prompts/get","params":{{"name":"{name}"}}}}"#),
                format!(
                    r#"{{"id":1,"method":"completion/complete","params":{{"ref":{{"type":"ref/prompt","name":"{name}"}}}}}}"#
                ),
                format!(r#"{{"id":1,"method":"{}"}}"#, name.replace("secret", "tools/call")),
            ] {
                class.answer(&body, &ruled.post(&body).await, Refused);
            }
        }
    }
    class.done();
}

#[actix_web::test]
async fn r30_spellings_of_a_ruled_resource_are_refused() {
    let ruled = Ruled::start();
    let mut class = Class::new("messages: spellings of a resource");
    let mut spellings: Vec<String> = vec![
        " secret://vault/keys".into(),
        "secret://vault/keys ".into(),
        "secret:\\/\\/vault/keys".into(),
        "secret://vault/./keys".into(),
        "secret://vault/x/../keys".into(),
        "secret://vault/../keys".into(),
        "secret://vault//keys".into(),
        "secret://vault/x//../keys".into(),
        "secret://vault/x/%2e%2e/keys".into(),
        "secret://vault/x/.%2E/keys".into(),
        "secret://vault/x%2F..%2Fkeys".into(),
        "secret://vault/%2Fkeys".into(),
        "secret://vault/x\\\\..\\\\keys".into(),
        "secret://vault/keys#".into(),
        "secret://vault/keys#part".into(),
        "secret://vault/keys?".into(),
        "secret://vault/keys?#".into(),
        "secret://@vault/keys".into(),
        "secret://eve@vault/keys".into(),
        "secret://eve:pass@vault/keys".into(),
        "secret://vault:/keys".into(),
        "secret://VAULT/keys".into(),
        "secret://Vault/keys".into(),
        "sec\\tret://vault/keys".into(),
        "secret://vault/ke\\nys".into(),
        "https://example.com".into(),
        "https://example.com/".into(),
        "https://example.com:443".into(),
        "https://EXAMPLE.com/".into(),
        "https://eve@example.com/".into(),
        "https:example.com".into(),
        "https:/example.com".into(),
        "https:\\\\\\\\example.com".into(),
        "https://example.com/#".into(),
        "https://example.com/x/..".into(),
        "https://ex\u{ad}ample.com/".into(),
        "https://\u{ff45}xample.com/".into(),
        "files://get?path=/etc/keys".into(),
        "files://get?path=%2Fetc%2Fkeys".into(),
        "files://get?path=/etc%2Fkeys#".into(),
        "notes://Ada/1".into(),
        "notes://ada/1".into(),
        "notes://ADA/1".into(),
        "notes://eve@aDa/1".into(),
    ];
    let ruled_uri = "secret://vault/keys";
    for (at, byte) in ruled_uri.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_alphabetic()) {
        let (before, after) = (&ruled_uri[..at], &ruled_uri[at + 1..]);
        // Letters of the scheme and the host in upper case, and letters of the path encoded.
        match at < "secret://vault".len() {
            true => spellings.push(format!("{before}{}{after}", byte.to_ascii_uppercase() as char)),
            false => {
                spellings.push(format!("{before}%{byte:02X}{after}"));
                spellings.push(format!("{before}%{byte:02x}{after}"));
            }
        }
    }
    for uri in spellings {
        for body in [
            format!(r#"{{"id":1,"method":"resources/read","params":{{"uri":"{uri}"}}}}"#),
            format!(r#"{{"id":1,"method":"resources/subscribe","params":{{"uri":"{uri}"}}}}"#),
            format!(
                r#"{{"id":1,"method":"subscriptions/listen","params":{{"notifications":{{"resourceSubscriptions":["open://a","{uri}"]}}}}}}"#
            ),
            format!(
                r#"{{"id":1,"method":"completion/complete","params":{{"ref":{{"type":"ref/resource","uri":"{uri}"}}}}}}"#
            ),
        ] {
            class.answer(&body, &ruled.post(&body).await, Refused);
        }
    }
    class.done();
}
