//! The events that end or change somebody's access, with the data that WorkOS documents.

use serde_json::{Value, json};

use super::event::WorkOsEvent;
use crate::random;

/// When the thing came into being that the event is about.
const CREATED: &str = "2026-01-05T09:30:00.000Z";
const UPDATED: &[&str] = &["updated_at"];

/// # The events that matter
impl WorkOsEvent {
    /// `user.updated`: somebody's address, name or metadata changed.
    pub fn user_updated(user_id: &str) -> Self {
        Self::of("user.updated", user(user_id), UPDATED)
    }

    /// `user.deleted`: somebody's account was deleted.
    pub fn user_deleted(user_id: &str) -> Self {
        Self::of("user.deleted", user(user_id), UPDATED)
    }

    /// `organization_membership.updated`: the role or the status changed. `status` is `active`,
    /// `inactive` or `pending`.
    pub fn organization_membership_updated(
        user_id: &str,
        organization_id: &str,
        status: &str,
    ) -> Self {
        let data = membership(user_id, organization_id, status);
        Self::of("organization_membership.updated", data, UPDATED)
    }

    /// `organization_membership.deleted`: somebody was removed from an organization. WorkOS sends
    /// the status that the membership had last.
    pub fn organization_membership_deleted(user_id: &str, organization_id: &str) -> Self {
        let data = membership(user_id, organization_id, "active");
        Self::of("organization_membership.deleted", data, UPDATED)
    }

    /// `organization.deleted`: an organization was deleted.
    pub fn organization_deleted(organization_id: &str) -> Self {
        let data = json!({
            "object": "organization",
            "id": organization_id,
            "name": "Example Ltd",
            "domains": [],
            "metadata": {},
            "external_id": null,
            "created_at": CREATED,
        });
        Self::of("organization.deleted", data, UPDATED)
    }

    /// `session.revoked`: a session in a browser ended. An ordinary sign-out sends it too. The id
    /// is `sid` of session tokens, and never that of an MCP client's token.
    pub fn session_revoked(session_id: &str, user_id: &str) -> Self {
        let data = json!({
            "object": "session",
            "id": session_id,
            "user_id": user_id,
            "organization_id": null,
            "impersonator": null,
            "ip_address": "192.0.2.10",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "auth_method": "password",
            "status": "revoked",
            "expires_at": "2036-01-05T09:30:00.000Z",
            "created_at": CREATED,
        });
        Self::of("session.revoked", data, &["ended_at", "updated_at"])
    }

    /// `role.updated`: the permissions of a role of the environment changed.
    pub fn role_updated(slug: &str) -> Self {
        let data = json!({
            "object": "role",
            "slug": slug,
            "resource_type_slug": "organization",
            "permissions": ["bookmarks:read"],
            "created_at": CREATED,
        });
        Self::of("role.updated", data, UPDATED)
    }

    /// `organization_role.updated`: the permissions of an organization's own role changed.
    pub fn organization_role_updated(organization_id: &str, slug: &str) -> Self {
        let data = json!({
            "object": "organization_role",
            "organization_id": organization_id,
            "slug": slug,
            "name": slug,
            "description": null,
            "resource_type_slug": "organization",
            "permissions": ["bookmarks:read"],
            "created_at": CREATED,
        });
        Self::of("organization_role.updated", data, UPDATED)
    }

    /// `permission.updated`: a permission was renamed or described anew.
    pub fn permission_updated(slug: &str) -> Self {
        let data = json!({
            "object": "permission",
            "id": format!("perm_{}", random::ulid()),
            "slug": slug,
            "name": slug,
            "description": null,
            "system": false,
            "created_at": CREATED,
        });
        Self::of("permission.updated", data, UPDATED)
    }

    /// `api_key.revoked`: a customer's API key was revoked. Its owner is an organization.
    pub fn api_key_revoked(api_key_id: &str, name: &str) -> Self {
        let data = json!({
            "object": "api_key",
            "id": api_key_id,
            "owner": { "type": "organization", "id": format!("org_{}", random::ulid()) },
            "name": name,
            "obfuscated_value": "sk_…f00d",
            "last_used_at": null,
            "permissions": [],
            "created_at": CREATED,
        });
        Self::of("api_key.revoked", data, UPDATED)
    }
}

fn user(id: &str) -> Value {
    json!({
        "object": "user",
        "id": id,
        "email": format!("{id}@example.com"),
        "email_verified": true,
        "first_name": null,
        "last_name": null,
        "profile_picture_url": null,
        "external_id": null,
        "metadata": {},
        "last_sign_in_at": null,
        "locale": null,
        "created_at": CREATED,
    })
}

fn membership(user_id: &str, organization_id: &str, status: &str) -> Value {
    json!({
        "object": "organization_membership",
        "id": format!("om_{}", random::ulid()),
        "user_id": user_id,
        "organization_id": organization_id,
        "status": status,
        "role": { "slug": "member" },
        "roles": [{ "slug": "member" }],
        "custom_attributes": {},
        "directory_managed": false,
        "created_at": CREATED,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_name_whom_they_are_about() {
        let about = |event: WorkOsEvent, member: &str| {
            (event.event().to_owned(), event.data()[member].as_str().unwrap_or("").to_owned())
        };
        let expected = |event: &str, value: &str| (event.to_owned(), value.to_owned());

        let updated = WorkOsEvent::organization_membership_updated("user_a", "org_b", "inactive");
        for (found, wanted) in [
            (about(WorkOsEvent::user_updated("user_a"), "id"), expected("user.updated", "user_a")),
            (about(WorkOsEvent::user_deleted("user_a"), "id"), expected("user.deleted", "user_a")),
            (
                about(updated.clone(), "user_id"),
                expected("organization_membership.updated", "user_a"),
            ),
            (about(updated, "status"), expected("organization_membership.updated", "inactive")),
            (
                about(
                    WorkOsEvent::organization_membership_deleted("user_a", "org_b"),
                    "organization_id",
                ),
                expected("organization_membership.deleted", "org_b"),
            ),
            (
                about(WorkOsEvent::organization_deleted("org_b"), "id"),
                expected("organization.deleted", "org_b"),
            ),
            (
                about(WorkOsEvent::session_revoked("session_c", "user_a"), "id"),
                expected("session.revoked", "session_c"),
            ),
            (about(WorkOsEvent::role_updated("admin"), "slug"), expected("role.updated", "admin")),
            (
                about(
                    WorkOsEvent::organization_role_updated("org_b", "org-admin"),
                    "organization_id",
                ),
                expected("organization_role.updated", "org_b"),
            ),
            (
                about(WorkOsEvent::permission_updated("posts:write"), "slug"),
                expected("permission.updated", "posts:write"),
            ),
            (
                about(WorkOsEvent::api_key_revoked("api_key_d", "nightly"), "name"),
                expected("api_key.revoked", "nightly"),
            ),
        ] {
            assert_eq!(found, wanted);
        }
    }
}
