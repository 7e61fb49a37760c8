//! The documents a roster holds, each one verified: three kinds of chains and how they grow.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history::History;
use super::{
    Anchor, AnnexHead, AuthorityPart, Fork, Head, RosterDocuments, RosterError, RosterHeads,
    SignedAnnex, SignedAuthority, SignedSuspension,
};
use crate::address::Name;
use crate::codec::SortedList;
use crate::hash::Hash;

mod annexes;
mod authority;
mod earlier;
mod suspensions;

/// A document with its hash. Whether it is verified depends on where it stands.
#[derive(Debug, Clone)]
pub(super) struct Hashed<T> {
    pub(super) hash: Hash,
    pub(super) document: Arc<T>,
}

impl From<&SignedAuthority> for Hashed<SignedAuthority> {
    fn from(document: &SignedAuthority) -> Self {
        Self {
            hash: document.hash(),
            document: Arc::new(document.clone()),
        }
    }
}

impl From<&SignedAnnex> for Hashed<SignedAnnex> {
    fn from(document: &SignedAnnex) -> Self {
        Self {
            hash: document.hash(),
            document: Arc::new(document.clone()),
        }
    }
}

impl Hashed<SignedAnnex> {
    pub(super) fn number(&self) -> u64 {
        self.document.annex.number
    }

    pub(super) fn previous(&self) -> Hash {
        self.document.annex.previous
    }
}

/// The annexes of one organisation, from the pinned one to the one in force. Never empty.
pub(super) type AnnexChain = Vec<Hashed<SignedAnnex>>;

/// All verified documents. Cheap to copy, so that a set is tried on a copy first.
#[derive(Debug, Clone)]
pub(super) struct Chains {
    pub(super) anchor: Arc<Anchor>,
    /// Parts 1 to the one in force.
    pub(super) authority: Vec<Hashed<SignedAuthority>>,
    pub(super) annexes: BTreeMap<Name, AnnexChain>,
    /// Every suspension ever seen, in force or lifted.
    pub(super) suspensions: BTreeMap<Hash, Arc<SignedSuspension>>,
}

/// What one set of documents did to the chains, beyond what the chains themselves show.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// Annexes that left the chain because the pin passed them, or came from before the pin.
    pub(super) past: Vec<Hashed<SignedAnnex>>,
    /// Annexes that were in force and are no longer good: signed by keys that a new authority part
    /// took away, or not of the line it pins.
    pub(super) withdrawn: Vec<Hashed<SignedAnnex>>,
    /// Two documents of one place, where the authority's pin says which one counts.
    pub(super) forks: Vec<Fork>,
}

impl Chains {
    /// Chains without a document. They are no roster before part 1 is in them.
    pub(super) fn new(anchor: Anchor) -> Self {
        Self {
            anchor: Arc::new(anchor),
            authority: Vec::new(),
            annexes: BTreeMap::new(),
            suspensions: BTreeMap::new(),
        }
    }

    /// Takes a set of documents, in the order in which they can be verified: the authority's, then
    /// annexes, then suspensions. After an error the chains are in between; the caller drops them.
    pub(super) fn grow(
        &mut self,
        documents: &RosterDocuments,
        history: &History,
    ) -> Result<Growth, RosterError> {
        let authority_before = self.authority.len();
        self.extend_authority(&documents.authority)?;
        if self.authority.is_empty() {
            return Err(RosterError::NoFirstPart);
        }
        let authority_changed = self.authority.len() > authority_before;
        let growth = self.extend_annexes(&documents.annexes, history, authority_changed)?;
        self.add_suspensions(&documents.suspensions)?;
        Ok(growth)
    }

    /// The authority part in force.
    pub(super) fn part(&self) -> &AuthorityPart {
        let newest = self
            .authority
            .last()
            .expect("chains of a roster hold part 1");
        newest.document.part.value()
    }

    /// The heads of what is in force.
    pub(super) fn heads(&self) -> RosterHeads {
        let newest = self
            .authority
            .last()
            .expect("chains of a roster hold part 1");
        let annexes: Vec<AnnexHead> = self.annexes_in_force().map(annex_head).collect();
        let suspensions: Vec<Hash> = self.suspensions_in_force().map(|(hash, _)| hash).collect();
        RosterHeads {
            authority: Head {
                number: newest.document.part.number,
                hash: newest.hash,
            },
            annexes: SortedList::new(annexes)
                .expect("annexes are of organisations of the part, which has no more than that"),
            suspensions: SortedList::new(suspensions)
                .expect("the number of suspensions in force was checked when they were added"),
        }
    }

    /// The annexes that somebody with these heads lacks.
    pub(super) fn annexes_since(
        &self,
        heads: &RosterHeads,
    ) -> impl Iterator<Item = &Hashed<SignedAnnex>> {
        let behind = heads.authority.number < self.part().number;
        self.annexes.iter().flat_map(move |(organisation, chain)| {
            let Some(theirs) = heads.annex(organisation) else {
                return &chain[..];
            };
            if let Some(at) = chain.iter().position(|annex| annex.hash == theirs.hash) {
                return &chain[at + 1..];
            }
            // Theirs is older than the chain, or newer. Newer ones may be of a line that an
            // authority part put aside which they do not have yet.
            let newest = chain.last().map_or(0, Hashed::number);
            match behind || theirs.number <= newest {
                true => &chain[..],
                false => &[],
            }
        })
    }

    /// The newest annex of each organisation that has one.
    pub(super) fn annexes_in_force(&self) -> impl Iterator<Item = &Hashed<SignedAnnex>> {
        self.annexes.values().filter_map(|chain| chain.last())
    }
}

fn annex_head(annex: &Hashed<SignedAnnex>) -> AnnexHead {
    AnnexHead {
        organisation: annex.document.annex.organisation.clone(),
        number: annex.number(),
        hash: annex.hash,
    }
}
