//! What stops an escalation, in whatever order it comes: an answer may be here before the alert,
//! where this relay lost its disk (PROTOCOL section 7, the obligation).

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::envelope::Core;
use maille_common::evidence::Receipt;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{AckRule, Actor, Kind, Reason, Stage, Status};
use maille_durable::Batch;

use super::records::{AlertRecord, EndedRecord, EntryRecord, StopRecord};
use super::relay::{RelayCore, StepError};
use super::tables;

impl StopRecord {
    fn takes_back(&self, status: Status) -> bool {
        match status.is_actual() {
            true => self.cancelled,
            false => self.exercise_cancelled,
        }
    }
}

/// The stops that were here before an alert.
pub(super) struct Stops(Vec<(Vec<u8>, StopRecord)>);

impl Stops {
    /// Whether a recipient's deputies are not asked.
    pub(super) fn stop(&self, core: &Core, recipient: &ContactAddress) -> bool {
        let by = |contact: &ContactAddress, key: &[u8]| key.ends_with(&tables::contact(contact));
        self.0.iter().any(|(key, stop)| {
            (stop.answered && by(recipient, key))
                || (stop.takes_back(core.status) && by(&core.sender, key))
                || (stop.officer && core.ack_rule == AckRule::First)
        })
    }
}

impl RelayCore {
    /// What is known to stop escalations of an alert.
    pub(super) fn stops_of(&self, alert: &AlertId) -> Result<Stops, StepError> {
        let rows = self.rows(tables::STOPPED, alert.as_bytes(), usize::MAX)?;
        let rows = rows.into_iter();
        let stops = rows.map(|(key, bytes)| Ok((key, read_record(&bytes)?)));
        Ok(Stops(stops.collect::<Result<_, StepError>>()?))
    }

    /// Stops what an answer stops. An officer's acknowledgement does, the system's only where the
    /// contact has said so, and every other end does.
    pub(super) fn stop_by_receipt(
        &self,
        batch: &mut Batch,
        receipt: &Receipt,
    ) -> Result<(), StepError> {
        let by_officer = receipt.actor == Actor::Officer;
        let answered = match receipt.stage {
            Stage::Acknowledged => {
                by_officer || self.roster.system_acknowledges(&receipt.recipient)
            }
            Stage::Refused => true,
            Stage::Returned => return self.stop_by_returns(batch, receipt),
            Stage::Delivered | Stage::Complete | Stage::Read => false,
        };
        let stop = StopRecord {
            answered,
            officer: by_officer && receipt.stage == Stage::Acknowledged,
            ..StopRecord::default()
        };
        if stop == StopRecord::default() {
            return Ok(());
        }
        let mut stopped = false;
        let kept = self.envelopes_kept(&receipt.alert)?;
        // Of an alert that is not here it is not known yet.
        let frees_others = stop.officer && kept.iter().all(|(_, record)| record.first);
        for (envelope, record) in kept {
            for index in self.escalations_of(&envelope)? {
                let mine = record.recipients.get(usize::from(index)) == Some(&receipt.recipient);
                if (mine && stop.answered) || (record.first && stop.officer) {
                    stopped |= self.end_escalation(batch, &envelope, index)?;
                }
            }
        }
        // Where nothing ran, it may begin later: for this recipient where it has deputies, and for
        // any under `ack_rule = first`.
        let has_deputies = !self.roster.deputies(&receipt.recipient).is_empty();
        if !frees_others && (stopped || !has_deputies) {
            return Ok(());
        }
        self.note_stop(batch, &receipt.alert, &receipt.recipient, stop)
    }

    /// A cancel stops the escalations of what it takes back.
    pub(super) fn stop_by_cancel(&self, batch: &mut Batch, core: &Core) -> Result<(), StepError> {
        let (Kind::Cancel, Some(alert)) = (core.kind, core.refers_to()) else {
            return Ok(());
        };
        for (envelope, record) in self.envelopes_kept(&alert)? {
            // Nobody takes back what another contact sent, nor by an exercise what is real.
            let as_real = record.status.is_actual() == core.status.is_actual();
            if Check::E17.refuses(record.sender != core.sender || !as_real) {
                continue;
            }
            for index in self.escalations_of(&envelope)? {
                self.end_escalation(batch, &envelope, index)?;
            }
        }
        let stop = StopRecord {
            cancelled: core.status.is_actual(),
            exercise_cancelled: !core.status.is_actual(),
            ..StopRecord::default()
        };
        self.note_stop(batch, &alert, &core.sender, stop)
    }

    fn note_stop(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        by: &ContactAddress,
        stop: StopRecord,
    ) -> Result<(), StepError> {
        let key = tables::stopped(alert, by);
        let known: StopRecord = self.find(tables::STOPPED, &key)?.unwrap_or_default();
        let both = StopRecord {
            answered: known.answered || stop.answered,
            officer: known.officer || stop.officer,
            cancelled: known.cancelled || stop.cancelled,
            exercise_cancelled: known.exercise_cancelled || stop.exercise_cancelled,
        };
        if both != known {
            batch.put(tables::STOPPED, &key, &write_record(&both));
        }
        Ok(())
    }

    /// The sum of Returned from every device that was addressed at once is a refusal. A gone key is
    /// answered with an addendum, so it is none.
    fn stop_by_returns(&self, batch: &mut Batch, receipt: &Receipt) -> Result<(), StepError> {
        if receipt.reason == Reason::KeyGone {
            return Ok(());
        }
        for (envelope, record) in self.envelopes_kept(&receipt.alert)? {
            let recipients = (0u16..).zip(record.recipients.iter());
            let mut places = recipients.filter(|(_, to)| **to == receipt.recipient);
            let Some((index, _)) = places.next() else {
                continue;
            };
            let escalation = tables::escalation(&envelope, index);
            let runs = self.store.get(tables::ESCALATION, &escalation)?.is_some();
            if runs && self.all_returned(&envelope, index, &receipt.device)? {
                self.end_escalation(batch, &envelope, index)?;
            }
        }
        Ok(())
    }

    /// Whether each device that an envelope addressed for a recipient said for good that it cannot
    /// open it; `last` says so now.
    fn all_returned(
        &self,
        envelope: &AlertId,
        index: u16,
        last: &DeviceId,
    ) -> Result<bool, StepError> {
        for (_, bytes) in self.rows(tables::ENTRY, envelope.as_bytes(), usize::MAX)? {
            let EntryRecord { entry, .. } = read_record(&bytes)?;
            let addressed = entry.is_for_recipient() && entry.recipient == index;
            if !addressed || entry.device == *last {
                continue;
            }
            let key = tables::ended(envelope, index, &entry.device);
            let ended: Option<EndedRecord> = self.find(tables::ENDED, &key)?;
            if !ended.is_some_and(|ended| ended.is_returned_for_good()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An alert and its addenda, those of them that are kept here.
    pub(super) fn envelopes_kept(
        &self,
        alert: &AlertId,
    ) -> Result<Vec<(AlertId, AlertRecord)>, StepError> {
        let mut kept = Vec::new();
        for envelope in self.envelopes_of(alert)? {
            let record = self.find_long(tables::ALERT, envelope.as_bytes())?;
            kept.extend(record.map(|record| (envelope, record)));
        }
        Ok(kept)
    }
}
