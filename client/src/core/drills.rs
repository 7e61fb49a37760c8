//! Drills that this device sent: whom each reached, and when each contact was reached last.

use std::collections::BTreeMap;

use maille_common::address::ContactAddress;
use maille_common::drill::{DrillMarks, Reachability};
use maille_common::envelope::Core;
use maille_common::export::Export;
use maille_common::identifier::AlertId;
use maille_common::roster::RosterDocuments;
use maille_common::terms::{Kind, Stage, Status};
use maille_common::time::Timestamp;

use super::desk::{Desk, StepError};
use super::export::{ExportError, Revealed};
use super::records::{EvidenceRecord, OutboxRecord};
use super::tables;

/// What the drills of this device know of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastDrill {
    /// The newest that went to it.
    pub alert: AlertId,
    /// When that was written, by this desk's clock.
    pub sent: Timestamp,
    /// How far it came there, by the contact's own devices; none while none has answered.
    pub stage: Option<Stage>,
    /// When a drill reached a device of the contact last, by that device's clock.
    pub reached: Option<Timestamp>,
}

impl Desk {
    /// Whom a drill reached, and the file that proves it. What the drill says is revealed in it,
    /// which names whom it was meant for; the words of other exercises are not.
    pub fn reachability(
        &self,
        alert: &AlertId,
        documents: RosterDocuments,
        now: Timestamp,
    ) -> Result<(Reachability, Export), ExportError> {
        let is_marked = match self.is_purged(alert)? {
            true => false,
            false => self
                .sent_content(alert)?
                .is_some_and(|words| DrillMarks::of(&words).is_some()),
        };
        let revealed = match is_marked {
            true => Revealed::Words,
            false => Revealed::Nothing,
        };
        let (export, proven) =
            self.proven_export(alert, revealed, (self.roster(), documents), now)?;
        let is_ours = proven.exported_by == proven.envelope.core().sender;
        match proven.reachability {
            Some(reachability) if is_ours => Ok((reachability, export)),
            _ => Err(ExportError::NotADrill(*alert)),
        }
    }

    /// What the drills of this device know of each contact that one was sent to.
    ///
    /// Hashes and receipts outlive the content, so it also knows of drills of years ago.
    pub fn last_drills(&self) -> Result<BTreeMap<ContactAddress, LastDrill>, StepError> {
        let mut last: BTreeMap<ContactAddress, LastDrill> = BTreeMap::new();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            let core: &Core = &record.core;
            let is_drill = core.status != Status::Actual && core.kind == Kind::Alert;
            if !is_drill {
                continue;
            }
            let evidence = self.evidence_records(&alert)?;
            for contact in core.recipients.iter() {
                let (stage, reached) = reached_itself(&evidence, contact);
                let sent = core.created;
                let known = last.entry(contact.clone()).or_insert(LastDrill {
                    alert,
                    sent,
                    stage,
                    reached,
                });
                known.reached = known.reached.max(reached);
                if (known.sent, known.alert) < (sent, alert) {
                    (known.alert, known.sent, known.stage) = (alert, sent, stage);
                }
            }
        }
        Ok(last)
    }
}

/// How far an alert came with a contact's own devices, and when the first of them had it.
fn reached_itself(
    evidence: &[EvidenceRecord],
    contact: &ContactAddress,
) -> (Option<Stage>, Option<Timestamp>) {
    let receipts = evidence.iter().filter_map(|piece| match piece {
        EvidenceRecord::Receipt { receipt, .. } => Some(&receipt.statement),
        _ => None,
    });
    let own = receipts.filter(|receipt| {
        receipt.recipient == *contact
            && receipt.contact == *contact
            && receipt.stage != Stage::Returned
    });
    let (mut stage, mut reached) = (None, None);
    for receipt in own {
        stage = stage.max(Some(receipt.stage));
        let earlier = reached.is_none_or(|time| receipt.time < time);
        reached = if earlier { Some(receipt.time) } else { reached };
    }
    (stage, reached)
}
