//! The records of one chain in their order: what was taken out, exchanged or turned round is
//! noticed.

use thiserror::Error;

use super::record::{ArchivePlace, ArchiveRecord, ChainId};
use crate::hash::Hash;

/// Follows one chain from its first record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    chain: ChainId,
    number: u64,
    last: Hash,
}

/// What is wrong with a chain at a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChainFault {
    /// It is of another chain.
    #[error("It belongs to another chain of records, {0}.")]
    OtherChain(ChainId),
    /// It comes where another one should.
    #[error("It is record {found}, and stands in the place of record {expected}.")]
    OtherNumber {
        /// The number that is due.
        expected: u64,
        /// Its own.
        found: u64,
    },
    /// It was written behind another record than the one before it.
    #[error("It was written behind another record than the one that stands before it.")]
    OtherPrevious,
}

impl Follower {
    /// Before the first record of a chain.
    pub const fn of(chain: ChainId) -> Self {
        Self {
            chain,
            number: 0,
            last: Hash::ZERO,
        }
    }

    /// Where the next record belongs.
    pub const fn next(&self, key: Hash) -> ArchivePlace {
        ArchivePlace {
            version: ArchivePlace::VERSION,
            key,
            chain: self.chain,
            number: self.number.saturating_add(1),
            previous: self.last,
        }
    }

    /// Takes the record that is due.
    pub fn follow(&mut self, record: &ArchiveRecord) -> Result<(), ChainFault> {
        let (place, due) = (record.place(), self.next(record.place().key));
        if place.chain != due.chain {
            return Err(ChainFault::OtherChain(place.chain));
        }
        if place.number != due.number {
            let (expected, found) = (due.number, place.number);
            return Err(ChainFault::OtherNumber { expected, found });
        }
        let behind = place.previous == due.previous;
        self.go_on_after(record);
        match behind {
            true => Ok(()),
            false => Err(ChainFault::OtherPrevious),
        }
    }

    /// Goes on behind records that are missing or not whole, up to this number. The next one names
    /// a record that nobody can look at, and is not believed to follow.
    pub const fn skip_to(&mut self, number: u64) {
        self.number = number;
        self.last = Hash::ZERO;
    }

    /// The number of the last record.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The hash of the last record; zero where there is none, or it was skipped.
    pub const fn last(&self) -> Hash {
        self.last
    }

    fn go_on_after(&mut self, record: &ArchiveRecord) {
        self.number = record.place().number;
        self.last = record.hash();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hpke::SealingSecretKey;

    const CHAIN: ChainId = ChainId::from_bytes([7; 16]);

    /// Some records, as one device writes them.
    fn records(chain: ChainId, count: u8) -> Vec<ArchiveRecord> {
        let key = SealingSecretKey::from_seed([1; 32]).public_key();
        let mut follower = Follower::of(chain);
        let written = (0..count).map(|n| {
            let bytes = follower.next(key.id()).seal(&key, &[n], &[n; 64]);
            let record = ArchiveRecord::parse(&bytes).unwrap();
            follower.follow(&record).unwrap();
            record
        });
        written.collect()
    }

    fn followed(records: &[&ArchiveRecord]) -> Vec<Result<(), ChainFault>> {
        let mut follower = Follower::of(CHAIN);
        records
            .iter()
            .map(|record| follower.follow(record))
            .collect()
    }

    #[test]
    fn records_in_their_order_are_a_chain() {
        let written = records(CHAIN, 4);
        let all: Vec<_> = written.iter().collect();
        assert_eq!(followed(&all), [Ok(()); 4]);
    }

    #[test]
    fn a_record_that_was_taken_out_exchanged_or_turned_round_is_noticed() {
        let written = records(CHAIN, 4);
        let [one, two, three, _] = &written[..] else {
            unreachable!("there are four");
        };
        let number = |expected, found| Err(ChainFault::OtherNumber { expected, found });
        assert_eq!(followed(&[one, three]), [Ok(()), number(2, 3)]);
        assert_eq!(followed(&[two]), [number(1, 2)]);
        assert_eq!(followed(&[one, three, two]), [Ok(()), number(2, 3), Ok(())]);
        let elsewhere = records(ChainId::from_bytes([8; 16]), 1);
        let other = Err(ChainFault::OtherChain(elsewhere[0].place().chain));
        assert_eq!(followed(&[&elsewhere[0]]), [other]);
        // Somebody without the key writes a first record of their own: the second is not behind it.
        let key = SealingSecretKey::from_seed([1; 32]).public_key();
        let forged = Follower::of(CHAIN)
            .next(key.id())
            .seal(&key, b"ours", &[9; 64]);
        let forged = ArchiveRecord::parse(&forged).unwrap();
        let seen = followed(&[&forged, two, three]);
        assert_eq!(seen, [Ok(()), Err(ChainFault::OtherPrevious), Ok(())]);
    }

    #[test]
    fn behind_a_gap_the_next_record_is_not_believed_to_follow() {
        let written = records(CHAIN, 3);
        let mut follower = Follower::of(CHAIN);
        follower.follow(&written[0]).unwrap();
        follower.skip_to(2);
        let broken = follower.follow(&written[2]);
        assert_eq!(broken, Err(ChainFault::OtherPrevious));
        assert_eq!((follower.number(), follower.last()), (3, written[2].hash()));
    }
}
