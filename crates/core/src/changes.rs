//! How a worker learns that something has changed which what it remembers depends on: an issuer's
//! keys, or who was revoked.
//!
//! One number for the whole process, so that looking at it is all that a request does as long as
//! nothing changes. A change that concerns somebody else costs each worker one look more.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Release},
};

/// Alone on its line of memory, which nobody writes to for minutes.
#[repr(align(128))]
struct Changes(AtomicU64);

static CHANGES: Changes = Changes(AtomicU64::new(0));

/// How many there have been. To be read before what may have changed is looked at.
#[inline]
pub(crate) fn count() -> u64 {
    CHANGES.0.load(Acquire)
}

/// To be called after the change: who sees the number sees the change.
pub(crate) fn tell() {
    CHANGES.0.fetch_add(1, Release);
}
