//! What an event revokes. docs/workos.md has this as a table.

use mcp_auth_core::revocation::{NewRevocation, Revoked};

use crate::{event::Event, settings::WorkOsSettings};

/// The events that have an effect here.
pub(crate) const EVENTS: &[&str] = &[
    "api_key.revoked",
    "organization.deleted",
    "organization_membership.deleted",
    "organization_membership.updated",
    "organization_role.updated",
    "permission.created",
    "permission.deleted",
    "permission.updated",
    "role.updated",
    "session.revoked",
    "user.deleted",
    "user.updated",
];

/// The records of an event.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Recorded with the event's own time, so that a repeated or late event changes nothing that
    /// was decided after it.
    pub(crate) revocations: Vec<NewRevocation>,
    /// Users to be dropped from caches.
    pub(crate) changes: Vec<NewRevocation>,
}

/// What an event does here. An event that lacks what its name promises has no effect.
pub(crate) fn effects(settings: &WorkOsSettings, event: &Event) -> Effects {
    let reason = format!("WorkOS event {} {}", event.name, event.id);
    // People have tokens of both issuers: of AuthKit for their agents, of the API for the browser.
    let at_both = |new: NewRevocation| {
        [&settings.authkit, &settings.sessions]
            .map(|issuer| new.clone().of_issuer(&**issuer).because(&*reason))
            .to_vec()
    };
    let mut effects = Effects::default();
    let member = || event.text("user_id").zip(event.text("organization_id"));
    match &*event.name {
        "user.deleted" => {
            if let Some(user) = event.text("id") {
                effects.revocations = at_both(Revoked::subject(user).standing());
            }
        }
        "organization.deleted" => {
            if let Some(organization) = event.text("id") {
                effects.revocations = at_both(Revoked::organization(organization).standing());
            }
        }
        "organization_membership.updated" if event.text("status") == Some("active") => {
            if let Some((user, _)) = member() {
                effects.changes = at_both(Revoked::user_changed(user));
            }
        }
        "organization_membership.deleted" | "organization_membership.updated" => {
            if let Some((user, organization)) = member() {
                effects.revocations = at_both(Revoked::subject_in_organization(user, organization));
                effects.changes = at_both(Revoked::user_changed(user));
            }
        }
        // The session of a browser. The person's agents have consents of their own, and an ordinary
        // sign-out sends this event too.
        "session.revoked" => {
            if let Some(session) = event.text("id") {
                let session = Revoked::session(session);
                effects.revocations =
                    vec![session.of_issuer(&*settings.sessions).because(&*reason)];
            }
        }
        "user.updated" => {
            if let Some(user) = event.text("id") {
                effects.changes = at_both(Revoked::user_changed(user));
            }
        }
        "role.updated" | "organization_role.updated" => {
            effects.changes = at_both(Revoked::UsersChanged.into());
        }
        name if name.starts_with("permission.") => {
            effects.changes = at_both(Revoked::UsersChanged.into());
        }
        "api_key.revoked" => {
            let id = event.text("id");
            let of_key = |(known, _): &&(Box<str>, Box<str>)| id == Some(&**known);
            let keys = settings.static_keys.iter().filter(of_key);
            effects.revocations =
                keys.map(|(_, name)| Revoked::static_key(&**name).because(&*reason)).collect();
        }
        _ => {}
    }
    effects
}
