//! A worker's memory of one token.

use std::{cell::RefCell, fmt, mem::replace, ops::Range, sync::Arc};

use super::Remembered;
use crate::{changes, principal::Principal, time::UnixTime};

/// The token that a worker usually sees, so that the next request with it needs no digest: comparing
/// 900 bytes is some fifteen times faster.
///
/// Another token takes its place when it comes a second time and no third one in between, or when
/// the time of this one has run out: where many take turns none is copied in vain, and one that
/// comes now and then leaves the usual one where it is.
///
/// It is the one place where a token outlives its request, in the memory of the process that
/// received it, until another takes its place. It belongs to one worker and one
/// [`Authenticator`](crate::Authenticator): using it with another finds nothing there.
#[derive(Default)]
pub struct TokenMemo(RefCell<Option<Memo>>);

struct Memo {
    /// The cache that the rest comes from: another has another policy.
    cache: u64,
    /// A part of the digest of the token that was last found by its digest.
    found_last: u64,
    /// The `Authorization` header's value.
    header: Vec<u8>,
    remembered: Arc<Remembered>,
    principal: Arc<Principal>,
    found: Found,
    hits: u32,
}

/// That the token was looked at and was still good. It stays so for a time, as long as nothing
/// changes and the clock is not set back: what it was looked at against lies further away, and need
/// not be read again.
#[derive(Default)]
struct Found {
    /// How many changes there had been.
    changes: u64,
    /// In milliseconds since the epoch; nothing until it was looked at.
    during: Range<u64>,
}

/// After so many requests with the token the worker makes a principal of its own: from then on no
/// other worker's reference count is in its way.
const FAMILIAR: u32 = 4;

impl TokenMemo {
    /// A memory with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The principal of the token in this header, if it is the noted one and still true. That is
    /// what `look` tells where it has to be looked at again, with the time during which it stays
    /// true if nothing changes.
    #[inline]
    pub(super) fn recall(
        &self,
        cache: u64,
        header: &[u8],
        now: UnixTime,
        look: impl FnOnce(&Remembered) -> Option<Range<u64>>,
    ) -> Option<Arc<Principal>> {
        let mut memo = self.0.try_borrow_mut().ok()?;
        let noted = memo.as_mut()?;
        if noted.cache != cache || noted.header != header {
            return None;
        }
        let changes = changes::count();
        if noted.found.changes != changes || !noted.found.during.contains(&now.as_millis()) {
            let Some(during) = look(&noted.remembered) else {
                *memo = None;
                return None;
            };
            noted.found = Found { changes, during };
        }
        if noted.hits < FAMILIAR {
            noted.become_familiar();
        }
        Some(noted.principal.clone())
    }

    /// Remembers the token in this header, unless the one before keeps its place: as long as that is
    /// in time, another has to come twice.
    pub(super) fn remember(
        &self,
        cache: u64,
        header: &[u8],
        remembered: &Arc<Remembered>,
        now: UnixTime,
    ) {
        let Ok(mut memo) = self.0.try_borrow_mut() else {
            return;
        };
        let digest = remembered.digest as u64;
        if let Some(noted) = memo.as_mut()
            && replace(&mut noted.found_last, digest) != digest
            && noted.remembered.is_within(now)
        {
            return;
        }
        let mut buffer = memo.take().map(|before| before.header).unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(header);
        *memo = Some(Memo {
            cache,
            found_last: digest,
            header: buffer,
            remembered: remembered.clone(),
            principal: remembered.caller.mine().clone(),
            found: Found::default(),
            hits: 0,
        });
    }
}

impl Memo {
    #[cold]
    fn become_familiar(&mut self) {
        self.hits += 1;
        if self.hits == FAMILIAR {
            self.principal = Arc::new(self.principal.copy());
        }
    }
}

/// Shows nothing of the token (R9).
impl fmt::Debug for TokenMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenMemo").finish_non_exhaustive()
    }
}
