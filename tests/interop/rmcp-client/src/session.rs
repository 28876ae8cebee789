//! Signing in with `rmcp`, as an application does: call, get 401, authorize, call again.

use std::sync::Arc;

use rmcp::{
    ClientLifecycleMode, ClientServiceExt,
    model::{
        CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, Implementation,
        ProtocolVersion,
    },
    service::{ClientInitializeError, RoleClient, RunningService},
    transport::{
        StreamableHttpClientTransport,
        auth::{
            AuthClient, AuthorizationCallback, AuthorizationManager, AuthorizationRequest,
            OAuthState, WWWAuthenticateParams,
        },
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::json;
use tokio::sync::Mutex;

use crate::{Outcome, callback::Callback, conversation::say};

/// What to connect to, and how.
pub(crate) struct Settings {
    /// The MCP server.
    pub(crate) url: String,
    /// Open with `server/discover` instead of `initialize`.
    pub(crate) stateless: bool,
    /// The name on the consent page.
    pub(crate) name: String,
}

type Connection = RunningService<RoleClient, ClientConfig>;

/// A connection on which tools can be called, with the state to ask the person for more scopes.
pub(crate) struct Session {
    connection: Connection,
    authorization: Arc<Mutex<AuthorizationManager>>,
    callback: Callback,
    url: reqwest::Url,
}

impl Session {
    /// Connects. If the server requires a token, shows its authorization page and waits for the
    /// person.
    pub(crate) async fn sign_in(settings: &Settings) -> Outcome<Self> {
        let nobody = AuthClient::new(
            reqwest::Client::new(),
            AuthorizationManager::new(&settings.url).await?,
        );
        let refused = match connect(settings, nobody).await {
            Ok(_) => return Err("the server let us in without a token".into()),
            Err(refused) => refused,
        };
        let Some(challenge) = refused.auth_challenge() else {
            return Err(refused.into());
        };

        let callback = Callback::listen().await?;
        let mut oauth = OAuthState::new(&settings.url, None).await?;
        let url: reqwest::Url = settings.url.parse()?;
        let mut request = AuthorizationRequest::new(callback.redirect_url())
            .with_client_name(&settings.name)
            .with_challenge(challenge);
        if WWWAuthenticateParams::parse(challenge, &url).scope.is_some() {
            // The scopes in the server's challenge, and not all that it supports.
            request = request.with_initial_scope_selection();
        }
        oauth.start_authorization(request).await?;
        let returned = show(&oauth.get_authorization_url().await?, &callback).await?;
        oauth.handle_callback_url(&returned).await?;

        let somebody = oauth.into_authorization_manager().ok_or("not authorized")?;
        let client = AuthClient::new(reqwest::Client::new(), somebody);
        Ok(Self {
            authorization: client.auth_manager.clone(),
            connection: connect(settings, client).await?,
            callback,
            url,
        })
    }

    /// The protocol version that the server speaks.
    pub(crate) fn version(&self) -> Option<ProtocolVersion> {
        self.connection.peer().peer_info().map(|server| server.protocol_version.clone())
    }

    /// Calls a tool. If it needs another scope, asks the person for it and calls again.
    pub(crate) async fn call(&self, request: CallToolRequestParams) -> Outcome<CallToolResult> {
        let refused = match self.connection.call_tool(request.clone()).await {
            Ok(result) => return Ok(result),
            Err(refused) => refused,
        };
        let told = refused
            .auth_challenge()
            .map(|challenge| WWWAuthenticateParams::parse(challenge, &self.url));
        match told {
            Some(told) if told.is_insufficient_scope() => {
                self.step_up(&told.scope.unwrap_or_default()).await?;
            }
            _ => return Err(refused.into()),
        }
        Ok(self.connection.call_tool(request).await?)
    }

    async fn step_up(&self, scope: &str) -> Outcome<()> {
        // Not locked while the person decides, because the connection gets its token from here.
        let page = self.authorization.lock().await.request_scope_upgrade(scope).await?;
        let returned =
            AuthorizationCallback::from_redirect_url(&show(&page, &self.callback).await?)?;
        let (code, state, issuer) = (returned.code, returned.csrf_token, returned.issuer);
        let authorization = self.authorization.lock().await;
        authorization.exchange_code_for_token_with_issuer(&code, &state, issuer.as_deref()).await?;
        Ok(())
    }

    /// Ends the connection.
    pub(crate) async fn end(self) -> Outcome<()> {
        self.connection.cancel().await?;
        Ok(())
    }
}

/// Shows a page to the person, and returns the URL that the browser is redirected to.
async fn show(page: &str, callback: &Callback) -> Outcome<String> {
    say(&json!({ "open": page }));
    let returned = callback.returned().await?;
    match refusal(&returned)? {
        Some(refusal) => Err(refusal.into()),
        None => Ok(returned),
    }
}

/// The error that the authorization server returns instead of a code; `rmcp` only reports that
/// there is no code.
fn refusal(returned: &str) -> Outcome<Option<String>> {
    let returned = reqwest::Url::parse(returned)?;
    let error = returned.query_pairs().find(|(name, _)| name == "error");
    Ok(error.map(|(_, value)| value.into_owned()))
}

async fn connect(
    settings: &Settings,
    client: AuthClient<reqwest::Client>,
) -> Result<Connection, ClientInitializeError> {
    let transport = StreamableHttpClientTransport::with_client(
        client,
        StreamableHttpClientTransportConfig::with_uri(settings.url.as_str()),
    );
    let identity = Implementation::new(&settings.name, "1.0.0");
    let lifecycle = if settings.stateless {
        ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: None,
        }
    } else {
        ClientLifecycleMode::Initialize
    };
    ClientConfig::new(ClientCapabilities::default(), identity)
        .serve_with_lifecycle(transport, lifecycle)
        .await
}
