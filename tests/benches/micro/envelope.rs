//! Envelopes.

use divan::Bencher;
use divan::counter::BytesCount;
use maille_tests::micro::{bare, envelope};

/// Bytes of a body: an alert with a payload.
const BODY: usize = 256 * 1024;

#[divan::bench(args = [1, 10, 100, 1_000])]
fn seal(bencher: Bencher, devices: usize) {
    bencher.bench_local(envelope::seal(devices));
}

#[divan::bench(args = [1, 10, 100, 1_000])]
fn seal_bare(bencher: Bencher, devices: usize) {
    bencher.bench_local(bare::hpke_seal(devices));
}

#[divan::bench]
fn verify(bencher: Bencher) {
    bencher.bench_local(envelope::verify());
}

#[divan::bench]
fn open(bencher: Bencher) {
    bencher.bench_local(envelope::open());
}

#[divan::bench]
fn seal_body(bencher: Bencher) {
    let bencher = bencher.counter(BytesCount::new(BODY));
    bencher.bench_local(envelope::seal_body(BODY));
}

#[divan::bench]
fn open_body(bencher: Bencher) {
    let bencher = bencher.counter(BytesCount::new(BODY));
    bencher.bench_local(envelope::open_body(BODY));
}

#[divan::bench]
fn body_bare(bencher: Bencher) {
    let bencher = bencher.counter(BytesCount::new(BODY));
    bencher.bench_local(bare::aes_gcm(BODY));
}
