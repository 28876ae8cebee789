//! AuthKit, where people sign in.

use actix_mcp_auth::{ConfigError, Issuer};

use super::{AUTHKIT_DOMAIN, DEMO_APPROVE, DEMO_TOKEN_SECONDS};

/// The AuthKit of a domain or URL, which nothing may be set beside that is for the demo sign-in.
pub(super) fn authkit(
    domain: &str,
    lookup: impl Fn(&'static str) -> Result<Option<String>, ConfigError>,
) -> Result<Issuer, ConfigError> {
    for variable in [DEMO_APPROVE, DEMO_TOKEN_SECONDS] {
        if let Some(found) = lookup(variable)? {
            return Err(ConfigError::invalid(
                variable,
                found,
                "must not be set together with WORKOS_AUTHKIT_DOMAIN, since it is for the demo \
                 sign-in; set one of the two",
                format!("{AUTHKIT_DOMAIN}={domain}"),
            ));
        }
    }
    Issuer::authkit(domain).map_err(|error| error.named(AUTHKIT_DOMAIN))
}
