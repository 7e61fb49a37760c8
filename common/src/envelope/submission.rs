//! What a sender hands to a relay, and what the relay may believe of it.

use thiserror::Error;

use crate::address::{ContactAddress, DeviceId};
use crate::blob::BlobRef;
use crate::check::Check;
use crate::codec::{Bytes, Decode, Encode, Exact, List};
use crate::crypto::merkle;
use crate::envelope::entry::leaves;
use crate::envelope::sealed::{FormFault, check_original};

use crate::envelope::verified::{check_extended, check_rule, check_two_persons, check_writer};
use crate::envelope::{
    Core, Entry, EntryProof, Env, Original, Signatures, SubmittedEntry, VerifyFault, body_hash,
};
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::limits;
use crate::roster::{Designation, Roster};
use crate::terms::{AcceptReason, Kind, Release};
use crate::time::Timestamp;

/// A whole envelope with every device's wrap.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Submission {
    /// The env.
    pub env: Exact<Env, { limits::ENV_BYTES_MAX }>,
    /// Its signatures.
    pub signatures: Signatures,
    /// The entries with their wraps, ascending.
    pub entries: List<SubmittedEntry, { limits::ENTRIES_MAX }>,
    /// For an addendum: what it extends.
    pub original: Option<Original>,
    /// The sealed body; for an addendum the original's.
    pub body: Bytes<{ limits::BODY_BYTES_MAX }>,
}

/// A submission by a designated sender over its own connection, whole and as signed.
///
/// Built only by [`Submission::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSubmission {
    id: AlertId,
    submission: Submission,
    verdicts: Vec<AcceptReason>,
}

/// Why a relay does not take a submission at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SubmissionFault {
    /// E1 to E3.
    #[error(transparent)]
    Form(#[from] FormFault),
    /// E4 to E6, E17.
    #[error(transparent)]
    Verify(#[from] VerifyFault),
    /// E7: entries, wraps or body are not the signed ones.
    #[error("the {0} of the submission is not the one that was signed")]
    NotSigned(&'static str),
    /// E8: an entry's device does not belong to the contact its release demands.
    #[error("device {0} does not belong to the contact its entry names")]
    Entry(DeviceId),
    /// E9: the connection is another contact's.
    #[error("the connected device does not act for {0}")]
    NotYours(ContactAddress),
}

impl Submission {
    /// The id the received bytes have (PROTOCOL E2).
    pub fn id(&self) -> AlertId {
        Env::id(self.env.bytes())
    }

    /// The attachments that its content names: of an addendum, the original's.
    pub fn blobs(&self) -> &[BlobRef] {
        let original = self.original.as_ref();
        &original.map_or(&self.env, |original| &original.env).blobs
    }

    /// Proves a submission (PROTOCOL E3 to E9) that arrived over a connection of `connected`.
    ///
    /// What concerns one recipient only does not refuse the others: see
    /// [`VerifiedSubmission::verdicts`].
    pub fn verify(
        self,
        roster: &Roster,
        connected: &DeviceId,
        now: Timestamp,
    ) -> Result<VerifiedSubmission, SubmissionFault> {
        let proven = self.verify_or_return(roster, connected, now);
        proven.map_err(|returned| returned.1)
    }

    /// The same, and gives what is not proven back beside the fault.
    pub fn verify_or_return(
        self,
        roster: &Roster,
        connected: &DeviceId,
        now: Timestamp,
    ) -> Result<VerifiedSubmission, Box<(Self, SubmissionFault)>> {
        match self.check(roster, connected, now) {
            Ok(verdicts) => Ok(VerifiedSubmission {
                id: self.id(),
                submission: self,
                verdicts,
            }),
            Err(fault) => Err(Box::new((self, fault))),
        }
    }

    fn check(
        &self,
        roster: &Roster,
        connected: &DeviceId,
        now: Timestamp,
    ) -> Result<Vec<AcceptReason>, SubmissionFault> {
        let core: &Core = &self.env.core;
        core.check().map_err(FormFault::from)?;
        check_original(&self.env, self.original.as_ref())?;
        if Check::E9.refuses(!roster.acts_for(connected, &core.sender)) {
            return Err(SubmissionFault::NotYours(core.sender.clone()));
        }
        check_writer(&self.env, &self.signatures, roster, now)?;
        if let Some(original) = &self.original {
            check_extended(core, original, roster)?;
        }
        Check::E7.found(check_entries(self))?;
        Check::E8.found(check_owners(self, roster))?;
        let recipients = core.recipients.iter().enumerate();
        let verdicts = recipients.map(|(index, to)| judge(self, index, to, roster, now));
        Ok(verdicts.collect())
    }
}

impl VerifiedSubmission {
    /// The envelope's id; of an addendum, its own.
    pub fn id(&self) -> AlertId {
        self.id
    }

    /// The envelope's core.
    pub fn core(&self) -> &Core {
        &self.submission.env.core
    }

    /// What was submitted.
    pub fn submission(&self) -> &Submission {
        &self.submission
    }

    /// Per recipient, in the core's order: `None` where nothing speaks against taking it, as far as
    /// roster and rules go. Quotas, disk and homes are the relay's to add.
    pub fn verdicts(&self) -> &[AcceptReason] {
        &self.verdicts
    }

    /// The proofs of all entries, in their order.
    pub fn proofs(&self) -> Vec<EntryProof> {
        let tree = merkle::Tree::new(leaves(&self.submission.entries));
        let proof = |index| {
            let path = tree
                .path(index)
                .expect("the index is below the number of leaves");
            entry_proof(index, path)
        };
        (0..self.submission.entries.len()).map(proof).collect()
    }
}

fn entry_proof(index: usize, path: Vec<Hash>) -> EntryProof {
    EntryProof {
        index: u32::try_from(index).expect("entries are bounded by ENTRIES_MAX"),
        path: List::new(path).expect("a path over ENTRIES_MAX leaves is shorter than PATH_MAX"),
    }
}

/// E7: what was submitted is what was signed.
fn check_entries(submission: &Submission) -> Result<(), SubmissionFault> {
    let Submission {
        env,
        entries,
        original,
        body,
        ..
    } = submission;
    if usize::try_from(env.entries) != Ok(entries.len()) {
        return Err(SubmissionFault::NotSigned("number of entries"));
    }
    if !entries
        .windows(2)
        .all(|pair| pair[0].entry.place() < pair[1].entry.place())
    {
        return Err(SubmissionFault::NotSigned("order of the entries"));
    }
    if merkle::root(&leaves(entries)) != env.root {
        return Err(SubmissionFault::NotSigned("list of entries"));
    }
    if !entries
        .iter()
        .all(|submitted| Entry::wrap_hash(&submitted.wrap) == submitted.entry.wrap)
    {
        return Err(SubmissionFault::NotSigned("wrap"));
    }
    let sealed: &Env = original.as_ref().map_or(env, |original| &original.env);
    if u64::try_from(body.len()) != Ok(sealed.body_length) || body_hash(body) != sealed.body_hash {
        return Err(SubmissionFault::NotSigned("body"));
    }
    Ok(())
}

/// E8 for `own` entries, and the form of all: these concern no single recipient.
fn check_owners(submission: &Submission, roster: &Roster) -> Result<(), SubmissionFault> {
    let core: &Core = &submission.env.core;
    for SubmittedEntry { entry, .. } in submission.entries.iter() {
        let belongs = match entry.release {
            Release::Own => is_for(entry, &core.sender, roster),
            Release::Now => core.kind == Kind::Addendum || !entry.asks_now(),
            Release::After => true,
        };
        if !belongs || !entry.is_well_formed(core.recipients.len()) {
            return Err(SubmissionFault::Entry(entry.device));
        }
    }
    Ok(())
}

/// Whether a wrap is for a contact's device. One that left the roster after the envelope was sealed
/// refuses nobody else the alert: whoever acts for nobody cannot collect it either.
fn is_for(entry: &Entry, contact: &ContactAddress, roster: &Roster) -> bool {
    let acts_for = roster.contact_of(&entry.device);
    acts_for.is_none_or(|acts_for| acts_for == *contact)
}

/// What roster and rules say of one recipient (PROTOCOL E5, E6, E8).
fn judge(
    submission: &Submission,
    index: usize,
    to: &ContactAddress,
    roster: &Roster,
    now: Timestamp,
) -> AcceptReason {
    let core: &Core = &submission.env.core;
    match roster.designated(to, now) {
        Designation::Valid => {}
        Designation::Suspended => return AcceptReason::Suspended,
        Designation::Unknown => return AcceptReason::UnknownContact,
        Designation::NotYet | Designation::Ended => return AcceptReason::NotValid,
    }
    if check_rule(core, submission.original.as_ref(), to, roster).is_err() {
        return AcceptReason::NoRule;
    }
    let (signatures, original) = (&submission.signatures, submission.original.as_ref());
    if check_two_persons(core, signatures, original, to, roster).is_err() {
        return AcceptReason::TwoPersonsRequired;
    }
    let entries = || {
        let of_recipient = move |entry: &&Entry| usize::from(entry.recipient) == index;
        submission
            .entries
            .iter()
            .map(|submitted| &submitted.entry)
            .filter(of_recipient)
    };
    if !entries().any(|entry| entry.release == Release::Now) {
        return AcceptReason::NoDevice;
    }
    let is_deputy = |entry: &Entry| roster.acts_for_deputy_of(&entry.device, to);
    let belongs = |entry: &Entry| match entry.release {
        // A deputy that was dismissed meanwhile is not given it, and refuses no other one.
        Release::Now if entry.asks_now() => {
            let acts_for = roster.contact_of(&entry.device);
            acts_for.is_none_or(|contact| roster.was_deputy(&contact, to))
        }
        Release::Now => is_for(entry, to, roster),
        // A deputy that came or went meanwhile refuses nobody the alert: whose wrap is released
        // is judged when its turn comes.
        Release::After | Release::Own => true,
    };
    let is_dismissed = |entry: &Entry| {
        let acts = roster.contact_of(&entry.device).is_some();
        entry.asks_now() && acts && !is_deputy(entry)
    };
    let mut now = entries().filter(|entry| entry.release == Release::Now);
    if Check::E8.refuses(!entries().all(belongs) || now.all(is_dismissed)) {
        return AcceptReason::DeviceNotOfContact;
    }
    AcceptReason::None
}
