//! What others owe this contact: it sent something, and they have not acknowledged it.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::envelope::Core;
use maille_common::evidence::{Clock, ClockAct, Deadlines, Progress, Standing, Taker};
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, NoticeKind, Release, Stage};
use maille_common::time::Timestamp;

use super::schedule::schedule;
use super::{Awaited, Coming, ComingAct, Direction, OpenObligation};
use crate::core::desk::{Desk, StepError};
use crate::core::duty::Taken;
use crate::core::records::{EvidenceRecord, LackingRecord, OutboxRecord};
use crate::core::tables;

/// An envelope of the outbox.
struct Sent<'a> {
    alert: AlertId,
    record: &'a OutboxRecord,
    /// What is kept about it.
    kept: Vec<EvidenceRecord>,
}

impl Desk {
    /// Every obligation of what this contact sent from this device that is not over yet.
    pub(super) fn owed_to_us(&self, now: Timestamp) -> Result<Vec<OpenObligation>, StepError> {
        let mut open = Vec::new();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            let core: &Core = &record.core;
            let is_original = record.extends.is_none() && core.kind != Kind::Heartbeat;
            // Escalations end with `expires_after` at the latest.
            let ended =
                record.closed.is_some() && core.expiry(record.committed) <= self.counted(now);
            if !is_original || ended {
                continue;
            }
            let sent = Sent {
                alert,
                record: &record,
                kept: self.evidence_records(&alert)?,
            };
            open.extend(self.open_of(&sent, now)?);
        }
        Ok(open)
    }

    fn open_of(&self, sent: &Sent<'_>, now: Timestamp) -> Result<Vec<OpenObligation>, StepError> {
        let evidence = self.evidence_of(&sent.alert)?;
        let core: &Core = &sent.record.core;
        let mut open = Vec::new();
        for contact in core.recipients.iter() {
            let obligation = self.obligation(&sent.alert, sent.record, contact);
            let standing = obligation.standing(&evidence);
            open.extend(self.open_with(sent, contact, &standing, now)?);
        }
        Ok(open)
    }

    fn open_with(
        &self,
        sent: &Sent<'_>,
        contact: &ContactAddress,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Option<OpenObligation>, StepError> {
        let (core, committed): (&Core, _) = (&sent.record.core, sent.record.committed);
        let deadlines = Deadlines::of(core, self.roster.deputies(contact), |_, deputy| match self
            .is_held_for(sent.record, contact, &deputy.contact)
        {
            true => Taker::Elsewhere,
            false => Taker::Nobody,
        });
        let progress = self.progress(sent, contact, standing, &deadlines)?;
        let elapsed = self.counted(now).since(committed);
        let clocks = schedule(&deadlines, standing, progress, elapsed);
        let is_open = !standing.state.is_closed();
        if !is_open && clocks.is_empty() {
            return Ok(None);
        }
        let answer_due = self.answer_due(&sent.alert)?;
        let coming = |clock: Clock| self.coming(clock, committed, contact);
        let (telephones, languages) = self.reached_by(contact);
        Ok(Some(OpenObligation {
            alert: sent.alert,
            kind: core.kind,
            status: core.status,
            urgency: core.urgency,
            subject: None,
            direction: Direction::OwedToUs,
            contact: contact.clone(),
            recipient: contact.clone(),
            in_place: false,
            since: core.created,
            awaits: Awaited::Acknowledgement,
            state: standing.state,
            stage: stage_of(standing),
            ack_due: self.as_wall_shows(core.ack_due(committed)),
            answer_due: answer_due.map(|due| self.as_wall_shows(due)),
            expires: self.as_wall_shows(core.expiry(committed)),
            overdue: is_open && elapsed >= core.ack_within,
            uncertain: self.is_uncertain(committed),
            coming: clocks.into_iter().map(coming).collect(),
            telephones,
            languages,
            taken: self.taken_there(&sent.kept, contact),
            refusals: self.refusals_of((&sent.alert, contact), standing, &sent.kept)?,
        }))
    }

    /// Whether the relay holds a wrap for the deputy of a recipient.
    fn is_held_for(
        &self,
        record: &OutboxRecord,
        principal: &ContactAddress,
        deputy: &ContactAddress,
    ) -> bool {
        let Some(index) = record.core.recipient_index(principal) else {
            return false;
        };
        let devices = self.roster.devices_of(deputy);
        record.addressed.iter().any(|(device, recipient, release)| {
            *release == Release::After && *recipient == index && devices.contains(device)
        })
    }

    /// What was done about its clocks, as far as this desk heard of it.
    fn progress(
        &self,
        sent: &Sent<'_>,
        contact: &ContactAddress,
        standing: &Standing,
        deadlines: &Deadlines,
    ) -> Result<Progress, StepError> {
        let mut progress = Progress {
            overdue_told: sent.record.overdue_told,
            ..Progress::default()
        };
        // A relay passes over what nobody can take, and nothing is to be done for it here.
        let steps = (1..).zip(&deadlines.steps);
        let nobodys = steps.filter(|(_, step)| step.taker == Taker::Nobody);
        progress.passed_over = nobodys.map(|(number, _)| number).collect();
        let accepted = self.accepted_by(&sent.alert, contact)?;
        for piece in &sent.kept {
            let EvidenceRecord::Notice { notice, .. } = piece else {
                continue;
            };
            let notice = &notice.statement;
            if notice.recipient != *contact || notice.kind != NoticeKind::Released {
                continue;
            }
            // Its clock began when that relay accepted the alert, and both times are its own.
            let mut answers = accepted.iter().map(|answer| &answer.statement);
            let began = answers.find(|answer| answer.relay == notice.relay);
            let began = began.map_or(sent.record.core.created, |answer| answer.time);
            let elapsed = notice.time.since(began);
            progress.released.insert(notice.step, elapsed);
        }
        progress.answered = self.sealed_anew(&sent.alert, standing)?;
        Ok(progress)
    }

    /// The devices whose key was gone and that do not wait for a new wrap any more.
    fn sealed_anew(
        &self,
        alert: &AlertId,
        standing: &Standing,
    ) -> Result<BTreeSet<DeviceId>, StepError> {
        let mut anew = BTreeSet::new();
        for device in standing.returned.keys() {
            let key = tables::lacking(device, alert);
            let lacking: Option<LackingRecord> = self.find(tables::LACKING, &key)?;
            if lacking.is_none() {
                anew.insert(*device);
            }
        }
        Ok(anew)
    }

    fn coming(&self, clock: Clock, committed: Timestamp, contact: &ContactAddress) -> Coming {
        let deputies = self.roster.deputies(contact);
        let deputy = |step: u8| {
            usize::from(step)
                .checked_sub(1)
                .and_then(|at| deputies.get(at))
        };
        let whose = match clock.act {
            ClockAct::Overdue => contact.clone(),
            ClockAct::PassOver(step) | ClockAct::Release(step) | ClockAct::Await(step) => {
                deputy(step).map_or_else(|| contact.clone(), |deputy| deputy.contact.clone())
            }
            ClockAct::Answer(_) | ClockAct::Expire => self.identity.contact.clone(),
        };
        let waits = matches!(clock.act, ClockAct::Answer(_));
        Coming {
            time: (!waits).then(|| self.as_wall_shows(committed + clock.due)),
            act: ComingAct::Clock(clock.act),
            contact: whose,
        }
    }

    /// Who has it in hand there, by the receipts that are here.
    pub(super) fn taken_there(
        &self,
        kept: &[EvidenceRecord],
        contact: &ContactAddress,
    ) -> Option<Taken> {
        let receipts = kept.iter().filter_map(|piece| match piece {
            EvidenceRecord::Receipt { receipt, note, .. } => Some((receipt, note)),
            _ => None,
        });
        let of_officers = receipts.filter(|(receipt, _)| {
            let statement = &receipt.statement;
            statement.recipient == *contact
                && matches!(statement.stage, Stage::Read | Stage::Acknowledged)
        });
        let newest = of_officers.max_by_key(|(receipt, _)| {
            let statement = &receipt.statement;
            (statement.stage, statement.time)
        });
        let (receipt, note) = newest?;
        let statement = &receipt.statement;
        let note = note.as_ref().and_then(|note| self.note_of(statement, note));
        let officer = note.as_ref().map(|note| note.officer.as_str().to_owned());
        Some(Taken {
            stage: statement.stage,
            officer: officer.filter(|name| !name.is_empty()),
            time: statement.time,
            note: note.map_or_else(String::new, |note| note.text.as_str().to_owned()),
        })
    }
}

/// How far it came with anybody.
fn stage_of(standing: &Standing) -> Option<Stage> {
    let stages = standing.stages.keys().copied();
    stages.filter(|stage| *stage != Stage::Returned).max()
}
