#![no_main]
//! `log-marker` of the list in `tests/src/fuzz/target.rs`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    maille_tests::fuzz::read("log-marker", bytes);
});
