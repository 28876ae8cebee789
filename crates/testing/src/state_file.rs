//! The file in which an authority keeps what outlives the process: read once, replaced at each change.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::lock::lock;
use crate::random;
use crate::start_error::StartError;

/// A file that holds secrets: private keys, client secrets and refresh tokens.
pub(crate) struct StateFile {
    path: PathBuf,
    /// What the file contains, as far as this process knows.
    written: Mutex<Vec<u8>>,
}

impl StateFile {
    /// Reads the file. One that does not exist is empty.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Vec<u8>>), StartError> {
        let content = match fs::read(path) {
            Ok(content) => Some(content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StartError::StateUnreadable(path.to_owned(), error)),
        };
        // Empty, so that the first write happens: it shows whether the directory is writable, and
        // gives the file its mode.
        let file = Self { path: path.to_owned(), written: Mutex::default() };
        Ok((file, content))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the file, unless it has this content already. A reader sees the old content or the
    /// new one, and a crash leaves one of them.
    pub(crate) fn write(&self, content: Vec<u8>) -> io::Result<()> {
        let mut written = lock(&self.written);
        if *written == content {
            return Ok(());
        }
        let temporary = self.temporary();
        let replaced = write_new(&temporary, &content)
            .and_then(|()| fs::rename(&temporary, &self.path))
            .inspect_err(|_| drop(fs::remove_file(&temporary)));
        if replaced.is_ok() {
            *written = content;
        }
        replaced
    }

    /// A name beside the file, since a file can be renamed within its file system only.
    fn temporary(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", random::ulid()));
        self.path.with_file_name(name)
    }
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    for_owner_only(&mut options);
    let mut file: File = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(unix)]
fn for_owner_only(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn for_owner_only(_: &mut OpenOptions) {}
