use ::hpke::kem::Kem;

use super::*;
use crate::codec::{decode, encode};
use crate::crypto::vectors;

fn secret() -> SealingSecretKey {
    SealingSecretKey::from_seed([7; 32])
}

#[test]
fn what_is_sealed_opens_with_the_private_key_and_the_same_info() {
    let sealed = secret().public_key().seal(b"info", b"plaintext", &[1; 64]);
    assert_eq!(sealed.len(), OVERHEAD + b"plaintext".len());
    assert_eq!(
        secret().open(b"info", &sealed).unwrap().as_slice(),
        b"plaintext"
    );
    assert_eq!(secret().open(b"other", &sealed), Err(OpenError::Refused));
    let other = SealingSecretKey::from_seed([8; 32]);
    assert_eq!(other.open(b"info", &sealed), Err(OpenError::Refused));
}

#[test]
fn a_changed_or_shortened_message_does_not_open() {
    let sealed = secret().public_key().seal(b"info", b"plaintext", &[1; 64]);
    for at in [0, 1_087, 1_088, 1_119, 1_120, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(
            secret().open(b"info", &changed),
            Err(OpenError::Refused),
            "{at}"
        );
    }
    for length in [0, 1_119] {
        assert_eq!(
            secret().open(b"info", &sealed[..length]),
            Err(OpenError::Truncated)
        );
    }
    for length in [1_120, 1_135, 1_136, sealed.len() - 1] {
        assert_eq!(
            secret().open(b"info", &sealed[..length]),
            Err(OpenError::Refused)
        );
    }
}

#[test]
fn another_seed_gives_another_message() {
    let public = secret().public_key();
    assert_ne!(
        public.seal(b"", b"", &[1; 64]),
        public.seal(b"", b"", &[2; 64])
    );
}

#[test]
fn a_public_key_with_a_coefficient_above_the_modulus_is_refused() {
    // The first coefficient takes the low 12 bits: 0xd01 = 3329 is the modulus itself.
    let mut bytes = *secret().public_key().as_bytes();
    bytes[0] = 0x01;
    bytes[1] = bytes[1] & 0xf0 | 0x0d;
    assert_eq!(SealingPublicKey::parse(bytes), Err(BadSealingKey));
    assert!(decode::<SealingPublicKey>(&bytes).is_err());
    bytes[0] = 0x00;
    assert!(SealingPublicKey::parse(bytes).is_ok());
}

#[test]
fn a_public_key_is_taken_exactly_when_the_library_takes_it() {
    let agree = |bytes: &[u8; SealingPublicKey::LEN]| {
        let taken = SealingPublicKey::parse(*bytes).is_ok();
        let theirs = <XWing as Kem>::PublicKey::from_bytes(bytes).is_ok();
        assert_eq!(taken, theirs);
        taken
    };
    let key = *secret().public_key().as_bytes();
    for pair in 0..384 {
        // Each coefficient just below the modulus, and at it.
        for (first, second) in [(3_328, 3_328), (3_329, 0), (0, 3_329), (4_095, 4_095)] {
            let mut bytes = key;
            let both: u32 = first | second << 12;
            bytes[pair * 3..pair * 3 + 3].copy_from_slice(&both.to_le_bytes()[..3]);
            assert_eq!(agree(&bytes), first.max(second) < 3_329, "pair {pair}");
        }
    }
    for at in 1_152..SealingPublicKey::LEN {
        for value in [0, 0xff] {
            let mut bytes = key;
            bytes[at] = value;
            assert!(agree(&bytes), "byte {at}");
        }
    }
}

#[test]
fn keys_survive_the_wire_and_hide_their_secrets() {
    let public = secret().public_key();
    assert_eq!(encode(&public), public.as_bytes());
    assert_eq!(decode(&encode(&public)), Ok(public.clone()));
    assert_eq!(
        SealingSecretKey::from_seed(*secret().expose()).public_key(),
        public
    );
    assert_eq!(format!("{:?}", secret()), "SealingSecretKey(..)");
}

/// Key generation, encapsulation and decapsulation of the X-Wing draft.
#[test]
fn the_vectors_of_x_wing_hold() {
    let Some(cases) = vectors::read("xwing/test-vectors.json") else {
        return;
    };
    for case in cases.as_array().unwrap() {
        let secret = SealingSecretKey::from_seed(vectors::array(case, "seed"));
        assert_eq!(secret.expose().as_slice(), vectors::bytes(case, "sk"));
        assert_eq!(
            secret.public_key().as_bytes().as_slice(),
            vectors::bytes(case, "pk")
        );
        let seed: [u8; 64] = vectors::array(case, "eseed");
        let sealed = secret.public_key().seal(b"", b"", &seed);
        assert_eq!(sealed[..ENCAPSULATED_LEN], vectors::bytes(case, "ct"));
        let encapsulated =
            <XWing as Kem>::EncappedKey::from_bytes(&vectors::bytes(case, "ct")).unwrap();
        let shared = XWing::decap(&secret.key, None, &encapsulated).unwrap();
        assert_eq!(shared.0.as_slice(), vectors::bytes(case, "ss"));
    }
}

/// The whole of HPKE in our suite. The vectors also count messages; ours are the first.
#[test]
fn the_vectors_of_hpke_hold_in_our_suite() {
    let Some(cases) = vectors::read("hpke-pq/test-vectors.json") else {
        return;
    };
    let ours = |case: &&serde_json::Value| {
        case["kem_id"] == 0x647a && case["kdf_id"] == 1 && case["aead_id"] == 3
    };
    let cases: Vec<_> = cases.as_array().unwrap().iter().filter(ours).collect();
    assert!(!cases.is_empty());
    for case in cases {
        let secret = SealingSecretKey::from_seed(vectors::array(case, "skRm"));
        assert_eq!(
            secret.public_key().as_bytes().as_slice(),
            vectors::bytes(case, "pkRm")
        );
        let public = SealingPublicKey::parse(vectors::array(case, "pkRm")).unwrap();
        let seed: [u8; 64] = vectors::array(case, "ikmE");
        let (info, first) = (vectors::bytes(case, "info"), &case["encryptions"][0]);
        let (aad, plaintext) = (vectors::bytes(first, "aad"), vectors::bytes(first, "pt"));
        let expected = [vectors::bytes(case, "enc"), vectors::bytes(first, "ct")].concat();
        assert_eq!(
            public.seal_with_aad(&info, &aad, &plaintext, &seed),
            expected
        );
        assert_eq!(
            secret
                .open_with_aad(&info, &aad, &expected)
                .unwrap()
                .as_slice(),
            plaintext
        );
    }
}
