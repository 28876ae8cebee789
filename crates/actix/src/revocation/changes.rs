//! A signal for open streams that something was revoked.

use std::{fmt, sync::Arc};

use mcp_auth_core::revocation::{Revocation, RevocationListener, Revocations};
use tokio::sync::watch;

/// Wakes tasks that wait for a change of the revocations.
#[derive(Clone)]
pub(crate) struct Changes(Arc<Signal>);

struct Signal(watch::Sender<()>);

impl Changes {
    /// The changes from now on.
    pub(crate) fn of(revocations: &Revocations) -> Self {
        let signal = Arc::new(Signal(watch::Sender::new(())));
        let listener: Arc<dyn RevocationListener> = signal.clone();
        revocations.listen(Arc::downgrade(&listener));
        Self(signal)
    }

    /// Where the next change can be waited for.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.0.0.subscribe()
    }
}

impl RevocationListener for Signal {
    fn recorded(&self, record: &Revocation) {
        let _ = record;
        self.0.send_replace(());
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Changes")
    }
}
