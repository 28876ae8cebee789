//! Which scopes an issuer's tokens can grant, and which ones clients can ask it for.

use super::Issuer;
use crate::{config::ConfigError, metadata::documents, scope::Scope};

impl Issuer {
    /// The scopes that AuthKit grants: no others, whatever a client asks for.
    pub const AUTHKIT_SCOPES: [&'static str; 4] = documents::AUTHKIT_SCOPES;

    /// Limits this issuer to these scopes, by the names that stand in its tokens' `scope` or `scp`,
    /// or by those that it is asked for ([`scope_prefix`](Self::scope_prefix)).
    /// Any other name that stands there grants nothing: it is no permission, satisfies no required
    /// scope, and is not among [`Principal::scopes`](crate::Principal::scopes). Claims and what the
    /// application grants are rules of their own
    /// ([`PermissionPolicy`](crate::permission::PermissionPolicy)).
    ///
    /// Clients are never told to ask for another scope either, and a caller who lacks a permission
    /// that is not among them gets a plain 403, since no new token would help.
    ///
    /// With several issuers, limit each of them: an issuer without a limit can grant every declared
    /// permission. Default: no limit, and any scope can be asked for. AuthKit has no limit either;
    /// clients are told to ask for [its own four](Self::AUTHKIT_SCOPES) only.
    ///
    /// # Errors
    /// Where one of them is no scope (RFC 6749 §3.3).
    pub fn scopes<S: AsRef<str>>(
        self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let mut limited = self.advertising(scopes)?;
        limited.scopes_limit = true;
        Ok(limited)
    }

    /// Names the scopes that clients can ask for, without limiting what tokens grant.
    pub(super) fn advertising<S: AsRef<str>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let scopes = scopes.into_iter().map(|scope| scope.as_ref().parse());
        self.told_scopes = Some(scopes.collect::<Result<_, _>>()?);
        self.name_scopes();
        Ok(self)
    }

    /// The scopes that clients can ask it for, by the names in its tokens; `None` for any.
    pub fn granted_scopes(&self) -> Option<&[Scope]> {
        self.scopes.as_deref()
    }

    /// The only scopes that its tokens grant, where the application limited them with
    /// [`scopes`](Self::scopes); `None` where whatever stands in a token is granted.
    pub fn scope_limit(&self) -> Option<&[Scope]> {
        self.granted_scopes().filter(|_| self.scopes_limit)
    }
}
