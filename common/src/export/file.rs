//! The file: head, pieces, hash and signature, as bytes.

use thiserror::Error;

use super::{ExportFault, Piece};
use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::codec::{Decode, DecodeError, Encode, Exact, Text, TooLong};
use crate::crypto::ed25519::{Signature, SigningKey};
use crate::hash::{Hash, hash};
use crate::identifier::AlertId;
use crate::label::Label;
use crate::limits;
use crate::time::Timestamp;

/// What every export begins with.
pub const MAGIC: [u8; 16] = *b"maille/1 export\n";
/// The most bytes of an encoded head: two names, fixed fields.
pub(super) const HEAD_BYTES_MAX: usize = 1024;
/// The hash and the signature at the end.
const SEAL_LEN: usize = Hash::LEN + Signature::LEN;

/// What the file is about, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ExportHead {
    /// Format version, 1.
    pub version: u16,
    /// The network, as its anchor names it.
    pub network: Text<64>,
    /// The alert.
    pub alert: AlertId,
    /// The contact that exports.
    pub contact: ContactAddress,
    /// The device that signs the file.
    pub device: DeviceId,
    /// Its clock.
    pub time: Timestamp,
    /// The newest roster it holds.
    pub roster: Hash,
}

/// An export of the right form, not yet believed.
#[derive(Debug)]
pub struct Export {
    pub(super) head: Exact<ExportHead, HEAD_BYTES_MAX>,
    pub(super) pieces: Vec<Exact<Piece, { limits::EXPORT_PIECE_BYTES_MAX }>>,
    pub(super) hash: Hash,
    pub(super) signature: Signature,
}

/// There is more about an alert than one file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ExportTooLong {
    /// A piece is over its limit.
    #[error("One piece of the export is too long: {0}")]
    Piece(#[from] TooLong),
    /// There are too many pieces.
    #[error("The export has {0} pieces, and {max} are the most.", max = limits::EXPORT_PIECES_MAX)]
    Pieces(usize),
    /// The file is too long.
    #[error("The export has {0} bytes, and {max} are the most.", max = limits::EXPORT_BYTES_MAX)]
    Bytes(usize),
}

impl ExportHead {
    /// The one version of the format.
    pub const VERSION: u16 = 1;
}

impl Export {
    /// Puts pieces into a file that a device signs. What is given twice stands in it once.
    pub fn sign(
        head: ExportHead,
        pieces: Vec<Piece>,
        key: &SigningKey,
    ) -> Result<Self, ExportTooLong> {
        let exact = pieces.into_iter().map(Exact::of);
        let mut pieces = exact.collect::<Result<Vec<Exact<_, _>>, _>>()?;
        pieces.sort_by(|left, right| left.bytes().cmp(right.bytes()));
        pieces.dedup_by(|left, right| left.bytes() == right.bytes());
        if pieces.len() > limits::EXPORT_PIECES_MAX {
            return Err(ExportTooLong::Pieces(pieces.len()));
        }
        let head = Exact::of(head)?;
        let written = write(&head, &pieces);
        let length = written.len() + SEAL_LEN;
        if length > limits::EXPORT_BYTES_MAX {
            return Err(ExportTooLong::Bytes(length));
        }
        let hash = hash(Label::EXPORT, &[&written]);
        let signature = key.sign(Label::EXPORT_SIGNATURE, &hash);
        Ok(Self {
            head,
            pieces,
            hash,
            signature,
        })
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = write(&self.head, &self.pieces);
        bytes.extend_from_slice(self.hash.as_bytes());
        bytes.extend_from_slice(self.signature.as_bytes());
        bytes
    }

    /// Reads a file (PROTOCOL X1). What it accepts, [`Export::to_bytes`] gives back.
    pub fn parse(bytes: &[u8]) -> Result<Self, ExportFault> {
        if bytes.len() > limits::EXPORT_BYTES_MAX {
            return Err(ExportFault::TooLong(bytes.len()));
        }
        if !bytes.starts_with(&MAGIC) {
            return Err(ExportFault::NotAnExport);
        }
        let seal = bytes.split_last_chunk::<SEAL_LEN>();
        let (written, seal) = seal.ok_or(ExportFault::Altered)?;
        let hash = hash(Label::EXPORT, &[written]);
        let (stated, signature) = seal.split_at(Hash::LEN);
        // An accident is told from a forgery: whoever made the hash anew has not the signature.
        if Check::X1.refuses(stated != hash.as_bytes()) {
            return Err(ExportFault::Altered);
        }
        let signature = Signature::from_bytes(
            *signature
                .first_chunk()
                .expect("a seal is a hash and a signature"),
        );
        let mut rest = Unread(written.get(MAGIC.len()..).unwrap_or_default());
        let head: Exact<ExportHead, HEAD_BYTES_MAX> = rest.exact()?;
        if Check::W3.refuses(head.version != ExportHead::VERSION) {
            return Err(ExportFault::Version(head.version));
        }
        let pieces = rest.pieces()?;
        if Check::X1.refuses(!pieces.is_sorted_by(|left, right| left.bytes() < right.bytes())) {
            return Err(ExportFault::Order);
        }
        Ok(Self {
            head,
            pieces,
            hash,
            signature,
        })
    }

    /// What the file claims to be about, and who claims to have made it.
    pub fn head(&self) -> &ExportHead {
        &self.head
    }

    /// Its pieces, none of them believed.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().map(Exact::value)
    }
}

/// Everything that the hash is over.
fn write(
    head: &Exact<ExportHead, HEAD_BYTES_MAX>,
    pieces: &[Exact<Piece, { limits::EXPORT_PIECE_BYTES_MAX }>],
) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    put_length(&mut bytes, head.bytes().len());
    bytes.extend_from_slice(head.bytes());
    put_length(&mut bytes, pieces.len());
    for piece in pieces {
        put_length(&mut bytes, piece.bytes().len());
        bytes.extend_from_slice(piece.bytes());
    }
    bytes
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("lengths of an export are below its own limit");
    bytes.extend_from_slice(&length.to_le_bytes());
}

/// Bytes still to be read. The codec reads no more than 16 MiB at once, so the frame of the file is
/// read here, and each piece by the codec.
struct Unread<'a>(&'a [u8]);

impl<'a> Unread<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let split = self.0.split_at_checked(length);
        let (taken, rest) = split.ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A `u32` of at most `limit`.
    fn length(&mut self, limit: usize) -> Result<usize, DecodeError> {
        let taken = self.take(4)?.first_chunk::<4>();
        let number = u32::from_le_bytes(*taken.ok_or(DecodeError::Truncated)?);
        let found = usize::try_from(number).unwrap_or(usize::MAX);
        if found > limit {
            return Err(DecodeError::TooLong { limit, found });
        }
        Ok(found)
    }

    fn exact<T: Decode<()>, const MAX: usize>(&mut self) -> Result<Exact<T, MAX>, DecodeError> {
        let length = self.length(MAX)?;
        Exact::parse(self.take(length)?.to_vec())
    }

    fn pieces<const MAX: usize>(mut self) -> Result<Vec<Exact<Piece, MAX>>, DecodeError> {
        let count = self.length(limits::EXPORT_PIECES_MAX)?;
        let mut pieces = Vec::new();
        for _ in 0..count {
            pieces.push(self.exact()?);
        }
        match self.0.len() {
            0 => Ok(pieces),
            bytes => Err(DecodeError::Trailing { bytes }),
        }
    }
}
