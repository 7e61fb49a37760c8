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

/// Reads every operation; `None` for anything but a whole payload within the limits.
pub(crate) fn decode(payload: &[u8]) -> Option<Vec<StoredOp<'_>>> {
    let mut ops = Vec::with_capacity(each(payload, |_| ())?);
    each(payload, |op| ops.push(op))?;
    Some(ops)
}

/// Calls `found` with every operation, and counts them: memory is taken once, and no more of it
/// than the operations need.
fn each<'a>(payload: &'a [u8], mut found: impl FnMut(StoredOp<'a>)) -> Option<usize> {
    let mut count = 0;
    let mut rest = payload;
    while let Some((&kind, after)) = rest.split_first() {
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
        found(StoredOp { key, value });
        (rest, count) = (after, count + 1);
    }
    Some(count)
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
            ops[0],
            StoredOp {
                key: b"\x01key",
                value: Some(b"value")
            }
        );
        assert_eq!(
            ops[1],
            StoredOp {
                key: b"\x02other",
                value: None
            }
        );
        for length in 0..payload.len() {
            assert!(decode(&payload[..length]).is_none_or(|ops| ops.len() < 2));
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
