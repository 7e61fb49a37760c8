//! The roster: who takes part, under which keys and rules. The only trust store there is.
//!
//! Two layers make one roster. The *authority part* is agreed by k of n key holders of different
//! organisations; the *annex* of each organisation, signed by that organisation, holds its contacts
//! and their devices. *Suspensions* stop somebody at once on the word of one key. Each layer is a
//! chain by hash, everything proves itself from the [`Anchor`], and [`Roster`] is the proof: it
//! cannot be had without passing the checks R1 to R9 of PROTOCOL section 3.
//!
//! What is in force is a function of the documents, never of the order in which they came, so two
//! desks with equal documents have equal [hashes](Roster::hash). Nothing here reads a clock: time
//! alone changes no roster, and what is late or stale is answered for a `now` that is given.

use std::sync::Arc;

use crate::codec::List;
use crate::hash::Hash;
use crate::limits;

mod absence;
mod acting;
mod anchor;
mod annex;
mod annex_check;
mod applied;
mod authority;
mod authority_check;
mod chains;
mod comparison;
pub mod difference;
mod documents;
mod endings;
mod error;
pub mod files;
#[cfg(test)]
mod fixture;
mod fork;
mod heads;
mod history;
mod index;
mod keys;
mod queries;
mod recipients;
mod renewal;
mod request;
mod routes;
mod signatures;
mod signed;
mod suspension;
#[cfg(test)]
mod tests;
mod version;

pub use anchor::{Anchor, AnchorCode};
pub use annex::{Annex, Contact, Deputy, Device, DeviceKeys, DutyHours};
pub use applied::{AnnexChange, Applied};
pub use authority::{
    AuthorityKey, AuthorityPart, NamedList, Organisation, Relay, RelayKeys, Rule, UrgencyDefault,
};
pub use comparison::{Comparison, Knowledge};
pub use documents::RosterDocuments;
pub use endings::{EndStage, Ending, EndingsTold, Ends};
pub use error::{DocumentName, RosterError};
pub use fork::Fork;
pub use heads::{AnnexHead, Head, RosterHeads, SUSPENSIONS_MAX};
pub use keys::KeyTerm;
pub use queries::{ContactEntry, Designation, DeviceEntry};
pub use recipients::ExpandError;
pub use renewal::{RenewalError, Renewals, SignedRenewal, VerifiedRenewal};
pub use request::{
    DeviceRequest, REQUEST_BYTES_MAX, RequestCode, RequestError, SignedRequest, VerifiedRequest,
};
pub use signatures::{SignatureFault, ThresholdFault};
pub use signed::{
    KEY_SIGNATURES_MAX, KeySignature, KeySignatures, SignedAnnex, SignedAuthority,
    SignedSuspension, annex_hash, authority_hash, sign_annex, sign_authority, suspension_hash,
};
pub use suspension::{Subject, Suspension};
pub use version::Version;

use chains::Chains;
use history::History;
use index::Index;

/// A verified roster: the documents in force, all proved from the anchor, and maps to ask them.
///
/// A copy is cheap and shares everything, so a program can keep judging by one while another grows.
/// Two rosters are equal when anchor and documents in force are.
#[derive(Debug, Clone)]
pub struct Roster {
    chains: Chains,
    index: Arc<Index>,
    heads: Arc<RosterHeads>,
    hash: Hash,
    history: Arc<History>,
    forks: Arc<Vec<Fork>>,
}

impl Roster {
    /// Builds a roster from an anchor and documents in any order.
    ///
    /// The whole authority chain from part 1 has to be among them. An organisation whose pinned
    /// annex is missing is [awaited](Self::awaited): its contacts are unknown until it comes.
    ///
    /// Annexes that were good under an earlier part and are not any more are no fault here: they
    /// are what whoever kept all documents has, and what was in force by them is remembered.
    pub fn found(anchor: Anchor, documents: &RosterDocuments) -> Result<Self, RosterError> {
        anchor.check()?;
        let mut chains = Chains::new(anchor);
        let mut history = History::default();
        let growth = chains.grow(documents, &history)?;
        let heads = chains.heads();
        history.record(&chains, &growth, &heads);
        Ok(Self {
            index: Arc::new(Index::build(&chains)),
            hash: heads.hash(),
            heads: Arc::new(heads),
            history: Arc::new(history),
            forks: Arc::new(growth.forks),
            chains,
        })
    }

    /// Takes further documents, in any order and mixture of new and known ones.
    ///
    /// All of them enter or none: the first one that does not verify is named in the error. Where
    /// that is a [fork](RosterError::Fork), the evidence is kept all the same.
    pub fn apply(&mut self, documents: &RosterDocuments) -> Result<Applied, RosterError> {
        let mut chains = self.chains.clone();
        let growth = match chains.grow(documents, &self.history) {
            Ok(growth) => growth,
            Err(error) => {
                if let RosterError::Fork(fork) = &error {
                    self.keep_fork(Fork::clone(fork));
                }
                return Err(error);
            }
        };
        let heads = chains.heads();
        let applied = Applied::between(&self.heads, &heads, &growth);
        Arc::make_mut(&mut self.history).record(&chains, &growth, &heads);
        for fork in growth.forks {
            self.keep_fork(fork);
        }
        self.chains = chains;
        if applied.is_change() {
            self.index = Arc::new(Index::build(&self.chains));
            self.hash = heads.hash();
            self.heads = Arc::new(heads);
            self.judge_foreign_again();
        }
        Ok(applied)
    }

    /// The roster hash, which stands in every envelope and receipt.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The heads that make the hash.
    pub fn heads(&self) -> &RosterHeads {
        &self.heads
    }

    /// The anchor everything is proved from.
    pub fn anchor(&self) -> &Anchor {
        &self.chains.anchor
    }

    /// The authority part in force.
    pub fn authority(&self) -> &AuthorityPart {
        self.chains.part()
    }

    /// Forks that were refused, or settled by the authority's pin, as evidence.
    pub fn forks(&self) -> &[Fork] {
        &self.forks
    }

    /// Every document held: what has to be stored to [found](Self::found) an equal roster again.
    ///
    /// Suspensions that were lifted come along, as long as the list has room for them.
    pub fn documents(&self) -> RosterDocuments {
        let mut documents = self.documents_since(&RosterHeads::none());
        let in_force = &self.heads.suspensions;
        let lifted = self
            .chains
            .suspensions
            .iter()
            .filter(|(hash, _)| !in_force.has(hash));
        let mut suspensions = documents.suspensions.into_vec();
        suspensions.extend(lifted.map(|(_, signed)| SignedSuspension::clone(signed)));
        documents.suspensions = capped(suspensions);
        documents
    }

    /// The documents in force here that somebody with these heads lacks, and what leads to them.
    ///
    /// At most [`limits::DOCUMENTS_MAX`] of a kind, the oldest first; who then still lacks some,
    /// asks again. [`RosterDocuments::split`] cuts them to the size of frames.
    pub fn documents_since(&self, heads: &RosterHeads) -> RosterDocuments {
        let parts = self.chains.authority.iter().map(|part| &*part.document);
        let parts = parts.filter(|signed| signed.part.number > heads.authority.number);
        let annexes = self
            .chains
            .annexes_since(heads)
            .map(|annex| &*annex.document);
        let suspensions = self.chains.suspensions_in_force();
        let suspensions = suspensions.filter(|(hash, _)| !heads.suspensions.has(hash));
        RosterDocuments {
            authority: capped(parts.take(limits::DOCUMENTS_MAX).cloned().collect()),
            annexes: capped(annexes.take(limits::DOCUMENTS_MAX).cloned().collect()),
            suspensions: capped(suspensions.map(|(_, signed)| signed.clone()).collect()),
        }
    }

    /// How another's heads stand to this roster.
    pub fn compare(&self, heads: &RosterHeads) -> Comparison {
        comparison::compare(&self.chains, &self.history, &self.heads, heads)
    }

    /// What is known about a roster hash from an envelope or receipt (PROTOCOL R11).
    pub fn knows(&self, hash: &Hash) -> Knowledge {
        if *hash == self.hash {
            Knowledge::Current
        } else if self.history.is_ancestor(hash) {
            Knowledge::Ancestor
        } else {
            Knowledge::Unknown
        }
    }

    /// The heads of a roster that is or was in force here, by its hash.
    pub fn heads_of(&self, hash: &Hash) -> Option<RosterHeads> {
        if *hash == self.hash {
            return Some(RosterHeads::clone(&self.heads));
        }
        self.history.heads_of(hash)
    }

    /// Judges another's heads and remembers their hash: at once where they are an ancestor, else as
    /// soon as this roster has grown to hold everything of theirs.
    ///
    /// A fork is returned and not remembered as anything.
    pub fn learn_heads(&mut self, heads: &RosterHeads) -> Comparison {
        let comparison = self.compare(heads);
        let history = Arc::make_mut(&mut self.history);
        match comparison {
            Comparison::Ancestor => history.learn_ancestor(heads.hash()),
            Comparison::Ahead | Comparison::Apart => history.keep_foreign(heads),
            Comparison::Same | Comparison::Fork => {}
        }
        comparison
    }

    /// Remembers rosters that were in use here before: what names one of them is judged by this one
    /// (PROTOCOL R11), after a re-anchoring too, where no document leads from the one to the other.
    pub fn recall(&mut self, used: impl IntoIterator<Item = Hash>) {
        let history = Arc::make_mut(&mut self.history);
        used.into_iter()
            .for_each(|hash| history.learn_ancestor(hash));
    }

    /// Takes over what a roster of another anchor remembers, for which people vouched: what names
    /// that one or what it descends from is judged by this one, and what its devices signed stays
    /// proven, also with keys that they have no more (PROTOCOL section 3).
    ///
    /// Nothing here proves that the other one was ever trusted: whoever calls this knows it.
    pub fn succeed(&mut self, before: &Self) {
        Arc::make_mut(&mut self.history).succeed(&before.chains, &before.history);
    }

    fn judge_foreign_again(&mut self) {
        let foreign = Arc::make_mut(&mut self.history).take_foreign();
        for heads in foreign {
            self.learn_heads(&heads);
        }
    }

    fn keep_fork(&mut self, fork: Fork) {
        if self.forks.len() < limits::ROSTER_FORKS_MAX && !self.forks.contains(&fork) {
            Arc::make_mut(&mut self.forks).push(fork);
        }
    }
}

impl PartialEq for Roster {
    fn eq(&self, other: &Self) -> bool {
        self.chains.anchor == other.chains.anchor && self.heads == other.heads
    }
}

impl Eq for Roster {}

/// A list of the first items, as many as fit.
fn capped<T, const MAX: usize>(mut items: Vec<T>) -> List<T, MAX> {
    items.truncate(MAX);
    List::new(items).expect("the items were cut to the length of the list")
}
