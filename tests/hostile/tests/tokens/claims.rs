//! R18 and R19, claim by claim and over HTTP: each token is valid except for one thing.

use actix_mcp_auth::{Issuer, McpAuth, issuer::AudiencePolicy, testing::TestAuthority};
use hostile::{
    Class,
    Expected::{self, BadToken, Passed},
    RESOURCE, Server, builder_for,
    server::builder,
};
use serde_json::{Value, json};

/// An issuer, and a server that gets its tokens.
pub(crate) struct World {
    pub(crate) authority: TestAuthority,
    server: Server,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|authority| builder(authority).build().unwrap())
    }

    pub(crate) fn with(auth: impl Fn(&TestAuthority) -> McpAuth) -> Self {
        let authority = TestAuthority::start().unwrap();
        let server = Server::when_ready(&auth(&authority));
        Self { authority, server }
    }

    /// Calls with a token whose claim has this value; with `None`, without the claim.
    pub(crate) fn ask(
        &self,
        class: &mut Class,
        claim: &str,
        value: Option<Value>,
        expected: Expected,
    ) {
        let token = self.authority.token().subject("user_ada").audience(RESOURCE);
        let case = match &value {
            Some(value) => format!("{claim}: {}", shortened(&value.to_string())),
            None => format!("no {claim}"),
        };
        let token = match value {
            Some(value) => token.claim(claim, value),
            None => token.without(claim),
        };
        self.call(class, case, &token.sign(), expected);
    }

    /// Calls with a token whose payload has this text as the claim's value.
    pub(crate) fn ask_raw(&self, class: &mut Class, claim: &str, value: &str, expected: Expected) {
        let token = self.authority.token().subject("user_ada").audience(RESOURCE);
        let mut claims = token.claims().clone();
        claims.remove(claim);
        let rest = Value::Object(claims).to_string();
        let payload = format!("{{\"{claim}\":{value},{}", &rest[1..]);
        let token = token.payload_bytes(payload).sign();
        self.call(class, format!("{claim}: {}", shortened(value)), &token, expected);
    }

    pub(crate) fn call(&self, class: &mut Class, case: String, token: &str, expected: Expected) {
        class.answer(
            case,
            &self.server.wire().call(format!("Bearer {token}").as_bytes()),
            expected,
        );
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// URLs that resemble the correct one.
fn lookalikes(url: &str) -> Vec<String> {
    let (scheme, rest) = url.split_once("://").unwrap();
    let half = url.len() / 2;
    vec![
        format!("{url}/"),
        format!("{url}//"),
        format!("{url}/."),
        format!("{url}?"),
        format!("{url}#"),
        format!("{url}?a=b"),
        format!("{url} "),
        format!(" {url}"),
        format!("{url}\n"),
        format!("{url}\0"),
        format!("\u{feff}{url}"),
        format!("{url}\u{200b}"),
        format!("{url}.evil.example"),
        format!("{url},https://evil.example"),
        format!("{url} https://evil.example"),
        format!("https://evil.example/{url}"),
        format!("https://evil.example#{url}"),
        format!("{scheme}://user@{rest}"),
        format!("{}://{rest}", scheme.to_uppercase()),
        format!("{scheme}s://{rest}"),
        format!("//{rest}"),
        rest.to_owned(),
        url.replace("127.0.0.1", "localhost"),
        url.replace("127.0.0.1", "127.1"),
        url.replace("127.0.0.1", "127.0.0.1."),
        url.replace("127.0.0.1", "127。0。0。1"),
        url.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
        url.replace("127.0.0.1", "%3127.0.0.1"),
        url.replace(':', "%3A"),
        url.replace('/', "\\"),
        url.replace('1', "１"),
        url[..url.len() - 1].to_owned(),
        url[1..].to_owned(),
        url[..half].to_owned(),
        format!("{url}{url}"),
        url.chars().rev().collect(),
        String::new(),
    ]
}

/// Values that are no string.
fn no_strings(text: &str) -> Vec<Value> {
    vec![json!(null), json!(7), json!(true), json!({}), json!({ "value": text }), json!([[text]])]
}

#[test]
fn r18_iss_is_the_issuer_byte_for_byte() {
    let world = World::new();
    let issuer = world.authority.issuer().to_owned();
    let mut class = Class::new("iss");
    world.ask(&mut class, "iss", Some(json!(issuer)), Passed);
    world.ask(&mut class, "iss", None, BadToken);
    for other in lookalikes(&issuer) {
        world.ask(&mut class, "iss", Some(json!(other)), BadToken);
    }
    for other in no_strings(&issuer) {
        world.ask(&mut class, "iss", Some(other), BadToken);
    }
    world.ask(&mut class, "iss", Some(json!([issuer])), BadToken);
    // Escapes in JSON change the document's text, not the value.
    let escaped = format!("\"{}\"", issuer.replace('h', "\\u0068").replace('/', "\\/"));
    world.ask_raw(&mut class, "iss", &escaped, Passed);
    class.done();
}

#[test]
fn r18_further_names_of_an_issuer_are_compared_byte_for_byte() {
    let also = ["https://api.workos.com", "https://api.workos.com/", "urn:example:issuer"];
    let world = World::with(|authority| {
        let issuer = Issuer::authkit(authority.issuer()).unwrap();
        let issuer = also.iter().fold(issuer, |issuer, name| issuer.also_named(*name));
        builder_for(RESOURCE).issuer(issuer).build().unwrap()
    });
    let mut class = Class::new("iss, further names");
    for name in also.iter().copied().chain([world.authority.issuer()]) {
        world.ask(&mut class, "iss", Some(json!(name)), Passed);
    }
    for name in [
        "https://api.workos.com//",
        "https://api.workos.com/user_management/client_01",
        "http://api.workos.com",
        "https://API.workos.com",
        "https://api.workos.com:443",
        "api.workos.com",
        "urn:example:issuer/",
        "URN:example:issuer",
        "urn:example",
        "",
    ] {
        world.ask(&mut class, "iss", Some(json!(name)), BadToken);
    }
    class.done();
}

#[test]
fn r18_sub_is_a_string_of_1_to_255_characters_without_controls() {
    let world = World::new();
    let mut class = Class::new("sub");
    for good in ["a", "user ada", "Zoë ☕ 𝒜", "<script>", "' OR 1=1 --", "%00", &"ü".repeat(255)]
    {
        world.ask(&mut class, "sub", Some(json!(good)), Passed);
    }
    world.ask(&mut class, "sub", None, BadToken);
    let long = "ü".repeat(256);
    let longer = "a".repeat(4_000);
    for bad in [
        "",
        &long,
        &longer,
        "a\0",
        "\0",
        "a\nb",
        "a\r\nX: y",
        "a\tb",
        "a\u{7f}",
        "a\u{85}",
        "a\u{9f}",
        "\u{1b}[31m",
    ] {
        world.ask(&mut class, "sub", Some(json!(bad)), BadToken);
    }
    for bad in no_strings("user_ada").into_iter().chain([json!(["user_ada"])]) {
        world.ask(&mut class, "sub", Some(bad), BadToken);
    }
    class.done();
}

#[test]
fn r19_aud_contains_the_resource_byte_for_byte() {
    let world = World::new();
    let mut class = Class::new("aud");
    let other = "https://other.example.com/mcp";
    for good in [
        json!(RESOURCE),
        json!([RESOURCE]),
        json!([other, RESOURCE]),
        json!([RESOURCE, other]),
        json!([RESOURCE, RESOURCE]),
        json!(["", RESOURCE]),
    ] {
        world.ask(&mut class, "aud", Some(good), Passed);
    }
    world.ask(&mut class, "aud", None, BadToken);
    for url in lookalikes(RESOURCE) {
        world.ask(&mut class, "aud", Some(json!(url)), BadToken);
        world.ask(&mut class, "aud", Some(json!([other, url])), BadToken);
    }
    for bad in no_strings(RESOURCE) {
        world.ask(&mut class, "aud", Some(bad), BadToken);
    }
    for bad in [
        json!([]),
        json!([""]),
        json!([null]),
        json!([RESOURCE, 7]),
        json!([RESOURCE, null]),
        json!([RESOURCE, [RESOURCE]]),
        json!({"0": RESOURCE}),
        json!(RESOURCE.replace("/mcp", "/MCP")),
        json!(RESOURCE.replace("/mcp", "")),
        json!(RESOURCE.replace("/mcp", "/mcp/other")),
        json!(RESOURCE.replace("/mcp", "/%6dcp")),
        json!(RESOURCE.replace("/mcp", "/x/../mcp")),
        json!(RESOURCE.replace("/mcp", "/ⅿcp")),
        json!(RESOURCE.replace(":8787", "")),
        json!(RESOURCE.replace(":8787", ":08787")),
        json!("*"),
        json!("client_01"),
        json!(vec![other; 300]),
    ] {
        world.ask(&mut class, "aud", Some(bad), BadToken);
    }
    class.done();
}

#[test]
fn r19_this_resource_only_rejects_a_further_audience() {
    let world = World::with(|authority| {
        builder(authority).audience_policy(AudiencePolicy::ThisResourceOnly).build().unwrap()
    });
    let mut class = Class::new("aud, this resource only");
    for good in [json!(RESOURCE), json!([RESOURCE]), json!([RESOURCE, RESOURCE])] {
        world.ask(&mut class, "aud", Some(good), Passed);
    }
    world.ask(&mut class, "aud", None, BadToken);
    for url in lookalikes(RESOURCE) {
        world.ask(&mut class, "aud", Some(json!([RESOURCE, url])), BadToken);
        world.ask(&mut class, "aud", Some(json!([url, RESOURCE])), BadToken);
    }
    class.done();
}
