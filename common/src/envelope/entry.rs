//! Entries: which device gets a wrap, when, and under which of its keys.

use crate::address::DeviceId;
use crate::codec::{Decode, Encode, List, encode};
use crate::crypto::merkle;
use crate::hash::{Hash, hash};
use crate::label::Label;
use crate::limits;
use crate::sealing::SealingKeyId;
use crate::terms::Release;

/// The `recipient` of an `own` entry, which serves no recipient.
pub const OWN_RECIPIENT: u16 = u16::MAX;

/// One device's place in an envelope.
///
/// Entries ascend by device, release, recipient and step; the tree over them lets each device check
/// its own place without seeing the others'.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Entry {
    /// The device that can open the wrap.
    pub device: DeviceId,
    /// When the relay hands it over.
    pub release: Release,
    /// Index of the recipient contact it serves; [`OWN_RECIPIENT`] for `own`.
    pub recipient: u16,
    /// The step of deputies, from 1; 0 for whoever serves itself. An addendum asks a deputy `now`.
    pub step: u8,
    /// The sealing key the wrap was made for.
    pub key: SealingKeyId,
    /// `H("wrap hash", wrap)`.
    pub wrap: Hash,
}

/// An entry with its wrap, as a sender submits it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SubmittedEntry {
    /// The entry.
    pub entry: Entry,
    /// The HPKE message.
    pub wrap: [u8; limits::WRAP_BYTES],
}

/// Where an entry stands in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EntryProof {
    /// Its index among the entries.
    pub index: u32,
    /// The RFC 9162 inclusion path.
    pub path: List<Hash, { limits::PATH_MAX }>,
}

impl Entry {
    /// The hash of a wrap as an entry holds it.
    pub fn wrap_hash(wrap: &[u8]) -> Hash {
        hash(Label::WRAP_HASH, &[wrap])
    }

    /// `H("entry", entry)`: the tree's leaf before the tree's own leaf hash.
    pub fn leaf(&self) -> Hash {
        hash(Label::ENTRY_LEAF, &[&encode(self)])
    }

    /// What distinguishes entries of one envelope; ascending, without duplicates.
    pub fn place(&self) -> (DeviceId, Release, u16, u8) {
        (self.device, self.release, self.recipient, self.step)
    }

    /// Whether a deputy is asked in the recipient's place: later, or by an addendum at once.
    pub fn is_for_deputy(&self) -> bool {
        self.step > 0
    }

    /// Whether the recipient's own devices get it at once.
    pub fn is_for_recipient(&self) -> bool {
        self.release == Release::Now && self.step == 0
    }

    /// Whether a deputy is asked at once, which only an addendum does (PROTOCOL E8, E12).
    pub fn asks_now(&self) -> bool {
        self.release == Release::Now && self.step > 0
    }

    /// Whether recipient and step are of the form the release asks for.
    pub fn is_well_formed(&self, recipients: usize) -> bool {
        let names_recipient = usize::from(self.recipient) < recipients;
        match self.release {
            Release::Now => names_recipient,
            Release::Own => self.recipient == OWN_RECIPIENT && self.step == 0,
            Release::After => names_recipient && self.step > 0,
        }
    }
}

/// The root over all entries of an envelope.
pub fn entry_root(entries: &[SubmittedEntry]) -> Hash {
    merkle::root(&leaves(entries))
}

/// The leaf hashes of the entries' tree.
pub(super) fn leaves(entries: &[SubmittedEntry]) -> Vec<Hash> {
    entries
        .iter()
        .map(|submitted| merkle::leaf_hash(submitted.entry.leaf().as_bytes()))
        .collect()
}
