//! Devices that joined a deputy's contact after it was asked: they get what it holds in another's
//! place, for as long as that is open.
//!
//! The wraps that a relay held back were sealed before such a device was there, so that nobody but
//! the sender can give it one.

use std::collections::BTreeSet;

use maille_common::address::DeviceId;
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::asked::AskedDeputy;
use super::desk::{Desk, StepError};
use super::own::OwnAlert;
use super::tables;

impl Desk {
    /// Puts down for an addendum whoever joined the deputies that were asked in anybody's place for
    /// whom this is open.
    pub(super) fn ask_joined(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        now: Timestamp,
    ) -> Result<(), StepError> {
        if own.envelopes().all(|envelope| envelope.closed.is_some()) {
            return Ok(());
        }
        for asked in self.deputies_asked(own)? {
            let owed = own.owed_by(&asked.principal);
            if owed.is_some_and(|owed| owed.by.closed.is_none()) {
                self.ask_joined_of(batch, own, &asked, now)?;
            }
        }
        Ok(())
    }

    /// The same of one deputy. Whoever does not know whom the wraps were for cannot tell who has
    /// none.
    pub(super) fn ask_joined_of(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        asked: &AskedDeputy,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let principal = &asked.principal;
        let Some(owed) = own.owed_by(principal).filter(|owed| owed.by.is_whole) else {
            return Ok(());
        };
        let standing = self.obligation(&own.alert, owed);
        let evidence = self.evidence_of(&own.alert)?;
        // PROTOCOL C7.
        if standing.standing(&evidence).escalation_stopped {
            return Ok(());
        }
        let sealed = own.envelopes().flat_map(|envelope| {
            let held = envelope.deputies_of(principal);
            held.chain(envelope.asked_for(principal))
        });
        let sealed: BTreeSet<DeviceId> = sealed.map(|(device, _)| device).collect();
        for device in self.roster.devices_of(&asked.deputy) {
            let waiting = tables::asked_deputy(&device, &own.alert, principal);
            let waits = self.store.get(tables::ASKED_DEPUTY, &waiting)?.is_some();
            if !sealed.contains(&device) && !waits {
                let place = (&device, principal);
                let due = owed.by.turn.at(self.counted(now));
                self.ask_device(batch, &own.alert, place, asked.step, due);
            }
        }
        Ok(())
    }
}
