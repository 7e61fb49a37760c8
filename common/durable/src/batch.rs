//! Batches: what is written together or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::StoreError;
use crate::pieces;
use crate::store::{BATCH_BYTES_MAX, KEY_BYTES_MAX, Table, VALUE_BYTES_MAX};

/// An ordered list of writes that become visible and durable together.
///
/// Limits are checked when the batch is appended.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    writes: Vec<Write>,
    urgent: bool,
}

/// One write of a batch, readable so that a store around another can seal the values.
#[derive(Debug, Clone)]
pub enum Write {
    /// A value under a key.
    Put(Table, Vec<u8>, Arc<[u8]>),
    /// The end of a key.
    Delete(Table, Vec<u8>),
    /// A byte string in pieces.
    PutPieces(Table, Vec<u8>, Vec<u8>),
    /// The end of a byte string in pieces.
    DeletePieces(Table, Vec<u8>),
}

impl Batch {
    /// Begins an empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores `value`, at most [`VALUE_BYTES_MAX`] bytes, under `key`.
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> &mut Self {
        self.writes
            .push(Write::Put(table, key.to_vec(), value.into()));
        self
    }

    /// Removes `key`; one that is not there is no error.
    pub fn delete(&mut self, table: Table, key: &[u8]) -> &mut Self {
        self.writes.push(Write::Delete(table, key.to_vec()));
        self
    }

    /// Stores a byte string of any length the batch has room for under `key`, in place of every
    /// piece that was there; [`crate::Store::pieces`] reads it.
    pub fn put_pieces(&mut self, table: Table, key: &[u8], bytes: &[u8]) -> &mut Self {
        self.writes
            .push(Write::PutPieces(table, key.to_vec(), bytes.to_vec()));
        self
    }

    /// Removes every piece of the byte string under `key`.
    pub fn delete_pieces(&mut self, table: Table, key: &[u8]) -> &mut Self {
        self.writes.push(Write::DeletePieces(table, key.to_vec()));
        self
    }

    /// Returns the writes, in their order.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Marks the batch as one that is taken below the low-water mark: a receipt, or a deletion
    /// that makes room.
    pub fn urgent(&mut self) -> &mut Self {
        self.urgent = true;
        self
    }

    /// Tells whether the batch is taken below the low-water mark.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// Tells whether the batch writes nothing. It may still be appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Checks every limit that does not depend on what is stored already; returns the weight.
    pub(crate) fn check(&self) -> Result<usize, StoreError> {
        let mut weight = 0usize;
        for write in &self.writes {
            let (table, key, bytes) = match write {
                Write::Put(table, key, value) => {
                    let bytes = value.len();
                    if bytes > VALUE_BYTES_MAX {
                        return Err(StoreError::ValueLength {
                            table: *table,
                            bytes,
                        });
                    }
                    (table, key, bytes)
                }
                Write::PutPieces(table, key, bytes) => (table, key, bytes.len()),
                Write::Delete(table, key) | Write::DeletePieces(table, key) => (table, key, 0),
            };
            if key.is_empty() || key.len() > KEY_BYTES_MAX {
                return Err(StoreError::KeyLength {
                    table: *table,
                    bytes: key.len(),
                });
            }
            weight = weight.saturating_add(Op::FRAMING_BYTES + key.len() + bytes);
        }
        check_weight(weight)?;
        Ok(weight)
    }

    /// Turns the batch into plain puts and deletes: which pieces a string has in the store is
    /// asked of `stored`, which returns their whole keys.
    pub(crate) fn resolve(
        self,
        stored: impl Fn(Table, &[u8]) -> Result<Vec<Vec<u8>>, StoreError>,
    ) -> Result<Vec<Op>, StoreError> {
        let mut resolved = Resolved::default();
        for write in self.writes {
            match write {
                Write::Put(table, key, value) => resolved.push(table, &key, Some(value)),
                Write::Delete(table, key) => resolved.push(table, &key, None),
                Write::DeletePieces(table, key) => {
                    resolved.remove_pieces(table, &key, stored(table, &key)?);
                }
                Write::PutPieces(table, key, bytes) => {
                    resolved.remove_pieces(table, &key, stored(table, &key)?);
                    for (number, piece) in (0u32..).zip(pieces::split(&bytes)) {
                        resolved.push(table, &pieces::piece_key(&key, number), Some(piece.into()));
                    }
                }
            }
        }
        check_weight(resolved.ops.iter().map(Op::weight).sum())?;
        Ok(resolved.ops)
    }
}

fn check_weight(bytes: usize) -> Result<(), StoreError> {
    if bytes > BATCH_BYTES_MAX {
        return Err(StoreError::BatchLength { bytes });
    }
    Ok(())
}

/// One write as the log and the index know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Op {
    /// Table byte and key.
    pub(crate) key: Vec<u8>,
    /// The value, or `None` for a deletion.
    pub(crate) value: Option<Arc<[u8]>>,
}

impl Op {
    /// What an operation weighs beside key and value, at most.
    pub(crate) const FRAMING_BYTES: usize = 5;

    fn weight(&self) -> usize {
        Self::FRAMING_BYTES + self.key.len() + self.value.as_ref().map_or(0, |value| value.len())
    }
}

/// Puts the table byte before a key.
pub(crate) fn whole_key(table: Table, key: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(1 + key.len());
    whole.push(table.0);
    whole.extend_from_slice(key);
    whole
}

/// The plain operations so far.
#[derive(Default)]
struct Resolved {
    ops: Vec<Op>,
    /// Which keys the first `seen` of them leave present. Most batches never ask.
    present: BTreeMap<Vec<u8>, bool>,
    seen: usize,
}

impl Resolved {
    fn push(&mut self, table: Table, key: &[u8], value: Option<Arc<[u8]>>) {
        let key = whole_key(table, key);
        self.ops.push(Op { key, value });
    }

    /// Deletes the pieces that the store holds and those that this batch itself has put.
    fn remove_pieces(&mut self, table: Table, key: &[u8], stored: Vec<Vec<u8>>) {
        for op in &self.ops[self.seen..] {
            self.present.insert(op.key.clone(), op.value.is_some());
        }
        self.seen = self.ops.len();
        let (from, to) = pieces::bounds(key);
        let range = whole_key(table, &from)..whole_key(table, &to);
        let width = range.start.len();
        let own = self
            .present
            .range(range)
            .filter(|(key, put)| **put && key.len() == width);
        let mut doomed: Vec<Vec<u8>> = own.map(|(key, _)| key.clone()).collect();
        doomed.extend(
            stored
                .into_iter()
                .filter(|key| !self.present.contains_key(key)),
        );
        let deletions = doomed.into_iter().map(|key| Op { key, value: None });
        self.ops.extend(deletions);
    }
}
