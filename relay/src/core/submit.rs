//! An envelope comes in: judged per recipient, stored whole, answered with a signature (DESIGN §5).

use std::collections::BTreeSet;
use std::slice;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::blob::BlobId;
use maille_common::check::Check;
use maille_common::codec::List;
use maille_common::envelope::{Core, Submission, SubmittedEntry, VerifiedSubmission};
use maille_common::evidence::{Accepted, SignedAccepted};
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::terms::{AcceptReason, AckRule, Outcome, Release};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::{Answer, RefusalCode};
use maille_durable::Batch;

use super::mailbox::Mailing;
use super::quota::RelayBudget;
use super::records::{
    AlertRecord, AnswerRecord, EntriesRecord, EntryRecord, EnvelopeRecord, Mail, MailRecord,
    SenderRecord,
};
use super::relay::{RelayCore, Step, StepError};
use super::said::KnownAnswer;
use super::said::Parties;
use super::tables;

/// What of a submission's attachments is here.
pub trait BlobShelf {
    /// Whether the attachment is whole and durable (PROTOCOL E10).
    fn is_whole(&self, blob: &BlobId) -> bool;
}

impl RelayCore {
    /// Takes a proven submission of `device`, or answers for a known one what was answered before.
    ///
    /// A known envelope's refused recipients are judged again, because a quota or a missing
    /// designation passes; its accepted ones stay accepted (I5).
    pub fn submit(
        &mut self,
        device: &DeviceId,
        submission: &VerifiedSubmission,
        blobs: &dyn BlobShelf,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        // It was proven before it came here, and another roster may be in use since (I9).
        if !self.roster.acts_for(device, &submission.core().sender) {
            return Ok(self.refuse(RefusalCode::NotDesignated));
        }
        let known: Option<AlertRecord> =
            self.find_long(tables::ALERT, submission.id().as_bytes())?;
        // One that was refused for everybody is not kept, and its answers are: brought again it
        // gets the same ones, or each try that was lost would look like a life of the device.
        let told = self.told(submission.id(), submission.core())?;
        let reasons = self.judge(submission, blobs, &told)?;
        let changed = |index: usize| {
            told.get(index)
                .is_none_or(|told| told.statement.reason != reasons[index])
        };
        if (0..reasons.len()).all(|index| !changed(index)) {
            let known = KnownAnswer {
                envelope: submission.id(),
                answer: accepted_answer(told),
            };
            return self.answer_again(device, known);
        }
        let mut batch = Batch::new();
        let mut mailing = Mailing::default();
        let newly: Vec<bool> = (0..reasons.len())
            .map(|index| reasons[index] == AcceptReason::None && changed(index))
            .collect();
        // The sender's other devices collect here, whoever else does.
        let own = known.is_none() && self.takes_copies(submission, blobs)?;
        if newly.contains(&true) || own {
            self.keep(&mut batch, submission, known.as_ref(), now)?;
            self.begin_escalations(&mut batch, submission, &newly, now)?;
            self.stop_by_cancel(&mut batch, submission.core())?;
            self.keep_entries(
                &mut batch,
                &mut mailing,
                submission,
                &newly,
                known.is_some(),
            )?;
            let from = (device, submission);
            self.tell_asked(&mut batch, &mut mailing, from, &newly, now)?;
        }
        let answers = self.answer(
            &mut batch,
            &mut mailing,
            device,
            submission,
            &reasons,
            told,
            now,
        )?;
        let wake = mailing.finish(&mut batch);
        self.settle(batch, accepted_answer(answers), wake)
    }

    /// The stored answers for an envelope already known, in the order of its recipients.
    pub fn known_answer(
        &self,
        device: &DeviceId,
        submission: &Submission,
    ) -> Result<Option<KnownAnswer>, StepError> {
        // What a relay answered is its sender's to hear again, and nobody else's.
        if Check::E9.refuses(!self.roster.acts_for(device, &submission.env.core.sender)) {
            return Ok(None);
        }
        let id = submission.id();
        if self
            .find_long::<AlertRecord>(tables::ALERT, id.as_bytes())?
            .is_none()
        {
            return Ok(None);
        }
        let told = self.told(id, &submission.env.core)?;
        let all_taken = told.len() == submission.env.core.recipients.len()
            && told
                .iter()
                .all(|told| told.statement.outcome == Outcome::Accepted);
        if !all_taken {
            return Ok(None);
        }
        Ok(Some(KnownAnswer {
            envelope: id,
            answer: accepted_answer(told),
        }))
    }

    fn told(&self, alert: AlertId, core: &Core) -> Result<Vec<SignedAccepted>, StepError> {
        let mut told = Vec::with_capacity(core.recipients.len());
        for index in 0..core.recipients.len() {
            let key = tables::answer(&alert, recipient_index(index));
            let known = self.find::<AnswerRecord>(tables::ANSWER, &key)?;
            let Some(record) = known.filter(|_| Check::E2.stands()) else {
                break;
            };
            told.push(record.accepted);
        }
        Ok(told)
    }

    /// Whether copies for the sender's own devices are kept here, as an alert for a recipient is.
    fn takes_copies(
        &self,
        submission: &VerifiedSubmission,
        blobs: &dyn BlobShelf,
    ) -> Result<bool, StepError> {
        let (core, whole) = (submission.core(), submission.submission());
        let is_copy = |submitted: &SubmittedEntry| submitted.entry.release == Release::Own;
        if !self.is_home_of(&core.sender) || !whole.entries.iter().any(is_copy) {
            return Ok(false);
        }
        let full = self
            .budget
            .sender_is_full(&self.sender(&core.sender)?, weight(whole));
        Ok(!full && whole.blobs().iter().all(|blob| blobs.is_whole(&blob.id)))
    }

    /// Per recipient: the reason against it, roster first, then home, attachments and budgets.
    fn judge(
        &self,
        submission: &VerifiedSubmission,
        blobs: &dyn BlobShelf,
        told: &[SignedAccepted],
    ) -> Result<Vec<AcceptReason>, StepError> {
        let core = submission.core();
        let named = submission.submission().blobs();
        let whole = Check::E10.holds(named.iter().all(|blob| blobs.is_whole(&blob.id)));
        let sender = self.sender(&core.sender)?;
        let bytes = weight(submission.submission());
        let mut reasons = Vec::with_capacity(core.recipients.len());
        for index in 0..core.recipients.len() {
            let accepted_before = told
                .get(index)
                .is_some_and(|told| told.statement.outcome == Outcome::Accepted);
            let reason = match submission.verdicts()[index] {
                _ if accepted_before => AcceptReason::None,
                AcceptReason::None if !self.is_collected_here(submission, index) => {
                    AcceptReason::NotCollectedHere
                }
                AcceptReason::None if !whole => AcceptReason::BlobMissing,
                AcceptReason::None if self.budget.sender_is_full(&sender, bytes) => {
                    AcceptReason::SenderQuota
                }
                AcceptReason::None => self.judge_mailboxes(submission, index, bytes)?,
                reason => reason,
            };
            reasons.push(reason);
        }
        Ok(reasons)
    }

    /// A recipient is reachable while one of its devices has room.
    fn judge_mailboxes(
        &self,
        submission: &VerifiedSubmission,
        recipient: usize,
        bytes: u64,
    ) -> Result<AcceptReason, StepError> {
        for SubmittedEntry { entry, .. } in submission.submission().entries.iter() {
            let mine = usize::from(entry.recipient) == recipient;
            if !(mine && self.gets_here(submission.core(), entry)) {
                continue;
            }
            if !self
                .budget
                .mailbox_is_full(&self.device(&entry.device)?, bytes)
            {
                return Ok(AcceptReason::None);
            }
        }
        Ok(AcceptReason::MailboxFull)
    }

    fn sender(&self, sender: &ContactAddress) -> Result<SenderRecord, StepError> {
        let found = self.find(tables::SENDER, &tables::contact(sender))?;
        Ok(found.unwrap_or_default())
    }

    /// Stores what all devices share, once.
    fn keep(
        &self,
        batch: &mut Batch,
        submission: &VerifiedSubmission,
        known: Option<&AlertRecord>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        if known.is_some_and(|known| !known.purged) {
            return Ok(());
        }
        let (core, whole) = (submission.core(), submission.submission());
        let id = submission.id();
        let bytes = weight(whole);
        let accepted = self.counted(now);
        let expires = core.expiry(accepted);
        let record = AlertRecord {
            status: core.status,
            sender: core.sender.clone(),
            recipients: List::new(core.recipients.to_vec())
                .expect("a core's recipients are within the same limit"),
            class: Self::class_of(core),
            first: core.ack_rule == AckRule::First,
            accepted,
            expires,
            blobs: List::new(whole.blobs().iter().map(|blob| blob.id).collect::<Vec<_>>())
                .expect("an env's blobs are within the same limit"),
            entries: whole.env.entries,
            bytes,
            unseen_told: !core.kind.carries_obligation(),
            purged: false,
            extends: whole.original.as_ref().and(core.refers_to()),
        };
        let envelope = EnvelopeRecord {
            env: whole.env.clone(),
            signatures: whole.signatures.clone(),
            original: whole.original.clone(),
        };
        batch.put_pieces(tables::ALERT, id.as_bytes(), &write_record(&record));
        batch.put_pieces(tables::ENVELOPE, id.as_bytes(), &write_record(&envelope));
        batch.put_pieces(tables::BODY, id.as_bytes(), &whole.body);
        let entries = || whole.entries.iter().map(|submitted| &submitted.entry);
        let copied = entries().any(|entry| entry.release == Release::Own);
        if copied && self.is_home_of(&core.sender) {
            let all = List::new(entries().cloned().collect::<Vec<_>>())
                .expect("a submission's entries are within the same limit");
            let record = EntriesRecord { entries: all };
            batch.put_pieces(tables::ENTRIES, id.as_bytes(), &write_record(&record));
        }
        batch.put(tables::DUE, &tables::due(expires, &id), &[]);
        for blob in record.blobs.iter() {
            batch.put(tables::NAMED, &tables::named(blob, &id), &[]);
        }
        if let Some(original) = record.extends {
            batch.put(tables::EXTENDS, &tables::extends(&original, &id), &[]);
        }
        let mut sender = self.sender(&core.sender)?;
        sender.alerts += 1;
        sender.bytes = sender.bytes.saturating_add(bytes);
        batch.put(
            tables::SENDER,
            &tables::contact(&core.sender),
            &write_record(&sender),
        );
        Ok(())
    }

    /// Starts the clocks of newly accepted recipients that have deputies, by the roster or by the
    /// wraps that came. Of an addendum, those of recipients that nothing named before.
    fn begin_escalations(
        &self,
        batch: &mut Batch,
        submission: &VerifiedSubmission,
        newly: &[bool],
        now: Timestamp,
    ) -> Result<(), StepError> {
        let (id, core) = (submission.id(), submission.core());
        // A heartbeat asks nobody for anything.
        if !core.kind.carries_obligation() {
            return Ok(());
        }
        let entries = submission.submission().entries.iter();
        let held = entries.filter(|submitted| submitted.entry.release == Release::After);
        let held: BTreeSet<u16> = held.map(|submitted| submitted.entry.recipient).collect();
        let extended = submission.submission().original.as_ref();
        let about = extended.and(core.refers_to()).unwrap_or(id);
        let original: BTreeSet<&ContactAddress> = extended
            .iter()
            .flat_map(|original| original.env.core.recipients.iter())
            .collect();
        let named = self.named_before(submission)?;
        let stops = self.stops_of(&about)?;
        for (index, recipient) in core.recipients.iter().enumerate() {
            let place = recipient_index(index);
            let asks = held.contains(&place) || !self.roster.deputies(recipient).is_empty();
            // What brings wraps for its deputies asks them, whatever else came before it.
            let names_first = match held.contains(&place) {
                true => !original.contains(recipient),
                false => !named.contains(recipient),
            };
            let begins = newly[index] && asks && names_first;
            if begins && !stops.stop(core, recipient) {
                let spans = (core.ack_within, core.expires_after);
                self.begin_escalation(batch, (&id, place), spans, self.counted(now));
            }
        }
        Ok(())
    }

    /// The recipients whose clocks another envelope of the same alert has started, or will.
    fn named_before(
        &self,
        submission: &VerifiedSubmission,
    ) -> Result<BTreeSet<ContactAddress>, StepError> {
        let mut named = BTreeSet::new();
        if let Some(original) = &submission.submission().original {
            named.extend(original.env.core.recipients.iter().cloned());
            for (envelope, record) in self.envelopes_kept(&submission.core().reference)? {
                if envelope != submission.id() {
                    named.extend(record.recipients.iter().cloned());
                }
            }
        }
        Ok(named)
    }

    /// Stores the entries of newly accepted recipients and, the first time, of the sender's own
    /// devices; mails those that are not held back.
    fn keep_entries(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        submission: &VerifiedSubmission,
        newly: &[bool],
        known: bool,
    ) -> Result<(), StepError> {
        let (id, core) = (submission.id(), submission.core());
        let bytes = weight(submission.submission());
        let original = submission.submission().original.as_ref();
        let alert = original.and(core.refers_to()).unwrap_or(id);
        let said = self.said_about(&alert)?;
        let entries = submission
            .submission()
            .entries
            .iter()
            .zip(submission.proofs());
        for (SubmittedEntry { entry, wrap }, proof) in entries {
            let wanted = match entry.release {
                Release::Own => !known && self.is_home_of(&core.sender),
                Release::Now | Release::After => newly
                    .get(usize::from(entry.recipient))
                    .copied()
                    .unwrap_or(false),
            };
            // An addendum asks deputies at several relays, each at its own.
            let elsewhere = entry.asks_now() && !self.gets_here(core, entry);
            if !wanted || elsewhere {
                continue;
            }
            let (device, index) = (entry.device, proof.index);
            let mail = match entry.release {
                Release::After => 0,
                Release::Now | Release::Own => {
                    // Whoever comes later learns what others have done about it.
                    let parties = Parties {
                        sender: &core.sender,
                        served: core.recipient(entry.recipient).map_or(&[], slice::from_ref),
                        first: core.ack_rule == AckRule::First,
                    };
                    let place = (&device, Self::class_of(core));
                    self.mail_said(batch, mailing, (&said, parties), place)?;
                    let mail = Mail::Delivery { alert: id, index };
                    let record = MailRecord {
                        class: Self::class_of(core),
                        bytes,
                        mail,
                    };
                    mailing.put(self, batch, &device, &record)?
                }
            };
            let record = EntryRecord {
                entry: entry.clone(),
                wrap: *wrap,
                proof,
                mail,
                answered: false,
            };
            self.hold(batch, &id, &record);
            batch.put(
                tables::ENTRY,
                &tables::entry(&id, &device, index),
                &write_record(&record),
            );
            batch.put(
                tables::ADDRESSED,
                &tables::addressed(&device, &id, index),
                &[],
            );
        }
        Ok(())
    }

    /// Signs and stores an answer per recipient whose reason changed; one signature for all.
    #[expect(
        clippy::too_many_arguments,
        reason = "one private step of `submit`, split for reading"
    )]
    fn answer(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        device: &DeviceId,
        submission: &VerifiedSubmission,
        reasons: &[AcceptReason],
        mut told: Vec<SignedAccepted>,
        now: Timestamp,
    ) -> Result<Vec<SignedAccepted>, StepError> {
        let mut fresh = Vec::new();
        let recipients = submission.core().recipients.iter().zip(reasons).enumerate();
        for (index, (recipient, reason)) in recipients {
            if told
                .get(index)
                .is_some_and(|told| told.statement.reason == *reason)
            {
                continue;
            }
            let known = mailing.device(self, device)?;
            known.accepted += 1;
            let accepted = Accepted {
                version: Accepted::VERSION,
                relay: self.identity.name.clone(),
                incarnation: self.incarnation,
                number: known.accepted,
                device: *device,
                alert: submission.id(),
                recipient: recipient.clone(),
                outcome: outcome(*reason),
                reason: *reason,
                retry_after: retry_after(*reason),
                time: now,
                roster: self.roster.hash(),
            };
            fresh.push((index, accepted));
        }
        let (indexes, statements): (Vec<usize>, Vec<Accepted>) = fresh.into_iter().unzip();
        for (index, accepted) in indexes.into_iter().zip(self.sign(statements)) {
            let key = tables::answer(&submission.id(), recipient_index(index));
            let record = AnswerRecord {
                accepted: accepted.clone(),
            };
            batch.put(tables::ANSWER, &key, &write_record(&record));
            match told.get_mut(index) {
                Some(told) => *told = accepted,
                None => told.push(accepted),
            }
        }
        Ok(told)
    }
}

/// Bytes that a submission takes, as budgets count them.
fn weight(submission: &Submission) -> u64 {
    let entries = submission.entries.len().saturating_mul(limits::WRAP_BYTES);
    let bytes = submission.env.bytes().len() + submission.body.len() + entries;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn recipient_index(index: usize) -> u16 {
    u16::try_from(index).expect("recipients are bounded by RECIPIENTS_MAX")
}

fn outcome(reason: AcceptReason) -> Outcome {
    if reason == AcceptReason::None {
        Outcome::Accepted
    } else {
        Outcome::Refused
    }
}

fn retry_after(reason: AcceptReason) -> Span {
    match reason {
        AcceptReason::SenderQuota | AcceptReason::MailboxFull => RelayBudget::RETRY_QUOTA,
        AcceptReason::DiskLow => RelayBudget::RETRY_DISK,
        AcceptReason::BlobMissing => RelayBudget::RETRY_BLOB,
        _ => Span::ZERO,
    }
}

fn accepted_answer(accepted: Vec<SignedAccepted>) -> Answer {
    Answer::Accepted(List::new(accepted).expect("one answer per recipient, within its limit"))
}
