//! The tokens of a browser's session: issued when it begins and at each refresh.

use openssl::error::ErrorStack;
use serde_json::json;

use crate::clock::unix_seconds;
use crate::grants::Grant;
use crate::lock::lock;
use crate::person::Membership;
use crate::state::State;
use crate::token::TokenBuilder;
use crate::workos::Session;

pub(crate) struct SessionTokens {
    pub(crate) session: Session,
    /// The organization of the access token.
    pub(crate) organization: Option<String>,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// Begins the session that a person signed in for.
pub(crate) fn begin(state: &State, grant: Grant) -> Result<SessionTokens, ErrorStack> {
    let now = state.clock.now();
    let membership = membership(state, &grant.person, grant.organization.as_deref());
    let session = Session {
        id: grant.consent.clone(),
        person: grant.person.clone(),
        organization: membership.map(|membership| membership.org_id),
        impersonator: lock(&state.changeable).impersonator.clone(),
        created_at: now,
        expires_at: now + state.settings.refresh_lifetime,
    };
    state.workos.sessions.begin(session.clone());
    issue(state, grant, session)
}

/// Goes on with a session, in another organization if one is asked for. `None` if it has ended.
pub(crate) fn refresh(
    state: &State,
    grant: Grant,
    organization: Option<&str>,
) -> Result<Option<SessionTokens>, ErrorStack> {
    let now = state.clock.now();
    let Some(mut session) = state.workos.sessions.active(&grant.consent, now) else {
        return Ok(None);
    };
    if let Some(organization) = organization {
        session.organization = Some(organization.to_owned());
    }
    session.expires_at = now + state.settings.refresh_lifetime;
    if !state.workos.sessions.update(&session) {
        return Ok(None);
    }
    issue(state, grant, session).map(Some)
}

/// The person's membership in an organization, or else in their main one.
pub(crate) fn membership(
    state: &State,
    person: &str,
    organization: Option<&str>,
) -> Option<Membership> {
    let person = state.person(person)?;
    match organization {
        Some(organization) => person.membership(organization),
        None => person.main_membership(),
    }
}

/// What the person may do is read anew each time.
fn issue(state: &State, grant: Grant, session: Session) -> Result<SessionTokens, ErrorStack> {
    let organization = session.organization.as_deref();
    let membership = organization
        .and_then(|organization| membership(state, &session.person, Some(organization)));
    let organization = membership.as_ref().map(|membership| membership.org_id.clone());
    let mut token = TokenBuilder::session_of(state, &session.person, &session.id, membership);
    if let Some(staff) = &session.impersonator {
        token = token.claim("act", json!({ "sub": staff }));
    }
    let refresh_token = state.workos.sign_ins.issue_refresh(
        grant,
        unix_seconds(session.expires_at),
        state.clock.unix_seconds(),
    );
    Ok(SessionTokens { access_token: token.try_sign()?, refresh_token, organization, session })
}
