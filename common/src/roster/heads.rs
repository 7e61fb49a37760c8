//! The heads of a roster: which documents are in force, by number and hash.

use crate::address::Name;
use crate::codec::{Decode, Encode, ListError, SortedList, encode};
use crate::crypto::merkle;
use crate::hash::{Hash, hash};
use crate::label::Label;
use crate::limits;

/// The most suspensions in force at once: twice as many as there are organisations.
pub const SUSPENSIONS_MAX: usize = 1024;

/// The newest document of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Head {
    /// Its place in the chain, from 1.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The annex in force of one organisation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct AnnexHead {
    /// The organisation.
    pub organisation: Name,
    /// The place of the annex in the organisation's chain.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
}

impl AnnexHead {
    /// Number and hash alone.
    pub fn head(&self) -> Head {
        Head {
            number: self.number,
            hash: self.hash,
        }
    }
}

/// What makes a roster hash: heads received for a hash prove themselves.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RosterHeads {
    /// The authority part in force.
    pub authority: Head,
    /// The annexes in force, by organisation.
    pub annexes: SortedList<AnnexHead, { limits::ORGANISATIONS_MAX }>,
    /// The hashes of the suspensions in force.
    pub suspensions: SortedList<Hash, SUSPENSIONS_MAX>,
}

impl RosterHeads {
    /// The heads of somebody who holds nothing yet.
    pub fn none() -> Self {
        Self {
            authority: Head {
                number: 0,
                hash: Hash::ZERO,
            },
            annexes: SortedList::empty(),
            suspensions: SortedList::empty(),
        }
    }

    /// The roster hash: the RFC 9162 root over authority part, annexes and suspensions.
    pub fn hash(&self) -> Hash {
        let authority = leaf(1, "", self.authority.number, &self.authority.hash);
        let annexes = self
            .annexes
            .iter()
            .map(|annex| leaf(2, annex.organisation.as_str(), annex.number, &annex.hash));
        let suspensions = self.suspensions.iter().map(|hash| leaf(3, "", 0, hash));
        let leaves: Vec<Hash> = [authority]
            .into_iter()
            .chain(annexes)
            .chain(suspensions)
            .collect();
        merkle::root(&leaves)
    }

    /// The annex of an organisation, if one is in force.
    pub fn annex(&self, organisation: &Name) -> Option<&AnnexHead> {
        self.annexes
            .binary_search_by(|head| head.organisation.cmp(organisation))
            .ok()
            .map(|at| &self.annexes[at])
    }

    /// Checks that no organisation has two annexes. The codec sees only that the list ascends.
    pub fn check(&self) -> Result<(), ListError> {
        let repeats = |pair: &[AnnexHead]| pair[0].organisation == pair[1].organisation;
        match self.annexes.windows(2).any(repeats) {
            true => Err(ListError::Repeated),
            false => Ok(()),
        }
    }
}

/// The RFC 9162 leaf over H("roster leaf", kind: u8 | name: text | number: u64 | hash).
fn leaf(kind: u8, name: &str, number: u64, document: &Hash) -> Hash {
    let length = u32::try_from(name.len()).expect("a name has at most 32 bytes");
    let parts = encode(&(kind, length));
    let value = hash(
        Label::ROSTER_LEAF,
        &[
            &parts,
            name.as_bytes(),
            &number.to_le_bytes(),
            document.as_bytes(),
        ],
    );
    merkle::leaf_hash(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_the_heads_enters_the_hash() {
        let hash = |byte| Hash::from_bytes([byte; 32]);
        let annex = |name: &str, number, byte| AnnexHead {
            organisation: name.parse().unwrap(),
            number,
            hash: hash(byte),
        };
        let heads = RosterHeads {
            authority: Head {
                number: 3,
                hash: hash(1),
            },
            annexes: SortedList::new([annex("a", 1, 2), annex("b", 2, 3)]).unwrap(),
            suspensions: SortedList::new([hash(4)]).unwrap(),
        };
        let mut others = vec![heads.clone(); 5];
        others[0].authority.number = 4;
        others[1].annexes = SortedList::new([annex("a", 1, 2), annex("b", 1, 3)]).unwrap();
        others[2].annexes = SortedList::new([annex("a", 1, 2), annex("c", 2, 3)]).unwrap();
        others[3].annexes = SortedList::new([annex("a", 1, 2)]).unwrap();
        others[4].suspensions = SortedList::empty();
        for other in others {
            assert_ne!(other.hash(), heads.hash());
        }
    }

    #[test]
    fn two_annexes_of_one_organisation_are_refused() {
        let annex = |number| AnnexHead {
            organisation: "a".parse().unwrap(),
            number,
            hash: Hash::ZERO,
        };
        let mut heads = RosterHeads::none();
        heads.annexes = SortedList::new([annex(1), annex(2)]).unwrap();
        assert_eq!(heads.check(), Err(ListError::Repeated));
    }
}
