//! Answers that the sender passes on: whoever answers knows its own relays and those of the sender,
//! and not where others were asked. The sender knows whom it asked, and a receipt proves itself.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, Name};
use maille_common::evidence::Receipt;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{AckRule, Stage};
use maille_common::wire::PostReceipt;
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::own::OwnAlert;
use super::post::DuePost;
use super::records::{EvidenceRecord, PostRecord};
use super::tables;

impl Desk {
    /// Puts an answer down for the relays where those wait who have to learn of it, and which only
    /// the sender knows (PROTOCOL section 7, who learns of a receipt). One that has not accepted
    /// the alert yet gets it when it has.
    pub(super) fn forward(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        (hash, receipt): (&Hash, &Receipt),
        accepted: Option<&Name>,
    ) -> Result<(), StepError> {
        for relay in self.waiting_for(own, receipt)? {
            let key = tables::forward(&relay, &own.alert, hash);
            let is_down = self.store.get(tables::FORWARD, &key)?.is_some()
                || self.store.get(tables::FORWARDED, &key)?.is_some();
            if !is_down && (accepted == Some(&relay) || self.may_know(own, &relay)?) {
                let record = write_record(&PostRecord { turn: 1 });
                batch.put(tables::FORWARD, &key, &record);
            }
        }
        Ok(())
    }

    /// A relay has accepted an envelope: who is asked there learns what was answered before.
    pub(super) fn forward_known(
        &self,
        batch: &mut Batch,
        relay: &Name,
        envelope: &AlertId,
    ) -> Result<(), StepError> {
        let Some(own) = self.own_alert(envelope)? else {
            return Ok(());
        };
        for record in self.evidence_records(&own.alert)? {
            if let EvidenceRecord::Receipt { receipt, .. } = record {
                let stated = (&receipt.hash(), receipt.statement.value());
                self.forward(batch, &own, stated, Some(relay))?;
            }
        }
        Ok(())
    }

    /// A relay began a new incarnation: what it was passed on goes there again.
    pub(super) fn forward_again(&self, batch: &mut Batch, relay: &Name) -> Result<(), StepError> {
        for table in [tables::FORWARD, tables::FORWARDED] {
            for key in self.keys_of(table, &tables::relay(relay))? {
                // What is on its way may have been taken by the incarnation before.
                let turn = self.turn_in(tables::FORWARD, &key)?.unwrap_or(0);
                let turn = turn.saturating_add(1);
                batch.put(tables::FORWARD, &key, &write_record(&PostRecord { turn }));
                batch.delete(tables::FORWARDED, &key);
            }
        }
        Ok(())
    }

    /// The answers that a relay has to be passed on, at most `limit`.
    pub(super) fn forwards_due(
        &self,
        relay: &Name,
        limit: usize,
    ) -> Result<Vec<(DuePost, PostReceipt)>, StepError> {
        let from = tables::relay(relay);
        let end = tables::after(&from);
        let mut due = Vec::new();
        let scan = Scan::range(tables::FORWARD, &from, &end, limit);
        for (key, _) in self.store.scan(scan)? {
            let Some((alert, hash)) = tables::forward_parts(&key) else {
                continue;
            };
            let Some(turn) = self.turn_in(tables::FORWARD, &key)? else {
                continue;
            };
            let kept = self.find_long(tables::EVIDENCE, &tables::evidence(&alert, &hash))?;
            if let Some(EvidenceRecord::Receipt { receipt, note, .. }) = kept {
                let posted = PostReceipt {
                    receipt,
                    note,
                    to: self.identity.contact.clone(),
                };
                due.push((DuePost::forwarded(hash, alert, turn), posted));
            }
        }
        Ok(due)
    }

    /// The relays where those collect who have to learn of a receipt, but for those to which the
    /// device that signed it posts it.
    fn waiting_for(&self, own: &OwnAlert, receipt: &Receipt) -> Result<BTreeSet<Name>, StepError> {
        if receipt.stage < Stage::Acknowledged || receipt.contact == self.identity.contact {
            return Ok(BTreeSet::new());
        }
        let first = own.original.core.ack_rule == AckRule::First;
        let frees_all = first && receipt.stage == Stage::Acknowledged;
        let mut told: BTreeSet<ContactAddress> = BTreeSet::new();
        for asked in self.deputies_asked(own)? {
            if frees_all || asked.principal == receipt.recipient {
                told.insert(asked.deputy);
            }
        }
        if frees_all {
            told.extend(own.owed().into_iter().map(|owed| owed.contact.clone()));
        }
        let homes = |contact: &ContactAddress| {
            let homes = self.roster.home_relay_names(&contact.organisation());
            homes.into_iter().take(2)
        };
        let mut relays: BTreeSet<Name> = told.iter().flat_map(homes).collect();
        for contact in [&self.identity.contact, &receipt.contact, &receipt.recipient] {
            for relay in homes(contact) {
                relays.remove(&relay);
            }
        }
        Ok(relays)
    }

    /// Whether a relay may keep the alert: one that was brought it from here does when it has
    /// accepted it, and of others that is not known where a colleague sent something.
    fn may_know(&self, own: &OwnAlert, relay: &Name) -> Result<bool, StepError> {
        let mut others = false;
        let mut brought = false;
        for envelope in own.envelopes() {
            others |= !envelope.is_sent_here;
            if let Some(target) = self.target(relay, &envelope.id)? {
                if target.accepted_by.is_some() {
                    return Ok(true);
                }
                brought = true;
            }
        }
        Ok(others && !brought)
    }
}
