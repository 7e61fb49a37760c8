//! The cryptography under all of it.

use divan::Bencher;
use divan::counter::BytesCount;
use maille_tests::micro::bare;

#[divan::bench]
fn ed25519_sign(bencher: Bencher) {
    bencher.bench_local(bare::sign());
}

#[divan::bench]
fn ed25519_verify(bencher: Bencher) {
    bencher.bench_local(bare::verify());
}

#[divan::bench]
fn hpke_seal(bencher: Bencher) {
    bencher.bench_local(bare::hpke_seal(1));
}

#[divan::bench]
fn hpke_open(bencher: Bencher) {
    bencher.bench_local(bare::hpke_open());
}

#[divan::bench(args = [512, 65_536])]
fn sha256(bencher: Bencher, bytes: usize) {
    let bencher = bencher.counter(BytesCount::new(bytes));
    bencher.bench_local(bare::sha256(vec![vec![1; bytes]]));
}
