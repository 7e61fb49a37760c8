//! Long byte strings in pieces.
//!
//! Piece n of a string stands under its key followed by n as four big-endian bytes. Every piece
//! but the last is full and the last is not (it may be empty), so a missing piece is always seen.

use crate::error::StoreError;
use crate::store::{BATCH_BYTES_MAX, Row, Table, VALUE_BYTES_MAX};

/// The most pieces that fit into a batch.
pub(crate) const COUNT_MAX: usize = BATCH_BYTES_MAX / VALUE_BYTES_MAX + 1;

/// Width of a piece number.
pub(crate) const NUMBER_LEN: usize = 4;

/// Returns the range that holds the pieces of `key`; the last piece number is never used.
pub(crate) fn bounds(key: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (piece_key(key, 0), piece_key(key, u32::MAX))
}

/// Returns the key of one piece.
pub(crate) fn piece_key(key: &[u8], number: u32) -> Vec<u8> {
    let mut piece = Vec::with_capacity(key.len() + NUMBER_LEN);
    piece.extend_from_slice(key);
    piece.extend_from_slice(&number.to_be_bytes());
    piece
}

/// Cuts a string into its pieces; the last one is shorter than the others, or empty.
pub(crate) fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let empty_end = bytes
        .len()
        .is_multiple_of(VALUE_BYTES_MAX)
        .then_some(&[][..]);
    bytes.chunks(VALUE_BYTES_MAX).chain(empty_end)
}

/// Puts a string together again.
pub(crate) fn join(
    table: Table,
    key: &[u8],
    rows: Vec<Row>,
) -> Result<Option<Vec<u8>>, StoreError> {
    if rows.is_empty() {
        return Ok(None);
    }
    let mut joined = Vec::with_capacity(rows.len() * VALUE_BYTES_MAX);
    let mut ended = false;
    for (number, (found, piece)) in (0u32..).zip(rows) {
        if ended || found != piece_key(key, number) {
            return Err(StoreError::Corrupt { table, key: found });
        }
        ended = piece.len() < VALUE_BYTES_MAX;
        joined.extend_from_slice(&piece);
    }
    if !ended {
        return Err(StoreError::Corrupt {
            table,
            key: key.to_vec(),
        });
    }
    Ok(Some(joined))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<Row> {
        let piece = |(n, piece): (u32, &[u8])| (piece_key(b"k", n), piece.to_vec());
        (0u32..).zip(split(bytes)).map(piece).collect()
    }

    #[test]
    fn strings_of_every_length_come_back() {
        for length in [
            0,
            1,
            VALUE_BYTES_MAX - 1,
            VALUE_BYTES_MAX,
            VALUE_BYTES_MAX + 1,
            10_000,
        ] {
            let bytes = vec![7; length];
            assert_eq!(join(Table(1), b"k", rows(&bytes)).unwrap(), Some(bytes));
        }
    }

    #[test]
    fn any_missing_piece_is_corruption() {
        let whole = rows(&vec![7; 2 * VALUE_BYTES_MAX]);
        assert_eq!(whole.len(), 3);
        for missing in 0..whole.len() {
            let mut rows = whole.clone();
            rows.remove(missing);
            assert!(matches!(
                join(Table(1), b"k", rows),
                Err(StoreError::Corrupt { .. })
            ));
        }
    }
}
