//! Bounds of what a refresh lock stores.

use mcp_auth_core::session::SessionError;

/// The most bytes that a key or the name of a holder may have: more than any digest has.
const MAX_NAME: usize = 200;
/// The most bytes that an outcome may have. A session in a cookie is in its outcome twice, and sealing
/// makes four bytes of three: the longest access token, of 16 KiB, leads to 44 KiB.
const MAX_OUTCOME: usize = 64 * 1024;

/// Checks the key of a refresh and the name of its holder.
pub(crate) fn check_names(key: &str, holder: &str) -> Result<(), SessionError> {
    for (what, name) in [("key", key), ("holder", holder)] {
        if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
            let length = name.len();
            return Err(SessionError::new(format_args!(
                "the {what} of a refresh must have 1 to {MAX_NAME} bytes and no NUL, and it has \
                 {length} bytes"
            )));
        }
    }
    Ok(())
}

/// Checks the outcome of a refresh.
pub(crate) fn check_outcome(outcome: &str) -> Result<(), SessionError> {
    if outcome.len() > MAX_OUTCOME || outcome.contains('\0') {
        let length = outcome.len();
        return Err(SessionError::new(format_args!(
            "the outcome of a refresh must have at most {MAX_OUTCOME} bytes and no NUL, and it has \
             {length} bytes"
        )));
    }
    Ok(())
}
