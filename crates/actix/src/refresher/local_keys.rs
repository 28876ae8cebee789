//! Keys that are at hand are in force before the first request, and as soon as they are replaced.

use std::sync::Arc;

use mcp_auth_core::{
    Clock, ConfigError, JwksLocation, KeySet,
    keys::{JwksError, local},
    signature::SignatureBackend,
};

use super::keys::KeyWatch;
use crate::clock::ChosenClock;

/// Publishes an issuer's key set if it is in memory or in a file, and each one that replaces it in
/// memory. Elsewhere it does nothing.
///
/// # Errors
/// Where it cannot be read, or where the issuer's algorithms or the backend can use no key of it.
pub(super) fn publish(
    watch: &Arc<KeyWatch>,
    signatures: &Arc<dyn SignatureBackend>,
    clock: &ChosenClock,
) -> Result<(), ConfigError> {
    let allowed = watch.issuer().allowed_algorithms().to_vec();
    let parse = {
        let signatures = signatures.clone();
        move |json: &str| KeySet::parse(json.as_bytes(), &allowed, &*signatures)
    };
    match watch.issuer().jwks_location() {
        JwksLocation::Memory(keys) => {
            let found = || format!("the key set of {}", watch.issuer().name());
            let wrong = |error: &JwksError| local::unusable("jwks", found(), error);
            keys.with(|json| parse(json).map(drop).map_err(|error| wrong(&error)))?;
            let (watch, clock) = (Arc::downgrade(watch), clock.clone());
            keys.watch(move |json| {
                let Some(watch) = watch.upgrade() else { return false };
                match parse(json) {
                    Ok(keys) => watch.publish(keys, None, clock.now()),
                    Err(error) => watch.not_published(&error),
                }
                true
            });
        }
        JwksLocation::File(path) => {
            let shown = path.display().to_string();
            let json = local::read_file(path).map_err(|error| {
                let expected = format!("must be a file with a JWK set that can be read ({error})");
                ConfigError::invalid("jwks_file", &*shown, expected, "/etc/mcp-auth/jwks.json")
            })?;
            let keys = parse(&json).map_err(|error| local::unusable("jwks_file", shown, &error))?;
            watch.publish(keys, Some(super::fetch::FILE_FRESH), clock.now());
        }
        _ => {}
    }
    Ok(())
}
