//! The file in which an authority keeps what outlives the process: read once, replaced at each change.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::lock::lock;
use crate::random;
use crate::start_error::StartError;

/// In the names of files that are written and not yet renamed, before 26 letters and digits.
const TEMPORARY: &str = ".tmp-";
/// The most symbolic links that lead to a file, as on Linux.
const MAX_LINKS: usize = 40;

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
        let file = Self { path: behind_links(path), written: Mutex::default() };
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

    /// Removes what processes that ended amid a write have left: it holds secrets too.
    pub(crate) fn remove_leftovers(&self) {
        let directory = self.path.parent().filter(|parent| *parent != Path::new(""));
        let Ok(entries) = fs::read_dir(directory.unwrap_or(Path::new("."))) else { return };
        for name in entries.flatten().map(|entry| entry.file_name()) {
            if name.to_str().is_some_and(|name| self.is_temporary(name)) {
                let _ = fs::remove_file(self.path.with_file_name(name));
            }
        }
    }

    /// A name beside the file, since a file can be renamed within its file system only. It begins and
    /// ends as the file's, so that a pattern in `.gitignore` matches both.
    fn temporary(&self) -> PathBuf {
        let [start, end] = self.name_around();
        self.path.with_file_name(format!("{start}{}{end}", random::ulid()))
    }

    fn is_temporary(&self, name: &str) -> bool {
        let [start, end] = self.name_around();
        let middle = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(&end));
        middle.is_some_and(|id| {
            id.len() == random::ulid().len() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    }

    fn name_around(&self) -> [String; 2] {
        let text = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let end = self.path.extension().map(|_| format!(".{}", text(self.path.extension())));
        [text(self.path.file_stem()) + TEMPORARY, end.unwrap_or_default()]
    }
}

/// The file that symbolic links lead to, whether it exists or not: a rename would replace the link.
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().map_or_else(|| target.clone(), |parent| parent.join(&target));
    }
    path
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_begin_and_end_as_the_file_s() {
        for (path, start, end) in [
            ("authority.json", "authority.tmp-01", ".json"),
            ("/x/bookmarket.authority-9798.json", "/x/bookmarket.authority-9798.tmp-01", ".json"),
            ("/x/state", "/x/state.tmp-01", ""),
        ] {
            let file = StateFile { path: path.into(), written: Mutex::default() };
            let temporary = file.temporary();
            let name = temporary.to_str().expect("a name");
            assert!(name.starts_with(start) && name.ends_with(end), "{name}");
            let name = temporary.file_name().and_then(OsStr::to_str).expect("a name");
            assert!(file.is_temporary(name), "{name}");
            let own = Path::new(path).file_name().and_then(OsStr::to_str).expect("a name");
            assert!(!file.is_temporary(own) && !file.is_temporary(&format!("{name}x")));
        }
    }
}
