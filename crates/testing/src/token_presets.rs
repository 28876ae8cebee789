//! The families of WorkOS tokens, with the claims that WorkOS documents.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::clock::seconds;
use crate::keys::Keys;
use crate::random;
use crate::state::State;
use crate::token::TokenBuilder;

impl TokenBuilder {
    /// A Connect token, which AuthKit issues to an MCP client.
    pub(crate) fn connect(state: &Arc<State>) -> Self {
        let person = state.people().into_iter().next();
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(state.issuer));
        claims.insert("aud".into(), json!(state.settings.client_id));
        claims.insert("sub".into(), json!(person.as_ref().map_or("user_nobody", |p| &p.id)));
        claims.insert("client_id".into(), json!("client_01TESTS"));
        if let Some(org) = person.and_then(|p| p.org_id) {
            claims.insert("org_id".into(), json!(org));
        }
        claims.insert("scope".into(), json!("openid profile email"));
        claims.insert("jti".into(), json!(random::ulid()));
        claims.insert("sid".into(), json!(format!("app_consent_{}", random::ulid())));
        timed(&state.keys, state, claims)
    }

    /// A session token, from a sign-in in the browser.
    pub(crate) fn session(state: &Arc<State>) -> Self {
        let person = state.people().into_iter().next();
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(state.settings.session_issuer));
        claims.insert("sub".into(), json!(person.as_ref().map_or("user_nobody", |p| &p.id)));
        claims.insert("sid".into(), json!(format!("session_{}", random::ulid())));
        claims.insert("jti".into(), json!(random::ulid()));
        if let Some(person) = person {
            let role = person.role.as_deref().unwrap_or("member");
            if let Some(org) = person.org_id {
                claims.insert("org_id".into(), json!(org));
                claims.insert("role".into(), json!(role));
                claims.insert("roles".into(), json!([role]));
                claims.insert("permissions".into(), json!(person.permissions));
            }
        }
        timed(&state.session_keys, state, claims)
    }

    /// A machine's token (client credentials).
    pub(crate) fn machine(state: &Arc<State>, client_id: &str) -> Self {
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(state.issuer));
        claims.insert("aud".into(), json!(state.settings.client_id));
        claims.insert("sub".into(), json!(client_id));
        claims.insert("jti".into(), json!(random::ulid()));
        timed(&state.keys, state, claims)
    }

    /// An ID token, which tells the client who signed in. It is never an access token.
    pub(crate) fn id(state: &Arc<State>, client_id: &str) -> Self {
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(state.issuer));
        claims.insert("aud".into(), json!(client_id));
        claims.insert("sub".into(), json!(state.people().first().map_or("user_nobody", |p| &p.id)));
        timed(&state.keys, state, claims)
    }
}

/// `exp` and `iat` by the authority's clock.
fn timed(keys: &Keys, state: &State, mut claims: Map<String, Value>) -> TokenBuilder {
    let now = state.clock.unix_seconds();
    let lifetime = seconds(state.settings.token_lifetime);
    claims.insert("exp".into(), json!(now.saturating_add(lifetime)));
    claims.insert("iat".into(), json!(now));
    TokenBuilder::new(keys.clone(), claims)
}
