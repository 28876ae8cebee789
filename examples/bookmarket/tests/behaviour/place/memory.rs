//! Memory.

use bookmarket::store;

use super::Folder;

/// A folder to run in, and nothing to keep anything in.
pub(crate) struct Place {
    folder: Folder,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: Folder::new() }
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn url(&self) -> &str {
        store::DEFAULT_URL
    }
}
