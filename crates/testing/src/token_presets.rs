//! The families of WorkOS tokens, with the claims that WorkOS documents.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::clock::seconds;
use crate::keys::Keys;
use crate::person::{Membership, Person};
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
        let subject = person.as_ref().map_or("user_nobody", |p| &p.id);
        let membership = person.as_ref().and_then(Person::main_membership);
        Self::session_of(state, subject, &format!("session_{}", random::ulid()), membership)
    }

    /// The token of one session.
    pub(crate) fn session_of(
        state: &State,
        subject: &str,
        sid: &str,
        membership: Option<Membership>,
    ) -> Self {
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(state.settings.session_issuer));
        claims.insert("sub".into(), json!(subject));
        claims.insert("sid".into(), json!(sid));
        claims.insert("jti".into(), json!(random::ulid()));
        if let Some(Membership { org_id, role, permissions }) = membership {
            claims.insert("org_id".into(), json!(org_id));
            claims.insert("role".into(), json!(role));
            claims.insert("roles".into(), json!([role]));
            claims.insert("permissions".into(), json!(permissions));
        }
        lasting(state.settings.session_token_lifetime, &state.session_keys, state, claims)
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

fn timed(keys: &Keys, state: &State, claims: Map<String, Value>) -> TokenBuilder {
    lasting(state.settings.token_lifetime, keys, state, claims)
}

/// `exp` and `iat` by the authority's clock.
fn lasting(
    lifetime: Duration,
    keys: &Keys,
    state: &State,
    mut claims: Map<String, Value>,
) -> TokenBuilder {
    let now = state.clock.unix_seconds();
    claims.insert("exp".into(), json!(now.saturating_add(seconds(lifetime))));
    claims.insert("iat".into(), json!(now));
    TokenBuilder::new(keys.clone(), claims)
}
