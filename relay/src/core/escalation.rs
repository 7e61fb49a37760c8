//! Escalations: while nobody acknowledges, the deputies' wraps are released, step by step.
//!
//! What falls due and when is [`Deadlines`]' to say (PROTOCOL C3 to C8), as for the sender. Here
//! are its inputs, what this relay did so far and who can still be given a wrap, and its acts.
//! Each escalation stands once in a table ordered by time: thousands of them cost a look at the
//! first.

use std::slice;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::List;
use maille_common::evidence::{
    Clock, ClockAct, Deadlines, Notice, ObligationState, Progress, Standing, Step, Taker,
};
use maille_common::identifier::AlertId;
use maille_common::record::{RecordFault, read_record, write_record};
use maille_common::terms::{NoticeKind, Release};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::counted::Moment;
use super::expire::About;
use super::expire::{DUE_AT_ONCE, Tick};
use super::mailbox::Mailing;
use super::records::{AlertRecord, EntryRecord, EscalationRecord, Mail, MailRecord, ReleasedStep};
use super::relay::{RelayCore, StepError};
use super::tables;

/// A step that this relay took, or that nobody can take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalated {
    /// The alert.
    pub alert: AlertId,
    /// The recipient that has not acknowledged.
    pub recipient: ContactAddress,
    /// The step, from 1.
    pub step: u8,
    /// Released or passed over.
    pub kind: NoticeKind,
}

/// One recipient's escalation while it is judged.
struct Judged<'a> {
    /// The envelope that asks it.
    alert: AlertId,
    index: u16,
    principal: &'a ContactAddress,
    record: &'a AlertRecord,
    now: Moment,
}

/// Wraps that wait for one step: the devices and their entries.
type Held = Vec<(DeviceId, u32)>;

impl RelayCore {
    /// Begins the clock of a recipient for whom the alert was accepted now, where there is anybody
    /// to ask in its place.
    pub(super) fn begin_escalation(
        &self,
        batch: &mut Batch,
        (alert, index): (&AlertId, u16),
        (ack_within, expires_after): (Span, Span),
        from: Timestamp,
    ) {
        let record = EscalationRecord {
            from,
            ack_within,
            expires_after,
            due: from + ack_within,
            released: List::empty(),
            passed_over: List::empty(),
        };
        let key = tables::escalation(alert, index);
        batch.put(tables::ESCALATION, &key, &write_record(&record));
        batch.put(
            tables::STEP_DUE,
            &tables::step_due(record.due, alert, index),
            &[],
        );
    }

    /// Ends an escalation; whether there was one.
    pub(super) fn end_escalation(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        index: u16,
    ) -> Result<bool, StepError> {
        let key = tables::escalation(alert, index);
        let found: Option<EscalationRecord> = self.find(tables::ESCALATION, &key)?;
        if let Some(EscalationRecord { due, .. }) = &found {
            batch.delete(tables::ESCALATION, &key);
            batch.delete(tables::STEP_DUE, &tables::step_due(*due, alert, index));
        }
        Ok(found.is_some())
    }

    /// The recipients of an alert whose escalations have not ended.
    pub(super) fn escalations_of(&self, alert: &AlertId) -> Result<Vec<u16>, StepError> {
        let rows = self.rows(tables::ESCALATION, alert.as_bytes(), usize::MAX)?;
        let parts = rows
            .iter()
            .filter_map(|(key, _)| tables::escalation_parts(key));
        Ok(parts.map(|(_, index)| index).collect())
    }

    /// Takes the steps that are due, at most so many that nobody else waits for long.
    pub(super) fn take_steps(&mut self, now: Moment, tick: &mut Tick) -> Result<(), StepError> {
        let end = tables::after(&now.counted.unix_ms().to_be_bytes());
        let scan = Scan::range(tables::STEP_DUE, &[], &end, DUE_AT_ONCE);
        let rows = self.store.scan(scan)?;
        let due = rows.iter().filter_map(|(key, _)| {
            tables::step_due_parts(key).map(|(_, alert, index)| (alert, index))
        });
        let due: Vec<(AlertId, u16)> = due.collect();
        // Recipients of one alert mostly fall due together, and share what is read and signed.
        for together in due.chunk_by(|one, other| one.0 == other.0) {
            self.judge_together(together, now, tick)?;
        }
        Ok(())
    }

    /// Judges escalations anew under another roster: a step that nobody can take any more does not
    /// wait out its delay. A part at a time; `unjudged` says where to go on.
    pub(super) fn judge_anew(&mut self, now: Moment, tick: &mut Tick) -> Result<(), StepError> {
        let Some(from) = self.unjudged.take() else {
            return Ok(());
        };
        let scan = Scan::table(tables::ESCALATION, DUE_AT_ONCE);
        let rows = self.store.scan(Scan {
            from: &from,
            ..scan
        })?;
        if rows.len() == DUE_AT_ONCE {
            let last = rows.last().map(|(key, _)| tables::after(key));
            self.unjudged = last;
        }
        let mut running = Vec::new();
        for (key, bytes) in &rows {
            let record: EscalationRecord = read_record(bytes)?;
            let began = now.counted >= record.from + record.ack_within;
            running.extend(tables::escalation_parts(key).filter(|_| began));
        }
        for together in running.chunk_by(|one, other| one.0 == other.0) {
            self.judge_together(together, now, tick)?;
        }
        Ok(())
    }

    /// When a step is due next, in counted time; 1970 while a new roster has not been looked at.
    pub(super) fn next_step(&self) -> Result<Option<Timestamp>, StepError> {
        if self.unjudged.is_some() {
            return Ok(Some(Timestamp::EPOCH));
        }
        let first = self.store.scan(Scan::table(tables::STEP_DUE, 1))?;
        let first = first
            .first()
            .and_then(|(key, _)| tables::step_due_parts(key));
        Ok(first.map(|(time, ..)| time))
    }

    /// Judges escalations of one alert: wraps, notices and the next due time are one commit, so
    /// that a step is taken whole and once, whenever the relay is killed.
    fn judge_together(
        &mut self,
        together: &[(AlertId, u16)],
        now: Moment,
        tick: &mut Tick,
    ) -> Result<(), StepError> {
        let Some((alert, _)) = together.first().copied() else {
            return Ok(());
        };
        let mut batch = Batch::new();
        batch.urgent();
        let mut mailing = Mailing::default();
        let record: Option<AlertRecord> = self.find_long(tables::ALERT, alert.as_bytes())?;
        let mut notices = Vec::new();
        // What is said of an addendum's recipients is said of the alert.
        let about = record.as_ref().and_then(|record| record.extends);
        let about = about.unwrap_or(alert);
        for (_, index) in together {
            let of_recipient = record.as_ref().and_then(|record| {
                let principal = record.recipients.get(usize::from(*index))?;
                Some((record, principal))
            });
            let Some((record, principal)) = of_recipient else {
                self.end_escalation(&mut batch, &alert, *index)?;
                continue;
            };
            let judged = Judged {
                alert,
                index: *index,
                principal,
                record,
                now,
            };
            notices.extend(self.judge_one(&mut batch, &mut mailing, &judged)?);
        }
        tick.escalated
            .extend(notices.iter().map(|notice| Escalated {
                alert: about,
                recipient: notice.recipient.clone(),
                step: notice.step,
                kind: notice.kind,
            }));
        if let Some(record) = &record {
            self.tell_escalated(&mut batch, &mut mailing, record, notices)?;
        }
        tick.wake.extend(mailing.finish(&mut batch));
        if !batch.is_empty() {
            self.append(batch)?;
        }
        Ok(())
    }

    /// Takes every step of one recipient that is due; what has to be said of it.
    fn judge_one(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        judged: &Judged<'_>,
    ) -> Result<Vec<Notice>, StepError> {
        let key = tables::escalation(&judged.alert, judged.index);
        let Some(before) = self.find::<EscalationRecord>(tables::ESCALATION, &key)? else {
            return Ok(Vec::new());
        };
        let elapsed = judged.now.counted.since(before.from);
        let mut released = before.released.as_slice().to_vec();
        let mut passed_over = before.passed_over.as_slice().to_vec();
        let (steps, held) = self.steps(judged)?;
        let deadlines = Deadlines {
            ack_within: before.ack_within,
            expires_after: before.expires_after,
            steps,
        };
        let mut notices = Vec::new();
        let next = loop {
            let progress = progress(&released, &passed_over);
            let clocks = deadlines.clocks(&open(), &progress, elapsed);
            let due = clocks.due.iter().find_map(|clock| step_of(clock.act));
            let (step, kind) = match due {
                Some((step, NoticeKind::Released)) => {
                    let held = held
                        .get(usize::from(step) - 1)
                        .map_or(&[][..], Vec::as_slice);
                    self.release(batch, mailing, judged, step, held)?;
                    released.push(ReleasedStep { step, elapsed });
                    (step, NoticeKind::Released)
                }
                Some((step, _)) => {
                    passed_over.push(step);
                    (step, NoticeKind::PassedOver)
                }
                None => {
                    let later = |clock: &&Clock| is_step(clock.act);
                    break clocks.running.iter().find(later).map(|clock| clock.due);
                }
            };
            let about = About::of(judged.record, &judged.alert, judged.principal);
            let notice = self.notice(about, kind, DeviceId::NONE, judged.now.wall);
            notices.push(Notice {
                step,
                uncertain: self.is_uncertain(before.from),
                ..notice
            });
        };
        let Some(next) = next else {
            self.end_escalation(batch, &judged.alert, judged.index)?;
            return Ok(notices);
        };
        let due = before.from + next;
        let within = "each step is taken once, and there are no more than of deputies";
        let record = EscalationRecord {
            due,
            released: List::new(released).expect(within),
            passed_over: List::new(passed_over).expect(within),
            ..before.clone()
        };
        if record != before {
            let old = tables::step_due(before.due, &judged.alert, judged.index);
            batch.delete(tables::STEP_DUE, &old);
            let new = tables::step_due(due, &judged.alert, judged.index);
            batch.put(tables::STEP_DUE, &new, &[]);
            batch.put(tables::ESCALATION, &key, &write_record(&record));
        }
        Ok(notices)
    }

    /// The steps as they were sealed, and further ones that the roster has by now; beside each the
    /// wraps that can be handed over.
    fn steps(&self, judged: &Judged<'_>) -> Result<(Vec<Step>, Vec<Held>), StepError> {
        let deputies = self.roster.deputies(judged.principal);
        let prefix = tables::escalation(&judged.alert, judged.index);
        let mut sealed: Vec<Held> = vec![Vec::new(); deputies.len()];
        for (key, _) in self.rows(tables::HELD, &prefix, usize::MAX)? {
            let Some((step, device, entry)) = tables::held_parts(&key) else {
                continue;
            };
            let place = usize::from(step).saturating_sub(1);
            if sealed.len() <= place {
                sealed.resize(place + 1, Vec::new());
            }
            sealed[place].push((device, entry));
        }
        let mut steps = Vec::with_capacity(sealed.len());
        for held in &mut sealed {
            let elsewhere = self.asked_elsewhere(judged, held);
            held.retain(|(device, _)| self.can_be_asked(judged, device));
            // A deputy keeps its delay where others came or went before it.
            let contact = held
                .first()
                .and_then(|(device, _)| self.roster.contact_of(device));
            let deputy = contact
                .and_then(|contact| deputies.iter().find(|deputy| deputy.contact == contact));
            let (after, taker) = match (deputy, elsewhere) {
                (Some(deputy), _) => (deputy.after, Taker::Here),
                // PROTOCOL C6: the sender's addendum reaches it by the same time.
                (None, Some(after)) => (after, Taker::Elsewhere),
                (None, None) => (Span::ZERO, Taker::Nobody),
            };
            steps.push(Step { after, taker });
        }
        Ok((steps, sealed))
    }

    /// The delay of a deputy that has a wrap here, and collects at other relays.
    fn asked_elsewhere(&self, judged: &Judged<'_>, held: &Held) -> Option<Span> {
        let deputies = self.roster.deputies(judged.principal);
        let contacts = held
            .iter()
            .filter_map(|(device, _)| self.roster.contact_of(device));
        let mut elsewhere = contacts.filter(|contact| !self.is_home_of(contact));
        elsewhere.find_map(|contact| {
            let deputy = deputies.iter().find(|deputy| deputy.contact == contact);
            deputy.map(|deputy| deputy.after)
        })
    }

    /// Whether a device may connect, for a deputy of the recipient that collects here. No clock is
    /// asked: one that is wrong would pass everybody over.
    fn can_be_asked(&self, judged: &Judged<'_>, device: &DeviceId) -> bool {
        let contact = self.roster.contact_of(device);
        contact.is_some_and(|contact| {
            self.roster.is_deputy(&contact, judged.principal) && self.is_home_of(&contact)
        })
    }

    /// Puts the wraps of a step into the deputies' mailboxes.
    fn release(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        judged: &Judged<'_>,
        step: u8,
        held: &[(DeviceId, u32)],
    ) -> Result<(), StepError> {
        let alert = judged.alert;
        let said = self.said_about(&judged.record.extends.unwrap_or(alert))?;
        let parties = judged.record.parties(slice::from_ref(judged.principal));
        for (device, index) in held {
            let key = tables::entry(&alert, device, *index);
            let missing = RecordFault::Missing {
                name: "wrap of a deputy",
            };
            let mut entry: EntryRecord = self.find(tables::ENTRY, &key)?.ok_or(missing)?;
            let place = (device, judged.record.class);
            self.mail_said(batch, mailing, (&said, parties), place)?;
            let mail = MailRecord {
                class: judged.record.class,
                bytes: judged.record.bytes,
                mail: Mail::Delivery {
                    alert,
                    index: *index,
                },
            };
            entry.mail = mailing.put(self, batch, device, &mail)?;
            batch.put(tables::ENTRY, &key, &write_record(&entry));
            let place = (&alert, judged.index, step);
            let key = tables::held(place, device, *index);
            batch.delete(tables::HELD, &key);
            batch.put(tables::ASKED, &key, &[]);
        }
        Ok(())
    }

    /// Tells the sender, and the recipient in whose place others are asked.
    fn tell_escalated(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        record: &AlertRecord,
        notices: Vec<Notice>,
    ) -> Result<(), StepError> {
        for notice in self.sign(notices.clone()) {
            let recipient = &notice.statement.recipient;
            if *recipient == record.sender {
                continue;
            }
            for device in self.roster.devices_of(recipient) {
                self.mail_notice(batch, mailing, &notice, &device)?;
            }
        }
        self.tell_sender(batch, mailing, record, notices)
    }

    /// Keeps a deputy's wrap, and nobody is given it; or notes that its device is, at once.
    pub(super) fn hold(&self, batch: &mut Batch, alert: &AlertId, entry: &EntryRecord) {
        let EntryRecord { entry, proof, .. } = entry;
        let table = match entry.release {
            Release::After => tables::HELD,
            Release::Now if entry.asks_now() => tables::ASKED,
            Release::Now | Release::Own => return,
        };
        let place = (alert, entry.recipient, entry.step);
        batch.put(table, &tables::held(place, &entry.device, proof.index), &[]);
    }

    /// Forgets what escalations of an alert there are.
    pub(super) fn drop_escalations(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
    ) -> Result<(), StepError> {
        for index in self.escalations_of(alert)? {
            self.end_escalation(batch, alert, index)?;
        }
        for table in [tables::HELD, tables::ASKED] {
            for (key, _) in self.rows(table, alert.as_bytes(), usize::MAX)? {
                batch.delete(table, &key);
            }
        }
        Ok(())
    }
}

/// An obligation that nothing stopped: what does, takes its escalation away.
fn open() -> Standing {
    Standing {
        state: ObligationState::Open,
        proofs: Default::default(),
        stages: Default::default(),
        returned: Default::default(),
        escalation_stopped: false,
    }
}

fn progress(released: &[ReleasedStep], passed_over: &[u8]) -> Progress {
    Progress {
        // The sender raises it by its own clock.
        overdue_told: true,
        released: released
            .iter()
            .map(|step| (step.step, step.elapsed))
            .collect(),
        passed_over: passed_over.iter().copied().collect(),
        ..Progress::default()
    }
}

/// Whether a step is taken then, here or by its sender.
fn is_step(act: ClockAct) -> bool {
    step_of(act).is_some() || matches!(act, ClockAct::Await(_))
}

/// The acts of a relay: what else falls due is the sender's.
fn step_of(act: ClockAct) -> Option<(u8, NoticeKind)> {
    match act {
        ClockAct::Release(step) => Some((step, NoticeKind::Released)),
        ClockAct::PassOver(step) => Some((step, NoticeKind::PassedOver)),
        ClockAct::Await(_) | ClockAct::Overdue | ClockAct::Expire | ClockAct::Answer(_) => None,
    }
}
