//! An envelope comes in: judged per recipient, stored whole, answered with a signature (DESIGN §5).

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::slice;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::blob::BlobId;
use maille_common::codec::List;
use maille_common::envelope::{Submission, SubmittedEntry, VerifiedSubmission};
use maille_common::evidence::SignedAccepted;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::terms::{AckRule, Release};
use maille_common::time::Timestamp;
use maille_common::wire::Answer;
use maille_durable::Batch;

use super::judging::{Judged, Verdict};
use super::mailbox::Mailing;
use super::records::{
    AlertRecord, AnswerRecord, EntriesRecord, EntryRecord, EnvelopeRecord, Mail, MailRecord,
};
use super::relay::{RelayCore, Step, StepError};
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
        let alone = self.submit_all(&[(*device, submission)], blobs, now);
        alone.into_iter().next().expect("one step a submission")
    }

    /// The same for several that came together, each in a batch of its own: one signature answers
    /// for all of them. The steps stand in the order of the submissions.
    pub fn submit_all<S: Borrow<VerifiedSubmission>>(
        &mut self,
        submitted: &[(DeviceId, S)],
        blobs: &dyn BlobShelf,
        now: Timestamp,
    ) -> Vec<Result<Step, StepError>> {
        let mut steps = Vec::with_capacity(submitted.len());
        while steps.len() < submitted.len() {
            let rest = &submitted[steps.len()..];
            let verdicts = self.judge_all(rest, blobs, now);
            for ((device, submission), verdict) in rest.iter().zip(verdicts) {
                let step = self.take_in((device, submission.borrow()), verdict, blobs, now);
                let stored = step.is_ok();
                steps.push(step);
                // Its answer's number is free again, and the numbers behind it are not right.
                if !stored {
                    break;
                }
            }
        }
        steps
    }

    fn take_in(
        &mut self,
        (device, submission): (&DeviceId, &VerifiedSubmission),
        verdict: Result<Verdict<Judged>, StepError>,
        blobs: &dyn BlobShelf,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        let Judged {
            known,
            newly,
            changed,
            answers,
        } = match verdict? {
            Verdict::Anew(judged) => judged,
            Verdict::Known(known) => return self.answer_again(device, known),
            Verdict::Refused(code) => return Ok(self.refuse(code)),
        };
        let mut batch = Batch::new();
        let mut mailing = Mailing::default();
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
        for index in changed {
            let accepted = &answers[index];
            let count = mailing.device(self, device)?;
            count.accepted = count.accepted.max(accepted.statement.number);
            let key = tables::answer(&submission.id(), recipient_index(index));
            let record = AnswerRecord {
                accepted: accepted.clone(),
            };
            batch.put(tables::ANSWER, &key, &write_record(&record));
        }
        let wake = mailing.finish(&mut batch);
        self.settle(batch, accepted_answer(answers), wake)
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
}

/// Bytes that a submission takes, as budgets count them.
pub(super) fn weight(submission: &Submission) -> u64 {
    let entries = submission.entries.len().saturating_mul(limits::WRAP_BYTES);
    let bytes = submission.env.bytes().len() + submission.body.len() + entries;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

pub(super) fn recipient_index(index: usize) -> u16 {
    u16::try_from(index).expect("recipients are bounded by RECIPIENTS_MAX")
}

pub(super) fn accepted_answer(accepted: Vec<SignedAccepted>) -> Answer {
    Answer::Accepted(List::new(accepted).expect("one answer per recipient, within its limit"))
}
