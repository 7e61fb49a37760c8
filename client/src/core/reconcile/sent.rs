//! What this device holds to have sent to another one: alerts that it made, and those to which it
//! made an addendum; a colleague's addendum names contacts, and its own device knows whom it gave
//! a wrap.

use std::collections::BTreeSet;

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
        if !by_mine && !self.may_have_it_of_colleagues(own, peer, named) {
            return Ok(None);
        }
        let core = &own.original.core;
        let mut known = Known::of(&own.alert, core, true);
        known.in_place = !addressing.now && (addressing.place || !named);
        let recipient = Recipient {
            contact: peer.contact,
            device: peer.device,
            ack_rule: core.ack_rule,
        };
        self.add_told(&mut known, &recipient, false)?;
        let stages = known.stages_of(peer.device);
        let answered = stages.iter().any(|stage| *stage != Stage::Returned);
        let returned = !answered && !stages.is_empty();
        known.listed = answered || (addressing.now && addressing.settled && !returned);
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
            let in_place = |one: &Addressed| {
                one.device == *peer.device && (one.release == Release::After || one.step > 0)
            };
            found.place |= envelope.addressed.iter().any(in_place);
            let mut devices = envelope.devices_of(peer.contact);
            if devices.any(|device| device == *peer.device) {
                found.now = true;
                let age = self.counted(now).since(envelope.committed);
                let settled = Span::from_ms(limits::RECONCILE_SETTLED_MS);
                found.settled |= age >= settled && self.is_accepted(&envelope.id, peer)?;
            }
        }
        Ok(found)
    }

    fn is_accepted(&self, envelope: &AlertId, peer: Peer<'_>) -> Result<bool, StepError> {
        let answers = self.accepted_by(envelope, peer.contact)?;
        let mut outcomes = answers.iter().map(|answer| answer.statement.outcome);
        Ok(outcomes.any(|outcome| outcome == Outcome::Accepted))
    }
}
