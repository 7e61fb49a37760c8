//! What this device holds to have received from another one.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::content::GivenStatement;
use maille_common::envelope::{Core, Entry, OpenedAlert, SignedEnvelope};
use maille_common::evidence::{SealedNote, SignedReceipt};
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{Kind, Release, Stage};
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::between::{Between, Known, Peer, Recipient, Window};
use crate::core::desk::{Desk, StepError};
use crate::core::records::{DeliveryRecord, EnvelopeRecord, InboxRecord, ReceiptRecord};
use crate::core::tables;

type OwnReceipts = BTreeMap<AlertId, Vec<(SignedReceipt, Option<SealedNote>)>>;

impl Desk {
    /// Adds what came from the contact; `held` gets every alert of the inbox. What another device
    /// of it made and gave is held as well, and listed to that one.
    pub(super) fn add_received(
        &self,
        between: &mut Between,
        held: &mut BTreeSet<AlertId>,
        (peer, window): (Peer<'_>, &Window),
    ) -> Result<(), StepError> {
        let mut receipts = self.own_receipts_to(peer.contact)?;
        let me = &self.identity.contact;
        for (alert, record) in self.inbox_records()? {
            held.insert(alert);
            let core: &Core = &record.core;
            if core.sender != *peer.contact || record.recipient.is_none() {
                continue;
            }
            let own = receipts.remove(&alert).unwrap_or_default();
            if !window.has(core) {
                continue;
            }
            let capacities = self.capacities(&alert, &record)?;
            let mut known = Known::of(&alert, core, false);
            known.in_place = capacities.iter().all(|one| one.recipient != *me);
            known.listed =
                core.device == *peer.device || self.is_given_by(&alert, &record, peer.device)?;
            let recipient = self.as_recipient(core);
            self.add_told(&mut known, &recipient, true)?;
            for (receipt, note) in own {
                if !self.is_told(&recipient, &receipt) {
                    continue;
                }
                known.add(GivenStatement::Receipt { receipt, note });
            }
            // Its sender compares it once this device has answered it.
            let said = known.stages_of(&self.identity.device);
            known.listed &= !known.in_place || said.iter().any(|stage| *stage != Stage::Returned);
            between.known.insert(alert, known);
        }
        for (alert, own) in receipts {
            if between.known.contains_key(&alert) {
                continue;
            }
            let given = |(receipt, note)| GivenStatement::Receipt { receipt, note };
            let given = own.into_iter().map(given).collect();
            between.returned.insert(alert, given);
        }
        Ok(())
    }

    /// Adds what is known by its signed part alone, in either direction.
    pub(super) fn add_lost(
        &self,
        between: &mut Between,
        parts: &[(AlertId, SignedEnvelope)],
        (peer, window): (Peer<'_>, &Window),
        now: Timestamp,
    ) -> Result<(), StepError> {
        for (alert, part) in parts {
            let core = part.core();
            if core.kind == Kind::Addendum || !window.has(core) {
                continue;
            }
            let known = if core.sender == self.identity.contact {
                match self.own_alert(alert)? {
                    Some(own) => self.sent_to(&own, peer, now)?,
                    None => None,
                }
            } else if core.sender == *peer.contact {
                self.lost_of(alert, part, peer)?
            } else {
                None
            };
            if let Some(known) = known {
                let known = Known {
                    lost: true,
                    listed: true,
                    ..known
                };
                between.known.insert(*alert, known);
            }
        }
        Ok(())
    }

    /// An alert that never came, or is gone, and was addressed to this device by the other one.
    fn lost_of(
        &self,
        alert: &AlertId,
        envelope: &SignedEnvelope,
        peer: Peer<'_>,
    ) -> Result<Option<Known>, StepError> {
        let mut parts = vec![envelope.clone()];
        for addendum in self.addenda_of(alert)? {
            let kept: Option<EnvelopeRecord> =
                self.find_long(tables::ENVELOPE, addendum.as_bytes())?;
            parts.extend(kept.map(|kept| kept.envelope));
        }
        let made_by_peer = envelope.core().device == *peer.device;
        let by_peer = parts
            .iter()
            .filter(|part| made_by_peer || part.core().device == *peer.device);
        let me = &self.identity.device;
        let mut entries = by_peer.flat_map(|part| part.entries.iter());
        let mine = |entry: &Entry| entry.device == *me && entry.is_for_recipient();
        if !entries.any(mine) {
            return Ok(None);
        }
        let mut known = Known::of(alert, envelope.core(), false);
        let recipient = self.as_recipient(envelope.core());
        self.add_told(&mut known, &recipient, true)?;
        Ok(Some(known))
    }

    /// This device, as it receives an alert.
    fn as_recipient(&self, core: &Core) -> Recipient<'_> {
        Recipient {
            contact: &self.identity.contact,
            device: &self.identity.device,
            ack_rule: core.ack_rule,
            made: core.created,
        }
    }

    /// Another device of its contact than made it gave this one an alert by an addendum, whether
    /// that came first or later.
    pub(in crate::core) fn note_given(&self, batch: &mut Batch, opened: &OpenedAlert) {
        let (alert, envelope) = (opened.id(), opened.envelope());
        if envelope.core().kind != Kind::Addendum || *opened.sender() == self.identity.contact {
            return;
        }
        let record = EnvelopeRecord {
            envelope: SignedEnvelope::of_delivery(envelope.delivery()),
        };
        let id = envelope.id();
        batch.put_pieces(tables::ENVELOPE, id.as_bytes(), &write_record(&record));
        batch.put(tables::EXTENDS, &tables::extends(&alert, &id), &[]);
    }

    /// Whether a device gave this one an alert: what came first is its delivery, and what came
    /// later its signed part.
    fn is_given_by(
        &self,
        alert: &AlertId,
        record: &InboxRecord,
        device: &DeviceId,
    ) -> Result<bool, StepError> {
        let kept: Option<DeliveryRecord> = self.find_long(tables::DELIVERY, alert.as_bytes())?;
        let first = kept.map(|kept| SignedEnvelope::of_delivery(&kept.delivery));
        if first.is_some_and(|first| self.gives_at_once(&first, device)) {
            return Ok(true);
        }
        let mut given = self.addenda_of(alert)?;
        given.push(record.envelope);
        for envelope in given {
            let kept: Option<EnvelopeRecord> =
                self.find_long(tables::ENVELOPE, envelope.as_bytes())?;
            if kept.is_some_and(|kept| self.gives_at_once(&kept.envelope, device)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is held back for a deputy its sender may never hear of, and does not list.
    fn gives_at_once(&self, envelope: &SignedEnvelope, by: &DeviceId) -> bool {
        let me = &self.identity.device;
        let mut entries = envelope.entries.iter();
        envelope.core().device == *by
            && entries.any(|entry| entry.device == *me && entry.release == Release::Now)
    }

    /// What this device signed for another contact, by alert.
    fn own_receipts_to(&self, contact: &ContactAddress) -> Result<OwnReceipts, StepError> {
        let mut receipts = OwnReceipts::new();
        for key in self.pieced_keys(tables::RECEIPT)? {
            let ReceiptRecord { posted } = self.need_long(tables::RECEIPT, &key)?;
            if posted.to == *contact {
                let alert = posted.receipt.statement.alert;
                let of_alert = receipts.entry(alert).or_default();
                of_alert.push((posted.receipt, posted.note));
            }
        }
        Ok(receipts)
    }
}
