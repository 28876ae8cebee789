//! Signing in as an application does it with `rmcp`: ask, be refused, authorize, ask again.

use rmcp::{
    ClientLifecycleMode, ClientServiceExt,
    model::{ClientCapabilities, ClientConfig, Implementation, ProtocolVersion},
    service::{ClientInitializeError, RoleClient, RunningService},
    transport::{
        StreamableHttpClientTransport,
        auth::{AuthClient, AuthorizationManager, AuthorizationRequest, OAuthState},
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::json;

use crate::{Outcome, callback::Callback, conversation::say};

/// A connection on which tools can be called.
pub(crate) type Session = RunningService<RoleClient, ClientConfig>;

/// What to connect to, and how.
pub(crate) struct Settings {
    /// The MCP server.
    pub(crate) url: String,
    /// Open with `server/discover` instead of `initialize`.
    pub(crate) stateless: bool,
    /// What people read on the consent page.
    pub(crate) name: String,
}

/// Connects; where the server wants a token, shows its authorization page and waits for the person.
pub(crate) async fn sign_in(settings: &Settings) -> Outcome<Session> {
    let nobody = AuthorizationManager::new(&settings.url).await?;
    let refused = match connect(settings, nobody).await {
        Ok(_) => return Err("the server let us in without a token".into()),
        Err(refused) => refused,
    };
    let Some(challenge) = refused.auth_challenge() else {
        return Err(refused.into());
    };

    let callback = Callback::listen().await?;
    let mut oauth = OAuthState::new(&settings.url, None).await?;
    let request = AuthorizationRequest::new(callback.redirect_url())
        .with_client_name(&settings.name)
        .with_challenge(challenge);
    oauth.start_authorization(request).await?;
    say(&json!({ "open": oauth.get_authorization_url().await? }));
    let returned = callback.returned().await?;
    if let Some(refusal) = refusal(&returned)? {
        return Err(refusal.into());
    }
    oauth.handle_callback_url(&returned).await?;

    let somebody = oauth.into_authorization_manager().ok_or("not authorized")?;
    Ok(connect(settings, somebody).await?)
}

/// What the authorization server says instead of a code; `rmcp` itself only misses the code.
fn refusal(returned: &str) -> Outcome<Option<String>> {
    let returned = reqwest::Url::parse(returned)?;
    let error = returned.query_pairs().find(|(name, _)| name == "error");
    Ok(error.map(|(_, value)| value.into_owned()))
}

async fn connect(
    settings: &Settings,
    authorization: AuthorizationManager,
) -> Result<Session, ClientInitializeError> {
    let transport = StreamableHttpClientTransport::with_client(
        AuthClient::new(reqwest::Client::new(), authorization),
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
