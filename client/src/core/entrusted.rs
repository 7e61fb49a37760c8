//! What a relay was entrusted with is missing when a heartbeat comes without it (PROTOCOL G9).
//!
//! A relay hands a heartbeat over behind everything else that waits for a device, and the shell
//! takes it behind everything that was pushed before it. So an alert which that relay had accepted
//! when the heartbeat was made, and which is not here, is withheld. What may still come another way
//! is no part of that: only what the relay itself has accepted in its present life is named, and
//! nothing that its device has answered.

use std::collections::BTreeMap;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::check::Check;
use maille_common::codec::List;
use maille_common::content::{Entrusted, EntrustedRuns};
use maille_common::envelope::{Addressee, Content, OpenedAlert};
use maille_common::identifier::{AlertId, Incarnation};
use maille_common::limits;
use maille_common::record::read_record;
use maille_common::terms::{Outcome, Release};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::holes::{Row, put_hole};
use super::own::OwnEnvelope;
use super::records::{
    AcceptedRecord, GivenRecord, HeldRecord, HoleRecord, OutboxRecord, RelayRecord,
};
use super::silence::put_unread;
use super::tables;

/// So many of the newest numbers of a stream are looked at for one heartbeat; what is older was
/// named by those before it, and is missed after ten looks in any case.
const LOOKED_AT: usize = 256;

impl Desk {
    /// A push over the present connection to this relay was not read, and comes again over the
    /// next: what follows it has overtaken it.
    pub fn overtaken_over(&mut self, relay: &Name) {
        self.unordered.insert(relay.clone());
    }

    /// The numbers that a relay has accepted for the devices of a contact, and that those have not
    /// answered. Nothing where something has not left yet: the heartbeat names no numbers then.
    pub(super) fn entrusted_to(
        &self,
        relay: &Name,
        to: &ContactAddress,
        addressees: &[Addressee],
        now: Timestamp,
    ) -> Result<EntrustedRuns, StepError> {
        let known: Option<RelayRecord> = self.find(tables::RELAY, &tables::relay(relay))?;
        let mut runs = Vec::new();
        if let Some(known) = known {
            let keeper = (relay, known.incarnation);
            for one in addressees.iter().filter(|one| one.stream.is_some()) {
                self.runs_for(&mut runs, keeper, (to, &one.device), now)?;
            }
        }
        runs.truncate(limits::ENTRUSTED_MAX);
        Ok(List::new(runs).expect("no more are taken than fit"))
    }

    fn runs_for(
        &self,
        runs: &mut Vec<Entrusted>,
        keeper: (&Name, Incarnation),
        (to, device): (&ContactAddress, &DeviceId),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let first = tables::given(device, self.epoch, 0);
        let end = tables::after(&tables::stream_in(device, self.epoch));
        let newest_first = Scan::range(tables::GIVEN, &first, &end, LOOKED_AT).descending();
        let mut run: Option<Entrusted> = None;
        for (key, bytes) in self.store.scan(newest_first)? {
            let given: GivenRecord = read_record(&bytes)?;
            let number = tables::number_at_end(&key).unwrap_or_default();
            if !self.is_entrusted(keeper, (to, device), &given.alert, now)? {
                continue;
            }
            match &mut run {
                Some(run) if run.from == number + 1 => run.from = number,
                _ => runs.extend(run.replace(Entrusted {
                    device: *device,
                    epoch: self.epoch,
                    from: number,
                    to: number,
                })),
            }
        }
        runs.extend(run);
        Ok(())
    }

    /// Whether the relay in its present life has to hand an alert to a device, as far as is known
    /// here.
    fn is_entrusted(
        &self,
        (relay, incarnation): (&Name, Incarnation),
        (to, device): (&ContactAddress, &DeviceId),
        alert: &AlertId,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        let key = tables::accepted(alert, relay, to);
        let answer: Option<AcceptedRecord> = self.find_long(tables::ACCEPTED, &key)?;
        let has_it = answer.is_some_and(|answer| {
            let accepted = &answer.accepted.statement;
            accepted.outcome == Outcome::Accepted && accepted.incarnation == incarnation
        });
        if !has_it || self.answered_devices(alert)?.contains(device) {
            return Ok(false);
        }
        let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
        // Past its retention a relay says by a tombstone that it has dropped it.
        let grace = Span::from_ms(limits::RELAY_GRACE_MS);
        Ok(sent.is_some_and(|sent| self.counted(now) < sent.core.expiry(sent.committed) + grace))
    }

    /// Whether some device that an envelope addresses for a recipient has answered nothing.
    pub(super) fn is_undelivered(
        &self,
        alert: &AlertId,
        envelope: &OwnEnvelope,
        recipient: &ContactAddress,
    ) -> Result<bool, StepError> {
        let answered = self.answered_devices(alert)?;
        let mut addressed = envelope.devices_of(recipient);
        Ok(addressed.any(|device| !answered.contains(&device)))
    }

    /// A heartbeat came: what its relay was entrusted with and has not handed over is missing.
    pub(super) fn hear_of_entrusted(
        &self,
        relay: &Name,
        opened: &OpenedAlert,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let envelope = opened.envelope();
        let device = envelope.core().device;
        let to_me = envelope.delivery().entry.release == Release::Now;
        let Content::Heartbeat(heartbeat) = opened.content() else {
            return Ok(self.store.newest());
        };
        let runs = heartbeat.entrusted();
        if !Check::G9.stands()
            || runs.is_empty()
            || !to_me
            || self.unordered.contains(relay)
            || self.is_held_from(&device)?
        {
            return Ok(self.store.newest());
        }
        for run in runs {
            if run.device == self.identity.device && run.from <= run.to {
                self.miss_within(Row::alerts(device, run.epoch), (run.from, run.to), now)?;
            }
        }
        Ok(self.store.newest())
    }

    /// What of these numbers is not here is missing at once. Each hole in a batch of its own, for
    /// what is left of one may be cut again.
    fn miss_within(
        &self,
        row: Row,
        (from, to): (u64, u64),
        now: Timestamp,
    ) -> Result<(), StepError> {
        for hole in self.holes_within(row, from, to)? {
            if hole.is_told() {
                continue;
            }
            let missing = HoleRecord {
                from: hole.from.max(from),
                to: hole.to.min(to),
                looks: limits::HOLE_LOOKS,
                rests: None,
                ..hole
            };
            let (mut batch, mut unread) = (Batch::new(), BTreeMap::new());
            hole.cut(&mut batch, missing.from, missing.to);
            if !self.is_excused(&mut unread, &missing)? {
                self.incident(&mut batch, missing.missing(), Some(missing.alert), now)?;
                put_hole(&mut batch, &missing);
            }
            for (device, alerts) in unread {
                put_unread(&mut batch, &device, alerts);
            }
            self.settle(batch)?;
        }
        Ok(())
    }

    /// Whether something of a device is kept until its roster is known: it may be what is missing.
    fn is_held_from(&self, device: &DeviceId) -> Result<bool, StepError> {
        for key in self.pieced_keys(tables::HELD)? {
            let held: HeldRecord = self.need_long(tables::HELD, &key)?;
            if held.delivery.env.core.device == *device {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
