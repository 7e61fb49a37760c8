//! What this device holds of the alerts between it and one other device.
//!
//! Devices hold stores, contacts do not: each device compares itself with each device of the other
//! contact. An alert is between two devices if one of them made its envelope, or an addendum to it,
//! and that addresses the other (PROTOCOL V2); a statement is if both sides are told of it by
//! relays or make it themselves (V3).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::codec::SortedList;
use maille_common::content::{GivenStatement, Holding, Place};
use maille_common::envelope::Core;
use maille_common::evidence::{Proofs, Receipt, SignedReceipt};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::roster::Roster;
use maille_common::terms::{AckRule, Kind, Stage};
use maille_common::time::Timestamp;

use crate::core::desk::{Desk, StepError};
use crate::core::records::EvidenceRecord;

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
    /// Its signed part alone is here.
    pub(super) lost: bool,
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
pub(super) struct Recipient<'a> {
    pub(super) contact: &'a ContactAddress,
    pub(super) device: &'a DeviceId,
    pub(super) ack_rule: AckRule,
    /// When the alert was made.
    pub(super) made: Timestamp,
}

/// The days that are compared.
#[derive(Debug, Clone)]
pub(super) struct Window(Range<u32>);

impl Window {
    pub(super) fn from(day: u32) -> Self {
        Self(day..day.saturating_add(limits::RECONCILED_DAYS))
    }

    pub(super) fn has(&self, core: &Core) -> bool {
        self.0.contains(&Place::day_of(core.created))
    }
}

impl Between {
    /// What is listed of the window that begins with `from`, in its order.
    pub(super) fn holdings(&self, from: u32) -> Vec<Holding> {
        let window = Window::from(from).0;
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
            Some(known) if *statement == Hash::ZERO => {
                !known.lost && (known.sent || !known.in_place)
            }
            Some(known) => known.statements.contains_key(statement),
            None => self.returned.get(alert).is_some_and(of_returned),
        }
    }
}

impl Known {
    /// Of an alert about which nothing is known yet.
    pub(super) fn of(alert: &AlertId, core: &Core, sent: bool) -> Self {
        Self {
            place: Place {
                day: Place::day_of(core.created),
                alert: *alert,
            },
            sent,
            in_place: false,
            lost: false,
            listed: true,
            statements: BTreeMap::new(),
        }
    }

    fn holding(&self) -> Holding {
        let hashes = self.statements.keys().copied();
        let hashes: Vec<Hash> = hashes.take(limits::HOLDING_STATEMENTS_MAX).collect();
        Holding {
            place: self.place,
            sent: self.sent,
            in_place: self.in_place,
            lost: self.lost,
            statements: SortedList::new(hashes).expect("keys of a map differ, and are not more"),
        }
    }

    pub(super) fn add(&mut self, statement: GivenStatement) {
        self.statements.insert(statement.hash(), statement);
    }

    /// What a device said about it.
    pub(super) fn stages_of(&self, device: &DeviceId) -> BTreeSet<Stage> {
        let receipts = self.statements.values().filter_map(|given| match given {
            GivenStatement::Receipt { receipt, .. } => Some(&receipt.statement),
            GivenStatement::Expiry(_) | GivenStatement::Envelope(_) => None,
        });
        let its = receipts.filter(|receipt| receipt.device == *device);
        its.map(|receipt| receipt.stage).collect()
    }
}

impl Recipient<'_> {
    /// PROTOCOL V3: what relays bring to both sides, and what this device itself made; not what
    /// counts no more, which whoever has not proven it before never takes.
    pub(super) fn is_told(
        &self,
        signed: &SignedReceipt,
        roster: &Roster,
        proofs: &mut Proofs,
    ) -> bool {
        let receipt: &Receipt = &signed.statement;
        let stage = receipt.stage;
        let brought = receipt.device == *self.device
            || (receipt.contact == *self.contact && stage >= Stage::Read)
            || (receipt.recipient == *self.contact && stage >= Stage::Acknowledged)
            || (self.ack_rule == AckRule::First && stage == Stage::Acknowledged);
        Check::V3.holds(brought) && signed.is_entitled_again(roster, self.made, proofs)
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
        let window = Window::from(from);
        let mut between = Between::default();
        let mut held = BTreeSet::new();
        let mut sent = self.sent_towards(&mut held, (peer, &window))?;
        self.add_received(&mut between, &mut held, (peer, &window))?;
        let parts = self.signed_parts_beside(&held)?;
        for (_, part) in &parts {
            let core = part.core();
            let ours = core.kind == Kind::Addendum && core.sender == self.identity.contact;
            if ours && self.concerns(core, peer) {
                sent.insert(core.reference);
            }
        }
        self.add_sent(&mut between, sent, (peer, &window), now)?;
        self.add_lost(&mut between, &parts, (peer, &window), now)?;
        Ok(between)
    }

    /// Whether both sides should hold a receipt that is kept here (PROTOCOL V3).
    pub(super) fn is_told(&self, recipient: &Recipient<'_>, receipt: &SignedReceipt) -> bool {
        recipient.is_told(receipt, &self.roster, &mut self.proofs.borrow_mut())
    }

    /// Adds the statements kept about an alert that both sides should hold.
    pub(super) fn add_told(
        &self,
        known: &mut Known,
        recipient: &Recipient<'_>,
        with_notes: bool,
    ) -> Result<(), StepError> {
        for record in self.evidence_records(&known.place.alert)? {
            match record {
                EvidenceRecord::Receipt { receipt, note, .. }
                    if self.is_told(recipient, &receipt) =>
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
}
