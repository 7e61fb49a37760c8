//! The codec.

use divan::Bencher;
use divan::counter::BytesCount;
use maille_tests::micro::{bare, codec};

#[divan::bench]
fn encode_submission(bencher: Bencher) {
    of(bencher, &codec::submission_bytes()).bench_local(codec::encode_submission());
}

#[divan::bench]
fn decode_submission(bencher: Bencher) {
    of(bencher, &codec::submission_bytes()).bench_local(codec::decode_submission());
}

#[divan::bench]
fn copy_submission_bare(bencher: Bencher) {
    let bytes = codec::submission_bytes();
    of(bencher, &bytes).bench_local(bare::copy(bytes));
}

#[divan::bench]
fn encode_delivery(bencher: Bencher) {
    of(bencher, &codec::delivery_bytes()).bench_local(codec::encode_delivery());
}

#[divan::bench]
fn decode_delivery(bencher: Bencher) {
    of(bencher, &codec::delivery_bytes()).bench_local(codec::decode_delivery());
}

#[divan::bench]
fn copy_delivery_bare(bencher: Bencher) {
    let bytes = codec::delivery_bytes();
    of(bencher, &bytes).bench_local(bare::copy(bytes));
}

fn of<'a, 'b>(bencher: Bencher<'a, 'b>, bytes: &[u8]) -> Bencher<'a, 'b> {
    bencher.counter(BytesCount::new(bytes.len()))
}
