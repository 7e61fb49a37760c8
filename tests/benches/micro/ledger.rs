//! Obligations.

use divan::Bencher;
use maille_tests::micro::{bare, ledger};

#[divan::bench]
fn prove(bencher: Bencher) {
    bencher.bench_local(ledger::prove());
}

#[divan::bench]
fn standing(bencher: Bencher) {
    bencher.bench_local(ledger::standing());
}

#[divan::bench]
fn sha256_bare(bencher: Bencher) {
    bencher.bench_local(bare::sha256(ledger::statements()));
}

#[divan::bench]
fn clocks(bencher: Bencher) {
    bencher.bench_local(ledger::clocks());
}

#[divan::bench]
fn sort_bare(bencher: Bencher) {
    bencher.bench_local(bare::sort());
}
