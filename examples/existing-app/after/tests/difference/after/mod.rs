//! The application after it, its own files.
#![allow(dead_code, reason = "only a part is compared")]

#[path = "../../../../after/src/entities.rs"]
pub(crate) mod entities;
#[path = "../../../../after/src/notes.rs"]
pub(crate) mod notes;
