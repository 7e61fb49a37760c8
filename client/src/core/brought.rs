//! What is brought again in the place of a device that is gone: nobody knows whether a relay ever
//! had it from that device, and nobody else can bring it the stored bytes.

use std::collections::BTreeSet;

use maille_common::address::{DeviceId, Name};
use maille_common::envelope::{Addressee, Core, OWN_RECIPIENT};
use maille_common::evidence::ObligationState;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::roster::Designation;
use maille_common::terms::Release;
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::own::{Owed, OwnAlert, OwnEnvelope};
use super::records::{EvidenceRecord, LackingRecord};
use super::tables;

impl Desk {
    /// Notes every device of an obligation that nobody answered, which was given its wrap by a
    /// device that does not act any more, and that has said nothing at all. It is given the alert
    /// again, by addendum: late as well, for as long as a relay would keep it (I8).
    ///
    /// `relay`: one that lost its store, where what it was brought is looked at alone.
    pub(super) fn bring_again(
        &self,
        batch: &mut Batch,
        relay: Option<&Name>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        for own in self.own_alerts()? {
            let grace = Span::from_ms(limits::RELAY_GRACE_MS);
            let alone = |envelope: &OwnEnvelope| {
                let ends = envelope.core.expiry(envelope.committed) + grace;
                envelope.turn.alone && self.counted(now) < ends
            };
            if !own.envelopes().any(alone) {
                continue;
            }
            let states = self.states_of(&own.alert)?;
            let answered = self.answered_devices(&own.alert)?;
            let open = |owed: &Owed<'_>| {
                let state = states.get(owed.contact);
                state.is_some_and(|state| *state <= ObligationState::Expired)
            };
            for owed in own.owed().into_iter().filter(open) {
                let homes = self.roster.home_relay_names(&owed.contact.organisation());
                if relay.is_some_and(|relay| !homes.iter().take(2).any(|home| home == relay)) {
                    continue;
                }
                for device in self.roster.devices_of(owed.contact) {
                    let by = self.gave_wrap(&own, &device).filter(|by| alone(by));
                    let key = tables::lacking(&device, &own.alert);
                    let waits = self.store.get(tables::LACKING, &key)?.is_some();
                    let (Some(by), false) = (by, waits || answered.contains(&device)) else {
                        continue;
                    };
                    let due = by.turn.at(self.counted(now));
                    let record = LackingRecord {
                        recipient: owed.contact.clone(),
                        since: now,
                        due,
                        again: true,
                    };
                    batch.put(tables::LACKING, &key, &write_record(&record));
                    batch.put(tables::DUE, &tables::due(due, &own.alert), &[]);
                }
            }
        }
        Ok(())
    }

    /// The envelope that gave a device its wrap, or must be presumed to have.
    fn gave_wrap<'a>(&self, own: &'a OwnAlert, device: &DeviceId) -> Option<&'a OwnEnvelope> {
        let presumed = || self.is_presumed(own, device).then_some(&own.original);
        own.newest_to(device).or_else(presumed)
    }

    /// A copy that came by an addendum does not say whom the alert addressed: whoever was there
    /// when it was made is presumed to have been.
    pub(super) fn is_presumed(&self, own: &OwnAlert, device: &DeviceId) -> bool {
        let created = own.original.core.created;
        let there = self.roster.designated_device(device, created);
        !own.original.is_whole && there != Designation::NotYet
    }

    /// Whether nothing at all is known of what became of something, and the device that sent it is
    /// gone: no relay can be counted on to have it.
    pub(super) fn is_unheard(&self, owed: Owed<'_>) -> Result<bool, StepError> {
        if !owed.by.turn.alone {
            return Ok(false);
        }
        let kept = self.evidence_records(&owed.by.alert())?;
        Ok(!kept.iter().any(|record| match record {
            EvidenceRecord::Receipt { receipt, .. } => receipt.statement.recipient == *owed.contact,
            EvidenceRecord::Notice { notice, .. } => notice.statement.recipient == *owed.contact,
            _ => false,
        }))
    }

    /// Copies of an addendum for this contact's other devices, which know by them whom it gave a
    /// wrap: none of them does so again.
    pub(super) fn add_copies(
        &self,
        addressees: &mut Vec<Addressee>,
        core: &Core,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let me = &self.identity.contact;
        if core.recipients.has(me) {
            return Ok(());
        }
        let has: BTreeSet<DeviceId> = addressees.iter().map(|one| one.device).collect();
        for device in self.roster.devices_of(me) {
            if device == self.identity.device || has.contains(&device) {
                continue;
            }
            let copy = self.addressee(&device, Release::Own, OWN_RECIPIENT, now)?;
            addressees.extend(copy.map(|(addressee, _)| addressee));
        }
        Ok(())
    }
}
