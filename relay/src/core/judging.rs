//! Whether an envelope is taken, recipient by recipient, and what its sender is told of it: decided
//! before anything is written, for all that came together.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::envelope::{Core, Submission, SubmittedEntry, VerifiedSubmission};
use maille_common::evidence::{Accepted, SignedAccepted};
use maille_common::identifier::AlertId;
use maille_common::terms::{AcceptReason, Outcome, Release};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::RefusalCode;

use super::mailbox::Mailing;
use super::quota::RelayBudget;
use super::records::{AlertRecord, AnswerRecord, SenderRecord};
use super::relay::{RelayCore, StepError};
use super::said::KnownAnswer;
use super::submit::{BlobShelf, accepted_answer, recipient_index, weight};
use super::tables;

/// What is decided of a submission.
pub(super) enum Verdict<J> {
    /// It is answered anew.
    Anew(J),
    /// Nothing has changed since it was answered.
    Known(KnownAnswer),
    /// Its device may not submit it.
    Refused(RefusalCode),
}

/// A submission that is answered anew.
pub(super) struct Judged {
    /// What is kept of it already.
    pub(super) known: Option<AlertRecord>,
    /// Per recipient: whether it is accepted, and was not before.
    pub(super) newly: Vec<bool>,
    /// The recipients whose answer has changed.
    pub(super) changed: Vec<usize>,
    /// Every recipient's answer.
    pub(super) answers: Vec<SignedAccepted>,
}

/// The same before its answers are signed.
struct Unsigned {
    known: Option<AlertRecord>,
    told: Vec<SignedAccepted>,
    reasons: Vec<AcceptReason>,
    changed: Vec<usize>,
    statements: Vec<Accepted>,
}

impl Unsigned {
    fn newly(&self) -> Vec<bool> {
        let mut newly = vec![false; self.reasons.len()];
        for &index in &self.changed {
            newly[index] = self.reasons[index] == AcceptReason::None;
        }
        newly
    }

    fn signed(self, signed: &mut impl Iterator<Item = SignedAccepted>) -> Judged {
        let newly = self.newly();
        let mut answers = self.told;
        for (&index, accepted) in self.changed.iter().zip(signed) {
            match answers.get_mut(index) {
                Some(answer) => *answer = accepted,
                None => answers.push(accepted),
            }
        }
        Judged {
            known: self.known,
            newly,
            changed: self.changed,
            answers,
        }
    }
}

/// Who will have how much, once what stands before in the same group is stored.
#[derive(Default)]
struct Ahead {
    senders: BTreeMap<ContactAddress, SenderRecord>,
    mailboxes: Mailing,
}

impl Ahead {
    fn sender(
        &mut self,
        relay: &RelayCore,
        sender: &ContactAddress,
    ) -> Result<&mut SenderRecord, StepError> {
        if !self.senders.contains_key(sender) {
            self.senders.insert(sender.clone(), relay.sender(sender)?);
        }
        Ok(self.senders.entry(sender.clone()).or_default())
    }

    /// Counts what is about to be kept.
    fn count(
        &mut self,
        relay: &RelayCore,
        submission: &VerifiedSubmission,
        judged: &Unsigned,
    ) -> Result<(), StepError> {
        let (core, bytes) = (submission.core(), weight(submission.submission()));
        let newly = judged.newly();
        if newly.contains(&true) && judged.known.as_ref().is_none_or(|known| known.purged) {
            let sender = self.sender(relay, &core.sender)?;
            sender.alerts += 1;
            sender.bytes = sender.bytes.saturating_add(bytes);
        }
        for SubmittedEntry { entry, .. } in submission.submission().entries.iter() {
            let newly = newly.get(usize::from(entry.recipient));
            if newly == Some(&true) && entry.release == Release::Now {
                let mailbox = self.mailboxes.device(relay, &entry.device)?;
                mailbox.waiting += 1;
                mailbox.waiting_bytes = mailbox.waiting_bytes.saturating_add(bytes);
            }
        }
        Ok(())
    }
}

impl RelayCore {
    /// Judges submissions that came together, up to one whose id stands before it already: what
    /// that one is told depends on what is stored of the other. One signature answers all.
    pub(super) fn judge_all<S: Borrow<VerifiedSubmission>>(
        &self,
        submitted: &[(DeviceId, S)],
        blobs: &dyn BlobShelf,
        now: Timestamp,
    ) -> Vec<Result<Verdict<Judged>, StepError>> {
        let mut ids = BTreeSet::new();
        let mut ahead = Ahead::default();
        let mut statements = Vec::new();
        let mut judged = Vec::new();
        for (device, submission) in submitted {
            let submission = submission.borrow();
            if !ids.insert(submission.id()) {
                break;
            }
            let mut verdict = self.judge((device, submission), blobs, &mut ahead, now);
            if let Ok(Verdict::Anew(unsigned)) = &mut verdict {
                statements.append(&mut unsigned.statements);
            }
            judged.push(verdict);
        }
        let mut signed = self.sign(statements).into_iter();
        let mut sign = |verdict| match verdict {
            Verdict::Anew(unsigned) => Verdict::Anew(Unsigned::signed(unsigned, &mut signed)),
            Verdict::Known(known) => Verdict::Known(known),
            Verdict::Refused(code) => Verdict::Refused(code),
        };
        judged
            .into_iter()
            .map(|verdict| verdict.map(&mut sign))
            .collect()
    }

    fn judge(
        &self,
        (device, submission): (&DeviceId, &VerifiedSubmission),
        blobs: &dyn BlobShelf,
        ahead: &mut Ahead,
        now: Timestamp,
    ) -> Result<Verdict<Unsigned>, StepError> {
        let (id, core) = (submission.id(), submission.core());
        // It was proven before it came here, and another roster may be in use since (I9).
        if !self.roster.acts_for(device, &core.sender) {
            return Ok(Verdict::Refused(RefusalCode::NotDesignated));
        }
        let known: Option<AlertRecord> = self.find_long(tables::ALERT, id.as_bytes())?;
        // One that was refused for everybody is not kept, and its answers are: brought again it
        // gets the same ones, or each try that was lost would look like a life of the device.
        let told = self.told(id, core)?;
        let reasons = self.reasons(submission, blobs, &told, ahead)?;
        let same = |index: usize| {
            let told = told.get(index);
            told.is_some_and(|told| told.statement.reason == reasons[index])
        };
        let changed: Vec<usize> = (0..reasons.len()).filter(|&index| !same(index)).collect();
        if changed.is_empty() {
            return Ok(Verdict::Known(KnownAnswer {
                envelope: id,
                answer: accepted_answer(told),
            }));
        }
        let mut judged = Unsigned {
            known,
            told,
            reasons,
            changed,
            statements: Vec::new(),
        };
        ahead.count(self, submission, &judged)?;
        let known = ahead.mailboxes.device(self, device)?;
        for &index in &judged.changed {
            known.accepted += 1;
            let reason = judged.reasons[index];
            judged.statements.push(Accepted {
                version: Accepted::VERSION,
                relay: self.identity.name.clone(),
                incarnation: self.incarnation,
                number: known.accepted,
                device: *device,
                alert: id,
                recipient: core.recipients[index].clone(),
                outcome: outcome(reason),
                reason,
                retry_after: retry_after(reason),
                time: now,
                roster: self.roster.hash(),
            });
        }
        Ok(Verdict::Anew(judged))
    }

    /// Per recipient: the reason against it, roster first, then home, attachments and budgets.
    fn reasons(
        &self,
        submission: &VerifiedSubmission,
        blobs: &dyn BlobShelf,
        told: &[SignedAccepted],
        ahead: &mut Ahead,
    ) -> Result<Vec<AcceptReason>, StepError> {
        let core = submission.core();
        let named = submission.submission().blobs();
        let whole = Check::E10.holds(named.iter().all(|blob| blobs.is_whole(&blob.id)));
        let bytes = weight(submission.submission());
        let sender = ahead.sender(self, &core.sender)?;
        let sender_is_full = self.budget.sender_is_full(sender, bytes);
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
                AcceptReason::None if sender_is_full => AcceptReason::SenderQuota,
                AcceptReason::None => self.judge_mailboxes(submission, index, bytes, ahead)?,
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
        ahead: &mut Ahead,
    ) -> Result<AcceptReason, StepError> {
        for SubmittedEntry { entry, .. } in submission.submission().entries.iter() {
            let mine = usize::from(entry.recipient) == recipient;
            if !(mine && self.gets_here(submission.core(), entry)) {
                continue;
            }
            let mailbox = ahead.mailboxes.device(self, &entry.device)?;
            if !self.budget.mailbox_is_full(mailbox, bytes) {
                return Ok(AcceptReason::None);
            }
        }
        Ok(AcceptReason::MailboxFull)
    }

    /// Whether copies for the sender's own devices are kept here, as an alert for a recipient is.
    pub(super) fn takes_copies(
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

    /// What was said before of an envelope's recipients, in their order.
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

    pub(super) fn sender(&self, sender: &ContactAddress) -> Result<SenderRecord, StepError> {
        let found = self.find(tables::SENDER, &tables::contact(sender))?;
        Ok(found.unwrap_or_default())
    }
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
