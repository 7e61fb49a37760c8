//! Attachments as sealed files: pieces, their hashes, and which of them are there.
//!
//! A blob is the sealed attachment; only its name and length stand in an envelope. It travels in
//! pieces of 4 MiB, each checked alone, so that a transfer can stop anywhere and go on later, from
//! anybody who has the piece.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

use crate::codec::{Decode, Encode, List, coded_as, encode, fixed_bytes};
use crate::hash::{FileHash, Hash, hash};
use crate::label::Label;
use crate::limits;

mod piece_set;

pub use piece_set::PieceSet;

/// The length of every piece but the last, in bytes.
const PIECE_LEN: u64 = limits::PIECE_BYTES as u64;

/// The longest blob, in bytes: 256 GiB.
pub const BLOB_BYTES_MAX: u64 = limits::PIECES_MAX as u64 * PIECE_LEN;

fixed_bytes! {
    /// Names a blob by its content: `H("blob", length | pieces)`.
    pub struct BlobId([u8; 32]);
}

/// A blob as an envelope names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct BlobRef {
    /// Which blob.
    pub id: BlobId,
    /// Its length in bytes, sealed.
    pub length: u64,
}

/// The hashes of a blob's pieces. Whoever has it can check every piece alone.
///
/// The length is neither zero nor above [`BLOB_BYTES_MAX`], and the number of pieces is the one
/// that this length has. Its encoding is what the blob's id is the hash of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest(ManifestFields);

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct ManifestFields {
    length: u64,
    pieces: List<Hash, { limits::PIECES_MAX }>,
}

impl Manifest {
    /// The length of the blob in bytes.
    pub fn length(&self) -> u64 {
        self.0.length
    }

    /// SHA-256 of each piece, in order.
    pub fn pieces(&self) -> &[Hash] {
        &self.0.pieces
    }

    /// How many pieces the blob has, at least one.
    pub fn piece_count(&self) -> u32 {
        u32::try_from(self.0.pieces.len()).expect("a blob has at most 65,536 pieces")
    }

    /// Where a piece stands in the blob.
    pub fn piece_range(&self, index: u32) -> Option<Range<u64>> {
        if index >= self.piece_count() {
            return None;
        }
        let start = u64::from(index) * PIECE_LEN;
        Some(start..self.0.length.min(start + PIECE_LEN))
    }

    /// Whether these bytes are the piece.
    pub fn verify_piece(&self, index: u32, bytes: &[u8]) -> Result<(), PieceFault> {
        let count = self.piece_count();
        let range = self
            .piece_range(index)
            .ok_or(PieceFault::Index { index, count })?;
        let expected = range.end - range.start;
        let found = bytes.len() as u64;
        if found != expected {
            return Err(PieceFault::Length {
                index,
                expected,
                found,
            });
        }
        let at = usize::try_from(index).expect("an index below 65,536 fits");
        if FileHash::of(bytes) != self.0.pieces[at] {
            return Err(PieceFault::Hash { index });
        }
        Ok(())
    }

    /// The name of the blob.
    pub fn id(&self) -> BlobId {
        BlobId::from_bytes(*hash(Label::BLOB, &[&encode(self)]).as_bytes())
    }

    /// The blob as an envelope names it.
    pub fn reference(&self) -> BlobRef {
        BlobRef {
            id: self.id(),
            length: self.0.length,
        }
    }

    fn checked(fields: ManifestFields) -> Result<Self, &'static str> {
        match piece_count(fields.length) {
            Some(count) if count as usize == fields.pieces.len() => Ok(Self(fields)),
            Some(_) => Err("a manifest has more or fewer pieces than its length"),
            None => Err("a manifest is of a blob without bytes, or of more than 256 GiB"),
        }
    }
}

coded_as!(
    Manifest as ManifestFields,
    |manifest| &manifest.0,
    Manifest::checked
);

/// How many pieces a blob of this length has; none where no blob has it.
pub fn piece_count(length: u64) -> Option<u32> {
    if length == 0 || length > BLOB_BYTES_MAX {
        return None;
    }
    u32::try_from(length.div_ceil(PIECE_LEN)).ok()
}

/// Why bytes are not a piece of a blob. The fault of whoever handed them over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PieceFault {
    /// The blob has no such piece.
    #[error("The attachment has {count} pieces, and none with the number {index}.")]
    Index {
        /// The number asked for.
        index: u32,
        /// How many pieces there are, counted from 0.
        count: u32,
    },
    /// The piece has another length.
    #[error("Piece {index} of the attachment has {expected} bytes, and {found} were given.")]
    Length {
        /// The number of the piece.
        index: u32,
        /// Its length in bytes.
        expected: u64,
        /// The length given.
        found: u64,
    },
    /// The bytes are others.
    #[error("Piece {index} of the attachment does not have the hash that its manifest says.")]
    Hash {
        /// The number of the piece.
        index: u32,
    },
}

impl PieceFault {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Index { .. } => "piece-index",
            Self::Length { .. } => "piece-length",
            Self::Hash { .. } => "piece-hash",
        }
    }
}

/// Makes the manifest of a blob while it is written, without a second reading.
#[must_use = "a manifest is made when the blob is finished"]
#[derive(Clone, Default)]
pub struct ManifestBuilder {
    length: u64,
    pieces: Vec<Hash>,
    piece: FileHash,
}

impl ManifestBuilder {
    /// A blob without bytes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes, as many as there are at once.
    pub fn update(&mut self, mut bytes: &[u8]) -> Result<(), BlobError> {
        if BLOB_BYTES_MAX - self.length < bytes.len() as u64 {
            return Err(BlobError::TooLong);
        }
        while !bytes.is_empty() {
            let room = PIECE_LEN - self.length % PIECE_LEN;
            let taken = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
            let (now, later) = bytes.split_at(taken);
            self.piece.update(now);
            self.length += now.len() as u64;
            if self.length.is_multiple_of(PIECE_LEN) {
                self.pieces.push(std::mem::take(&mut self.piece).finish());
            }
            bytes = later;
        }
        Ok(())
    }

    /// The manifest of all the bytes taken.
    pub fn finish(mut self) -> Result<Manifest, BlobError> {
        if self.length == 0 {
            return Err(BlobError::Empty);
        }
        if !self.length.is_multiple_of(PIECE_LEN) {
            self.pieces.push(self.piece.finish());
        }
        let pieces = List::new(self.pieces).map_err(|_| BlobError::TooLong)?;
        Ok(Manifest(ManifestFields {
            length: self.length,
            pieces,
        }))
    }
}

impl fmt::Debug for ManifestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManifestBuilder({} bytes, ..)", self.length)
    }
}

/// Why bytes make no blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BlobError {
    /// There are no bytes. A sealed attachment has 72 at least.
    #[error("An attachment without sealed bytes cannot be sent.")]
    Empty,
    /// There are more bytes than pieces may hold.
    #[error("The sealed attachment is longer than {BLOB_BYTES_MAX} bytes.")]
    TooLong,
}

impl BlobError {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "blob-empty",
            Self::TooLong => "blob-too-long",
        }
    }
}

#[cfg(test)]
mod tests;
