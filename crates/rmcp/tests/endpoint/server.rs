//! A server with two tools, and a client that shows each answer as it is on the wire.

use std::net::TcpListener;

use actix_mcp_auth::{McpAuth, testing::TestAuthority};
use actix_web::{App, HttpServer, rt, web};
use awc::{Client, http::Method};
use mcp_auth_rmcp::{Caller, Endpoint, EndpointBuilder, endpoint};
use rmcp::{tool, tool_router};
use serde_json::{Value, json};

pub(crate) const OLD: &str = "2025-11-25";
pub(crate) const NEW: &str = "2026-07-28";

pub(crate) struct Tools;

#[tool_router(server_handler)]
impl Tools {
    /// Says who is signed in.
    #[tool]
    async fn whoami(&self, me: Caller) -> String {
        me.subject().id().to_owned()
    }

    /// Says which resource was called.
    #[tool]
    async fn where_am_i(&self, me: Caller) -> String {
        me.resource().to_string()
    }
}

/// A protected endpoint, beside the authority whose tokens it takes.
pub(crate) struct Server {
    pub(crate) resource: String,
    authority: TestAuthority,
}

impl Server {
    pub(crate) fn start(
        path: &str,
        change: impl FnOnce(EndpointBuilder<Tools>) -> EndpointBuilder<Tools>,
    ) -> Self {
        Self::start_behind_proxy(path, None, change)
    }

    /// The same where the application sees another path than the public one.
    pub(crate) fn start_behind_proxy(
        path: &str,
        served_at: Option<&str>,
        change: impl FnOnce(EndpointBuilder<Tools>) -> EndpointBuilder<Tools>,
    ) -> Self {
        let authority = TestAuthority::start().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let resource = format!("http://{}{path}", listener.local_addr().unwrap());
        let mut auth = McpAuth::builder(&*resource).authkit(authority.issuer());
        if let Some(served_at) = served_at {
            auth = auth.served_at(served_at);
        }
        let auth = auth.build().unwrap();
        let tools = change(endpoint(auth.resource(), || Tools)).build().unwrap();
        let server = HttpServer::new(move || {
            App::new().configure(auth.discovery()).service(tools.scope().wrap(auth.mcp()))
        });
        rt::spawn(server.workers(2).disable_signals().listen(listener).unwrap().run());
        Self { resource, authority }
    }

    /// The same with an endpoint and a resource for each path below.
    pub(crate) fn start_below(path: &str) -> Self {
        let authority = TestAuthority::start().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let resource = format!("http://{}{path}", listener.local_addr().unwrap());
        let auth = McpAuth::builder(&*resource).authkit(authority.issuer()).resources_below();
        let auth = auth.build().unwrap();
        let tools = endpoint(auth.resource(), || Tools).served_at("/").build().unwrap();
        let scope = format!("{path}/{{tenant}}");
        let server = HttpServer::new(move || {
            let tenants = web::scope(&scope).wrap(auth.mcp()).service(tools.scope());
            App::new().configure(auth.discovery()).service(tenants)
        });
        rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { resource, authority }
    }

    /// A client with the token of this person.
    pub(crate) fn client_of(&self, person: &str) -> Agent {
        self.client_for(person, &self.resource)
    }

    /// A client of a resource, with the token of this person for it.
    pub(crate) fn client_for(&self, person: &str, resource: &str) -> Agent {
        let token = self.authority.token().subject(person).audience(resource).sign();
        Agent { url: resource.to_owned(), token: Some(token) }
    }
}

/// An endpoint that stands alone, without authentication.
pub(crate) fn start_alone(endpoint: Endpoint<Tools>) -> Agent {
    let server = HttpServer::new(move || App::new().service(endpoint.scope()));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", server.addrs()[0]);
    rt::spawn(server.run());
    Agent { url, token: None }
}

pub(crate) struct Agent {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) session: Option<String>,
    /// `WWW-Authenticate`.
    pub(crate) challenge: String,
    pub(crate) text: String,
}

impl Agent {
    /// The same client at another URL.
    pub(crate) fn at(self, url: String) -> Self {
        Self { url, ..self }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        headers: &[(&str, &str)],
        message: Option<&Value>,
    ) -> Answer {
        let client = Client::builder().disable_redirects().finish();
        let mut request = client
            .request(method, &self.url)
            .insert_header(("Accept", "application/json, text/event-stream"));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for header in headers {
            request = request.insert_header(*header);
        }
        let mut response = match message {
            Some(message) => request.send_json(message).await.unwrap(),
            None => request.send().await.unwrap(),
        };
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        let (content_type, session) = (header("Content-Type"), header("Mcp-Session-Id"));
        let challenge = header("WWW-Authenticate").unwrap_or_default();
        Answer {
            status: response.status().as_u16(),
            content_type: content_type.unwrap_or_default(),
            session,
            challenge,
            text: String::from_utf8(response.body().await.unwrap().to_vec()).unwrap(),
        }
    }

    pub(crate) async fn post(&self, headers: &[(&str, &str)], message: &Value) -> Answer {
        self.send(Method::POST, headers, Some(message)).await
    }

    /// A request of the revision 2025-11-25, which opens with a handshake; in a session or without.
    pub(crate) async fn handshake_era(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Answer {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut headers = vec![("MCP-Protocol-Version", OLD)];
        headers.extend(session.map(|id| ("Mcp-Session-Id", id)));
        self.post(&headers, &message).await
    }

    /// A request of the revision 2026-07-28, with all that each request must bring along.
    pub(crate) async fn stateless(
        &self,
        method: &str,
        name: Option<&str>,
        mut params: Value,
    ) -> Answer {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": NEW,
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut headers = vec![("MCP-Protocol-Version", NEW), ("Mcp-Method", method)];
        headers.extend(name.map(|name| ("Mcp-Name", name)));
        self.post(&headers, &message).await
    }

    /// `initialize` of the revision 2025-11-25.
    pub(crate) async fn initialize(&self) -> Answer {
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": OLD, "capabilities": {}, "clientInfo": client });
        let message =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        self.post(&[], &message).await
    }
}

impl Answer {
    /// The result, out of JSON or out of the last event of a stream.
    pub(crate) fn result(&self) -> Value {
        let events = self.text.lines().filter_map(|line| line.strip_prefix("data:"));
        let json = match &*self.content_type {
            "text/event-stream" => events.map(str::trim).rfind(|data| !data.is_empty()),
            _ => Some(&*self.text),
        };
        let message: Value = serde_json::from_str(json.unwrap()).unwrap();
        message["result"].clone()
    }

    /// What the tool said.
    pub(crate) fn said(&self) -> String {
        self.result()["content"][0]["text"].as_str().unwrap().to_owned()
    }
}

/// The parameters of a call of the tool.
pub(crate) fn whoami() -> Value {
    tool("whoami")
}

/// Those of a call of a tool without arguments.
pub(crate) fn tool(name: &str) -> Value {
    json!({ "name": name, "arguments": {} })
}
