//! Where the value of a setting comes from: a variable, or a file of its own, as secrets are handed
//! to containers. It is read at start-up only.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use crate::config::ConfigError;

/// The largest file that is read, in bytes: a bundle of certificates is the longest of them.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The value of a variable, or the content of the file that the variable with `_FILE` at its end names.
/// A variable of white space is not set.
///
/// # Errors
/// As for [`value`].
pub fn variable(
    var: impl Fn(&str) -> Option<String>,
    name: &str,
) -> Result<Option<String>, ConfigError> {
    let set = |name: &str| var(name).filter(|value| !value.trim().is_empty());
    let file = format!("{name}_FILE");
    let path = set(&file).map(|path| path.trim().into());
    value(name, set(name), &file, path)
}

/// A value, or the content of the file that has it.
///
/// # Errors
/// Where both are set, or the file cannot be read or is empty.
pub fn value(
    setting: &str,
    value: Option<String>,
    file_setting: &str,
    file: Option<PathBuf>,
) -> Result<Option<String>, ConfigError> {
    match (value, file) {
        (value, None) => Ok(value),
        (None, Some(file)) => read(file_setting, &file).map(Some),
        (Some(_), Some(file)) => Err(ConfigError::invalid(
            file_setting,
            file.display().to_string(),
            format!("must not be set together with {setting}"),
            "(unset)",
        )),
    }
}

/// What a file says, without the white space around it. `setting` names the path.
fn read(setting: &str, path: &Path) -> Result<String, ConfigError> {
    let wrong = |expected: String| {
        let found = path.display().to_string();
        ConfigError::invalid(setting, found, expected, "/run/secrets/mcp_auth")
    };
    let mut text = String::new();
    let file =
        fs::File::open(path).and_then(|file| file.take(SIZE_LIMIT).read_to_string(&mut text));
    match (file, text.trim()) {
        (Err(error), _) => Err(wrong(format!("must be a text file that can be read ({error})"))),
        (Ok(_), "") => Err(wrong("must be a file that is not empty".into())),
        (Ok(_), text) => Ok(text.to_owned()),
    }
}
