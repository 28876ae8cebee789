//! How an agent without a token gets one: discovery, registration, the browser, the code.

use awc::{Client, http::StatusCode};
use serde_json::{Value, json};
use url::{Url, form_urlencoded::Serializer};

use crate::agent::{Agent, TIMEOUT};

/// A code verifier and its S256 challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where the browser ends; nobody listens there.
const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// What an agent knows of the authorization server, from the resource's URL alone.
pub(crate) struct Discovered {
    http: Client,
    resource: String,
    server: Value,
}

/// Gets an access token for a resource's URL, from an authorization server that approves at once.
pub(crate) async fn sign_in(resource: &str) -> String {
    sign_in_as("Test agent", resource).await
}

/// The same for an agent that registers by a name of its own.
pub(crate) async fn sign_in_as(name: &str, resource: &str) -> String {
    let server = Discovered::from(resource).await;
    let client_id = server.register(name).await;
    server.consent(&client_id).await
}

impl Discovered {
    pub(crate) async fn from(resource: &str) -> Self {
        let http = Client::builder().timeout(TIMEOUT).disable_redirects().finish();
        let refused = Agent::new(resource, None).get(None).await;
        assert_eq!(refused.status, 401, "{refused:?}");
        let challenge = refused.header("WWW-Authenticate").to_owned();
        let metadata_url =
            challenge.split("resource_metadata=\"").nth(1).and_then(|rest| rest.split('"').next());
        let metadata = get(&http, metadata_url.expect(&challenge)).await;
        assert_eq!(metadata["resource"], resource);

        let issuer = metadata["authorization_servers"][0].as_str().expect("an issuer");
        let server = get(&http, &format!("{issuer}/.well-known/oauth-authorization-server")).await;
        Self { http, resource: resource.to_owned(), server }
    }

    fn endpoint(&self, name: &str) -> &str {
        self.server[name].as_str().expect(name)
    }

    /// Registers a client of this name, and gives its id.
    pub(crate) async fn register(&self, name: &str) -> String {
        let registration = json!({
            "client_name": name,
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        });
        let request = self.http.post(self.endpoint("registration_endpoint"));
        let mut registered = request.send_json(&registration).await.expect("an answer");
        let client = registered.json::<Value>().await.expect("a client");
        client["client_id"].as_str().expect("an id").to_owned()
    }

    /// Lets whom the authorization server approves consent to a client, and gives the access token.
    pub(crate) async fn consent(&self, client_id: &str) -> String {
        let mut authorize = Url::parse(self.endpoint("authorization_endpoint")).expect("a URL");
        authorize.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "xyz"),
            ("resource", &self.resource),
        ]);
        let redirect = self.http.get(authorize.as_str()).send().await.expect("an answer");
        assert_eq!(redirect.status(), StatusCode::SEE_OTHER, "{redirect:?}");
        let location = redirect.headers().get("Location").and_then(|to| to.to_str().ok());
        let back = Url::parse(location.expect("a location")).expect("a URL");
        let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1;

        let form = Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "authorization_code"),
                ("client_id", client_id),
                ("redirect_uri", CALLBACK),
                ("code", &code),
                ("code_verifier", VERIFIER),
                ("resource", &self.resource),
            ])
            .finish();
        let request = self
            .http
            .post(self.endpoint("token_endpoint"))
            .insert_header(("Content-Type", "application/x-www-form-urlencoded"));
        let tokens = request.send_body(form).await.expect("an answer").json::<Value>().await;
        let tokens = tokens.expect("tokens");
        tokens["access_token"].as_str().expect("an access token").to_owned()
    }
}

async fn get(http: &Client, url: &str) -> Value {
    let mut answer = http.get(url).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "{url}");
    answer.json().await.expect("JSON")
}
