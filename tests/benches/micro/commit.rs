//! What a relay writes for one accepted alert.

use divan::Bencher;
use divan::counter::ItemsCount;
use maille_tests::micro::{bare, commit};

use crate::PLACE;

#[divan::bench]
fn memory(bencher: Bencher) {
    bencher.bench_local(commit::memory());
}

#[divan::bench]
fn ordered_insert_bare(bencher: Bencher) {
    bencher.bench_local(bare::ordered_insert());
}

/// By so many writers at once; the count of items is that of commits.
#[divan::bench(args = [1, 16], sample_count = 50)]
fn durable(bencher: Bencher, writers: u64) {
    let bencher = bencher.counter(ItemsCount::new(writers * commit::OF_EACH));
    bencher.bench_local(commit::durable(&PLACE, writers));
}

#[divan::bench]
fn synced_write_bare(bencher: Bencher) {
    bencher.bench_local(bare::synced_write(&PLACE));
}
