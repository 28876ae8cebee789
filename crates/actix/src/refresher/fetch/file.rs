//! A key set that is not fetched: from a file, or in memory.

use std::{path::Path, time::Duration};

use mcp_auth_core::{HttpRequest, Issuer, KeySet, keys::local};
use tokio::{task::spawn_blocking, time::timeout};

use super::{Fetched, FetchedKeys, Fetcher};
use crate::refresher::error::FetchError;

/// How long the content of a file counts as fresh: reading it costs little, and a key that was taken
/// out of it should end soon.
pub(in crate::refresher) const FILE_FRESH: Duration = Duration::from_secs(60);

impl Fetcher {
    /// The key set of a file. Reading it may hang, as on a network's file system.
    pub(super) async fn keys_of_file(&self, issuer: &Issuer, path: &Path) -> Fetched<FetchedKeys> {
        let shown = path.display().to_string();
        let failed = |error: String| FetchError::File { path: shown.clone(), error };
        let limit = HttpRequest::DEFAULT_TIME_LIMIT;
        let (file, name) = (path.to_owned(), issuer.name());
        // Forgotten until it is confirmed, so that after a failure the keys are told again.
        let known = self.files.borrow_mut().remove(name);
        let read = timeout(limit, spawn_blocking(move || local::read_file(&file))).await;
        let read = read.map_err(|_| failed(format!("reading took longer than {limit:?}")))?;
        let json = read.map_err(|error| failed(error.to_string()))?;
        let json = json.map_err(|error| failed(error.to_string()))?;
        let keys = match known.is_some_and(|known| known == json) {
            true => FetchedKeys::Unchanged,
            false => {
                let fresh = Some(FILE_FRESH);
                self.read_keys(issuer, shown.clone(), json.as_bytes(), None, fresh)?.0
            }
        };
        if !matches!(keys, FetchedKeys::None(_)) {
            self.files.borrow_mut().insert(name.to_owned(), json);
        }
        Ok((keys, Some(FILE_FRESH)))
    }

    /// The key set of a document in memory.
    pub(in crate::refresher) fn keys_in(
        &self,
        issuer: &Issuer,
        json: &str,
    ) -> Result<KeySet, FetchError> {
        let keys = KeySet::parse(json.as_bytes(), issuer.allowed_algorithms(), &*self.signatures);
        keys.map_err(|error| FetchError::Keys { uri: "the key set in memory".to_owned(), error })
    }
}
