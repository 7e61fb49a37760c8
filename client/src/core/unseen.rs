//! Tombstones: what a relay kept for this device until its retention was over, uncollected.
//!
//! The relay's word changes no state (PROTOCOL section 7). It tells whom to ask to send the alert
//! again, and by an alert that is here it is contradicted.

use maille_common::address::{ContactAddress, Name};
use maille_common::evidence::Notice;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{NoticeKind, Stage, Status};
use maille_common::time::Timestamp;
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::records::{EvidenceRecord, UnseenRecord};
use super::tables;

/// An alert that expired at a relay before this desk collected it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The alert.
    pub alert: AlertId,
    /// Real, a drill, or a test.
    pub status: Status,
    /// Who sent it.
    pub from: ContactAddress,
    /// Whose obligation it was: this contact's, or of one in whose place it was asked.
    pub recipient: ContactAddress,
    /// When the relay accepted it, by the relay's clock.
    pub accepted: Timestamp,
    /// When the relay dropped it.
    pub dropped: Timestamp,
    /// When this desk heard of it.
    pub received: Timestamp,
    /// The relay.
    pub relay: Name,
    /// The sender's telephones.
    pub telephones: Vec<String>,
    /// The languages spoken there, the preferred one first.
    pub languages: Vec<String>,
}

impl Desk {
    /// What expired before this desk collected it, oldest first, and that nobody of its contact is
    /// known to have answered.
    pub fn unseen(&self) -> Result<Vec<Unseen>, StepError> {
        let mut unseen = Vec::new();
        for (key, bytes) in self.store.scan(Scan::table(tables::UNSEEN, usize::MAX))? {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let UnseenRecord {
                status,
                from,
                recipient,
                accepted,
                dropped,
                received,
                relay,
            } = read_record(&bytes)?;
            if !self.is_missed(&alert, &recipient)? {
                continue;
            }
            let (telephones, languages) = self.reached_by(&from);
            unseen.push(Unseen {
                alert,
                status,
                from,
                recipient,
                accepted,
                dropped,
                received,
                relay,
                telephones,
                languages,
            });
        }
        unseen.sort_by_key(|unseen| (unseen.received, unseen.accepted, unseen.alert));
        Ok(unseen)
    }

    /// Whether a notice says that this device's copy of an alert went.
    pub(super) fn buries_mine(&self, notice: &Notice) -> bool {
        notice.kind == NoticeKind::Tombstone && notice.device == self.identity.device
    }

    /// Whether this device may answer for whom a tombstone names: about nobody else is it told.
    pub(super) fn may_answer_for(&self, recipient: &ContactAddress) -> bool {
        let me = &self.identity.contact;
        recipient == me || self.roster.is_deputy(me, recipient)
    }

    /// Whether this contact answers, or answered once, in another's place.
    pub(super) fn was_deputy_of(&self, recipient: &ContactAddress) -> bool {
        self.roster.was_deputy(&self.identity.contact, recipient)
    }

    /// Whether there is room to remember another one.
    pub(super) fn has_room_for_unseen(&self) -> Result<bool, StepError> {
        let rows = self
            .store
            .scan(Scan::table(tables::UNSEEN, limits::UNSEEN_MAX))?;
        Ok(rows.len() < limits::UNSEEN_MAX)
    }

    /// Takes a tombstone of this device's: told once, however many relays say it, and not where the
    /// alert came another way, or a colleague has answered it.
    pub(super) fn note_unseen(
        &self,
        batch: &mut Batch,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let alert = notice.alert;
        let key = alert.as_bytes();
        if self.store.get(tables::UNSEEN, key)?.is_some() {
            return Ok(());
        }
        let record = UnseenRecord {
            status: notice.status,
            from: notice.sender.clone(),
            recipient: notice.recipient.clone(),
            accepted: notice.accepted,
            dropped: notice.time,
            received: now,
            relay: notice.relay.clone(),
        };
        batch.put(tables::UNSEEN, key, &write_record(&record));
        if !self.is_missed(&alert, &notice.recipient)? {
            return Ok(());
        }
        let kind = EventKind::ExpiredUnseen {
            alert,
            from: notice.sender.clone(),
            recipient: notice.recipient.clone(),
            accepted: notice.accepted,
        };
        self.event(batch, kind, notice.status, now)
    }

    /// Whether a tombstone of an alert was told already: each device's is another one, and each
    /// relay's.
    pub(super) fn is_buried(
        &self,
        alert: &AlertId,
        recipient: &ContactAddress,
    ) -> Result<bool, StepError> {
        let kept = self.evidence_records(alert)?;
        let mut notices = kept.iter().filter_map(|piece| match piece {
            EvidenceRecord::Notice { notice, .. } => Some(&notice.statement),
            _ => None,
        });
        Ok(notices
            .any(|notice| notice.kind == NoticeKind::Tombstone && notice.recipient == *recipient))
    }

    /// Whether an alert never came here, and nobody has answered it for the recipient.
    fn is_missed(&self, alert: &AlertId, recipient: &ContactAddress) -> Result<bool, StepError> {
        if self.plain_part(alert)?.is_some() {
            return Ok(false);
        }
        // Of an alert that is lost receipts are kept as of one that is here.
        let kept = self.evidence_records(alert)?.into_iter();
        let kept = kept.filter_map(|piece| match piece {
            EvidenceRecord::Receipt { receipt, .. } => Some(receipt.statement.value().clone()),
            _ => None,
        });
        let mut known = self.early_receipts(alert)?.into_iter().chain(kept);
        let answered = known.any(|receipt| {
            let ends = matches!(receipt.stage, Stage::Acknowledged | Stage::Refused);
            ends && receipt.recipient == *recipient
        });
        Ok(!answered)
    }
}
