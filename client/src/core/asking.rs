//! Holes in a stream of alerts are asked for, and the answers end them (PROTOCOL G1, G2, G5, G6).
//!
//! What is asked for comes by an addendum that carries the number, and fills its hole as the alert
//! itself would have. The answer beside it says which alert has the number, and what became of it.
//! Everything is in signed and sealed envelopes of the sender: a relay can keep it back, and cannot
//! make anybody believe that something will not come.

use maille_common::address::DeviceId;
use maille_common::check::Check;
use maille_common::content::{GapAnswer, Heartbeat, Missing};
use maille_common::envelope::{Content, OpenedAlert};
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::terms::{GapEnd, Release, Status};
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::holes::{Row, put_hole};
use super::incidents::IncidentKind;
use super::records::HoleRecord;
use super::silence::put_unread;
use super::tables;

impl Desk {
    /// Takes what a heartbeat says beside the newest number: what its sender misses, what it
    /// answers, and which forks it saw. Each in a batch of its own, for they may lie in one hole.
    pub(super) fn hear_of_gaps(
        &self,
        opened: &OpenedAlert,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let envelope = opened.envelope();
        let to_me = envelope.delivery().entry.release == Release::Now;
        let Content::Heartbeat(heartbeat) = opened.content() else {
            return Ok(());
        };
        if !to_me {
            return Ok(());
        }
        let (device, me) = (envelope.core().device, self.identity.device);
        for answer in heartbeat.answers() {
            if answer.device == me && answer.from <= answer.to {
                self.hear_answer(&device, &answer, now)?;
            }
        }
        for missing in heartbeat.missing.iter() {
            if missing.device == me && missing.from <= missing.to {
                self.hear_missing(&device, missing, now)?;
            }
        }
        self.hear_of_forks(opened, heartbeat, now)
    }

    fn hear_of_forks(
        &self,
        opened: &OpenedAlert,
        heartbeat: &Heartbeat,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let core = opened.envelope().core();
        for fork in heartbeat.forks() {
            let mut batch = Batch::new();
            self.hear_of_fork(&mut batch, (&core.device, &core.sender), &fork, now)?;
            self.settle(batch)?;
        }
        Ok(())
    }

    /// A number of a hole came, or its alert is here already. Where the hole was an incident, it is
    /// told that it ended.
    pub(super) fn fill_gap(
        &self,
        batch: &mut Batch,
        hole: &HoleRecord,
        (number, alert): (u64, AlertId),
        now: Timestamp,
    ) -> Result<(), StepError> {
        hole.cut(batch, number, number);
        let device = hole.device;
        match self.roster.contact_of(&device).filter(|_| hole.is_told()) {
            Some(contact) => {
                let kind = EventKind::GapFilled {
                    alert,
                    device,
                    contact,
                };
                self.event(batch, kind, Status::Actual, now)
            }
            None => Ok(()),
        }
    }

    fn hear_answer(
        &self,
        device: &DeviceId,
        answer: &GapAnswer,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let row = Row::alerts(*device, answer.epoch);
        if answer.end == GapEnd::Unknown {
            return self.hear_unknown(device, answer, now);
        }
        let hole = self.hole_at(row, answer.from)?;
        let Some(hole) = hole.filter(|_| Check::G5.stands()) else {
            return Ok(());
        };
        let (number, alert) = (answer.from, answer.alert);
        let mut batch = Batch::new();
        if self.inbox_record(&alert)?.is_some() {
            self.fill_gap(&mut batch, &hole, (number, alert), now)?;
        } else if self.store.get(tables::KNOWN, alert.as_bytes())?.is_some() {
            // It was answered Returned: this is the number that could not be read.
            hole.cut(&mut batch, number, number);
            let unread = self.unread_of(device)?.saturating_sub(1);
            put_unread(&mut batch, device, unread);
        } else if !answer.again && answer.end != GapEnd::Open {
            hole.cut(&mut batch, number, number);
            self.alert_will_not_come(&mut batch, device, answer, now)?;
        } else if !answer.again && !hole.is_told() {
            // It has not left, and nobody keeps it back.
            hole.cut(&mut batch, number, number);
            let longest = Span::from_ms(*limits::HEARTBEAT_MS.end());
            let resting = HoleRecord {
                from: number,
                to: number,
                rests: Some(self.counted(now) + longest),
                ..hole
            };
            put_hole(&mut batch, &resting);
        }
        self.settle(batch)?;
        Ok(())
    }

    /// PROTOCOL G5: nobody has it any more who could send it. What this contact answered elsewhere
    /// is not lost to it: a desk that lost its store hears that of everything it ever did.
    fn alert_will_not_come(
        &self,
        batch: &mut Batch,
        device: &DeviceId,
        answer: &GapAnswer,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let (device, end, alert) = (*device, answer.end, answer.alert);
        let answered = matches!(end, GapEnd::Acknowledged | GapEnd::Refused);
        match self.roster.contact_of(&device).filter(|_| answered) {
            Some(contact) => {
                let kind = EventKind::GapEnded {
                    alert,
                    device,
                    contact,
                    end,
                };
                self.event(batch, kind, Status::Actual, now)
            }
            None => {
                let number = answer.from;
                let kind = IncidentKind::AlertLost {
                    device,
                    number,
                    end,
                };
                self.incident(batch, kind, Some(alert), now)
            }
        }
    }

    /// PROTOCOL G6: their sender does not know the numbers itself.
    fn hear_unknown(
        &self,
        device: &DeviceId,
        answer: &GapAnswer,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let row = Row::alerts(*device, answer.epoch);
        let forgotten = self.holes_within(row, answer.from, answer.to)?;
        for hole in forgotten.into_iter().filter(|_| Check::G6.stands()) {
            let (from, to) = (hole.from.max(answer.from), hole.to.min(answer.to));
            let mut batch = Batch::new();
            hole.cut(&mut batch, from, to);
            let device = *device;
            let kind = IncidentKind::AlertsForgotten { device, from, to };
            self.incident(&mut batch, kind, None, now)?;
            self.settle(batch)?;
        }
        Ok(())
    }

    /// A heartbeat asks for these.
    pub(super) fn note_holes_asked(&self, batch: &mut Batch, asked: &[HoleRecord], now: Timestamp) {
        let asked_at = Some(self.counted(now));
        for hole in asked {
            let asked = asked_at;
            put_hole(batch, &HoleRecord { asked, ..*hole });
        }
    }
}

impl HoleRecord {
    /// How it is asked for.
    pub(super) fn as_missing(&self) -> Missing {
        Missing {
            device: self.device,
            epoch: self.epoch,
            from: self.from,
            to: self.to,
        }
    }
}
