//! The reader under test: an endpoint behind `auth.mcp()` with rules, as an application has it, and
//! what core's [`Messages`] says that a body is about.

use actix_mcp_auth::{mcp::ToolRules, testing::TestAuthority};
use actix_web::{
    App, HttpResponse,
    dev::Service,
    http::StatusCode,
    rt::System,
    test::{self, TestRequest},
    web,
};
use hostile::{
    RESOURCE,
    server::{builder, wait_until_ready},
};
use mcp_auth_core::mcp::{Message, Messages, Target};
use serde_json::json;

use crate::{field, hex};

/// An endpoint whose rules refuse a tool, a prompt and three resources (`judge.py` has the same
/// list) and leave the rest open; and a caller with a valid token.
pub(crate) struct Endpoint {
    post: Box<dyn Fn(Vec<u8>) -> StatusCode>,
    _authority: TestAuthority,
}

impl Endpoint {
    pub(crate) fn start() -> Self {
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
            .resource("notes://ada/secret")
            .refused()
            .resource("https://example.com")
            .refused();
        let mcp = auth.mcp().rules(rules).unwrap();
        let system = System::new();
        let resource = web::resource("/mcp").wrap(mcp).route(web::post().to(HttpResponse::Ok));
        let app = system.block_on(test::init_service(App::new().service(resource)));
        let credentials = format!("Bearer {}", authority.person_token("user_ada", RESOURCE));
        let post = move |body: Vec<u8>| {
            let request = TestRequest::post()
                .uri("/mcp")
                .insert_header(("Authorization", credentials.as_str()))
                .set_payload(body);
            system.block_on(async {
                match app.call(request.to_request()).await {
                    Ok(answer) => answer.status(),
                    Err(error) => error.as_response_error().status_code(),
                }
            })
        };
        Self { post: Box::new(post), _authority: authority }
    }

    /// `-` where the body is 400. Otherwise `P` (it reaches the handler) or `R` (a rule refuses
    /// it), a space, and for each message the method and what rules it is checked by.
    pub(crate) fn read_body(&self, body: &[u8]) -> String {
        let Some(verdict) = self.verdict(body) else {
            return "-".to_owned();
        };
        let messages = Messages::read(body).unwrap_or_else(|error| {
            panic!("not refused, and yet {error:?}: {}", body.escape_ascii());
        });
        let batch = if messages.only().is_some() { "" } else { "[" };
        let all: Vec<_> = messages.iter().map(line).collect();
        format!("{verdict} {batch}{}", all.join("|"))
    }

    /// The same for reading the resource of this URI: `-`, `P` or `R`.
    pub(crate) fn read_uri(&self, uri: &[u8]) -> String {
        let uri = std::str::from_utf8(uri).unwrap();
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": { "uri": uri }
        });
        self.verdict(body.to_string().as_bytes()).unwrap_or('-').to_string()
    }

    fn verdict(&self, body: &[u8]) -> Option<char> {
        match (self.post)(body.to_vec()) {
            StatusCode::OK => Some('P'),
            StatusCode::FORBIDDEN => Some('R'),
            StatusCode::BAD_REQUEST => None,
            status => panic!("{status} to {}", body.escape_ascii()),
        }
    }
}

fn line(message: &Message<'_>) -> String {
    let names: Vec<_> =
        judged_by(message).iter().map(|(kind, name)| format!("{kind}{}", hex(name))).collect();
    format!("{};{}", field(message.method()), names.join(","))
}

/// The tools (`t`), prompts (`p`) and resources (`r`) whose rules a message is checked by.
fn judged_by<'m>(message: &'m Message<'_>) -> Vec<(char, &'m str)> {
    let kind = |target: &Target<'_>| match target {
        Target::Tool(_) => Some('t'),
        Target::Prompt(_) => Some('p'),
        Target::Resource(_) | Target::ResourceTemplate(_) => Some('r'),
        _ => None,
    };
    message.targets().filter_map(|target| Some((kind(target)?, target.name()?))).collect()
}
