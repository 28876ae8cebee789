//! What each fuzz target checks, as plain functions. libFuzzer calls them with its inputs,
//! `tests/corpora.rs` with the stored corpora. Each compares core with a second, simpler
//! implementation; none only looks for a panic.

pub mod challenge;
pub mod claims;
pub mod compact_jws;
pub mod header_value;
pub mod json_mutator;
pub mod jwks;
pub mod metadata;

mod auth_params;
mod duplicates;
mod world;

/// Lets `mutate` change a test case in libFuzzer's own buffer. `mutate` gets libFuzzer's function
/// to change bytes.
#[cfg(feature = "libfuzzer")]
pub fn in_place(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    mutate: impl FnOnce(&[u8], &mut dyn FnMut(&mut Vec<u8>)) -> Vec<u8>,
) -> usize {
    let made = mutate(&data[..size], &mut |bytes| {
        let (len, most) = (bytes.len(), bytes.len().max(max_size).max(1));
        bytes.resize(most, 0);
        let new_len = libfuzzer_sys::fuzzer_mutate(bytes, len, most);
        bytes.truncate(new_len);
    });
    if made.is_empty() || made.len() > max_size {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    data[..made.len()].copy_from_slice(&made);
    made.len()
}
