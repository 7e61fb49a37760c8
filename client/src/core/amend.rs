//! Updates and cancels: to everybody who holds the alert, and shown beside it.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::envelope::Core;
use maille_common::identifier::AlertId;
use maille_common::terms::Kind;
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::order::SendError;
use super::tables;

/// What the sender of an alert has said about it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// The update or cancel.
    pub id: AlertId,
    /// Which of both.
    pub kind: Kind,
    /// The device that signed it.
    pub device: DeviceId,
    /// By that device's clock.
    pub time: Timestamp,
}

/// To whom an update or cancel goes.
#[derive(Debug)]
pub(super) struct Holders {
    /// Everybody who was sent the alert and can still be written to.
    pub(super) reached: Vec<ContactAddress>,
    /// Who was sent it, and is not designated any more, or allowed by no rule.
    pub(super) left_out: Vec<ContactAddress>,
}

impl Amendment {
    /// Whether it takes the alert back.
    pub fn is_cancel(&self) -> bool {
        self.kind == Kind::Cancel
    }
}

impl Desk {
    /// What the sender of an alert has said about it since, oldest first by the signers' clocks.
    pub fn amendments(&self, alert: &AlertId) -> Result<Vec<Amendment>, StepError> {
        let Some(sender) = self.sender_of(alert)? else {
            return Ok(Vec::new());
        };
        let real = self.status_of(alert)?.is_actual();
        let mut amendments = Vec::new();
        for key in self.keys_of(tables::ABOUT, alert.as_bytes())? {
            let Some(id) = tables::alert_at_end(&key) else {
                continue;
            };
            // PROTOCOL E17: it may have come before the alert, from anybody.
            let core = self.known_core(&id)?;
            let counts = |core: &Core| {
                Check::E17.holds(core.sender == sender && core.status.is_actual() == real)
            };
            let core = core.filter(counts);
            amendments.extend(core.map(|core| Amendment {
                id,
                kind: core.kind,
                device: core.device,
                time: core.created,
            }));
        }
        amendments.sort_by_key(|amendment| (amendment.time, amendment.id));
        Ok(amendments)
    }

    /// Everybody to whom an update or cancel of an alert goes (PROTOCOL E18): its recipients, and
    /// those whom an addendum added. Deputies who were asked in their place get it by addendum.
    pub fn holders(&self, alert: &AlertId) -> Result<Vec<ContactAddress>, StepError> {
        let own = self.own_alert(alert)?;
        let owed = own.iter().flat_map(|own| own.owed());
        let owed = owed.filter(|owed| Check::E18.stands() || owed.by.id == *alert);
        let mut holders: Vec<_> = owed.map(|owed| owed.contact.clone()).collect();
        holders.sort();
        Ok(holders)
    }

    /// The holders of what this contact sent, told apart by whether they can be written to.
    pub(super) fn reachable_holders(
        &self,
        alert: &AlertId,
        now: Timestamp,
    ) -> Result<Holders, SendError> {
        let me = &self.identity.contact;
        let holders = self.holders(alert)?.into_iter();
        let (reached, left_out) = holders.partition(|holder| {
            self.roster.designated(holder, now).is_valid() && self.roster.allows(me, holder)
        });
        Ok(Holders { reached, left_out })
    }

    /// Keeps beside an alert what was said about it, whichever of both comes first.
    pub(super) fn note_amendment(&self, batch: &mut Batch, id: &AlertId, core: &Core) {
        if let (Kind::Update | Kind::Cancel, Some(alert)) = (core.kind, core.refers_to()) {
            batch.put(tables::ABOUT, &tables::about(&alert, id), &[]);
        }
    }
}
