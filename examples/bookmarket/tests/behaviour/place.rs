//! Where one test's Bookmarket runs and keeps everything; both are empty, and go with the test.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

#[cfg(any(feature = "diesel", all(feature = "sea-orm", not(feature = "memory"))))]
mod database;
#[cfg(any(feature = "diesel", all(feature = "sea-orm", not(feature = "memory"))))]
pub(crate) use self::database::Place;

#[cfg(all(feature = "memory", not(feature = "diesel")))]
mod memory;
#[cfg(all(feature = "memory", not(feature = "diesel")))]
pub(crate) use self::memory::Place;

/// An empty folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique_name());
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A name that no other test has.
fn unique_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("bookmarket_{}_{next}", std::process::id())
}
