#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::compact_jws::check(data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::in_place(data, size, max_size, |data, bytes| fuzz::compact_jws::mutate(data, seed, bytes))
});
