//! Who has an alert in hand: at this desk, at another of its contact, or in its place.
//!
//! Any device of a contact acknowledges for all of them, so whether something is still to be done
//! here is asked of the same obligation as at the sender's, over all evidence (I6).

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::envelope::Core;
use maille_common::evidence::{Evidence, Obligation, ObligationState, Receipt, Standing};
use maille_common::identifier::AlertId;
use maille_common::terms::Stage;

use super::desk::{Desk, StepError};
use super::duty::Taken;
use super::obligations::weight_of;
use super::records::{EvidenceRecord, ReceiptRecord};
use super::tables;

/// What has been done about an alert that came here, by anybody.
#[derive(Debug, Default)]
pub(super) struct Others {
    evidence: Vec<Evidence>,
    /// This device had it before it lost its store.
    pub(super) had_before: bool,
}

impl Others {
    /// Whether a contact took it on, for itself or in another's place.
    pub(super) fn has_acknowledged(&self, contact: &ContactAddress) -> bool {
        let mut taken = self.acknowledgements();
        taken.any(|receipt| receipt.contact == *contact)
    }

    /// Whether a contact took on one obligation.
    pub(super) fn has_acknowledged_for(
        &self,
        contact: &ContactAddress,
        recipient: &ContactAddress,
    ) -> bool {
        let mut taken = self.acknowledgements();
        taken.any(|receipt| receipt.contact == *contact && receipt.recipient == *recipient)
    }

    fn acknowledgements(&self) -> impl Iterator<Item = &Receipt> {
        let receipts = self.evidence.iter().filter_map(|piece| match piece {
            Evidence::Receipt(receipt) => Some(receipt.statement()),
            _ => None,
        });
        receipts.filter(|receipt| receipt.stage == Stage::Acknowledged)
    }
}

impl Desk {
    /// What is known here of what was done about an alert that came.
    pub(super) fn others(&self, alert: &AlertId) -> Result<Others, StepError> {
        let evidence = self.evidence_of(alert)?;
        let mine = |receipt: &Receipt| receipt.device == self.identity.device;
        let had_before = evidence.iter().any(|piece| match piece {
            Evidence::Receipt(receipt) => {
                let receipt = receipt.statement();
                mine(receipt) && receipt.epoch != self.epoch
            }
            _ => false,
        });
        Ok(Others {
            evidence,
            had_before,
        })
    }

    /// Where an obligation that is answered here stands, by everything known here.
    pub(super) fn standing_here(
        &self,
        alert: &AlertId,
        core: &Core,
        recipient: &ContactAddress,
        others: &Others,
    ) -> Standing {
        let obligation = Obligation {
            alert: *alert,
            recipient: recipient.clone(),
            // Whoever could not open it is not known here.
            addressed: BTreeSet::new(),
            ack_rule: core.ack_rule,
            system_acknowledges: self.roster.system_acknowledges(recipient),
        };
        obligation.standing(&others.evidence)
    }

    /// Whether nothing is left to do here. Whoever was asked in another's place is free when an
    /// answer stops the asking (PROTOCOL O12 to O14).
    pub(super) fn is_over(&self, recipient: &ContactAddress, standing: &Standing) -> bool {
        if *recipient == self.identity.contact {
            standing.state.is_closed()
        } else {
            standing.escalation_stopped
        }
    }

    /// Whether somebody has answered it, so that nobody here has to: a cancel is no answer.
    pub(super) fn is_answered(&self, recipient: &ContactAddress, standing: &Standing) -> bool {
        standing.state >= ObligationState::Refused && self.is_over(recipient, standing)
    }

    /// What this device signed about an alert that it received, beyond that it came.
    pub(super) fn own_acts(&self, alert: &AlertId) -> Result<Vec<ReceiptRecord>, StepError> {
        let mut acts = Vec::new();
        for table in [tables::ACT, tables::ACT_FOR] {
            for receipt in self.acts_in(table, alert)? {
                let record = self.find_long(tables::RECEIPT, receipt.as_bytes())?;
                acts.extend(record);
            }
        }
        Ok(acts)
    }

    /// What the roster calls a device.
    pub(super) fn label_of(&self, contact: &ContactAddress, device: &DeviceId) -> String {
        let entry = self.roster.contact(contact);
        let devices = entry.iter().flat_map(|entry| entry.contact.devices.iter());
        let mut labels = devices.filter(|known| known.id == *device);
        let label = labels.next().map(|known| known.label.as_str());
        label.unwrap_or_default().to_owned()
    }

    /// Who has it in hand for an obligation that is answered here, and what they wrote.
    pub(super) fn taken_here(
        &self,
        alert: &AlertId,
        recipient: &ContactAddress,
    ) -> Result<Option<Taken>, StepError> {
        let kept = self.evidence_records(alert)?;
        let mine = |piece: &EvidenceRecord| match piece {
            EvidenceRecord::Receipt { receipt, .. } => {
                let receipt = &receipt.statement;
                receipt.device == self.identity.device && receipt.epoch == self.epoch
            }
            _ => false,
        };
        let others: Vec<_> = kept.into_iter().filter(|piece| !mine(piece)).collect();
        let there = self.taken_there(&others, recipient);
        let here = match self.duty(alert, Stage::Acknowledged)? {
            Some(taken) => Some(taken),
            None => self.duty(alert, Stage::Read)?,
        };
        let further = |taken: &Taken| (weight_of(taken.stage), taken.time);
        Ok(here.into_iter().chain(there).max_by_key(further))
    }
}
