//! What this device holds to have sent to another one: alerts that it made, and those to which it
//! made an addendum; a colleague's addendum names contacts, and its own device knows whom it gave
//! a wrap.

use std::collections::BTreeSet;

use maille_common::address::ContactAddress;
use maille_common::check::Check;
use maille_common::envelope::Core;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::terms::{Outcome, Release, Stage};
use maille_common::time::{Span, Timestamp};

use super::between::{Between, Known, Peer, Recipient, Window};
use crate::core::desk::{Desk, StepError};
use crate::core::own::{Addressed, OwnAlert, OwnEnvelope};
use crate::core::records::OutboxRecord;
use crate::core::tables;

/// How what this device made addresses another one.
#[derive(Debug, Default)]
struct Addressing {
    /// For its own contact.
    now: bool,
    /// In another's place.
    place: bool,
    /// By an envelope that had time to arrive.
    settled: bool,
}

impl Desk {
    /// The alerts of the outbox that may be between this device and another one, and those to which
    /// an addendum of it may; `held` gets every envelope.
    pub(super) fn sent_towards(
        &self,
        held: &mut BTreeSet<AlertId>,
        (peer, window): (Peer<'_>, &Window),
    ) -> Result<BTreeSet<AlertId>, StepError> {
        let mut alerts = BTreeSet::new();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let Some(envelope) = tables::alert_at_end(&key) else {
                continue;
            };
            held.insert(envelope);
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            // What an addendum extends may be older than it.
            let within = record.extends.is_some() || window.has(&record.core);
            let mut addressed = record.addressed.iter();
            let addresses = addressed.any(|(device, ..)| device == peer.device);
            if within && (addresses || self.concerns(&record.core, peer)) {
                alerts.insert(record.extends.unwrap_or(envelope));
            }
        }
        Ok(alerts)
    }

    /// Whether an envelope names the other device's contact, or one in whose place it may be asked.
    pub(super) fn concerns(&self, core: &Core, peer: Peer<'_>) -> bool {
        core.kind.carries_obligation()
            && core
                .recipients
                .iter()
                .any(|named| named == peer.contact || self.roster.is_deputy(peer.contact, named))
    }

    /// Adds those of these alerts that this device sent to the other one.
    pub(super) fn add_sent(
        &self,
        between: &mut Between,
        alerts: BTreeSet<AlertId>,
        (peer, window): (Peer<'_>, &Window),
        now: Timestamp,
    ) -> Result<(), StepError> {
        for alert in alerts {
            if let Some(own) = self.own_alert(&alert)?
                && window.has(&own.original.core)
                && self.is_held_here(&alert)?
                && let Some(known) = self.sent_to(&own, peer, now)?
            {
                between.known.insert(alert, known);
            }
        }
        Ok(())
    }

    /// An alert of this contact that is here, or of which a copy is.
    fn is_held_here(&self, alert: &AlertId) -> Result<bool, StepError> {
        Ok(self.is_sent_here(alert)? || self.inbox_record(alert)?.is_some())
    }

    /// An alert of this contact, if it is between this device and another one.
    pub(super) fn sent_to(
        &self,
        own: &OwnAlert,
        peer: Peer<'_>,
        now: Timestamp,
    ) -> Result<Option<Known>, StepError> {
        let addressing = self.addressing(own, peer, now)?;
        let by_mine = addressing.now || addressing.place;
        let named = own.owed_by(peer.contact).is_some();
        if Check::V2.refuses(!by_mine && !self.may_have_it_of_colleagues(own, peer, named)) {
            return Ok(None);
        }
        let core = &own.original.core;
        let mut known = Known::of(&own.alert, core, true);
        known.in_place = !addressing.now && (addressing.place || !named);
        let recipient = Recipient {
            contact: peer.contact,
            device: peer.device,
            ack_rule: core.ack_rule,
            made: core.created,
        };
        self.add_told(&mut known, &recipient, false)?;
        let stages = known.stages_of(peer.device);
        let answered = stages.iter().any(|stage| *stage != Stage::Returned);
        let returned = !answered && !stages.is_empty();
        let is_maker = core.device == self.identity.device;
        let had_time = addressing.settled && (addressing.now || answered) && !returned;
        // An answer to its maker says nothing about what this one gave it.
        known.listed = Check::V2.holds(had_time || (answered && is_maker));
        Ok(Some(known))
    }

    /// Whether another device of this contact may have given a device an alert that this one made:
    /// whether it did, that device's answer tells.
    fn may_have_it_of_colleagues(&self, own: &OwnAlert, peer: Peer<'_>, named: bool) -> bool {
        let me = &self.identity.device;
        let mine = |envelope: &OwnEnvelope| envelope.core.device == *me;
        if !mine(&own.original) || own.addenda.iter().all(mine) {
            return false;
        }
        let in_place = || {
            let owed = own.owed().into_iter();
            let mut owed = owed.map(|owed| owed.contact);
            owed.any(|contact| self.roster.is_deputy(peer.contact, contact))
        };
        named || in_place()
    }

    fn addressing(
        &self,
        own: &OwnAlert,
        peer: Peer<'_>,
        now: Timestamp,
    ) -> Result<Addressing, StepError> {
        let me = &self.identity.device;
        let mut found = Addressing::default();
        for envelope in own.envelopes() {
            let mine = envelope.core.device == *me;
            if !mine {
                continue;
            }
            // Of what is held back the device that made the alert hears, and no other.
            let held_back =
                |one: &Addressed| one.release == Release::After && own.original.core.device == *me;
            let in_place = |one: &Addressed| {
                let asked = one.release == Release::Now && one.step > 0;
                one.device == *peer.device && (asked || held_back(one))
            };
            let place = envelope.addressed.iter().any(in_place);
            let mut devices = envelope.devices_of(peer.contact);
            let at_once = devices.any(|device| device == *peer.device);
            found.place |= place;
            found.now |= at_once;
            if at_once || place {
                let age = self.counted(now).since(envelope.committed);
                let settled = Span::from_ms(limits::RECONCILE_SETTLED_MS);
                let served = match at_once {
                    true => std::slice::from_ref(peer.contact),
                    false => envelope.core.recipients.as_slice(),
                };
                found.settled |= age >= settled && self.is_accepted(&envelope.id, served)?;
            }
        }
        Ok(found)
    }

    fn is_accepted(
        &self,
        envelope: &AlertId,
        served: &[ContactAddress],
    ) -> Result<bool, StepError> {
        for recipient in served {
            let answers = self.accepted_by(envelope, recipient)?;
            let mut outcomes = answers.iter().map(|answer| answer.statement.outcome);
            if outcomes.any(|outcome| outcome == Outcome::Accepted) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
