//! The check of the set-up in WorkOS.

use std::fmt;

use mcp_auth_core::{HttpClient, HttpRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError},
    mapping::EVENTS,
};

/// What the check of the set-up has found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetupCheck {
    /// The findings, in the order of the set-up.
    pub findings: Vec<Finding>,
}

impl SetupCheck {
    /// Whether nothing has to be mended.
    pub fn is_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.is_good)
    }
}

impl fmt::Display for SetupCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

/// One finding: a sentence, which says how to mend what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Whether it is as it should be.
    pub is_good: bool,
    /// The sentence.
    pub text: String,
}

impl Finding {
    fn good(text: impl Into<String>) -> Self {
        Self { is_good: true, text: text.into() }
    }

    fn wrong(text: impl Into<String>) -> Self {
        Self { is_good: false, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_good { "ok     " } else { "wrong  " })?;
        f.write_str(&self.text)
    }
}

const RESOURCES: &str = "/user_management/authkit_oauth_resources";
const ENDPOINTS: &str = "/webhook_endpoints";

/// Checks the set-up for a resource.
pub(crate) async fn check(
    http: &dyn HttpClient,
    api: Option<&Api>,
    authkit: &str,
    resource: &str,
) -> SetupCheck {
    let mut findings = Vec::new();
    match api {
        Some(api) => match api.all::<OAuthResource>(RESOURCES).await {
            Ok(known) => {
                findings.push(check_resource(resource, &known));
                findings.push(check_webhooks(api.all(ENDPOINTS).await));
            }
            Err(error) => findings.push(api_fails(&error)),
        },
        None => findings.push(Finding::wrong(
            "WORKOS_API_KEY is not set, so the resource indicator and the webhooks cannot be \
             checked; create a key in the dashboard (API Keys)",
        )),
    }
    findings.extend(check_metadata(http, authkit).await);
    findings.push(check_keys(http, authkit).await);
    SetupCheck { findings }
}

/// Registers a resource indicator.
pub(crate) async fn register(api: &Api, resource: &str) -> Result<(), ApiError> {
    api.post(RESOURCES, json!({ "uri": resource })).await.map(drop)
}

fn api_fails(error: &ApiError) -> Finding {
    match error {
        ApiError::KeyRefused => Finding::wrong(
            "WorkOS does not accept WORKOS_API_KEY; copy the key of this environment from the \
             dashboard (API Keys)",
        ),
        error => Finding::wrong(format!("the set-up cannot be read now: {error}; try again later")),
    }
}

#[derive(Debug, Deserialize)]
struct OAuthResource {
    uri: String,
}

fn check_resource(resource: &str, known: &[OAuthResource]) -> Finding {
    if known.iter().any(|known| known.uri == resource) {
        return Finding::good(format!("the resource indicator {resource} is registered"));
    }
    let loosely = |uri: &str| uri.trim_end_matches('/').to_ascii_lowercase();
    let similar = known.iter().find(|known| loosely(&known.uri) == loosely(resource));
    let mend = format!(
        "add exactly {resource} in the dashboard (Connect > Configuration > MCP resource \
         indicators), or run `bookmarket check --register` or its like of your application"
    );
    match similar {
        Some(similar) => Finding::wrong(format!(
            "the resource indicator {} is registered, which is not the same byte for byte; {mend}",
            similar.uri.escape_default()
        )),
        None => Finding::wrong(format!(
            "the resource indicator is not registered, so tokens have another `aud` and are \
             refused; {mend}"
        )),
    }
}

#[derive(Debug, Deserialize)]
struct WebhookEndpoint {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    events: Vec<String>,
}

fn check_webhooks(endpoints: Result<Vec<WebhookEndpoint>, ApiError>) -> Finding {
    let endpoints = match endpoints {
        Ok(endpoints) => endpoints,
        Err(error) => return api_fails(&error),
    };
    let is_enabled =
        |endpoint: &&WebhookEndpoint| endpoint.status.as_deref().is_none_or(|it| it == "enabled");
    let missing = |endpoint: &WebhookEndpoint| {
        let has = |event: &&&str| !endpoint.events.iter().any(|it| it == **event || it == "*");
        EVENTS.iter().filter(has).copied().collect::<Vec<_>>()
    };
    match endpoints.iter().filter(is_enabled).map(missing).min_by_key(Vec::len) {
        Some(missing) if missing.is_empty() => {
            Finding::good("a webhook endpoint receives the events that end access")
        }
        Some(missing) => Finding::wrong(format!(
            "no webhook endpoint receives all events that end access; add to one, in the dashboard \
             (Webhooks): {}",
            missing.join(", ")
        )),
        None => Finding::wrong(format!(
            "there is no webhook endpoint that is enabled, so changes take effect after the next \
             poll only; create one in the dashboard (Webhooks) for the events {}",
            EVENTS.join(", ")
        )),
    }
}

async fn document(http: &dyn HttpClient, url: String) -> Result<Value, String> {
    let answer = http.send(HttpRequest::get(&*url)).await.map_err(|error| error.to_string())?;
    match answer.status() {
        200 => serde_json::from_slice(answer.body()).map_err(|_| "it is not JSON".to_owned()),
        status => Err(format!("the answer is {status}")),
    }
}

async fn check_metadata(http: &dyn HttpClient, authkit: &str) -> Vec<Finding> {
    let url = format!("{authkit}/.well-known/oauth-authorization-server");
    let metadata = match document(http, url.clone()).await {
        Ok(metadata) => metadata,
        Err(why) => {
            return vec![Finding::wrong(format!(
                "the metadata {url} cannot be read ({why}); is the AuthKit domain right, and may \
                 this machine reach it?"
            ))];
        }
    };
    let announces_cimd = metadata["client_id_metadata_document_supported"] == true;
    let announces_dcr = metadata["registration_endpoint"].is_string();
    let finding = |announced: bool, name: &str, who: &str| match announced {
        true => Finding::good(format!("{name} is enabled")),
        false => Finding::wrong(format!(
            "{name} is not enabled, so {who} cannot sign in; enable it in the dashboard (Connect > \
             Configuration)"
        )),
    };
    vec![
        finding(announces_cimd, "Client ID Metadata Document", "clients such as Claude Code"),
        finding(announces_dcr, "Dynamic Client Registration", "older clients"),
    ]
}

async fn check_keys(http: &dyn HttpClient, authkit: &str) -> Finding {
    let url = format!("{authkit}/oauth2/jwks");
    match document(http, url.clone()).await {
        Ok(keys) if keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()) => {
            Finding::good("the signing keys can be read")
        }
        Ok(_) => Finding::wrong(format!("{url} has no keys; is the AuthKit domain right?")),
        Err(why) => Finding::wrong(format!(
            "the signing keys {url} cannot be read ({why}); may this machine reach it?"
        )),
    }
}
