//! How long a request waits for the database.

use std::{future::Future, time::Duration};

use mcp_auth_core::StoreError;

/// How long a look-up may take, unless the application says otherwise. A look-up by an index takes
/// a millisecond: after two seconds something is wrong, and the client had better try again later
/// than wait with everybody else.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// The outcome of `look_up`, or an error once `limit` is over.
pub(crate) async fn within<T>(
    limit: Duration,
    look_up: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, look_up).await {
        Ok(outcome) => outcome,
        Err(_) => Err(StoreError::new(format!(
            "no answer from the database within {limit:?}, waiting for a free connection included"
        ))),
    }
}
