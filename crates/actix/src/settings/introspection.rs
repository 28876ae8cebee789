//! The settings of an issuer's introspection endpoint.

use std::path::PathBuf;

use mcp_auth_core::{
    ClientCredentials, ConfigError, IntrospectedTokens, Issuer, Secret, setting_source,
};
use serde::Deserialize;

/// The introspection endpoint of an issuer: `url`, `client_id`, `tokens`, `ttl_seconds`, and a
/// secret or a key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntrospectionSettings {
    url: String,
    client_id: String,
    #[serde(default, deserialize_with = "super::secret")]
    client_secret: Option<Secret>,
    client_secret_file: Option<PathBuf>,
    #[serde(default)]
    secret_in: SecretIn,
    private_key_file: Option<PathBuf>,
    #[serde(default)]
    tokens: TokensName,
    ttl_seconds: Option<f64>,
}

/// Where the secret is sent.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SecretIn {
    #[default]
    Header,
    Form,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TokensName {
    #[default]
    Opaque,
    Jwts,
    OpaqueAndJwts,
}

impl IntrospectionSettings {
    /// The issuer with these settings. `setting` names them in errors.
    pub(super) fn apply(self, issuer: Issuer, setting: &str) -> Result<Issuer, ConfigError> {
        let ttl = self.ttl_seconds;
        let ttl = ttl.map(|ttl| super::apply::seconds(&format!("{setting}.ttl_seconds"), ttl));
        let (ttl, tokens, url) = (ttl.transpose()?, self.tokens.into(), self.url.clone());
        let credentials = self.credentials(setting)?;
        let issuer = issuer.introspection(url, credentials).map_err(|error| {
            let field = match error.setting() {
                "introspection client_id" => "client_id",
                "introspection client_secret" => "client_secret",
                _ => "url",
            };
            error.named(format!("{setting}.{field}"))
        })?;
        let issuer = issuer.introspected_tokens(tokens);
        Ok(ttl.into_iter().fold(issuer, Issuer::introspection_ttl))
    }

    fn credentials(self, setting: &str) -> Result<ClientCredentials, ConfigError> {
        let (secret, file) =
            (format!("{setting}.client_secret"), format!("{setting}.client_secret_file"));
        let (key, key_file) =
            (format!("{setting}.private_key"), format!("{setting}.private_key_file"));
        let value = self.client_secret.map(|secret| secret.expose().to_owned());
        let value = setting_source::value(&secret, value, &file, self.client_secret_file)?;
        let pem = setting_source::value(&key, None, &key_file, self.private_key_file)?;
        match (value, pem) {
            (Some(value), None) => Ok(match self.secret_in {
                SecretIn::Header => ClientCredentials::client_secret_basic(self.client_id, value),
                SecretIn::Form => ClientCredentials::client_secret_post(self.client_id, value),
            }),
            (None, Some(pem)) => ClientCredentials::private_key_jwt(self.client_id, pem)
                .map_err(|error| error.named(key_file)),
            _ => Err(ConfigError::missing(
                secret,
                "must be there, or client_secret_file, or private_key_file, and one of them only: \
                 an introspection endpoint answers authenticated clients (RFC 7662 §2.1)",
                "(the secret of the client that the issuer has registered for this resource)",
            )),
        }
    }
}

impl From<TokensName> for IntrospectedTokens {
    fn from(name: TokensName) -> Self {
        match name {
            TokensName::Opaque => Self::Opaque,
            TokensName::Jwts => Self::Jwts,
            TokensName::OpaqueAndJwts => Self::OpaqueAndJwts,
        }
    }
}
