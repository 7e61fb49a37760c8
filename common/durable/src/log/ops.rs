//! The payload of a frame: the operations of one batch.

use std::sync::Arc;

use crate::batch::Op;
use crate::pieces::NUMBER_LEN;
use crate::store::{KEY_BYTES_MAX, VALUE_BYTES_MAX};

const PUT: u8 = 1;
const DELETE: u8 = 2;

/// The longest whole key: table byte, caller's key, piece number.
pub(crate) const WHOLE_KEY_BYTES_MAX: usize = 1 + KEY_BYTES_MAX + NUMBER_LEN;

/// An operation inside a payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoredOp<'a> {
    /// Table byte and key.
    pub(crate) key: &'a [u8],
    /// The value, or `None` for a deletion.
    pub(crate) value: Option<&'a [u8]>,
}

impl StoredOp<'_> {
    /// Copies the operation out of the payload.
    pub(crate) fn to_op(&self) -> Op {
        Op {
            key: self.key.to_vec(),
            value: self.value.map(Arc::from),
        }
    }
}

/// Writes one operation; its key and value are within the limits.
pub(crate) fn encode(key: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>) {
    out.push(if value.is_some() { PUT } else { DELETE });
    out.push(u8::try_from(key.len()).expect("whole keys have at most 133 bytes"));
    out.extend_from_slice(key);
    if let Some(value) = value {
        let length = u16::try_from(value.len()).expect("values have at most 4096 bytes");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(value);
    }
}

/// The operations of a whole payload, read where they lie: no memory is taken for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StoredOps<'a> {
    payload: &'a [u8],
}

impl<'a> StoredOps<'a> {
    /// Tells whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// The first one.
    pub(crate) fn first(&self) -> Option<StoredOp<'a>> {
        self.into_iter().next()
    }
}

impl<'a> IntoIterator for StoredOps<'a> {
    type Item = StoredOp<'a>;
    type IntoIter = StoredOpsIter<'a>;

    fn into_iter(self) -> StoredOpsIter<'a> {
        StoredOpsIter { rest: self.payload }
    }
}

/// Operations, one after the other.
#[derive(Debug)]
pub(crate) struct StoredOpsIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for StoredOpsIter<'a> {
    type Item = StoredOp<'a>;

    fn next(&mut self) -> Option<StoredOp<'a>> {
        // The payload was read to its end before.
        let (op, rest) = read_op(self.rest)?;
        self.rest = rest;
        Some(op)
    }
}

/// Verifies every operation; `None` for anything but a whole payload within the limits.
pub(crate) fn decode(payload: &[u8]) -> Option<StoredOps<'_>> {
    let mut rest = payload;
    while !rest.is_empty() {
        (_, rest) = read_op(rest)?;
    }
    Some(StoredOps { payload })
}

/// The first operation, and what stands behind it.
fn read_op(bytes: &[u8]) -> Option<(StoredOp<'_>, &[u8])> {
    let (&kind, after) = bytes.split_first()?;
    let (&length, after) = after.split_first()?;
    let (key, after) = after.split_at_checked(usize::from(length))?;
    if key.len() < 2 || key.len() > WHOLE_KEY_BYTES_MAX {
        return None;
    }
    let (value, after) = match kind {
        PUT => {
            let (length, after) = after.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (value, after) = after.split_at_checked(length)?;
            (Some(value), after)
        }
        DELETE => (None, after),
        _ => return None,
    };
    if value.is_some_and(|value| value.len() > VALUE_BYTES_MAX) {
        return None;
    }
    Some((StoredOp { key, value }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_come_back_and_every_prefix_is_refused_or_shorter() {
        let mut payload = Vec::new();
        encode(b"\x01key", Some(b"value"), &mut payload);
        encode(b"\x02other", None, &mut payload);
        let ops = decode(&payload).unwrap();
        assert_eq!(
            ops.first().unwrap(),
            StoredOp {
                key: b"\x01key",
                value: Some(b"value")
            }
        );
        assert_eq!(
            ops.into_iter().nth(1).unwrap(),
            StoredOp {
                key: b"\x02other",
                value: None
            }
        );
        assert_eq!(ops.into_iter().count(), 2);
        for length in 0..payload.len() {
            assert!(decode(&payload[..length]).is_none_or(|ops| ops.into_iter().count() < 2));
        }
    }

    #[test]
    fn unknown_kinds_and_excessive_lengths_are_refused() {
        assert_eq!(decode(&[3, 2, 1, 1]), None);
        assert_eq!(decode(&[DELETE, 1, 1]), None, "a table byte without a key");
        let mut long_key = vec![DELETE, 134];
        long_key.extend([0; 134]);
        assert_eq!(decode(&long_key), None);
        let mut long_value = vec![PUT, 2, 1, 1, 0x10, 0x01];
        long_value.extend([0; 4097]);
        assert_eq!(decode(&long_value), None);
    }
}
