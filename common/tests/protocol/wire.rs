//! Requests, answers and pushes: their limits, and bytes from anybody.

use maille_common::codec::{decode, encode};
use maille_common::envelope::{Delivery, SealedEnvelope, Submission};
use maille_common::limits;
use maille_common::wire::{Answer, Push, RefusalCode, Request, RequestHead};
use proptest::prelude::*;

use crate::world::*;

#[test]
fn each_request_has_the_limit_of_its_choice() {
    let small = limits::FRAME_SMALL_BYTES_MAX;
    for choice in 0..13_u32 {
        let expected = match choice {
            1 => limits::FRAME_SUBMIT_BYTES_MAX,
            2 => limits::FRAME_RECEIPT_BYTES_MAX,
            7 => limits::FRAME_ROSTER_BYTES_MAX,
            9 => limits::FRAME_MANIFEST_BYTES_MAX,
            10 => limits::FRAME_PIECE_BYTES_MAX,
            _ => small,
        };
        let head = RequestHead::parse(choice.to_le_bytes()).unwrap();
        assert_eq!(head.bytes_max(), expected, "choice {choice}");
    }
    for unknown in [13_u32, 255, u32::MAX] {
        let refused = RequestHead::parse(unknown.to_le_bytes());
        assert_eq!(refused, Err(RefusalCode::UnknownRequest));
    }
    assert!(decode::<Request>(&13_u32.to_le_bytes()).is_err());
}

/// Decodes, and where that succeeds encodes the same bytes again.
fn read(bytes: &[u8]) {
    fn exact<T: maille_common::codec::Encode + maille_common::codec::Decode<()>>(bytes: &[u8]) {
        if let Ok(value) = decode::<T>(bytes) {
            assert_eq!(encode(&value), bytes);
        }
    }
    exact::<Request>(bytes);
    exact::<Answer>(bytes);
    exact::<Push>(bytes);
    exact::<Delivery>(bytes);
    exact::<Submission>(bytes);
    if let Ok(sealed) = SealedEnvelope::parse(bytes) {
        let _ = sealed.verify(&roster(), &device(3), NOW);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        read(&bytes);
    }

    #[test]
    fn arbitrary_bytes_after_a_known_choice_never_panic(
        choice in 0..13_u32,
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..512),
    ) {
        read(&[&choice.to_le_bytes()[..], &bytes].concat());
    }

    #[test]
    fn a_delivery_with_some_bytes_changed_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let sent = Letter::alert().seal();
        for mut bytes in [encode(&share(&sent, 3)), encode(&sent)] {
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            read(&bytes);
        }
    }
}
