//! The configuration of each provider, line for line as docs/issuers.md shows it.

use actix_mcp_auth::{ConfigError, Issuer, issuer::ClientCredentials};
use actix_web::{dev::ServiceRequest, http::header};

pub(super) fn authkit() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::authkit("your-subdomain.authkit.app")?;
    Ok(issuer)
}

pub(super) fn auth0() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://your-tenant.eu.auth0.com/")?
        .machine_if(|token| token.subject().ends_with("@clients"));
    Ok(issuer)
}

pub(super) fn entra_v2() -> Result<Issuer, ConfigError> {
    let tenant = "11111111-2222-3333-4444-555555555555";
    let issuer = Issuer::new(format!("https://login.microsoftonline.com/{tenant}/v2.0"))?
        .audience("66666666-7777-8888-9999-000000000000")
        .scope_prefix("https://app.example.com/mcp/")?;
    Ok(issuer)
}

pub(super) fn entra_programs() -> Result<Issuer, ConfigError> {
    let tenant = "11111111-2222-3333-4444-555555555555";
    let issuer = Issuer::new(format!("https://login.microsoftonline.com/{tenant}/v2.0"))?
        .audience("66666666-7777-8888-9999-000000000000")
        .access_token_if(|token| token.claim::<String>("idtyp") == Ok(Some("app".into())))
        .machine_if(|token| token.claim::<String>("idtyp") == Ok(Some("app".into())));
    Ok(issuer)
}

pub(super) fn entra_v1() -> Result<Issuer, ConfigError> {
    let tenant = "11111111-2222-3333-4444-555555555555";
    let keys = format!("https://login.microsoftonline.com/{tenant}/discovery/keys");
    let issuer = Issuer::new(format!("https://sts.windows.net/{tenant}/"))?
        .jwks_uri(keys)?
        .audience("66666666-7777-8888-9999-000000000000");
    Ok(issuer)
}

pub(super) fn okta() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://your-org.okta.com/oauth2/default")?.machine_if(|token| {
        token.claim::<String>("cid").ok().flatten().is_some_and(|cid| cid == token.subject())
    });
    Ok(issuer)
}

pub(super) fn keycloak() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://sso.example.com/realms/main")?.machine_if(|token| {
        let name = token.claim::<String>("preferred_username").ok().flatten();
        name.is_some_and(|name| name.starts_with("service-account-"))
    });
    Ok(issuer)
}

pub(super) fn cognito() -> Result<Issuer, ConfigError> {
    let pool = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI";
    let issuer = Issuer::new(pool)?;
    Ok(issuer)
}

pub(super) fn zitadel() -> Result<Issuer, ConfigError> {
    let secret = std::env::var("ZITADEL_API_SECRET").unwrap_or_else(|_| "s3cr3t".into());
    let issuer = Issuer::new("https://your-instance.zitadel.cloud")?
        .introspection(
            "https://your-instance.zitadel.cloud/oauth/v2/introspect",
            ClientCredentials::client_secret_basic("69234237810729234", secret),
        )?
        .audience("69234237810729019");
    Ok(issuer)
}

pub(super) fn zitadel_jwt() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://your-instance.zitadel.cloud")?
        .audience("69234237810729019")
        .access_token_if(|token| token.claim::<String>("jti").is_ok_and(|jti| jti.is_some()));
    Ok(issuer)
}

pub(super) fn supabase() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://your-project.supabase.co/auth/v1")?.audience("authenticated");
    Ok(issuer)
}

pub(super) fn clerk() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://clerk.example.com")?;
    Ok(issuer)
}

pub(super) fn dex() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://dex.example.com/dex")?
        .audience("mcp-clients")
        .access_token_if(|token| token.claim::<String>("c_hash") == Ok(None));
    Ok(issuer)
}

pub(super) fn fusionauth() -> Result<Issuer, ConfigError> {
    let issuer =
        Issuer::new("https://auth.example.com")?.audience("e9fdb985-9173-4e01-9d73-ac2d60d1dc8e");
    Ok(issuer)
}

pub(super) fn cloudflare_access() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://your-team.cloudflareaccess.com")?
        .jwks_uri("https://your-team.cloudflareaccess.com/cdn-cgi/access/certs")?
        .audience("32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228")
        .access_token_if(|token| token.claim::<String>("type") == Ok(Some("app".into())));
    Ok(issuer)
}

/// Puts the token of Cloudflare Access where bearer tokens stand.
pub(super) fn token_of_access(request: &mut ServiceRequest) {
    let headers = request.headers_mut();
    headers.remove(header::AUTHORIZATION);
    let token = headers.get("Cf-Access-Jwt-Assertion").and_then(|token| token.to_str().ok());
    if let Some(Ok(bearer)) = token.map(|token| format!("Bearer {token}").parse()) {
        headers.insert(header::AUTHORIZATION, bearer);
    }
}

pub(super) fn logto() -> Result<Issuer, ConfigError> {
    let issuer = Issuer::new("https://your-tenant.logto.app/oidc")?;
    Ok(issuer)
}
