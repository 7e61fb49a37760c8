//! Which pieces of a blob are there.

use std::ops::RangeInclusive;

use crate::codec::{Bytes, Decode, Encode, coded_as};
use crate::limits;

/// The bytes of the largest bitmap.
const BITMAP_BYTES_MAX: usize = limits::PIECES_MAX / 8;

/// The pieces of one blob that are there, as a bitmap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceSet(PieceBits);

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct PieceBits {
    count: u32,
    /// Piece 0 is the lowest bit of the first byte; bits past the last piece are zero.
    bits: Bytes<BITMAP_BYTES_MAX>,
}

impl PieceSet {
    /// None of so many pieces. No blob has more than 65,536, and more are not kept.
    pub fn none_of(count: u32) -> Self {
        let count = count.min(u32::try_from(limits::PIECES_MAX).unwrap_or(u32::MAX));
        let bits = Bytes::new(vec![0; bytes_for(count)]).expect("the count was cut to its limit");
        Self(PieceBits { count, bits })
    }

    /// How many pieces the blob has.
    pub fn count(&self) -> u32 {
        self.0.count
    }

    /// Whether a piece is there.
    pub fn has(&self, index: u32) -> bool {
        index < self.0.count && self.0.bits[byte_of(index)] & bit_of(index) != 0
    }

    /// Notes that a piece is there; whether that is new. A piece the blob has not is not noted.
    pub fn insert(&mut self, index: u32) -> bool {
        let is_new = index < self.0.count && !self.has(index);
        if is_new {
            let mut bits = std::mem::take(&mut self.0.bits).into_vec();
            bits[byte_of(index)] |= bit_of(index);
            self.0.bits = Bytes::new(bits).expect("a set bit does not change the length");
        }
        is_new
    }

    /// Whether all pieces are there.
    pub fn is_whole(&self) -> bool {
        self.missing().next().is_none()
    }

    /// The pieces that are not there, as ranges, ascending, none touching the next.
    pub fn missing(&self) -> impl Iterator<Item = RangeInclusive<u32>> + '_ {
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = (next..self.0.count).find(|&index| !self.has(index))?;
            let end = (first..self.0.count)
                .find(|&index| self.has(index))
                .unwrap_or(self.0.count);
            next = end;
            Some(first..=end - 1)
        })
    }

    fn checked(set: PieceBits) -> Result<Self, &'static str> {
        let fits = set.bits.len() == bytes_for(set.count);
        let unused = set.count % 8;
        let clean = unused == 0 || set.bits.last().is_some_and(|last| last >> unused == 0);
        if fits && clean {
            Ok(Self(set))
        } else {
            Err("a set of pieces does not fit its count")
        }
    }
}

coded_as!(PieceSet as PieceBits, |set| &set.0, PieceSet::checked);

fn bytes_for(count: u32) -> usize {
    byte_of(count.saturating_add(7))
}

fn byte_of(index: u32) -> usize {
    usize::try_from(index / 8).expect("the index of a piece fits")
}

fn bit_of(index: u32) -> u8 {
    1 << (index % 8)
}
