//! Which permissions there are, and where they are granted besides in a token's scopes.

use std::{
    any::{Any as AnyType, TypeId, type_name},
    fmt,
    sync::Arc,
};

use serde_json::Value;

use super::{Declaration, Need};
use crate::{config::ConfigError, identity::principal::Principal, issuer::names::IssuerNames};

/// Which permissions a resource knows, and where they are granted. Default: none, and nowhere but
/// in the token's scopes, which [`Issuer::scopes`](crate::Issuer::scopes) limits.
#[derive(Clone, Default)]
pub struct PermissionPolicy {
    pub(super) declared: Vec<&'static Declaration>,
    claims: Vec<ClaimRule>,
    application: Option<Application>,
    /// Told of a claim that is there and has no form that can be read.
    unreadable: Option<fn(&ClaimPath)>,
}

/// The path of a claim in a token: its name, or the names of the objects that it is in, and its own.
///
/// ```
/// # mod actix_mcp_auth { pub mod permission { pub use mcp_auth_core::permission::*; } }
/// use actix_mcp_auth::permission::ClaimPath;
///
/// let workos = ClaimPath::from("permissions");
/// let keycloak = ClaimPath::from(["realm_access", "roles"]);
/// # assert_eq!(keycloak.to_string(), "realm_access → roles");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(Vec<Box<str>>);

/// A claim that grants, and the issuers in whose tokens it does; `None` is every issuer.
#[derive(Debug, Clone)]
struct ClaimRule {
    claim: ClaimPath,
    issuers: Option<IssuerNames>,
}

/// What the application grants to its user, whatever the user's type.
#[derive(Clone)]
struct Application {
    user: TypeId,
    user_name: &'static str,
    grant: Arc<GrantToUser>,
}

type GrantToUser =
    dyn Fn(&Principal, &(dyn AnyType + Send + Sync), &mut dyn FnMut(&str)) + Send + Sync;

impl PermissionPolicy {
    /// Declares every permission that stands in `need`, and all that they imply. Only what is
    /// declared is granted, demanded and told to clients.
    pub fn declare(&mut self, need: &Need) {
        self.declared.extend(need.permissions());
    }

    /// Grants what a claim names: a list of names, one string of names with spaces between them, or
    /// an object whose members have these names, except where the value is `false` or `null`. A
    /// claim that is absent or of another form grants nothing.
    ///
    /// The claim grants in the tokens of every issuer, so it is refused at start-up where several
    /// are trusted: see [`grant_from_claim_of`](Self::grant_from_claim_of).
    pub fn grant_from_claim(&mut self, claim: impl Into<ClaimPath>) {
        self.claims.push(ClaimRule { claim: claim.into(), issuers: None });
    }

    /// Grants what a claim names in the tokens of these issuers; in those of others it grants
    /// nothing.
    pub fn grant_from_claim_of(
        &mut self,
        issuers: impl Into<IssuerNames>,
        claim: impl Into<ClaimPath>,
    ) {
        self.claims.push(ClaimRule { claim: claim.into(), issuers: Some(issuers.into()) });
    }

    /// Grants what the application says of its user, who may be anybody's:
    /// [`Principal::issuer`] tells the issuer. The last call counts.
    pub fn grant_from_application<U, G>(
        &mut self,
        grants: impl Fn(&Principal, &U) -> G + Send + Sync + 'static,
    ) where
        U: Send + Sync + 'static,
        G: IntoIterator<Item: AsRef<str>>,
    {
        self.application = Some(Application {
            user: TypeId::of::<U>(),
            user_name: type_name::<U>(),
            grant: Arc::new(move |principal, user, grant| {
                // The types were compared at start-up; another one would be granted nothing.
                if let Some(user) = user.downcast_ref::<U>() {
                    grants(principal, user).into_iter().for_each(|name| grant(name.as_ref()));
                }
            }),
        });
    }

    /// Grants these names to everybody, for a caller of a test.
    #[cfg(feature = "testing")]
    pub(crate) fn grant_always(&mut self, names: Vec<&'static str>) {
        self.application = Some(Application {
            user: TypeId::of::<()>(),
            user_name: type_name::<()>(),
            grant: Arc::new(move |_, _, grant| names.iter().for_each(|name| grant(name))),
        });
    }

    /// Has `tell` called with each claim that should grant, is in a token, and is neither text nor
    /// an object nor a list of texts.
    pub fn on_unreadable_claim(&mut self, tell: fn(&ClaimPath)) {
        self.unreadable = Some(tell);
    }

    /// Whether the application grants by a function of its own.
    pub fn has_application_grants(&self) -> bool {
        self.application.is_some()
    }

    /// Whether claims grant.
    pub fn has_claim_grants(&self) -> bool {
        !self.claims.is_empty()
    }

    /// The same for the tokens of one issuer, or of none: without the claims of others.
    pub(super) fn for_issuer(&self, issuer: Option<&str>) -> Self {
        let mut own = self.clone();
        own.claims.retain(|rule| match (&rule.issuers, issuer) {
            (Some(issuers), Some(issuer)) => issuers.contains(issuer),
            (Some(_), None) => false,
            (None, _) => true,
        });
        own
    }

    /// Whether it can be used with these issuers, and with an identity store of such users.
    pub(crate) fn check(
        &self,
        user: TypeId,
        user_name: &str,
        issuers: &[&str],
    ) -> Result<(), ConfigError> {
        let unnamed = |ClaimRule { claim, .. }: &ClaimRule| {
            claim.0.is_empty() || claim.0.iter().any(|name| name.is_empty())
        };
        if self.claims.iter().any(unnamed) {
            return Err(ConfigError::invalid(
                "grants_from_claim",
                "",
                "must name a claim",
                "permissions",
            ));
        }
        let grants_nothing = self.declared.is_empty();
        if grants_nothing && (self.application.is_some() || !self.claims.is_empty()) {
            return Err(ConfigError::missing(
                "permissions",
                "must be told with .permissions::<…>() what there is to grant",
                ".permissions::<(BookmarksRead, BookmarksWrite)>()",
            ));
        }
        for ClaimRule { claim, issuers: of } in &self.claims {
            match of {
                Some(names) => names.check("grants_from_claim_of", issuers)?,
                None if issuers.len() > 1 => return Err(claim_of_anybody(claim, issuers)),
                None => {}
            }
        }
        match &self.application {
            Some(application) if application.user != user => Err(ConfigError::invalid(
                "grants",
                format!("for users of the type {}", application.user_name),
                format!("must be for those that the identity store returns, {user_name}"),
                format!(".grants(|principal, user: &{user_name}| …)"),
            )),
            _ => Ok(()),
        }
    }

    /// Hands every name that claims and the application grant the caller to `grant`, declared or
    /// not.
    pub(super) fn for_each_grant(
        &self,
        principal: &Principal,
        user: &(dyn AnyType + Send + Sync),
        mut grant: impl FnMut(&str),
    ) {
        for ClaimRule { claim, .. } in &self.claims {
            let is_readable = claim.for_each_name(principal, &mut grant);
            if let (false, Some(tell)) = (is_readable, self.unreadable) {
                tell(claim);
            }
        }
        if let Some(application) = &self.application {
            (application.grant)(principal, user, &mut grant);
        }
    }
}

/// Every issuer can put any claim into its tokens, so with several one must be chosen.
fn claim_of_anybody(claim: &ClaimPath, issuers: &[&str]) -> ConfigError {
    ConfigError::invalid(
        "grants_from_claim",
        claim.to_string(),
        format!(
            "must be limited to the issuers that may grant by it, with grants_from_claim_of, since \
             several are configured: {}",
            issuers.join(" ")
        ),
        format!(".grants_from_claim_of(\"{}\", …)", issuers[0]),
    )
}

impl ClaimPath {
    /// Hands each name to `grant`; `false` where the claim is there and cannot be read.
    fn for_each_name(&self, principal: &Principal, grant: &mut impl FnMut(&str)) -> bool {
        let Some((claim, inner)) = self.0.split_first() else { return true };
        let Ok(Some(value)) = principal.claim::<Value>(claim) else { return true };
        let value = inner.iter().try_fold(&value, |value, name| value.get(&**name));
        match value {
            None | Some(Value::Null) => {}
            Some(Value::String(names)) => names.split_whitespace().for_each(grant),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).for_each(grant);
                return names.iter().all(Value::is_string);
            }
            // The roles of ZITADEL: each with the organizations that have granted it.
            Some(Value::Object(members)) => members
                .iter()
                .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)))
                .for_each(|(name, _)| grant(name)),
            Some(Value::Bool(_) | Value::Number(_)) => return false,
        }
        true
    }
}

impl From<&str> for ClaimPath {
    fn from(name: &str) -> Self {
        Self(vec![name.into()])
    }
}

impl From<String> for ClaimPath {
    fn from(name: String) -> Self {
        Self(vec![name.into()])
    }
}

impl<const N: usize> From<[&str; N]> for ClaimPath {
    fn from(names: [&str; N]) -> Self {
        Self(names.map(Into::into).into())
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" → "))
    }
}

impl fmt::Debug for PermissionPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let declared: Vec<_> = self.declared.iter().map(|permission| permission.name()).collect();
        f.debug_struct("PermissionPolicy")
            .field("declared", &declared)
            .field("claims", &self.claims)
            .field("application", &self.application.as_ref().map(|grants| grants.user_name))
            .finish()
    }
}
