//! What others owe this contact: it sent something, and they have not acknowledged it.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::evidence::{Clock, ClockAct, Deadlines, Progress, Standing, Taker};
use maille_common::identifier::AlertId;
use maille_common::terms::{NoticeKind, Stage};
use maille_common::time::Timestamp;

use super::schedule::schedule;
use super::{Awaited, Coming, ComingAct, Direction, OpenObligation};
use crate::core::desk::{Desk, StepError};
use crate::core::duty::Taken;
use crate::core::own::{Owed, OwnAlert};
use crate::core::records::{EvidenceRecord, LackingRecord};
use crate::core::tables;

impl Desk {
    /// Every obligation of what this contact sent that is not over yet, by what is known here.
    pub(super) fn owed_to_us(&self, now: Timestamp) -> Result<Vec<OpenObligation>, StepError> {
        let mut open = Vec::new();
        for own in self.own_alerts()? {
            open.extend(self.open_of(&own, now)?);
        }
        Ok(open)
    }

    fn open_of(&self, own: &OwnAlert, now: Timestamp) -> Result<Vec<OpenObligation>, StepError> {
        let elapsed = |owed: &Owed<'_>| {
            let core = &owed.by.core;
            let expired = core.expiry(owed.by.committed) <= self.counted(now);
            // Escalations end with `expires_after` at the latest.
            expired && owed.by.closed.is_some()
        };
        let mut owed = own.owed();
        owed.retain(|owed| !elapsed(owed));
        if owed.is_empty() {
            return Ok(Vec::new());
        }
        let evidence = self.evidence_of(&own.alert)?;
        let kept = self.evidence_records(&own.alert)?;
        let mut open = Vec::new();
        for owed in owed {
            let standing = self.obligation(&own.alert, owed).standing(&evidence);
            open.extend(self.open_with((own, owed), &kept, &standing, now)?);
        }
        Ok(open)
    }

    fn open_with(
        &self,
        (own, owed): (&OwnAlert, Owed<'_>),
        kept: &[EvidenceRecord],
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Option<OpenObligation>, StepError> {
        let (core, committed, contact) = (&owed.by.core, owed.by.committed, owed.contact);
        let deadlines = self.deadlines(owed)?;
        let progress = self.progress(own, owed, kept, (standing, &deadlines))?;
        let elapsed = self.counted(now).since(committed);
        // What is due and was not done by the device that sent it comes in this one's turn.
        let due = deadlines
            .clocks(standing, &progress, elapsed)
            .due
            .into_iter();
        let left = due.filter(|clock| !owed.by.is_sent_here && is_done(clock.act));
        let left = left.map(|clock| self.coming(clock, owed, true));
        let clocks = schedule(&deadlines, standing, progress.clone(), elapsed);
        let clocks = clocks.into_iter();
        let mut coming: Vec<Coming> = left
            .chain(clocks.map(|clock| self.coming(clock, owed, false)))
            .collect();
        coming.sort_by_key(|coming| coming.time);
        let is_open = !standing.state.is_closed();
        if !is_open && coming.is_empty() {
            return Ok(None);
        }
        let answer_due = self.answer_due(&own.alert, Some(committed))?;
        let (telephones, languages) = self.reached_by(contact);
        Ok(Some(OpenObligation {
            alert: own.alert,
            kind: own.original.core.kind,
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
            coming,
            telephones,
            languages,
            taken: self.taken_there(kept, contact),
            refusals: self.refusals_of((&own.alert, contact), standing, kept)?,
        }))
    }

    /// What was done about somebody's clocks, as far as this desk heard of it.
    pub(in crate::core) fn progress(
        &self,
        own: &OwnAlert,
        owed: Owed<'_>,
        kept: &[EvidenceRecord],
        (standing, deadlines): (&Standing, &Deadlines),
    ) -> Result<Progress, StepError> {
        let contact = owed.contact;
        let mut progress = Progress {
            overdue_told: owed.by.overdue_told,
            ..Progress::default()
        };
        // A relay passes over what nobody can take, and nothing is to be done for it here.
        let steps = (1..).zip(&deadlines.steps);
        let nobodys = steps.filter(|(_, step)| step.taker == Taker::Nobody);
        progress.passed_over = nobodys.map(|(number, _)| number).collect();
        let accepted = self.accepted_by(&owed.by.id, contact)?;
        for piece in kept {
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
            let began = began.map_or(owed.by.core.created, |answer| answer.time);
            let elapsed = notice.time.since(began);
            progress.released.insert(notice.step, elapsed);
        }
        // What this desk asked itself, it knows best.
        for (step, at) in self.asked_here(own, owed)? {
            let elapsed = at.since(owed.by.committed);
            progress.released.insert(step, elapsed);
        }
        progress.answered = self.sealed_anew(&own.alert, standing)?;
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

    /// `left`: the device that sent it has not done it when it was due.
    fn coming(&self, clock: Clock, owed: Owed<'_>, left: bool) -> Coming {
        let contact = owed.contact;
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
        let due = owed.by.committed + clock.due;
        let time = match left {
            true => owed.by.turn.at(due),
            false => due,
        };
        let is_ours = waits || is_done(clock.act);
        let by = match left {
            true => Some(self.identity.device),
            false => self.first_to_act(&owed.by.core.device),
        };
        Coming {
            time: (!waits).then(|| self.as_wall_shows(time)),
            act: ComingAct::Clock(clock.act),
            contact: whose,
            by: by.filter(|_| is_ours),
        }
    }

    /// Who has it in hand there, by the receipts that are here.
    pub(in crate::core) fn taken_there(
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
            let taken = matches!(
                statement.stage,
                Stage::Read | Stage::Acknowledged | Stage::Refused
            );
            statement.recipient == *contact && taken
        });
        let newest = of_officers.max_by_key(|(receipt, _)| {
            let statement = &receipt.statement;
            (weight_of(statement.stage), statement.time)
        });
        let (receipt, note) = newest?;
        let statement = &receipt.statement;
        let note = note.as_ref().and_then(|note| self.note_of(statement, note));
        let officer = note.as_ref().map(|note| note.officer.as_str().to_owned());
        Some(Taken {
            stage: statement.stage,
            contact: statement.contact.clone(),
            device: statement.device,
            label: self.label_of(&statement.contact, &statement.device),
            here: statement.device == self.identity.device,
            officer: officer.filter(|name| !name.is_empty()),
            time: statement.time,
            note: note.map_or_else(String::new, |note| note.text.as_str().to_owned()),
        })
    }
}

/// Which of several acts stands: an acknowledgement above a refusal, as in the obligation.
pub(in crate::core) fn weight_of(stage: Stage) -> u8 {
    match stage {
        Stage::Acknowledged => 2,
        Stage::Refused => 1,
        _ => 0,
    }
}

/// Whether a device of the sender's contact has to do something then.
fn is_done(act: ClockAct) -> bool {
    matches!(act, ClockAct::Release(_) | ClockAct::Expire)
}

/// How far it came with anybody.
fn stage_of(standing: &Standing) -> Option<Stage> {
    let stages = standing.stages.keys().copied();
    stages.filter(|stage| *stage != Stage::Returned).max()
}
