#![no_main]
//! `slots` of the list in `tests/src/fuzz/target.rs`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    maille_tests::fuzz::read("slots", bytes);
});
