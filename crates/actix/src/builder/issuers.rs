//! Who signs the tokens.

use mcp_auth_core::{ConfigError, Issuer};

use super::McpAuthBuilder;
use crate::auth::McpAuth;

impl McpAuthBuilder {
    /// Trusts WorkOS AuthKit, by its domain: see [`Issuer::authkit`].
    pub fn authkit(mut self, domain: impl AsRef<str>) -> Self {
        self.issuers.push(Issuer::authkit(domain));
        self
    }

    /// Trusts an issuer: its identifier, whose keys are then discovered, or an [`Issuer`] with
    /// settings of its own. May be called several times; the first is named first to clients.
    pub fn issuer<I>(mut self, issuer: I) -> Self
    where
        I: TryInto<Issuer>,
        I::Error: Into<ConfigError>,
    {
        self.issuers.push(issuer.try_into().map_err(Into::into));
        self
    }

    /// Reads the keys of issuers that `auth` has too, instead of fetching them again: for several
    /// resources in one application, such as `/mcp` and `/api`. The metadata that is
    /// [passed on](Self::authorization_server_metadata) is shared in the same way. Default: each
    /// `McpAuth` fetches its own.
    ///
    /// Keys are shared where the issuer's name, the place of its keys and its algorithms are the
    /// same. They are fetched with the settings of `auth`: refresh, clock, proxy, certificate
    /// authorities, signature backend. Metrics of the keys have the resource of `auth`. Nothing else
    /// is shared: each resource checks its own audience, scopes and users, and has a token cache of
    /// its own. The keys stay fresh when `auth` is dropped.
    ///
    /// ```
    /// use actix_mcp_auth::{Issuer, McpAuth};
    ///
    /// let issuer = Issuer::new("https://login.example.com")?;
    /// let mcp = McpAuth::builder("https://app.example.com/mcp").issuer(issuer.clone()).build()?;
    /// let api = McpAuth::api("https://app.example.com/api").issuer(issuer).keys_of(&mcp).build()?;
    /// # Ok::<(), actix_mcp_auth::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// [`build`](Self::build) tells where the two have no such issuer in common.
    pub fn keys_of(mut self, auth: &McpAuth) -> Self {
        self.keys_of = Some(auth.inner().refresher.clone());
        self
    }
}

pub(super) fn no_keys_shared(issuers: &[Issuer]) -> ConfigError {
    let names: Vec<&str> = issuers.iter().map(Issuer::name).collect();
    ConfigError::invalid(
        "keys_of",
        format!("an McpAuth with other issuers than {}", names.join(" ")),
        "must have an issuer in common, with the same jwks_uri and algorithms",
        ".issuer(issuer.clone()) on both builders",
    )
}
