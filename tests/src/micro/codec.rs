//! The codec: a submission to many devices, and one device's delivery.

use std::hint::black_box;

use maille_common::codec::{decode, encode};
use maille_common::envelope::{Delivery, Submission};

use super::post::Post;
use crate::randomness::Seeded;

/// Devices of the submission.
const DEVICES: usize = 100;

/// Writes a submission to 100 devices.
pub fn encode_submission() -> impl FnMut() {
    let submission = submission();
    move || drop(black_box(encode(black_box(&submission))))
}

/// Reads it.
pub fn decode_submission() -> impl FnMut() {
    let bytes = submission_bytes();
    move || drop(black_box(decode::<Submission>(black_box(&bytes)).unwrap()))
}

/// Writes a delivery.
pub fn encode_delivery() -> impl FnMut() {
    let delivery = Post::to(1).delivered();
    move || drop(black_box(encode(black_box(&delivery))))
}

/// Reads it.
pub fn decode_delivery() -> impl FnMut() {
    let bytes = delivery_bytes();
    move || drop(black_box(decode::<Delivery>(black_box(&bytes)).unwrap()))
}

/// Reads and writes both.
pub fn both() -> impl FnMut() {
    let (submission, delivery) = (submission_bytes(), delivery_bytes());
    move || {
        let read = decode::<Submission>(black_box(&submission)).unwrap();
        drop(black_box(encode(&read)));
        let read = decode::<Delivery>(black_box(&delivery)).unwrap();
        drop(black_box(encode(&read)));
    }
}

/// The bytes of the submission.
pub fn submission_bytes() -> Vec<u8> {
    encode(&submission())
}

/// The bytes of the delivery.
pub fn delivery_bytes() -> Vec<u8> {
    encode(&Post::to(1).delivered())
}

fn submission() -> Submission {
    Post::to(DEVICES).seal(&mut Seeded::new(4)).submission
}
