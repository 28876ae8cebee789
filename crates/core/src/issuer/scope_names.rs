//! What an issuer calls a scope when clients ask for it, and what its tokens call it.
//!
//! Some issuers have two names for one scope. Microsoft Entra ID is asked for
//! `api://6666/access_as_user`, and puts `access_as_user` into `scp`. Whatever is compared is the
//! name without the prefix; whatever clients are told is the name with it.

use std::{borrow::Cow, sync::Arc};

use super::Issuer;
use crate::{
    config::ConfigError,
    scope::{Scope, is_scope},
};

/// Scopes of OpenID Connect (Core §5.4, §11), which have the same name everywhere.
const OF_OPENID: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

/// The scheme of the names that Entra ID gives to APIs.
const OF_ENTRA: &str = "api://";

/// An issuer's names for scopes. Default: the same as in its tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ScopeNames {
    prefix: Option<Arc<str>>,
    /// Whether the prefix was read from the names of [`Issuer::scopes`].
    derived: bool,
}

impl ScopeNames {
    /// Whether both names are always the same.
    pub(crate) fn are_the_same(&self) -> bool {
        self.prefix.is_none()
    }

    /// The name that is compared: without the prefix.
    pub(crate) fn local<'n>(&self, name: &'n str) -> &'n str {
        let rest = self.prefix.as_deref().and_then(|prefix| name.strip_prefix(prefix));
        // One of OpenID Connect's names with the prefix is another scope.
        rest.filter(|rest| !rest.is_empty() && !OF_OPENID.contains(rest)).unwrap_or(name)
    }

    /// The name that clients ask for: with the prefix. Not those of OpenID Connect, and not those
    /// that are URIs already and so another resource's.
    pub(crate) fn told<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let local = self.local(name);
        match &self.prefix {
            Some(prefix) if !OF_OPENID.contains(&local) && !local.contains("://") => {
                Cow::Owned(format!("{prefix}{local}"))
            }
            _ => Cow::Borrowed(local),
        }
    }

    /// The scope by the name that is compared.
    pub(crate) fn local_scope(&self, scope: &Scope) -> Scope {
        self.local(scope.as_str()).parse().unwrap_or_else(|_| scope.clone())
    }

    /// The scope by the name that clients ask for.
    pub(crate) fn told_scope(&self, scope: &Scope) -> Scope {
        self.told(scope.as_str()).parse().unwrap_or_else(|_| scope.clone())
    }

    /// The prefix of Entra's names for scopes, if all that are of this form have the same one.
    fn derived_from(scopes: &[Scope]) -> Option<Self> {
        let names = scopes.iter().map(Scope::as_str).filter(|name| name.starts_with(OF_ENTRA));
        let mut prefixes = names.map(|name| {
            let end = name.rfind('/').map_or(0, |slash| slash + 1);
            Some(&name[..end]).filter(|prefix| prefix.len() > OF_ENTRA.len() && end < name.len())
        });
        let first = prefixes.next()??;
        prefixes
            .all(|prefix| prefix == Some(first))
            .then(|| Self { prefix: Some(first.into()), derived: true })
    }
}

impl Issuer {
    /// What this issuer's names for scopes begin with where its tokens leave it out. Microsoft Entra
    /// ID is asked for `api://6666/access_as_user` and puts `access_as_user` into `scp`: the prefix
    /// is the *Application ID URI* with a slash.
    ///
    /// Clients are told the names with the prefix, in `scopes_supported` and in challenges; only
    /// the scopes of OpenID Connect (`openid`, `profile`, `email`, `address`, `phone`,
    /// `offline_access`) and names that are URIs stay as they are. Everything else, such as
    /// permissions, [`scopes`](Self::scopes) and [`Principal::scopes`](crate::Principal::scopes),
    /// goes by the name without the prefix; with it, a name means the same.
    ///
    /// Default: none, or the prefix of Entra's names (`api://…/`) where [`scopes`](Self::scopes)
    /// has such names. With several issuers, a client that has not signed in yet is told the name
    /// of the first issuer that grants the scope.
    ///
    /// ```
    /// # use mcp_auth_core::Issuer;
    /// let entra = Issuer::new("https://login.microsoftonline.com/1111/v2.0")?
    ///     .scope_prefix("https://app.example.com/mcp/")?;
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// Where it is empty, has a character that no scope has (RFC 6749 §3.3), or ends in a letter or
    /// digit, so that a slash is missing.
    pub fn scope_prefix(mut self, prefix: impl Into<String>) -> Result<Self, ConfigError> {
        let prefix = prefix.into();
        if !is_scope(&prefix) || prefix.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            return Err(ConfigError::invalid(
                "scope_prefix",
                prefix,
                "must be what the issuer's names for scopes begin with, up to a slash or another \
                 mark, without spaces, quotes and backslashes",
                "api://66666666-7777-8888-9999-000000000000/",
            ));
        }
        self.scope_names = ScopeNames { prefix: Some(prefix.into()), derived: false };
        self.name_scopes();
        Ok(self)
    }

    /// Takes the prefix from the names that the issuer was limited to, unless it was told, and goes
    /// on with the names without it.
    pub(super) fn name_scopes(&mut self) {
        let names = &self.scope_names;
        if names.are_the_same() || names.derived {
            self.scope_names = ScopeNames::derived_from(self.told_scopes()).unwrap_or_default();
        }
        let local = |scopes: &Vec<Scope>| {
            scopes.iter().map(|scope| self.scope_names.local_scope(scope)).collect()
        };
        self.scopes = self.told_scopes.as_ref().map(local);
    }

    fn told_scopes(&self) -> &[Scope] {
        self.told_scopes.as_deref().unwrap_or_default()
    }

    /// Its names for scopes.
    pub(crate) fn scope_names(&self) -> &ScopeNames {
        &self.scope_names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entra() -> Issuer {
        Issuer::new("https://login.microsoftonline.com/1111/v2.0").unwrap()
    }

    fn granted(issuer: &Issuer) -> Vec<&str> {
        issuer.granted_scopes().unwrap().iter().map(Scope::as_str).collect()
    }

    #[test]
    fn a_scope_prefix_maps_both_ways() {
        let issuer = entra().scope_prefix("api://6666/").unwrap();
        let names = issuer.scope_names();
        for name in ["access", "api://6666/access"] {
            assert_eq!((names.local(name), &*names.told(name)), ("access", "api://6666/access"));
        }
        let others =
            ["openid", "offline_access", "https://graph.example/User.Read", "api://6666/email"];
        for name in others {
            assert_eq!((names.local(name), &*names.told(name)), (name, name));
        }
        assert_eq!(names.local("api://6666/"), "api://6666/");
        let same = entra();
        assert_eq!(same.scope_names().told("api://6666/access"), "api://6666/access");
    }

    #[test]
    fn scopes_and_scope_prefix_may_come_in_any_order() {
        let long = ["https://h/mcp/read", "openid"];
        let prefix = "https://h/mcp/";
        let one = entra().scopes(long).unwrap().scope_prefix(prefix).unwrap();
        let other = entra().scope_prefix(prefix).unwrap().scopes(long).unwrap();
        assert_eq!(granted(&one), ["read", "openid"]);
        assert_eq!(granted(&other), ["read", "openid"]);
    }

    #[test]
    fn the_prefix_of_entra_s_own_names_is_known() {
        let names = |scopes: &[&str]| entra().scopes(scopes).unwrap();
        let issuer = names(&["openid", "api://6666/read", "api://6666/write"]);
        assert_eq!(granted(&issuer), ["openid", "read", "write"]);
        // Said otherwise, or of two APIs: the names stay as they are.
        let told = issuer.scope_prefix("api://7777/").unwrap();
        assert_eq!(granted(&told), ["openid", "api://6666/read", "api://6666/write"]);
        for other in [
            &["api://6666/read", "api://7777/read"][..],
            &["https://h/mcp/read"],
            &["api://read"],
            &["api://6666/"],
        ] {
            assert_eq!(granted(&names(other)), other);
        }
    }

    #[test]
    fn what_is_no_scope_prefix_is_an_error() {
        for prefix in ["", "api://6666", "a b/", "\"/"] {
            let error = entra().scope_prefix(prefix).unwrap_err().to_string();
            assert!(error.starts_with("scope_prefix is"), "{error}");
            assert!(error.contains("for example"), "{error}");
        }
    }
}
