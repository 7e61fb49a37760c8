//! Who does not take an alert, and why: a relay, a device that cannot open it, or an officer (I7).
//!
//! Each is a signed answer. Here they are gathered for whoever has to do something about them; what
//! somebody else has taken meanwhile needs nothing done.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::evidence::{ObligationState, Standing};
use maille_common::identifier::AlertId;
use maille_common::terms::{AcceptReason, Outcome, Reason, Stage};

use super::desk::{Desk, StepError};
use super::records::EvidenceRecord;

/// Somebody does not take an alert for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A relay, and no other relay has it for this recipient. It is tried there again.
    Relay {
        /// The relay.
        relay: Name,
        /// What it signed.
        reason: AcceptReason,
    },
    /// A device of the recipient, or of a deputy, cannot open it, and has not got it since.
    Device {
        /// The device.
        device: DeviceId,
        /// What it signed.
        reason: Reason,
    },
    /// An officer refused it, and nobody took it on since.
    Officer {
        /// The contact for which the officer acted.
        contact: ContactAddress,
        /// What was signed.
        reason: Reason,
    },
}

impl Refusal {
    /// The name of the reason, as the protocol has it.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Relay { reason, .. } => reason.name(),
            Self::Device { reason, .. } | Self::Officer { reason, .. } => reason.name(),
        }
    }
}

impl Desk {
    /// The refusals that stand of one recipient of an alert of this desk.
    pub(super) fn refusals_of(
        &self,
        (alert, recipient): (&AlertId, &ContactAddress),
        standing: &Standing,
        kept: &[EvidenceRecord],
    ) -> Result<Vec<Refusal>, StepError> {
        let mut refusals = self.refusing_relays(alert, recipient)?;
        let receipts = kept.iter().filter_map(|piece| match piece {
            EvidenceRecord::Receipt { receipt, .. } => Some(receipt.statement.value()),
            _ => None,
        });
        let of_recipient = receipts.filter(|receipt| receipt.recipient == *recipient);
        let (refused, others): (Vec<_>, Vec<_>) =
            of_recipient.partition(|receipt| receipt.stage == Stage::Refused);
        let opened = others
            .iter()
            .filter(|receipt| receipt.stage != Stage::Returned);
        let opened: BTreeSet<DeviceId> = opened.map(|receipt| receipt.device).collect();
        for (device, reason) in &standing.returned {
            if !opened.contains(device) {
                let (device, reason) = (*device, *reason);
                refusals.push(Refusal::Device { device, reason });
            }
        }
        if standing.state == ObligationState::Refused {
            refusals.extend(refused.into_iter().map(|receipt| Refusal::Officer {
                contact: receipt.contact.clone(),
                reason: receipt.reason,
            }));
        }
        Ok(refusals)
    }

    /// The relays that refuse an alert for a recipient for whom none has accepted it, by itself or
    /// by an addendum.
    fn refusing_relays(
        &self,
        alert: &AlertId,
        recipient: &ContactAddress,
    ) -> Result<Vec<Refusal>, StepError> {
        let mut answers = self.accepted_by(alert, recipient)?;
        for addendum in self.addenda_of(alert)? {
            answers.extend(self.accepted_by(&addendum, recipient)?);
        }
        let mut answers = answers.iter().map(|answer| &answer.statement);
        if answers.any(|answer| answer.outcome == Outcome::Accepted) {
            return Ok(Vec::new());
        }
        let answers = self.accepted_by(alert, recipient)?.into_iter();
        let refusal = |answer: maille_common::evidence::SignedAccepted| Refusal::Relay {
            relay: answer.statement.relay.clone(),
            reason: answer.statement.reason,
        };
        Ok(answers.map(refusal).collect())
    }
}
