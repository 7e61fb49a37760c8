//! What this device holds of the alerts between it and one other device.
//!
//! Devices hold stores, contacts do not: each device compares itself with each device of the other
//! contact. An alert is between two devices if one sent it and it addresses the other (PROTOCOL
//! V2), and a statement is if both sides are told of it by relays or make it themselves (V3).

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::SortedList;
use maille_common::content::{GivenStatement, Holding, Place};
use maille_common::envelope::Core;
use maille_common::evidence::{Receipt, SealedNote, SignedReceipt};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::terms::{AckRule, Outcome, Release, Stage};
use maille_common::time::{Span, Timestamp};

use crate::core::desk::{Desk, StepError};
use crate::core::records::{DeliveryRecord, EvidenceRecord, OutboxRecord, ReceiptRecord};
use crate::core::tables;

/// Everything held of the alerts between two devices.
#[derive(Debug, Default)]
pub(super) struct Between {
    pub(super) known: BTreeMap<AlertId, Known>,
    /// Answered Returned, so that nothing else is kept of it.
    pub(super) returned: BTreeMap<AlertId, Vec<GivenStatement>>,
}

/// What is held of one alert.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) place: Place,
    pub(super) sent: bool,
    pub(super) in_place: bool,
    /// It had time to arrive, and was not answered Returned: the other side should hold it.
    pub(super) listed: bool,
    pub(super) statements: BTreeMap<Hash, GivenStatement>,
}

/// The other device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer<'a> {
    pub(super) device: &'a DeviceId,
    pub(super) contact: &'a ContactAddress,
}

/// The device that received an alert, for which statements are chosen.
struct Recipient<'a> {
    contact: &'a ContactAddress,
    device: &'a DeviceId,
    ack_rule: AckRule,
}

impl Between {
    /// What is listed of the window that begins with `from`, in its order.
    pub(super) fn holdings(&self, from: u32) -> Vec<Holding> {
        let window = from..from.saturating_add(limits::RECONCILED_DAYS);
        let listed = self.known.values();
        let listed = listed.filter(|one| one.listed && window.contains(&one.place.day));
        let mut held: Vec<Holding> = listed.map(Known::holding).collect();
        held.sort_by_key(|holding| holding.place);
        held
    }

    /// Whether something that differed is held now.
    pub(super) fn holds(&self, alert: &AlertId, statement: &Hash) -> bool {
        let of_returned =
            |given: &Vec<GivenStatement>| given.iter().any(|given| given.hash() == *statement);
        match self.known.get(alert) {
            Some(known) if *statement == Hash::ZERO => known.sent || !known.in_place,
            Some(known) => known.statements.contains_key(statement),
            None => self.returned.get(alert).is_some_and(of_returned),
        }
    }
}

impl Known {
    fn holding(&self) -> Holding {
        let hashes = self.statements.keys().copied();
        let hashes: Vec<Hash> = hashes.take(limits::HOLDING_STATEMENTS_MAX).collect();
        Holding {
            place: self.place,
            sent: self.sent,
            in_place: self.in_place,
            statements: SortedList::new(hashes).expect("keys of a map differ, and are not more"),
        }
    }

    fn add(&mut self, statement: GivenStatement) {
        self.statements.insert(statement.hash(), statement);
    }
}

impl Recipient<'_> {
    /// PROTOCOL V3: what relays bring to both sides, and what this device itself made.
    fn is_told(&self, receipt: &Receipt) -> bool {
        let stage = receipt.stage;
        receipt.device == *self.device
            || (receipt.contact == *self.contact && stage >= Stage::Read)
            || (receipt.recipient == *self.contact && stage >= Stage::Acknowledged)
            || (self.ack_rule == AckRule::First && stage == Stage::Acknowledged)
    }
}

impl Desk {
    /// Everything held of the alerts between this device and another, of the window that begins
    /// with the day `from`.
    pub(super) fn between(
        &self,
        peer: Peer<'_>,
        from: u32,
        now: Timestamp,
    ) -> Result<Between, StepError> {
        let window = from..from.saturating_add(limits::RECONCILED_DAYS);
        let mut between = Between::default();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            let carries = record.extends.is_none() && record.core.kind.carries_obligation();
            if carries && window.contains(&Place::day_of(record.core.created)) {
                let known = self.sent_to(&alert, &record, peer, now)?;
                between.known.extend(known.map(|known| (alert, known)));
            }
        }
        let mut receipts = self.own_receipts_to(peer.contact)?;
        for (alert, record) in self.inbox_records()? {
            let core: &Core = &record.core;
            let theirs = core.sender == *peer.contact && core.device == *peer.device;
            if !theirs || record.recipient.is_none() || self.by_colleague(&alert, core)? {
                continue;
            }
            let own = receipts.remove(&alert).unwrap_or_default();
            if !window.contains(&Place::day_of(core.created)) {
                continue;
            }
            let me = &self.identity.contact;
            let capacities = self.capacities(&alert, &record)?;
            let mut known = Known {
                place: place(&alert, core),
                sent: false,
                in_place: capacities.iter().all(|one| one.recipient != *me),
                listed: true,
                statements: BTreeMap::new(),
            };
            let recipient = Recipient {
                contact: me,
                device: &self.identity.device,
                ack_rule: core.ack_rule,
            };
            self.add_told(&mut known, &alert, &recipient, true)?;
            for (receipt, note) in own {
                known.add(GivenStatement::Receipt { receipt, note });
            }
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
        Ok(between)
    }

    /// Whether another device than the one that made an alert gave it to this one (PROTOCOL E19):
    /// the one that made it does not know so from its own outbox.
    fn by_colleague(&self, alert: &AlertId, core: &Core) -> Result<bool, StepError> {
        let kept: Option<DeliveryRecord> = self.find_long(tables::DELIVERY, alert.as_bytes())?;
        Ok(kept.is_some_and(|kept| kept.delivery.env.core.device != core.device))
    }

    /// An alert of this device, if it addresses the other one.
    fn sent_to(
        &self,
        alert: &AlertId,
        record: &OutboxRecord,
        peer: Peer<'_>,
        now: Timestamp,
    ) -> Result<Option<Known>, StepError> {
        let mut envelopes = vec![(*alert, None)];
        for addendum in self.addenda_of(alert)? {
            // One of a colleague stands in no outbox here.
            let record: Option<OutboxRecord> =
                self.find_long(tables::OUTBOX, addendum.as_bytes())?;
            envelopes.extend(record.map(|record| (addendum, Some(record))));
        }
        let (mut now_addressed, mut held_back, mut settled) = (false, false, false);
        for (envelope, of) in &envelopes {
            let of = of.as_ref().unwrap_or(record);
            let releases = releases_to(of, peer);
            held_back |= releases.contains(&Release::After);
            if releases.contains(&Release::Now) {
                now_addressed = true;
                let age = self.counted(now).since(of.committed);
                settled |= age >= Span::from_ms(limits::RECONCILE_SETTLED_MS)
                    && self.is_accepted(envelope, peer.contact)?;
            }
        }
        if !now_addressed && !held_back {
            return Ok(None);
        }
        let core: &Core = &record.core;
        let mut known = Known {
            place: place(alert, core),
            sent: true,
            in_place: !now_addressed,
            listed: false,
            statements: BTreeMap::new(),
        };
        let recipient = Recipient {
            contact: peer.contact,
            device: peer.device,
            ack_rule: core.ack_rule,
        };
        self.add_told(&mut known, alert, &recipient, false)?;
        let stages: BTreeSet<Stage> = known
            .statements
            .values()
            .filter_map(|given| match given {
                GivenStatement::Receipt { receipt, .. } => Some(&receipt.statement),
                GivenStatement::Expiry(_) => None,
            })
            .filter(|receipt| receipt.device == *peer.device)
            .map(|receipt| receipt.stage)
            .collect();
        let answered = stages.iter().any(|stage| *stage != Stage::Returned);
        let returned = !answered && !stages.is_empty();
        known.listed = answered || (now_addressed && settled && !returned);
        Ok(Some(known))
    }

    fn is_accepted(&self, envelope: &AlertId, contact: &ContactAddress) -> Result<bool, StepError> {
        let answers = self.accepted_by(envelope, contact)?;
        let outcomes = answers.iter().map(|answer| answer.statement.outcome);
        Ok(outcomes
            .into_iter()
            .any(|outcome| outcome == Outcome::Accepted))
    }

    /// Adds the statements kept about an alert that both sides should hold.
    fn add_told(
        &self,
        known: &mut Known,
        alert: &AlertId,
        recipient: &Recipient<'_>,
        with_notes: bool,
    ) -> Result<(), StepError> {
        for record in self.evidence_records(alert)? {
            match record {
                EvidenceRecord::Receipt { receipt, note, .. }
                    if recipient.is_told(&receipt.statement) =>
                {
                    // A note is sealed to the sender's devices: towards the recipient it says
                    // nothing.
                    let note = note.filter(|_| with_notes);
                    known.add(GivenStatement::Receipt { receipt, note });
                }
                EvidenceRecord::Expiry { expiry }
                    if expiry.statement.recipient == *recipient.contact =>
                {
                    known.add(GivenStatement::Expiry(expiry));
                }
                _ => {}
            }
        }
        Ok(())
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

type OwnReceipts = BTreeMap<AlertId, Vec<(SignedReceipt, Option<SealedNote>)>>;

fn place(alert: &AlertId, core: &Core) -> Place {
    Place {
        day: Place::day_of(core.created),
        alert: *alert,
    }
}

/// How an envelope addresses a device: for its own contact, or as somebody's deputy.
fn releases_to(record: &OutboxRecord, peer: Peer<'_>) -> BTreeSet<Release> {
    let core: &Core = &record.core;
    let mut releases = BTreeSet::new();
    for (device, recipient, release, step) in record.addressed.iter() {
        let for_itself = core.recipient(*recipient) == Some(peer.contact);
        if device != peer.device {
            continue;
        }
        if *release == Release::After || *step > 0 {
            releases.insert(Release::After);
        } else if for_itself {
            releases.insert(*release);
        }
    }
    releases
}
