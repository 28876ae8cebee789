//! The application with pages and agents as the same users, its own files.
#![allow(dead_code, reason = "only a part is compared")]

#[path = "../../../../pages/src/entities.rs"]
pub(crate) mod entities;
#[path = "../../../../pages/src/notes.rs"]
pub(crate) mod notes;
