//! Envelopes: sealed to so many devices, judged and opened by one of them.

use std::hint::black_box;

use maille_common::codec::encode;
use maille_common::crypto::chunked::{self, ContentKey};
use maille_common::envelope::{SealedEnvelope, VerifiedEnvelope};

use super::post::Post;
use crate::randomness::Seeded;

/// Seals a page to so many devices.
pub fn seal(devices: usize) -> impl FnMut() {
    let post = Post::to(devices);
    let mut random = Seeded::new(3);
    move || drop(black_box(post.seal(&mut random)))
}

/// From received bytes to an envelope that is believed: parsed, and proven by the roster.
pub fn verify() -> impl FnMut() {
    let post = Post::to(1);
    let bytes = encode(&post.delivered());
    move || drop(black_box(verified(&post, &bytes)))
}

/// From received bytes to words: parsed, proven, opened.
pub fn open() -> impl FnMut() {
    let post = Post::to(1);
    let bytes = encode(&post.delivered());
    move || {
        let opened = verified(&post, &bytes).open(Some(&post.reader().secret));
        drop(black_box(opened.unwrap()));
    }
}

/// Seals so many bytes of a body.
pub fn seal_body(bytes: usize) -> impl FnMut() {
    let (key, plain) = (ContentKey::from_bytes([1; 32]), vec![7; bytes]);
    move || {
        let sealed = chunked::seal(&key, &[2; chunked::SALT_LEN], b"micro", black_box(&plain));
        drop(black_box(sealed));
    }
}

/// Opens a body of so many bytes.
pub fn open_body(bytes: usize) -> impl FnMut() {
    let key = ContentKey::from_bytes([1; 32]);
    let sealed = chunked::seal(&key, &[2; chunked::SALT_LEN], b"micro", &vec![7; bytes]);
    move || {
        let opened = chunked::open(&key, b"micro", black_box(&sealed));
        drop(black_box(opened.unwrap()));
    }
}

fn verified(post: &Post, bytes: &[u8]) -> VerifiedEnvelope {
    let sealed = SealedEnvelope::parse(black_box(bytes)).unwrap();
    let me = post.reader().device;
    sealed.verify(&post.roster, &me, post.now).unwrap()
}
