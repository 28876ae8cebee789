//! A worker's memory of the one token that it saw last.

use std::{cell::RefCell, fmt, ops::Range, sync::Arc};

use super::Remembered;
use crate::{changes, principal::Principal, time::UnixTime};

/// The last token that a worker saw, so that the next request with it needs no digest: comparing
/// 900 bytes is some fifteen times faster.
///
/// It is the one place where a token outlives its request, in the memory of the process that
/// received it, until the next token takes its place. It belongs to one worker and one
/// [`Authenticator`](crate::Authenticator): using it with another finds nothing there.
#[derive(Default)]
pub struct TokenMemo(RefCell<Option<Memo>>);

struct Memo {
    /// The cache that the rest comes from: another has another policy.
    cache: u64,
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

/// After so many requests in a row the worker makes a principal of its own: from then on no other
/// worker's reference count is in its way.
const FAMILIAR: u32 = 4;

impl TokenMemo {
    /// A memory with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The principal of the token in this header, if it is the last one and still true. That is
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
        let last = memo.as_mut()?;
        if last.cache != cache || last.header != header {
            return None;
        }
        let changes = changes::count();
        if last.found.changes != changes || !last.found.during.contains(&now.as_millis()) {
            let Some(during) = look(&last.remembered) else {
                *memo = None;
                return None;
            };
            last.found = Found { changes, during };
        }
        if last.hits < FAMILIAR {
            last.become_familiar();
        }
        Some(last.principal.clone())
    }

    /// Remembers the token in this header in place of the one before.
    pub(super) fn remember(&self, cache: u64, header: &[u8], remembered: &Arc<Remembered>) {
        let Ok(mut memo) = self.0.try_borrow_mut() else {
            return;
        };
        let mut buffer = memo.take().map(|last| last.header).unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(header);
        *memo = Some(Memo {
            cache,
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
