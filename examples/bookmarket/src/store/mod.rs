//! Where people and bookmarks are kept. The one place that knows the database library.
//!
//! A store is a module with these names; another library is another module, and one more line at
//! the end of this file:
//!
//! - `accepts(url)`: whether this build can open such an address;
//! - `User`: a row of the table `users`, with at least `id` and `name`;
//! - `Error`: what its queries fail with;
//! - `Store`: a cheap handle with `open`, `identities`, `provision`, and the bookmarks of one
//!   person: `bookmarks_of`, `count_bookmarks_of`, `add_bookmark`, `delete_bookmark`.
//!
//! Whatever takes a person returns and touches what belongs to that person, and nothing else.

mod with_sea_orm;

pub use self::with_sea_orm::{Error, Store, User, accepts};
