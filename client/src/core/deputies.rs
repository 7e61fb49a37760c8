//! The deputies of a recipient: each gets a wrap with the alert, which the relay holds back until
//! nobody else has acknowledged in time.

use maille_common::address::ContactAddress;
use maille_common::envelope::{Addressee, Core};
use maille_common::terms::Release;
use maille_common::time::Timestamp;

use super::desk::{Desk, StepError};

impl Desk {
    /// The devices of a recipient's deputies, step by step in the order of its roster.
    ///
    /// This contact is nobody's deputy for what it sends itself. A device without keys has no wrap;
    /// a step without any wrap is passed over when its turn comes, and the relay says so.
    pub(super) fn deputies(
        &self,
        core: &Core,
        recipient: u16,
        now: Timestamp,
    ) -> Result<Vec<Addressee>, StepError> {
        let Some(principal) = core.recipient(recipient) else {
            return Ok(Vec::new());
        };
        let mut addressees = Vec::new();
        for (step, deputy) in (1u8..).zip(self.roster.deputies(principal)) {
            if deputy.contact == core.sender {
                continue;
            }
            for device in self.roster.devices_of(&deputy.contact) {
                let held = self.addressee(&device, Release::After, recipient, now)?;
                addressees.extend(held.map(|(addressee, _)| Addressee { step, ..addressee }));
            }
        }
        Ok(addressees)
    }

    /// The contacts that somebody whom this contact may write to has as deputies: their keys are
    /// wanted before anything is sent.
    pub(super) fn deputies_of_partners(&self) -> impl Iterator<Item = &ContactAddress> {
        let me = &self.identity.contact;
        self.roster
            .contacts()
            .filter(|entry| self.roster.allows(me, &entry.contact.address))
            .flat_map(|entry| entry.contact.deputies.iter())
            .map(|deputy| &deputy.contact)
    }
}
