//! Documents on their way from one roster to another.

use super::{SignedAnnex, SignedAuthority, SignedSuspension, heads};
use crate::codec::{Decode, Encode, List, TooLong, encode};
use crate::limits;

/// A set of roster documents, in any order, none of them believed yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct RosterDocuments {
    /// Parts of the authority's chain.
    pub authority: List<SignedAuthority, { limits::DOCUMENTS_MAX }>,
    /// Annexes of any organisation.
    pub annexes: List<SignedAnnex, { limits::DOCUMENTS_MAX }>,
    /// Suspensions.
    pub suspensions: List<SignedSuspension, { heads::SUSPENSIONS_MAX }>,
}

impl RosterDocuments {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.authority.is_empty() && self.annexes.is_empty() && self.suspensions.is_empty()
    }

    /// How many documents there are.
    pub fn count(&self) -> usize {
        self.authority.len() + self.annexes.len() + self.suspensions.len()
    }

    /// Both sets as one, for instance when the first alone was
    /// [incomplete](super::RosterError::is_incomplete).
    pub fn join(self, other: Self) -> Result<Self, TooLong> {
        Ok(Self {
            authority: List::new(joined(
                self.authority.into_vec(),
                other.authority.into_vec(),
            ))?,
            annexes: List::new(joined(self.annexes.into_vec(), other.annexes.into_vec()))?,
            suspensions: List::new(joined(
                self.suspensions.into_vec(),
                other.suspensions.into_vec(),
            ))?,
        })
    }

    /// The same documents in sets that each encode to at most so many bytes, where a single
    /// document allows it. The receiver joins them before applying.
    pub fn split(self, bytes_max: usize) -> Vec<Self> {
        let mut sets = vec![Self::default()];
        let mut bytes = COUNTS_BYTES;
        for document in self.into_documents() {
            let length = document.encoded_len();
            let started = sets.last().is_some_and(|set| !set.is_empty());
            if started && bytes + length > bytes_max {
                sets.push(Self::default());
                bytes = COUNTS_BYTES;
            }
            bytes += length;
            if let Some(set) = sets.last_mut() {
                document.enter(set);
            }
        }
        sets
    }

    fn into_documents(self) -> impl Iterator<Item = Document> {
        let authority = self.authority.into_iter().map(Document::Authority);
        let annexes = self.annexes.into_iter().map(Document::Annex);
        let suspensions = self.suspensions.into_iter().map(Document::Suspension);
        authority.chain(annexes).chain(suspensions)
    }
}

/// Three counts of four bytes.
const COUNTS_BYTES: usize = 12;

/// One document of any kind.
enum Document {
    Authority(SignedAuthority),
    Annex(SignedAnnex),
    Suspension(SignedSuspension),
}

impl Document {
    fn encoded_len(&self) -> usize {
        match self {
            Self::Authority(document) => encode(document).len(),
            Self::Annex(document) => encode(document).len(),
            Self::Suspension(document) => encode(document).len(),
        }
    }

    fn enter(self, set: &mut RosterDocuments) {
        match self {
            Self::Authority(document) => push(&mut set.authority, document),
            Self::Annex(document) => push(&mut set.annexes, document),
            Self::Suspension(document) => push(&mut set.suspensions, document),
        }
    }
}

fn push<T, const MAX: usize>(list: &mut List<T, MAX>, item: T) {
    let mut items = std::mem::take(list).into_vec();
    items.push(item);
    *list = List::new(items).expect("a part of a list is not longer than the list");
}

fn joined<T>(mut first: Vec<T>, second: Vec<T>) -> Vec<T> {
    first.extend(second);
    first
}
