use proptest::prelude::*;

use super::*;
use crate::codec::{DecodeError, decode};

fn manifest_of(parts: &[&[u8]]) -> Manifest {
    let mut builder = ManifestBuilder::new();
    for part in parts {
        builder.update(part).unwrap();
    }
    builder.finish().unwrap()
}

#[test]
fn the_bytes_of_a_manifest_are_pinned() {
    let manifest = manifest_of(&[b"abc"]);
    let mut expected = vec![3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
    expected.extend(FileHash::of(b"abc").as_bytes());
    assert_eq!(encode(&manifest), expected);
    assert_eq!(decode(&expected), Ok(manifest.clone()));
    assert_eq!(
        manifest.id().as_bytes(),
        hash(Label::BLOB, &[&expected]).as_bytes()
    );
    assert_eq!(
        manifest.reference(),
        BlobRef {
            id: manifest.id(),
            length: 3
        }
    );
}

#[test]
fn a_manifest_is_the_same_however_the_bytes_come() {
    let blob: Vec<u8> = (0..=250)
        .cycle()
        .take(limits::PIECE_BYTES * 2 + 1)
        .collect();
    let whole = manifest_of(&[&blob]);
    let pieces: Vec<&[u8]> = blob.chunks(1_000_003).collect();
    assert_eq!(manifest_of(&pieces), whole);
    assert_eq!(
        (whole.piece_count(), whole.length()),
        (3, blob.len() as u64)
    );
    assert_eq!(
        whole.pieces()[2],
        FileHash::of(&blob[limits::PIECE_BYTES * 2..])
    );
    assert_eq!(decode(&encode(&whole)), Ok(whole));
}

#[test]
fn a_blob_that_ends_with_a_piece_has_no_empty_one() {
    let blob = vec![7; limits::PIECE_BYTES];
    let manifest = manifest_of(&[&blob[..5], &blob[5..]]);
    assert_eq!(manifest.piece_count(), 1);
    assert_eq!(manifest.verify_piece(0, &blob), Ok(()));
}

#[test]
fn each_piece_is_checked_alone() {
    let blob: Vec<u8> = (0..=250).cycle().take(limits::PIECE_BYTES + 2).collect();
    let manifest = manifest_of(&[&blob]);
    let (first, last) = blob.split_at(limits::PIECE_BYTES);
    assert_eq!(manifest.verify_piece(0, first), Ok(()));
    assert_eq!(manifest.verify_piece(1, last), Ok(()));
    assert_eq!(
        manifest.verify_piece(1, &[0, 0]),
        Err(PieceFault::Hash { index: 1 })
    );
    let short = PieceFault::Length {
        index: 0,
        expected: PIECE_LEN,
        found: 2,
    };
    assert_eq!(manifest.verify_piece(0, last), Err(short));
    assert_eq!(
        manifest.verify_piece(2, last),
        Err(PieceFault::Index { index: 2, count: 2 })
    );
    assert_eq!(manifest.piece_range(1), Some(PIECE_LEN..PIECE_LEN + 2));
    assert_eq!(manifest.piece_range(2), None);
}

#[test]
fn a_blob_without_bytes_is_none() {
    assert_eq!(ManifestBuilder::new().finish(), Err(BlobError::Empty));
    let mut full = ManifestBuilder {
        length: BLOB_BYTES_MAX - 1,
        ..ManifestBuilder::new()
    };
    assert_eq!(full.update(&[0, 0]), Err(BlobError::TooLong));
}

#[test]
fn a_manifest_whose_pieces_do_not_fit_its_length_is_refused() {
    let pieces = List::new([Hash::ZERO, Hash::ZERO]).unwrap();
    for (length, fits) in [
        (0, false),
        (PIECE_LEN, false),
        (PIECE_LEN + 1, true),
        (PIECE_LEN * 2, true),
        (PIECE_LEN * 2 + 1, false),
        (u64::MAX, false),
    ] {
        let bytes = encode(&ManifestFields {
            length,
            pieces: pieces.clone(),
        });
        let read = decode::<Manifest>(&bytes);
        assert_eq!(read.is_ok(), fits, "{length}");
        assert!(
            fits || matches!(read, Err(DecodeError::Invalid(_))),
            "{length}"
        );
    }
}

#[test]
fn the_longest_blob_has_as_many_pieces_as_are_allowed() {
    assert_eq!(piece_count(BLOB_BYTES_MAX), Some(65_536));
    assert_eq!(piece_count(BLOB_BYTES_MAX + 1), None);
    assert_eq!(piece_count(0), None);
    assert_eq!(PieceSet::none_of(u32::MAX).count(), 65_536);
}

#[test]
fn missing_pieces_are_told_in_ranges() {
    let mut set = PieceSet::none_of(10);
    for index in [0, 3, 4, 9] {
        assert!(set.insert(index) && !set.insert(index));
    }
    assert!(!set.insert(10));
    assert_eq!(set.missing().collect::<Vec<_>>(), [1..=2, 5..=8]);
    assert!(!set.is_whole());
    (0..10).for_each(|index| {
        set.insert(index);
    });
    assert!(set.is_whole());
}

#[test]
fn a_set_of_pieces_that_does_not_fit_its_count_is_refused() {
    let mut set = PieceSet::none_of(10);
    set.insert(9);
    let bytes = encode(&set);
    assert_eq!(bytes, [10, 0, 0, 0, 2, 0, 0, 0, 0, 2]);
    assert_eq!(decode(&bytes), Ok(set));
    for broken in [
        [11, 0, 0, 0, 2, 0, 0, 0, 0, 8],
        [8, 0, 0, 0, 2, 0, 0, 0, 0, 0],
        [17, 0, 0, 0, 2, 0, 0, 0, 0, 0],
    ] {
        assert!(decode::<PieceSet>(&broken).is_err(), "{broken:?}");
    }
}

proptest! {
    #[test]
    fn missing_ranges_are_what_was_not_inserted(
        count in 0..200_u32,
        inserted in proptest::collection::btree_set(0..200_u32, 0..200),
    ) {
        let mut set = PieceSet::none_of(count);
        inserted.iter().for_each(|&index| { set.insert(index); });
        let missing: Vec<u32> = set.missing().flatten().collect();
        let expected: Vec<u32> = (0..count).filter(|index| !inserted.contains(index)).collect();
        prop_assert_eq!(missing, expected);
        prop_assert_eq!(decode(&encode(&set)), Ok(set));
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        if let Ok(manifest) = decode::<Manifest>(&bytes) {
            prop_assert_eq!(encode(&manifest), bytes.clone());
        }
        if let Ok(set) = decode::<PieceSet>(&bytes) {
            prop_assert_eq!(encode(&set), bytes);
        }
    }
}
