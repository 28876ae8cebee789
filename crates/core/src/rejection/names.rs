//! The names of the reasons, computed from the table at compile time.

use super::table::ROWS;

/// The names in the table, each once.
pub(super) const REASONS: &[&str] = &names::<{ count(false) }>(false);

/// The names of the rows with the status 503.
pub(super) const OUTAGES: &[&str] = &names::<{ count(true) }>(true);

/// The names in the table, each once; with `outages`, those with the status 503 only.
const fn names<const N: usize>(outages: bool) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut at, mut filled) = (0, 0);
    while at < ROWS.len() {
        if is_counted(at, outages) {
            names[filled] = ROWS[at].name;
            filled += 1;
        }
        at += 1;
    }
    names
}

/// How many names [`names`] has.
const fn count(outages: bool) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < ROWS.len() {
        count += is_counted(at, outages) as usize;
        at += 1;
    }
    count
}

/// Whether the row is the first with its name: `unknown_user` is 401 or 403, as configured.
const fn is_counted(at: usize, outages: bool) -> bool {
    let mut earlier = 0;
    while earlier < at {
        if is_same(ROWS[earlier].name.as_bytes(), ROWS[at].name.as_bytes()) {
            return false;
        }
        earlier += 1;
    }
    !outages || ROWS[at].status == 503
}

/// `==`, which is not `const` for slices.
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
