//! The people who can sign in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person who can sign in at a [`TestAuthority`](crate::TestAuthority).
///
/// ```
/// use mcp_auth_testing::{Person, TestAuthority};
///
/// # fn main() -> Result<(), mcp_auth_testing::StartError> {
/// let authority = TestAuthority::builder()
///     .person(
///         Person::new("user_katherine", "Katherine Johnson")
///             .email("katherine@example.com")
///             .org("org_trajectories"),
///     )
///     .start()?;
/// assert_eq!(authority.people().len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// `Debug` shows the id, and neither name nor address: the people of a staging system may be real.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The subject: `sub` of every token issued for this person.
    pub id: String,
    /// The name; shown on the pages and returned by userinfo.
    pub name: String,
    /// In userinfo and ID tokens under the scope `email`, never in access tokens.
    pub email: Option<String>,
    /// Whether the address was verified. Default: `true`.
    pub email_verified: bool,
    /// The organization, `org_id` in tokens. None unless set.
    pub org_id: Option<String>,
    /// The role in that organization, in session tokens only. None unless set.
    pub role: Option<String>,
    /// Permissions, in session tokens only. None unless set.
    pub permissions: Vec<String>,
    other_orgs: Vec<Membership>,
}

/// What a person is in an organization.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) org_id: String,
    pub(crate) role: String,
    pub(crate) permissions: Vec<String>,
}

/// A person, as a file keeps them.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredPerson(#[serde(with = "Form")] pub(crate) Person);

/// The form of a [`Person`] in a file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Person")]
struct Form {
    id: String,
    name: String,
    email: Option<String>,
    email_verified: bool,
    org_id: Option<String>,
    role: Option<String>,
    permissions: Vec<String>,
    other_orgs: Vec<Membership>,
}

impl Person {
    /// A person without address or organization.
    ///
    /// WorkOS subjects look like `user_01E4ZCR3C56J083X43JQXF3JK5`; any string will do here.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            email: None,
            email_verified: true,
            org_id: None,
            role: None,
            permissions: Vec::new(),
            other_orgs: Vec::new(),
        }
    }

    /// Gives them an e-mail address.
    #[must_use]
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.email = Some(address.into());
        self
    }

    /// Says whether the address was verified (default: yes).
    #[must_use]
    pub fn verified(mut self, verified: bool) -> Self {
        self.email_verified = verified;
        self
    }

    /// Puts them into an organization (`org_id`).
    #[must_use]
    pub fn org(mut self, org_id: impl Into<String>) -> Self {
        self.org_id = Some(org_id.into());
        self
    }

    /// Gives them a role, which session tokens carry as `role` and `roles`.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Gives them permissions, which session tokens carry.
    #[must_use]
    pub fn permissions<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.permissions = names.into_iter().map(Into::into).collect();
        self
    }

    /// Puts them into one more organization, with a role and permissions there. A session of a
    /// browser can be asked for it, and can switch to it, by `organization_id`.
    #[must_use]
    pub fn also_in<S: Into<String>>(
        mut self,
        org_id: impl Into<String>,
        role: impl Into<String>,
        permissions: impl IntoIterator<Item = S>,
    ) -> Self {
        self.other_orgs.push(Membership {
            org_id: org_id.into(),
            role: role.into(),
            permissions: permissions.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// Their membership in this organization, if they are in it.
    pub(crate) fn membership(&self, org_id: &str) -> Option<Membership> {
        let main = self.main_membership().filter(|main| main.org_id == org_id);
        main.or_else(|| self.other_orgs.iter().find(|other| other.org_id == org_id).cloned())
    }

    /// Their membership in [`org_id`](Self::org_id).
    pub(crate) fn main_membership(&self) -> Option<Membership> {
        Some(Membership {
            org_id: self.org_id.clone()?,
            role: self.role.clone().unwrap_or_else(|| "member".to_owned()),
            permissions: self.permissions.clone(),
        })
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The people who can sign in if the builder names none: three, one of them with an unverified
/// address.
pub(crate) fn demo_people() -> Vec<Person> {
    vec![
        Person::new("user_ada", "Ada Lovelace").email("ada@example.com"),
        Person::new("user_alan", "Alan Turing").email("alan@example.com").org("org_bletchley"),
        Person::new("user_grace", "Grace Hopper").email("grace@example.com").verified(false),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r09_debug_of_a_person_hides_address_and_name() {
        let ada = Person::new("user_ada", "Ada Lovelace").email("ada@example.com");
        assert_eq!(format!("{ada:?}"), r#"Person { id: "user_ada", .. }"#);
    }
}
