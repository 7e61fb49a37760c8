//! The signed part of an envelope, as evidence: without wraps and body, for those who hold no key.

use thiserror::Error;

use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::codec::{Decode, Encode, Exact, List};
use crate::crypto::merkle;
use crate::envelope::sealed::check_original;
use crate::envelope::verified::{check_extended, check_writer, check_written};
use crate::envelope::{
    Core, Delivery, Entry, EntryProof, Env, FormFault, Original, Signatures, Submission,
    VerifyFault,
};
use crate::identifier::AlertId;
use crate::limits;
use crate::roster::Roster;
use crate::terms::Release;

/// An entry, and the proof that it is one of the envelope's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ShownEntry {
    /// Where it stands in the tree.
    pub proof: EntryProof,
    /// The entry.
    pub entry: Entry,
}

/// The entries of an envelope that somebody can show: whoever sent it all of them, a recipient its
/// own.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ShownEntries {
    /// Every one, ascending: nobody else was addressed.
    All(List<Entry, { limits::ENTRIES_MAX }>),
    /// Some, ascending by index; of the others only the number is known.
    Some(List<ShownEntry, { limits::DEVICES_MAX }>),
}

/// The signed part of an envelope, not believed yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedEnvelope {
    /// The env.
    pub env: Exact<Env, { limits::ENV_BYTES_MAX }>,
    /// Its signatures.
    pub signatures: Signatures,
    /// Which devices it addressed, as far as that is held.
    pub entries: ShownEntries,
}

/// An envelope of which it is proven who wrote it, and whom it addressed.
///
/// Built only by [`SignedEnvelope::verify`]. Whether rules let it pass is not in it: that the relay
/// and the recipients judged, whose own statements say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenEnvelope {
    id: AlertId,
    signed: SignedEnvelope,
    by_named_roster: bool,
}

/// Why the signed part of an envelope is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignedFault {
    /// E3: the core breaks a rule, or an addendum and what it extends do not fit together.
    #[error(transparent)]
    Form(#[from] FormFault),
    /// E4, E5, E17: its writer is not proven.
    #[error(transparent)]
    Verify(#[from] VerifyFault),
    /// E7: the entries are not all, out of order, or not the signed ones.
    #[error("the entries are not the ones that were signed")]
    Entries,
    /// E11: an entry does not lead to the signed root.
    #[error("the entry of device {0} is not one that was signed")]
    Entry(DeviceId),
}

impl SignedFault {
    /// The number of the check in PROTOCOL.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Form(_) => "E3",
            Self::Verify(fault) => fault.check(),
            Self::Entries => "E7",
            Self::Entry(_) => "E11",
        }
    }
}

impl ShownEntries {
    /// The entries, in the order of the envelope.
    pub fn iter(&self) -> Box<dyn Iterator<Item = &Entry> + '_> {
        match self {
            Self::All(entries) => Box::new(entries.iter()),
            Self::Some(shown) => Box::new(shown.iter().map(|shown| &shown.entry)),
        }
    }

    fn check(&self, env: &Env) -> Result<(), SignedFault> {
        let well_formed = |entry: &Entry| entry.is_well_formed(env.core.recipients.len());
        if Check::E7.refuses(!self.iter().all(well_formed)) {
            return Err(SignedFault::Entries);
        }
        match self {
            Self::All(entries) => check_all(entries, env),
            Self::Some(shown) => check_some(shown, env),
        }
    }
}

fn check_all(entries: &[Entry], env: &Env) -> Result<(), SignedFault> {
    match Check::E7.holds(are_all_entries(entries, env)) {
        true => Ok(()),
        false => Err(SignedFault::Entries),
    }
}

/// E7, without the wraps: these are the entries of an envelope, and there are no others.
pub(super) fn are_all_entries(entries: &[Entry], env: &Env) -> bool {
    let ascends = entries.is_sorted_by(|left, right| left.place() < right.place());
    let leaves: Vec<_> = entries.iter().map(leaf_of).collect();
    let whole = usize::try_from(env.entries) == Ok(entries.len());
    whole && ascends && merkle::root(&leaves) == env.root
}

/// E11, of the entry alone.
fn check_some(shown: &[ShownEntry], env: &Env) -> Result<(), SignedFault> {
    if Check::E11.refuses(!shown.is_sorted_by(|left, right| left.proof.index < right.proof.index)) {
        return Err(SignedFault::Entries);
    }
    let (root, count) = (&env.root, env.entries.into());
    let stray = shown.iter().find(|ShownEntry { proof, entry }| {
        let index = proof.index.into();
        !merkle::verify(root, count, index, &leaf_of(entry), &proof.path)
    });
    match stray {
        Some(stray) => Check::E11.found(Err(SignedFault::Entry(stray.entry.device))),
        None => Ok(()),
    }
}

/// The entries of a device, each with its proof, as many as may be shown.
fn shown_of(entries: &[Entry], device: &DeviceId) -> Vec<ShownEntry> {
    let tree = merkle::Tree::new(entries.iter().map(leaf_of).collect());
    let its = (0_u32..).zip(entries);
    let its = its.filter(|(_, entry)| entry.device == *device);
    let shown = its.filter_map(|(index, entry)| {
        let path = tree.path(usize::try_from(index).ok()?)?;
        let path = List::new(path).ok()?;
        Some(ShownEntry {
            proof: EntryProof { index, path },
            entry: entry.clone(),
        })
    });
    shown.take(limits::DEVICES_MAX).collect()
}

fn leaf_of(entry: &Entry) -> crate::hash::Hash {
    merkle::leaf_hash(entry.leaf().as_bytes())
}

impl SignedEnvelope {
    /// What a sender can show.
    pub fn of_submission(submission: &Submission) -> Self {
        let entries = submission.entries.iter();
        let entries: Vec<Entry> = entries.map(|submitted| submitted.entry.clone()).collect();
        Self {
            env: submission.env.clone(),
            signatures: submission.signatures.clone(),
            entries: ShownEntries::All(
                List::new(entries).expect("a submission has no more entries than that"),
            ),
        }
    }

    /// What somebody can show of the envelope that came: a recipient its own entry, a colleague
    /// of the sending device all.
    pub fn of_delivery(delivery: &Delivery) -> Self {
        if delivery.entry.release == Release::Own {
            return Self {
                env: delivery.env.clone(),
                signatures: delivery.signatures.clone(),
                entries: ShownEntries::All(delivery.entries.clone()),
            };
        }
        let shown = ShownEntry {
            proof: delivery.proof.clone(),
            entry: delivery.entry.clone(),
        };
        Self {
            env: delivery.env.clone(),
            signatures: delivery.signatures.clone(),
            entries: ShownEntries::Some(List::new([shown]).expect("one entry is within the limit")),
        }
    }

    /// What somebody can show of an alert that came by an addendum: no entry of it.
    pub fn of_original(original: &Original) -> Self {
        Self {
            env: original.env.clone(),
            signatures: original.signatures.clone(),
            entries: ShownEntries::Some(List::empty()),
        }
    }

    /// The same for one device: whom else it addressed is nothing to it.
    pub fn shown_to(&self, device: &DeviceId) -> Self {
        let shown: Vec<ShownEntry> = match &self.entries {
            ShownEntries::All(entries) => shown_of(entries, device),
            ShownEntries::Some(shown) => {
                let its = shown.iter().filter(|shown| shown.entry.device == *device);
                its.cloned().collect()
            }
        };
        Self {
            entries: ShownEntries::Some(List::new(shown).unwrap_or(List::empty())),
            ..self.clone()
        }
    }

    /// The id of this envelope; for an addendum its own.
    pub fn id(&self) -> AlertId {
        Env::id(self.env.bytes())
    }

    /// What the envelope claims about itself.
    pub fn core(&self) -> &Core {
        &self.env.core
    }

    /// As an addendum carries it.
    pub fn original(&self) -> Original {
        Original {
            env: self.env.clone(),
            signatures: self.signatures.clone(),
        }
    }

    /// Proves who wrote it and whom it addressed (PROTOCOL E3, E7, E11, E17).
    ///
    /// By the very roster that its core names, E4 and E5 are asked as of when it was written. By
    /// another one that descends from it a key counts that the device has had, as for an original
    /// under an addendum: who left since has signed nevertheless.
    pub fn verify(
        self,
        roster: &Roster,
        original: Option<&Original>,
    ) -> Result<ProvenEnvelope, SignedFault> {
        let core: &Core = &self.env.core;
        core.check().map_err(FormFault::from)?;
        check_original(&self.env, original)?;
        let by_named_roster = roster.hash() == core.roster;
        if by_named_roster {
            check_writer(&self.env, &self.signatures, roster, core.created)?;
        } else {
            check_written(&self.env, &self.signatures, roster, &core.sender)?;
        }
        if let Some(original) = original {
            check_extended(core, original, roster)?;
        }
        self.entries.check(&self.env)?;
        Ok(ProvenEnvelope {
            id: self.id(),
            signed: self,
            by_named_roster,
        })
    }
}

impl ProvenEnvelope {
    /// The id of this envelope; for an addendum its own.
    pub fn id(&self) -> AlertId {
        self.id
    }

    /// The envelope's core.
    pub fn core(&self) -> &Core {
        &self.signed.env.core
    }

    /// What was signed.
    pub fn signed(&self) -> &SignedEnvelope {
        &self.signed
    }

    /// Whether it was judged by the roster that its core names, not by a later one.
    pub fn by_named_roster(&self) -> bool {
        self.by_named_roster
    }

    /// Whether every entry is shown, so that nobody else was addressed.
    pub fn is_whole(&self) -> bool {
        matches!(self.signed.entries, ShownEntries::All(_))
    }

    /// The devices that signed it, the sending one first.
    pub fn signers(&self) -> impl Iterator<Item = DeviceId> {
        self.signed.signatures.iter().map(|signed| signed.device)
    }

    /// The entries shown that serve a recipient; for the sender's contact its own copies.
    pub fn entries_for<'a>(
        &'a self,
        contact: &'a ContactAddress,
    ) -> impl Iterator<Item = &'a Entry> {
        let core = self.core();
        self.signed.entries.iter().filter(move |entry| {
            let served = match entry.release {
                Release::Own => Some(&core.sender),
                Release::Now | Release::After => core.recipient(entry.recipient),
            };
            served == Some(contact)
        })
    }
}
