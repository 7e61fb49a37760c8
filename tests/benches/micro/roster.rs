//! A roster of 100,000 devices.

use divan::Bencher;
use maille_tests::micro::{bare, roster};

use crate::PLACE;

#[divan::bench]
fn acts_for(bencher: Bencher) {
    bencher.bench_local(roster::acts_for(&PLACE));
}

#[divan::bench]
fn hash_lookup_bare(bencher: Bencher) {
    bencher.bench_local(bare::hash_lookup(&PLACE));
}

#[divan::bench]
fn devices_of(bencher: Bencher) {
    bencher.bench_local(roster::devices_of(&PLACE));
}

#[divan::bench]
fn allows(bencher: Bencher) {
    bencher.bench_local(roster::allows(&PLACE));
}

#[divan::bench]
fn home_relays(bencher: Bencher) {
    bencher.bench_local(roster::home_relays(&PLACE));
}

#[divan::bench]
fn ordered_lookup_bare(bencher: Bencher) {
    bencher.bench_local(bare::ordered_lookup(&PLACE));
}

#[divan::bench(sample_count = 10)]
fn found(bencher: Bencher) {
    bencher.bench_local(roster::found(&PLACE));
}

#[divan::bench(sample_count = 10)]
fn maps_bare(bencher: Bencher) {
    bencher.bench_local(bare::maps(&PLACE));
}
