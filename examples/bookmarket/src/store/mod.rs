//! The store of people, bookmarks and activity. Only this module uses the database library.
//!
//! A store is a module with these names; another library is another module, another feature, and
//! one more entry at the end of this file:
//!
//! - `DEFAULT_URL`: the address of a store where none is set;
//! - `accepts(url)`: whether this build can open such an address, and if not, what is expected;
//! - `IS_OF_THIS_PROCESS`: whether another process sees none of it;
//! - `User`: a row of the table `users`, with at least `id` and `name`;
//! - `Activity`: a row of the table `activity`, with the fields that [`crate::activity`] lists;
//! - `Error`: what its queries fail with;
//! - `Store`: a cheap handle with `open`, `open_existing`, `identities`, `provision`, `find`, and the
//!   bookmarks of one person: `bookmarks_of`, `count_bookmarks_of`, `add_bookmark`, `delete_bookmark`. Of
//!   what was done:
//!   `add_activity`; `activity_of` and `agents_of` a person; and for the operator
//!   `activity_of_subject` and `delete_activity_before`.
//!
//! A function that takes a person reads and writes only what belongs to that person.
//!
//! The features `diesel`, `memory` and `sea-orm` choose one. With several of them on, the first in
//! this order is used, so that a chosen feature takes precedence over the default.

use std::path::{Path, PathBuf};

#[cfg(feature = "diesel")]
mod with_diesel;
#[cfg(feature = "diesel")]
pub use self::with_diesel::{
    Activity, DEFAULT_URL, Error, IS_OF_THIS_PROCESS, Store, User, accepts,
};

#[cfg(all(feature = "memory", not(feature = "diesel")))]
mod with_memory;
#[cfg(all(feature = "memory", not(feature = "diesel")))]
pub use self::with_memory::{
    Activity, DEFAULT_URL, Error, IS_OF_THIS_PROCESS, Store, User, accepts,
};

#[cfg(all(feature = "sea-orm", not(any(feature = "diesel", feature = "memory"))))]
mod with_sea_orm;
#[cfg(all(feature = "sea-orm", not(any(feature = "diesel", feature = "memory"))))]
pub use self::with_sea_orm::{
    Activity, DEFAULT_URL, Error, IS_OF_THIS_PROCESS, Store, User, accepts,
};

/// What the stores over a database have in common.
#[cfg(any(feature = "diesel", all(feature = "sea-orm", not(feature = "memory"))))]
mod database;

/// The file of the database at this address, if it is SQLite's.
pub fn file_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = Path::new(path.split('?').next()?);
    (path.file_name().is_some() && path != Path::new(":memory:")).then(|| path.to_owned())
}

#[cfg(not(any(feature = "diesel", feature = "memory", feature = "sea-orm")))]
compile_error!(
    "Bookmarket needs a store: add `--features diesel`, `--features memory` or `--features sea-orm`"
);
