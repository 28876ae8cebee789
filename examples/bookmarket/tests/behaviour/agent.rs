//! A small MCP client: JSON-RPC over HTTP, each message as it stands on the wire.

use std::time::Duration;

use awc::{Client, ClientRequest};
use serde_json::{Value, json};

/// How long an answer may take, on a machine that is busy with other tests.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Speaks to one Bookmarket, on behalf of one person or of nobody.
pub(crate) struct Agent {
    http: Client,
    url: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: awc::http::header::HeaderMap,
    pub(crate) text: String,
}

/// What a tool answered.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) is_error: bool,
    pub(crate) text: String,
    pub(crate) data: Value,
}

impl Agent {
    pub(crate) fn new(url: &str, token: Option<String>) -> Self {
        let http = Client::builder().timeout(TIMEOUT).disable_redirects().finish();
        Self { http, url: url.to_owned(), token }
    }

    /// The same, with another token.
    pub(crate) fn with_token(&self, token: String) -> Self {
        Self::new(&self.url, Some(token))
    }

    /// Posts a message as clients of the revision 2025-11-25 do after `initialize`.
    pub(crate) async fn post(&self, message: &Value) -> Answer {
        self.post_with(&[("MCP-Protocol-Version", "2025-11-25")], message).await
    }

    /// Posts a message with headers of the caller's choice.
    pub(crate) async fn post_with(&self, headers: &[(&str, &str)], message: &Value) -> Answer {
        let mut request = self
            .authorized(self.http.post(&self.url))
            .insert_header(("Accept", "application/json, text/event-stream"));
        for header in headers {
            request = request.insert_header(*header);
        }
        let response = request.send_json(message).await;
        Answer::read(response.expect("an answer")).await
    }

    /// Gets the endpoint itself, or what lies at another path of the same server.
    pub(crate) async fn get(&self, path: Option<&str>) -> Answer {
        let origin = self.url.trim_end_matches("/mcp/bookmarket");
        let url = path.map_or(self.url.clone(), |path| format!("{origin}{path}"));
        let response = self.authorized(self.http.get(url)).send().await;
        Answer::read(response.expect("an answer")).await
    }

    /// Calls a tool and expects it to be reached.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Outcome {
        let answer = self.post(&call(tool, arguments)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Outcome::of(&answer)
    }

    /// Adds a bookmark and gives its id.
    pub(crate) async fn add(&self, url: &str, title: &str, tags: &[&str]) -> i64 {
        let wanted = json!({ "url": url, "title": title, "tags": tags });
        let added = self.call("add_bookmark", wanted).await;
        assert!(!added.is_error, "{added:?}");
        added.data["id"].as_i64().expect("an id")
    }

    /// The titles of all bookmarks, the newest first.
    pub(crate) async fn titles(&self) -> Vec<String> {
        self.call("list_bookmarks", json!({})).await.titles()
    }

    fn authorized(&self, request: ClientRequest) -> ClientRequest {
        match &self.token {
            Some(token) => request.insert_header(("Authorization", format!("Bearer {token}"))),
            None => request,
        }
    }
}

/// The message that calls a tool.
pub(crate) fn call(tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })
}

impl Answer {
    pub(crate) async fn read<S>(mut response: awc::ClientResponse<S>) -> Self
    where
        S: futures_util::Stream<Item = Result<actix_web::web::Bytes, awc::error::PayloadError>>,
    {
        let body = response.body().await.expect("a body");
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect(&self.text)
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Outcome {
    /// What a tool answered, out of a JSON-RPC response.
    pub(crate) fn of(answer: &Answer) -> Self {
        let result = &answer.json()["result"];
        Self {
            is_error: result["isError"] == true,
            text: result["content"][0]["text"].as_str().expect(&answer.text).to_owned(),
            data: result["structuredContent"].clone(),
        }
    }

    /// The titles of the bookmarks on a page.
    pub(crate) fn titles(&self) -> Vec<String> {
        assert!(!self.is_error, "{self:?}");
        let shown = self.data["bookmarks"].as_array().expect("a list");
        shown.iter().filter_map(|one| Some(one["title"].as_str()?.to_owned())).collect()
    }
}
