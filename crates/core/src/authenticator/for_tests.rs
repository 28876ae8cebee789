//! An accepted caller without a token, for unit tests of an application's handlers.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Authenticated;
use crate::{
    identity::{ErasedUser, principal::Principal},
    issuer::Issuer,
    keyed_hash::KeyedHash,
    metadata::resource::Resource,
    permission::{Authority, PermissionPolicy, Requirement},
    token::{claims::Claims, verified::VerifiedToken},
};

const ISSUER: &str = "https://issuer.example.com";
const RESOURCE: &str = "https://app.example.com/mcp";

impl Authenticated {
    /// Starts an accepted caller for a unit test of a handler: no token, no middleware and no
    /// identity store. Put it into the request's extensions, where the middleware puts one, and
    /// every extractor finds it: `AuthedUser`, `MaybeAuthed`, `Authorized`, and the `Caller` of
    /// `mcp-auth-rmcp`. Needs the feature `testing`.
    ///
    /// `subject` is the `sub`. Without further settings it is a person of the issuer
    /// `https://issuer.example.com` who holds no scope and no permission, and the user is the
    /// [`Principal`].
    ///
    /// ```
    /// # use mcp_auth_core as actix_mcp_auth;
    /// use actix_mcp_auth::{Authenticated, scopes};
    ///
    /// scopes! {
    ///     pub BookmarksRead = "bookmarks:read";
    ///     pub BookmarksWrite = "bookmarks:write" implies BookmarksRead;
    /// }
    /// struct User { name: &'static str }
    ///
    /// let ada = Authenticated::for_tests("user_ada")
    ///     .user(User { name: "Ada" })
    ///     .granted::<BookmarksRead>()
    ///     .build();
    /// assert_eq!(ada.user::<User>().unwrap().name, "Ada");
    /// assert!(ada.grants().allow::<BookmarksRead>() && !ada.grants().allow::<BookmarksWrite>());
    /// ```
    ///
    /// `request.extensions_mut().insert(ada)` puts it into a `TestRequest`'s request.
    pub fn for_tests(subject: impl Into<String>) -> AuthenticatedBuilder {
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(ISSUER));
        claims.insert("sub".into(), json!(subject.into()));
        AuthenticatedBuilder {
            claims,
            resource: RESOURCE.to_owned(),
            user: None,
            policy: PermissionPolicy::default(),
            granted: Vec::new(),
        }
    }
}

/// An accepted caller for a unit test, before it is built; see [`Authenticated::for_tests`].
#[must_use = "a caller is made by build()"]
pub struct AuthenticatedBuilder {
    claims: Map<String, Value>,
    resource: String,
    user: Option<ErasedUser>,
    policy: PermissionPolicy,
    granted: Vec<&'static str>,
}

impl AuthenticatedBuilder {
    /// The application's user, as its identity store would return it. Default: none, so that
    /// extractors give the [`Principal`].
    pub fn user<U: Send + Sync + 'static>(mut self, user: impl Into<Arc<U>>) -> Self {
        self.user = Some(ErasedUser::new(user.into()));
        self
    }

    /// The issuer's URL. Default: `https://issuer.example.com`.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// The resource that the caller was let in to. Default: `https://app.example.com/mcp`.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = resource.into();
        self
    }

    /// The token's scopes, with spaces between them. A scope grants a permission that was
    /// [declared](Self::permissions). Default: none.
    pub fn scopes(self, scopes: impl Into<String>) -> Self {
        self.claim("scope", scopes.into())
    }

    /// Declares permissions, as `permissions` of `McpAuth`'s builder does: those among the
    /// [scopes](Self::scopes) are granted, and a 403 for want of one is `insufficient_scope`. A
    /// permission that was not declared gives a 403 without a challenge.
    pub fn permissions<R: Requirement>(mut self) -> Self {
        self.policy.declare(R::NEED);
        self
    }

    /// Grants permissions, with all that they imply, as a claim or the application would. All that
    /// stand in `R` are granted, also where `R` is `Any`.
    pub fn granted<R: Requirement>(mut self) -> Self {
        self.policy.declare(R::NEED);
        self.granted.extend(R::NEED.permissions().map(|permission| permission.name()));
        self
    }

    /// The OAuth client (`client_id`). Default: none.
    pub fn client(self, id: impl Into<String>) -> Self {
        self.claim("client_id", id.into())
    }

    /// A machine instead of a person: the subject is the client as well (RFC 9068 §2.2).
    pub fn machine(self) -> Self {
        let subject = self.claims["sub"].clone();
        self.claim("client_id", subject)
    }

    /// The organization (`org_id`). Default: none.
    pub fn organization(self, id: impl Into<String>) -> Self {
        self.claim("org_id", id.into())
    }

    /// Any claim: `sid`, `act`, `jti`, or one of your own.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// The caller.
    ///
    /// # Panics
    /// Where the issuer or the resource is no URL that an [`Issuer`] or a [`Resource`] may have, or
    /// where a claim is of another type
    /// than its standard says.
    #[track_caller]
    pub fn build(self) -> Authenticated {
        let Self { claims, resource, user, mut policy, granted } = self;
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
        let issuer = Issuer::new(issuer).unwrap_or_else(|error| panic!("{error}"));
        let claims = Claims::parse(Value::Object(claims).to_string())
            .unwrap_or_else(|error| panic!("a claim is of the wrong type: {error}"));
        let token = VerifiedToken::for_tests(claims);
        let principal = Principal::new(token, &issuer, &[], &KeyedHash::random())
            .unwrap_or_else(|error| panic!("{error}"));
        policy.grant_always(granted);
        let resource = Resource::parse(&resource).unwrap_or_else(|error| panic!("{error}"));
        let authority = Authority::of_issuer(&issuer, &policy, &[], &resource).assuming_declared();
        Authenticated::new(principal.into(), authority.into(), None, user)
    }
}

impl std::fmt::Debug for AuthenticatedBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticatedBuilder")
            .field("subject", &self.claims.get("sub"))
            .field("granted", &self.granted)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::principal::PrincipalKind,
        rejection::{ForbiddenReason, Rejection},
        scopes,
    };

    scopes! {
        struct Permissions;
        Read = "bookmarks:read";
        Write = "bookmarks:write" implies Read;
    }

    #[test]
    fn a_caller_without_settings_is_a_person_who_may_nothing() {
        let ada = Authenticated::for_tests("user_ada").build();
        assert_eq!(ada.principal().subject().id(), "user_ada");
        assert_eq!(ada.principal().issuer(), ISSUER);
        assert_eq!(ada.principal().kind(), &PrincipalKind::User);
        assert!(ada.principal().scopes().is_empty());
        assert_eq!(ada.user::<Principal>().unwrap().subject().id(), "user_ada");
        assert_eq!(ada.grants().iter().count(), 0);
    }

    #[test]
    fn what_is_set_is_what_extractors_see() {
        let caller = Authenticated::for_tests("user_ada")
            .issuer("https://login.example.com")
            .resource("https://app.example.com/mcp/acme")
            .user(7_u32)
            .client("client_1")
            .organization("org_1")
            .scopes("openid profile")
            .claim("sid", "session_1")
            .claim("tier", 3)
            .build();
        let principal = caller.principal();
        assert_eq!(principal.issuer(), "https://login.example.com");
        assert_eq!(
            (principal.client(), principal.session()),
            (Some("client_1"), Some("session_1"))
        );
        assert_eq!(principal.organization(), Some("org_1"));
        assert_eq!(caller.resource().as_str(), "https://app.example.com/mcp/acme");
        assert_eq!(principal.scopes().iter().collect::<Vec<_>>(), ["openid", "profile"]);
        assert_eq!(principal.claim::<u8>("tier"), Ok(Some(3)));
        assert_eq!(caller.user::<u32>().as_deref(), Some(&7));
        assert!(caller.user::<Principal>().is_none(), "the store would return another type");
    }

    #[test]
    fn a_declared_permission_is_granted_by_its_scope() {
        let caller = Authenticated::for_tests("user_ada")
            .permissions::<Permissions>()
            .scopes("bookmarks:read");
        let caller = caller.build();
        assert!(caller.grants().allow::<Read>());
        let missing = caller.require(&[Write::NEED]).unwrap_err();
        assert!(matches!(&missing, Rejection::InsufficientScope { .. }), "{missing:?}");
        let challenge = caller.challenge(&missing).unwrap();
        assert!(challenge.contains("scope=\"bookmarks:write\""), "{challenge}");
    }

    #[test]
    fn a_granted_permission_implies_others_and_needs_no_scope() {
        let caller = Authenticated::for_tests("user_ada").granted::<Write>().build();
        assert!(caller.grants().allow::<(Read, Write)>());
        assert!(caller.principal().scopes().is_empty());
    }

    #[test]
    fn a_permission_that_was_not_declared_is_missing_and_no_mistake() {
        let caller = Authenticated::for_tests("user_ada").build();
        assert_eq!(caller.grants().undeclared(Write::NEED), None);
        let missing = caller.require(&[Write::NEED]).unwrap_err();
        let reason = ForbiddenReason::MissingPermission {
            missing: vec!["bookmarks:write".parse().unwrap()],
        };
        assert_eq!(missing, reason.into());
    }

    #[test]
    fn a_machine_is_its_own_client() {
        let job = Authenticated::for_tests("client_job").machine().build();
        assert!(
            matches!(job.principal().kind(), PrincipalKind::Machine(id) if id.id() == "client_job")
        );
    }

    #[test]
    #[should_panic(expected = "issuer")]
    fn an_issuer_that_is_no_url_panics() {
        Authenticated::for_tests("user_ada").issuer("login").build();
    }
}
