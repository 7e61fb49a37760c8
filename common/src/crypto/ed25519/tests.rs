use super::*;
use crate::codec::{DecodeError, decode, encode};
use crate::crypto::vectors;

/// The eight points of small order and their other encodings, from the README of the vectors.
const SMALL_ORDER: [&str; 14] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

#[test]
fn every_encoding_of_a_point_of_small_order_is_refused() {
    for text in SMALL_ORDER {
        let error = text.parse::<VerifyingKey>().unwrap_err();
        assert!(
            matches!(error, KeyError::SmallOrder | KeyError::NotCanonical),
            "{text}: {error}"
        );
    }
    assert_eq!(
        SMALL_ORDER[0].parse::<VerifyingKey>(),
        Err(KeyError::SmallOrder)
    );
    assert_eq!(
        SMALL_ORDER[1].parse::<VerifyingKey>(),
        Err(KeyError::NotCanonical)
    );
}

#[test]
fn other_non_canonical_keys_are_refused() {
    // y = p + 3, the only further y below 2^255 besides p and p + 1 whose point could exist:
    // the encoding is refused whether or not there is a point.
    for low in 0xed..=0xff {
        let mut bytes = [0xff; 32];
        bytes[0] = low;
        for high in [0x7f, 0xff] {
            bytes[31] = high;
            assert!(VerifyingKey::strict(bytes).is_err(), "{low:02x} {high:02x}");
        }
    }
}

/// Wherever encodings could differ, and at some other places: what the bytes say is what encoding
/// the point again says.
#[test]
fn the_bytes_of_a_point_tell_whether_they_are_its_canonical_encoding() {
    let with_lowest = |lowest: u8, fill: u8, highest: u8| {
        let mut bytes = [fill; 32];
        (bytes[0], bytes[31]) = (lowest, highest);
        bytes
    };
    let ends = (0..=u8::MAX).flat_map(|lowest| {
        let near_p = [0x7e, 0xfe, 0x7f, 0xff].map(|high| with_lowest(lowest, 0xff, high));
        let near_zero = [0, 0x80, 1, 0x81].map(|high| with_lowest(lowest, 0, high));
        near_p.into_iter().chain(near_zero)
    });
    let keys = (0..=u8::MAX).flat_map(|first| {
        let key = *SigningKey::from_seed([first; 32])
            .verifying_key()
            .as_bytes();
        let mut other = key;
        other[31] ^= 0x80;
        [key, other]
    });
    let (mut canonical, mut others) = (0, 0);
    for bytes in ends.chain(keys) {
        let Some(point) = CompressedEdwardsY(bytes).decompress() else {
            continue;
        };
        let encoded = point.compress().to_bytes();
        assert_eq!(is_canonical(&bytes), encoded == bytes, "{bytes:02x?}");
        match encoded == bytes {
            true => canonical += 1,
            false => others += 1,
        }
    }
    assert!(canonical > 1000, "{canonical}");
    // What has a point: y of p, p + 1 and whatever of the other 17, and x = 0 with a sign.
    assert!(others >= 6, "{others}");
}

#[test]
fn what_is_not_on_the_curve_is_refused() {
    let mut bytes = [0; 32];
    bytes[0] = 2;
    assert_eq!(VerifyingKey::strict(bytes), Err(KeyError::NotOnCurve));
    assert_eq!("12".parse::<VerifyingKey>(), Err(KeyError::NotHex));
}

#[test]
fn the_strict_check_guards_the_wire() {
    let key = SigningKey::from_seed([1; 32]).verifying_key();
    assert_eq!(decode(&encode(&key)), Ok(key));
    assert!(matches!(
        decode::<VerifyingKey>(&[0; 32]),
        Err(DecodeError::Invalid(_))
    ));
}

#[test]
fn a_public_key_of_ours_passes_the_strict_check() {
    for first in 0..32 {
        let key = SigningKey::from_seed([first; 32]).verifying_key();
        assert_eq!(VerifyingKey::strict(*key.as_bytes()), Ok(key));
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

/// RFC 8032, section 7.1, test 2.
#[test]
fn a_known_key_signs_a_known_message() {
    let seed =
        from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
    let key = SigningKey::from_seed(seed);
    assert_eq!(
        key.verifying_key().to_string(),
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    );
    let signature = key.sign_message(&[0x72]);
    assert_eq!(
        signature.to_string(),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    assert_eq!(
        key.verifying_key().verify_message(&[0x72], &signature),
        Ok(())
    );
}

#[test]
fn a_signature_verifies_for_its_key_label_and_hash_alone() {
    let key = SigningKey::from_seed([1; 32]);
    let hash = Hash::from_bytes([2; 32]);
    let signature = key.sign(Label::ENVELOPE_SIGNATURE, &hash);
    let public = key.verifying_key();
    assert_eq!(
        public.verify(Label::ENVELOPE_SIGNATURE, &hash, &signature),
        Ok(())
    );

    let other = SigningKey::from_seed([3; 32]).verifying_key();
    assert!(
        other
            .verify(Label::ENVELOPE_SIGNATURE, &hash, &signature)
            .is_err()
    );
    assert!(
        public
            .verify(Label::ENVELOPE_SIGNATURE, &Hash::ZERO, &signature)
            .is_err()
    );
    for &label in Label::ALL
        .iter()
        .filter(|&&label| label != Label::ENVELOPE_SIGNATURE)
    {
        assert!(public.verify(label, &hash, &signature).is_err(), "{label}");
    }
    for at in 0..Signature::LEN {
        let mut bytes = *signature.as_bytes();
        bytes[at] ^= 1;
        let changed = Signature::from_bytes(bytes);
        assert!(
            public
                .verify(Label::ENVELOPE_SIGNATURE, &hash, &changed)
                .is_err(),
            "{at}"
        );
    }
}

/// S + L verifies in the same equation; accepting it would give one message two signatures.
#[test]
fn a_signature_with_s_above_the_group_order_is_refused() {
    let order: [u8; 32] =
        from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let key = SigningKey::from_seed([1; 32]);
    let mut bytes = *key.sign(Label::CORE, &Hash::ZERO).as_bytes();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    let malleated = Signature::from_bytes(bytes);
    assert!(
        key.verifying_key()
            .verify(Label::CORE, &Hash::ZERO, &malleated)
            .is_err()
    );
}

#[test]
fn a_signing_key_does_not_print() {
    assert_eq!(
        format!("{:?}", SigningKey::from_seed([7; 32])),
        "SigningKey(..)"
    );
}

#[test]
fn the_odd_keys_and_signatures_of_cctv_are_judged_strictly() {
    let Some(cases) = vectors::read("cctv-ed25519/ed25519vectors.json") else {
        return;
    };
    let mut accepted = 0;
    for case in cases.as_array().unwrap() {
        let odd = |flag| vectors::flagged(case, flag);
        let key = VerifyingKey::strict(vectors::array(case, "key"));
        assert_eq!(
            key.is_err(),
            odd("low_order_A") || odd("non_canonical_A"),
            "{case}"
        );
        let Ok(key) = key else { continue };
        let message = case["msg"].as_str().unwrap().as_bytes();
        let signature = Signature::from_bytes(vectors::array(case, "sig"));
        let verified = key.verify_message(message, &signature).is_ok();
        let strict = !odd("low_order_R") && !odd("non_canonical_R") && !odd("low_order_residue");
        assert_eq!(verified, strict, "{case}");
        accepted += usize::from(verified);
    }
    assert!(accepted > 0);
}

/// "Taming the many EdDSAs" (ePrint 2020/1244), table 5, the strictest row: case 3 alone passes.
#[test]
fn the_cases_of_speccheck_are_judged_strictly() {
    let Some(cases) = vectors::read("ed25519-speccheck/cases.json") else {
        return;
    };
    for (number, case) in cases.as_array().unwrap().iter().enumerate() {
        let signature = Signature::from_bytes(vectors::array(case, "signature"));
        let verified = VerifyingKey::strict(vectors::array(case, "pub_key")).is_ok_and(|key| {
            key.verify_message(&vectors::bytes(case, "message"), &signature)
                .is_ok()
        });
        assert_eq!(verified, number == 3, "case {number}");
    }
}
