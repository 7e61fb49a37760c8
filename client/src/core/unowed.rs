//! Envelopes that carry no obligation, heartbeats and letters: they stand in no outbox, and are
//! kept for each relay until it has answered.

use maille_common::address::{ContactAddress, Name};
use maille_common::codec::SortedList;
use maille_common::envelope::{Addressee, Core, Draft, Signer, seal};
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::record::write_record;
use maille_common::terms::{AckRule, Kind, Status, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::compose::put_target;
use super::desk::Desk;
use super::order::SendError;
use super::records::SubmissionRecord;
use super::tables;

/// One that is to be sealed.
pub(super) struct Unowed<'a> {
    pub(super) kind: Kind,
    pub(super) to: &'a ContactAddress,
    /// How long relays keep it for a device that does not come.
    pub(super) kept_for: Span,
    pub(super) content: &'a [u8],
    pub(super) addressees: Vec<Addressee>,
}

impl Desk {
    /// Seals it, and puts it down for the relays that have to be given it.
    pub(super) fn seal_unowed(
        &self,
        batch: &mut Batch,
        unowed: Unowed<'_>,
        relays: &[Name],
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<AlertId, SendError> {
        let core = Core {
            version: Core::VERSION,
            kind: unowed.kind,
            status: Status::Actual,
            sender: self.identity.contact.clone(),
            device: self.identity.device,
            roster: self.roster.hash(),
            created: now,
            ack_within: unowed.kept_for,
            expires_after: unowed.kept_for,
            ack_rule: AckRule::Each,
            urgency: Urgency::Unknown,
            recipients: SortedList::new([unowed.to.clone()]).expect("one recipient fits"),
            reference: AlertId::NONE,
        };
        let draft = Draft {
            core,
            content: unowed.content,
            blobs: Vec::new(),
            addressees: unowed.addressees,
            epoch: self.epoch,
            signers: vec![Signer {
                device: self.identity.device,
                key: &self.identity.signing,
            }],
        };
        let sealed = seal(draft, random)?;
        let (id, submission) = (sealed.id, sealed.submission);
        let kept = write_record(&SubmissionRecord { submission });
        batch.put_pieces(tables::SUBMISSION, id.as_bytes(), &kept);
        for relay in relays {
            put_target(batch, relay, &id, self.counted(now));
        }
        Ok(id)
    }
}
