#![no_main]
//! `device-request` of the list in `tests/src/fuzz/target.rs`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    maille_tests::fuzz::read("device-request", bytes);
});
