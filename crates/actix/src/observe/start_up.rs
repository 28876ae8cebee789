//! What is told once, at start-up.

use super::TARGET;

/// The public URL may be right, and looks wrong.
pub(crate) fn public_url_doubtful(resource: &str, doubt: &str) {
    tracing::warn!(
        name: "public_url_doubtful",
        target: TARGET,
        event = "public_url_doubtful",
        resource,
        doubt,
        "the resource's public URL looks wrong: {doubt}"
    );
}
