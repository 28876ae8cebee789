//! The application before the change, its own files.
#![allow(dead_code, reason = "only a part is compared")]

#[path = "../../../../before/src/entities.rs"]
pub(crate) mod entities;
#[path = "../../../../before/src/notes.rs"]
pub(crate) mod notes;
