use std::io::Read;

use proptest::prelude::*;
use ring::digest::{SHA512, digest};
use serde_json::Value;

use super::*;
use crate::crypto::vectors;

const KEY: ContentKey = ContentKey::from_bytes([7; 32]);
const SALT: [u8; SALT_LEN] = [9; SALT_LEN];

#[test]
fn messages_around_the_chunk_length_open_to_themselves() {
    for length in [0, 1, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 3 * CHUNK_LEN] {
        let plaintext = vec![5; length];
        let sealed = seal(&KEY, &SALT, b"context", &plaintext);
        assert_eq!(sealed.len() as u64, sealed_len(length as u64));
        assert_eq!(plain_len(sealed.len() as u64), Some(length as u64));
        assert_eq!(open(&KEY, b"context", &sealed), Ok(plaintext));
    }
}

#[test]
fn lengths_that_no_message_has_are_refused() {
    let chunk = SEALED_CHUNK_LEN as u64;
    let header = HEADER_LEN as u64;
    for bad in [
        0,
        55,
        56,
        71,
        header + chunk,
        header + chunk + 15,
        header + 2 * chunk,
        u64::MAX,
    ] {
        assert_eq!(plain_len(bad), None, "{bad}");
    }
    assert_eq!(plain_len(header + 16), Some(0));
    assert_eq!(plain_len(sealed_len((1 << 52) - 1)), Some((1 << 52) - 1));
    assert_eq!(plain_len(sealed_len(1 << 52)), None);
}

#[test]
fn another_key_or_context_or_salt_fails_at_the_commitment() {
    let sealed = seal(&KEY, &SALT, b"context", b"plaintext");
    let other = ContentKey::from_bytes([8; 32]);
    assert_eq!(
        open(&other, b"context", &sealed),
        Err(OpenError::Commitment)
    );
    assert_eq!(open(&KEY, b"other", &sealed), Err(OpenError::Commitment));
    for at in 0..HEADER_LEN {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(
            open(&KEY, b"context", &changed),
            Err(OpenError::Commitment),
            "{at}"
        );
    }
    for at in HEADER_LEN..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(
            open(&KEY, b"context", &changed),
            Err(OpenError::Chunk { number: 0 }),
            "{at}"
        );
    }
}

#[test]
fn the_last_chunk_must_be_shorter_than_the_others() {
    let sealer = Sealer::new(&KEY, &SALT, b"");
    assert_eq!(
        sealer.finish(&[0; CHUNK_LEN]),
        Err(SealError::LastChunkTooLong)
    );
}

#[test]
fn a_message_ends_at_the_limit_of_the_scheme() {
    let (cipher, _) = derive(&KEY, &SALT, b"");
    assert!(cipher.seal(CHUNKS_MAX - 1, b"").is_ok());
    assert_eq!(cipher.seal(CHUNKS_MAX, b""), Err(SealError::TooLong));
    assert_eq!(cipher.open(CHUNKS_MAX, &[0; 16]), None);
}

#[test]
fn chunks_open_in_any_order_at_their_own_place_only() {
    let plaintext: Vec<u8> = (0..=250).cycle().take(2 * CHUNK_LEN + 3).collect();
    let sealed = seal(&KEY, &SALT, b"", &plaintext);
    let opener = opener(&KEY, b"", &sealed).unwrap();
    assert_eq!(opener.chunk_count(), 3);
    for number in [2, 0, 1] {
        let start = usize::try_from(number).unwrap() * CHUNK_LEN;
        let end = plaintext.len().min(start + CHUNK_LEN);
        let chunk = chunk(&opener, &sealed, number);
        assert_eq!(
            opener.open_chunk(number, chunk).unwrap(),
            plaintext[start..end]
        );
    }
    let elsewhere = OpenError::Chunk { number: 0 };
    assert_eq!(
        opener.open_chunk(0, chunk(&opener, &sealed, 1)),
        Err(elsewhere)
    );
    assert_eq!(opener.chunk_range(3), None);
    assert_eq!(opener.chunk_range(u64::MAX), None);
    assert!(opener.open_chunk(3, b"").is_err());
}

fn opener(key: &ContentKey, context: &[u8], sealed: &[u8]) -> Result<Opener, OpenError> {
    let header = sealed.first_chunk().ok_or(OpenError::Length)?;
    Opener::new(key, context, header, sealed.len() as u64)
}

fn chunk<'a>(opener: &Opener, sealed: &'a [u8], number: u64) -> &'a [u8] {
    let range = opener.chunk_range(number).unwrap();
    &sealed[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
}

proptest! {
    #[test]
    fn every_message_opens_to_itself(
        plaintext in proptest::collection::vec(any::<u8>(), 0..40_000),
    ) {
        let sealed = seal(&KEY, &SALT, b"context", &plaintext);
        prop_assert_eq!(open(&KEY, b"context", &sealed).unwrap(), plaintext);
    }

    #[test]
    fn no_shortened_message_opens(length in 0..2 * SEALED_CHUNK_LEN) {
        let sealed = seal(&KEY, &SALT, b"", &[1; 2 * CHUNK_LEN]);
        prop_assert!(open(&KEY, b"", &sealed[..length]).is_err());
    }
}

/// Runs a check over each vector of AES-256-GCM whose key has the right length; the type of
/// [`ContentKey`] refuses the others.
fn for_each_vector(check: impl Fn(&Value, &ContentKey, &[u8], &[u8])) {
    let file = "chunked-encryption/c2sp_chunked_encryption_aes_256_gcm_test.json";
    let Some(vectors) = vectors::read(file) else {
        return;
    };
    let tests = vectors["testGroups"][0]["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 35);
    for test in tests {
        let Ok(key) = <[u8; 32]>::try_from(vectors::bytes(test, "key")) else {
            assert!(vectors::flagged(test, "InvalidKeySize"));
            continue;
        };
        let mut sealed = Vec::new();
        let packed = vectors::bytes(test, "ct");
        flate2::read::ZlibDecoder::new(&packed[..])
            .read_to_end(&mut sealed)
            .unwrap();
        check(
            test,
            &ContentKey::from_bytes(key),
            &vectors::bytes(test, "ctx"),
            &sealed,
        );
    }
}

#[test]
fn valid_vectors_open_and_seal_to_the_same_bytes_and_invalid_ones_fail() {
    for_each_vector(|test, key, context, sealed| {
        let opened = open(key, context, sealed);
        if test["result"] != "valid" {
            assert!(opened.is_err(), "{}", test["comment"]);
            return;
        }
        let plaintext = opened.unwrap();
        assert_eq!(plaintext.len() as u64, test["msgLength"].as_u64().unwrap());
        assert_eq!(
            digest(&SHA512, &plaintext).as_ref(),
            vectors::bytes(test, "msgSha512")
        );
        let salt = sealed.first_chunk().unwrap();
        assert!(
            seal(key, salt, context, &plaintext) == sealed,
            "{}",
            test["comment"]
        );
    });
}

#[test]
fn the_header_decides_where_a_vector_says_that_it_must() {
    for_each_vector(|test, key, context, sealed| {
        let at_header = matches!(
            open(key, context, sealed),
            Err(OpenError::Length | OpenError::Commitment)
        );
        if vectors::flagged(test, "HeaderFailure") {
            assert!(at_header, "{}", test["comment"]);
        }
    });
}

#[test]
fn keys_and_base_nonces_of_the_vectors_are_derived() {
    for_each_vector(|test, key, context, sealed| {
        if test["aeadKey"].is_null() {
            return;
        }
        let (cipher, _) = derive(key, sealed.first_chunk().unwrap(), context);
        assert_eq!(
            cipher.base_nonce.as_slice(),
            vectors::bytes(test, "baseNonce")
        );
        let expected = Cipher::new(&vectors::bytes(test, "aeadKey"), cipher.base_nonce);
        assert_eq!(cipher.seal(0, b"probe"), expected.seal(0, b"probe"));
    });
}

/// Streaming gives at most the prefix that the vector says is authentic, and then fails.
#[test]
fn streams_of_invalid_vectors_fail_before_a_byte_that_is_not_authentic() {
    for_each_vector(|test, key, context, sealed| {
        let mut prefix = Vec::new();
        let result = opener(key, context, sealed).and_then(|opener| {
            (0..opener.chunk_count()).try_for_each(|number| {
                prefix.extend(opener.open_chunk(number, chunk(&opener, sealed, number))?);
                Ok(())
            })
        });
        assert_eq!(
            result.is_ok(),
            test["result"] == "valid",
            "{}",
            test["comment"]
        );
        let authentic = test["msgLength"].as_u64().unwrap_or(0);
        assert!(prefix.len() as u64 <= authentic, "{}", test["comment"]);
        if !prefix.is_empty() && prefix.len() as u64 == authentic {
            assert_eq!(
                digest(&SHA512, &prefix).as_ref(),
                vectors::bytes(test, "msgSha512")
            );
        }
    });
}

#[test]
fn the_last_chunk_alone_proves_the_length() {
    for_each_vector(|test, key, context, sealed| {
        let proven = opener(key, context, sealed).is_ok_and(|opener| {
            let last = opener.chunk_count() - 1;
            opener
                .open_chunk(last, chunk(&opener, sealed, last))
                .is_ok()
        });
        let expected = test["result"] == "valid" || vectors::flagged(test, "ValidFinalChunk");
        assert_eq!(proven, expected, "{}", test["comment"]);
    });
}
