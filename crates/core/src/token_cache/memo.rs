//! A worker's memory of the one token that it saw last.

use std::{cell::RefCell, fmt, ops::Range, sync::Arc};

use super::Remembered;
use crate::{
    issuer_keys::{KeySnapshot, LatestKeys},
    principal::Principal,
    time::UnixTime,
};

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
    /// Its issuer's.
    keys: LatestKeys,
    found: Found,
    hits: u32,
}

/// That the token was looked at and was still good. It stays so with the same keys and with the
/// same number of revocations, as long as the time has neither run out nor run backwards: what it
/// was looked at against lies further away, and need not be read again.
#[derive(Default)]
struct Found {
    /// Where the snapshot of the keys lies: the one that [`Memo::keys`] keeps.
    keys: usize,
    revocations: u64,
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

    /// The principal of the token in this header, if it is the last one and `still_true`, which
    /// depends on the time, on the keys and on how many `revocations` there were.
    #[inline]
    pub(super) fn recall(
        &self,
        cache: u64,
        header: &[u8],
        now: UnixTime,
        revocations: u64,
        still_true: impl FnOnce(&Remembered, &KeySnapshot) -> bool,
    ) -> Option<Arc<Principal>> {
        let mut memo = self.0.try_borrow_mut().ok()?;
        let last = memo.as_mut()?;
        if last.cache != cache || last.header != header {
            return None;
        }
        let keys = last.keys.snapshot();
        let keys_at = std::ptr::from_ref(keys).addr();
        let as_found = last.found.keys == keys_at
            && last.found.revocations == revocations
            && last.found.during.contains(&now.as_millis());
        if !as_found {
            if !still_true(&last.remembered, keys) {
                *memo = None;
                return None;
            }
            let during = last.remembered.good_during(keys);
            last.found = Found { keys: keys_at, revocations, during };
        }
        last.hits = last.hits.saturating_add(1);
        if last.hits == FAMILIAR {
            last.principal = Arc::new(last.principal.copy());
        }
        Some(last.principal.clone())
    }

    /// Remembers the token in this header in place of the one before.
    pub(super) fn remember(
        &self,
        cache: u64,
        header: &[u8],
        remembered: &Arc<Remembered>,
        keys: impl FnOnce(&Remembered) -> LatestKeys,
    ) {
        let Ok(mut memo) = self.0.try_borrow_mut() else {
            return;
        };
        let (mut buffer, last_keys) = match memo.take() {
            Some(last) => {
                let same_issuer =
                    last.cache == cache && last.remembered.issuer == remembered.issuer;
                (last.header, same_issuer.then_some(last.keys))
            }
            None => (Vec::new(), None),
        };
        buffer.clear();
        buffer.extend_from_slice(header);
        *memo = Some(Memo {
            cache,
            header: buffer,
            remembered: remembered.clone(),
            principal: remembered.caller.mine().clone(),
            keys: last_keys.unwrap_or_else(|| keys(remembered)),
            found: Found::default(),
            hits: 0,
        });
    }
}

/// Shows nothing of the token (R9).
impl fmt::Debug for TokenMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenMemo").finish_non_exhaustive()
    }
}
