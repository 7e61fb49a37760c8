//! What one side hands over to the other: statements, and alerts that are sent again.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::codec::{List, SortedList};
use maille_common::content::{GivenStatement, Handed};
use maille_common::evidence::{Evidence, Expiry, Proven, SignedExpiry};
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::write_record;
use maille_common::terms::Kind;
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::between::{Between, Peer};
use super::compare::Difference;
use super::records::AgainRecord;
use crate::core::addenda::Lacking;
use crate::core::desk::{Desk, StepError};
use crate::core::incidents::{IncidentKind, words};
use crate::core::order::SendError;
use crate::core::records::{EvidenceRecord, OutboxRecord};
use crate::core::tables;

/// An alert is sent to a device again so often at most: the first time may still be on its way.
const AGAIN_AFTER: Span = Span::from_days(1);

/// What becomes of an alert that the other side lacks.
enum Again {
    /// An addendum goes, or went lately.
    OnItsWay,
    /// It goes when the device's keys are known.
    Later,
    /// Its content is not here any more.
    Gone,
}

impl Desk {
    /// Hands over what the other side lacks, and sends it the alerts that it lacks again.
    pub(super) fn hand_over(
        &mut self,
        peer: Peer<'_>,
        (difference, between): (&mut Difference, &Between),
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Handed, SendError> {
        let mut again = Vec::new();
        let lacking = std::mem::take(&mut difference.alerts);
        for lacked in lacking.into_iter().filter(|_| Check::V7.stands()) {
            match self.send_missing(peer, &lacked.alert, now, random)? {
                Again::OnItsWay => again.push(lacked.alert),
                Again::Later => {}
                Again::Gone if lacked.shown => {}
                Again::Gone => self.show_end(peer, &lacked.alert, (difference, between))?,
            }
        }
        for alert in std::mem::take(&mut difference.shown) {
            for part in self.signed_parts(&alert)? {
                difference.explain(GivenStatement::Envelope(Box::new(part)));
            }
        }
        let statements = List::new(difference.statements.clone());
        Ok(Handed {
            statements: statements.expect("a difference has no more items than a letter"),
            again: SortedList::new(again).expect("alerts of a map differ, and are not more"),
            more: difference.more,
        })
    }

    /// The content of an alert is gone: the other side is shown that there was one, and what became
    /// of it.
    fn show_end(
        &self,
        peer: Peer<'_>,
        alert: &AlertId,
        (difference, between): (&mut Difference, &Between),
    ) -> Result<(), StepError> {
        let mut parts = self.signed_parts(alert)?;
        for addendum in self.addenda_of(alert)? {
            parts.extend(self.signed_parts(&addendum)?);
        }
        for record in self.evidence_records(alert)? {
            if let EvidenceRecord::Cancel { id, .. } = record {
                parts.extend(self.signed_parts(&id)?);
            }
        }
        for part in parts {
            let shown = part.shown_to(peer.device);
            // An addendum to others is nothing to it.
            let extends = shown.core().kind == Kind::Addendum;
            if !extends || shown.entries.iter().next().is_some() {
                difference.explain(GivenStatement::Envelope(Box::new(shown)));
            }
        }
        let known = between.known.get(alert).into_iter();
        for statement in known.flat_map(|known| known.statements.values()) {
            difference.explain(statement.clone());
        }
        Ok(())
    }

    /// Judges statements as if a relay had brought them (PROTOCOL V6): they only add to what is
    /// held (I6). How many were new.
    pub(super) fn take_statements(
        &self,
        from: &ContactAddress,
        handed: &Handed,
        now: Timestamp,
    ) -> Result<u32, StepError> {
        let mut taken = self.take_signed_parts(from, handed, now)?;
        for statement in handed.statements.iter() {
            let mut batch = Batch::new();
            let is_new = match statement.clone() {
                GivenStatement::Envelope(_) => continue,
                GivenStatement::Receipt { receipt, note } => {
                    // That its alert is missing here is told when the round closes.
                    if self.sender_of(&receipt.statement.alert)?.is_none() {
                        continue;
                    }
                    let key = tables::evidence(&receipt.statement.alert, &receipt.hash());
                    let known = self.store.pieces(tables::EVIDENCE, &key)?.is_some();
                    match self.prove_receipt(receipt, note.as_ref()) {
                        Ok(proven) => {
                            self.keep_receipt(&mut batch, &proven, note, now)?;
                            !known
                        }
                        Err(check) => {
                            let check = words(&check);
                            let kind = IncidentKind::Receipt { check };
                            self.incident(&mut batch, kind, None, now)?;
                            false
                        }
                    }
                }
                GivenStatement::Expiry(expiry) => {
                    self.take_expiry(&mut batch, from, expiry, now)?
                }
            };
            taken += u32::from(is_new);
            self.settle(batch)?;
        }
        Ok(taken)
    }

    /// Alerts and cancels first, and then the addenda: each is judged by what it is about.
    fn take_signed_parts(
        &self,
        from: &ContactAddress,
        handed: &Handed,
        now: Timestamp,
    ) -> Result<u32, StepError> {
        let part = |statement: &GivenStatement| match statement {
            GivenStatement::Envelope(part) => Some(part.clone()),
            GivenStatement::Receipt { .. } | GivenStatement::Expiry(_) => None,
        };
        let mut parts: Vec<_> = handed.statements.iter().filter_map(part).collect();
        parts.sort_by_key(|part| part.core().kind == Kind::Addendum);
        let mut taken = 0;
        for part in parts {
            let alert = part.id();
            let mut batch = Batch::new();
            taken += u32::from(self.take_signed_part(&mut batch, from, *part, now)?);
            self.settle(batch)?;
            // What was said about it may have come before.
            self.take_early(&alert, now)?;
        }
        Ok(taken)
    }

    /// PROTOCOL Q6: an expiry is by a device of the alert's sender.
    fn take_expiry(
        &self,
        batch: &mut Batch,
        from: &ContactAddress,
        expiry: SignedExpiry,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        let alert = expiry.statement.alert;
        let Some(sender) = self.sender_of(&alert)? else {
            return Ok(false);
        };
        let about_both = sender == *from || sender == self.identity.contact;
        let core = self.known_core(&alert)?;
        let is_entitled = |proven: &Proven<Expiry>| {
            core.is_none_or(|core| proven.is_entitled(&self.roster, &sender, core.created))
        };
        let proven = expiry.clone().verify(&self.roster, &sender);
        let counts = |proven: &Proven<Expiry>| Check::V6.holds(about_both) && is_entitled(proven);
        let Some(proven) = proven.ok().filter(counts) else {
            let check = words(&"Q6");
            self.incident(batch, IncidentKind::Receipt { check }, Some(alert), now)?;
            return Ok(false);
        };
        let key = tables::evidence(&alert, &proven.hash());
        if self.store.pieces(tables::EVIDENCE, &key)?.is_some() {
            return Ok(false);
        }
        let before = self.stood(&alert)?;
        let record = EvidenceRecord::Expiry { expiry };
        batch.put_pieces(tables::EVIDENCE, &key, &write_record(&record));
        let status = self.status_of(&alert)?;
        let added = [Evidence::Expiry(proven)];
        self.tell_changes(batch, &alert, before, &added, status, now)?;
        Ok(true)
    }

    /// Sends an alert to a device that does not hold it, by an addendum with a fresh wrap (PROTOCOL
    /// V7).
    fn send_missing(
        &mut self,
        peer: Peer<'_>,
        alert: &AlertId,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Again, SendError> {
        let key = tables::lacking(peer.device, alert);
        let before: Option<AgainRecord> = self.find(tables::AGAIN, &key)?;
        let counted = self.counted(now);
        if before.is_some_and(|before| counted.since(before.at) < AGAIN_AFTER) {
            return Ok(Again::OnItsWay);
        }
        if self.extendable(alert)?.is_none() {
            return Ok(Again::Gone);
        }
        let (device, recipient) = (*peer.device, peer.contact.clone());
        if !self.is_open_to(&device, now)? {
            let mut batch = Batch::new();
            self.put_lacking(&mut batch, (&device, &recipient), alert, (now, counted));
            self.settle(batch)?;
            return Ok(Again::Later);
        }
        let lacking = Lacking {
            device,
            alert: *alert,
            recipient,
            since: now,
        };
        let addendum = self.send_addendum(alert, &[lacking], now, random)?;
        let mut batch = Batch::new();
        if let (Some(addendum), true) = (addendum, self.has_ended(alert)?) {
            self.close_addendum(&mut batch, &addendum, counted)?;
        }
        let again = write_record(&AgainRecord { at: counted });
        batch.put(tables::AGAIN, &key, &again);
        self.settle(batch)?;
        Ok(match addendum {
            Some(_) => Again::OnItsWay,
            None => Again::Gone,
        })
    }

    /// Whether everybody who owed an answer to this device's envelopes has ended: nothing that
    /// comes later tells so of one that is made now.
    fn has_ended(&self, alert: &AlertId) -> Result<bool, StepError> {
        let Some(own) = self.own_alert(alert)? else {
            return Ok(false);
        };
        let states = self.states_of(alert)?;
        let mine = own.envelopes().filter(|envelope| envelope.is_sent_here);
        let mut served = mine.flat_map(|envelope| envelope.core.recipients.iter());
        Ok(served.all(|contact| states.get(contact).is_some_and(|state| state.is_closed())))
    }

    /// An addendum to an alert that has ended leaves the outbox as the alert does.
    fn close_addendum(
        &self,
        batch: &mut Batch,
        addendum: &AlertId,
        counted: Timestamp,
    ) -> Result<(), StepError> {
        let key = addendum.as_bytes();
        let mut record: OutboxRecord = self.need_long(tables::OUTBOX, key)?;
        record.closed = Some(counted);
        batch.put_pieces(tables::OUTBOX, key, &write_record(&record));
        let end = counted + Span::from_ms(limits::OUTBOX_GRACE_MS);
        batch.put(tables::DUE, &tables::due(end, addendum), &[]);
        Ok(())
    }

    /// Whether a device has answered an alert that was sent to it again, or an alert that was sent
    /// to this one again is here.
    pub(super) fn has_come(&self, device: &DeviceId, alert: &AlertId) -> Result<bool, StepError> {
        if self.inbox_record(alert)?.is_some() {
            return Ok(true);
        }
        let key = tables::lacking(device, alert);
        let sent: Option<AgainRecord> = self.find(tables::AGAIN, &key)?;
        let Some(AgainRecord { at }) = sent else {
            return Ok(false);
        };
        let records = self.evidence_records(alert)?;
        Ok(records.iter().any(|record| match record {
            EvidenceRecord::Receipt {
                receipt, received, ..
            } => receipt.statement.device == *device && self.counted(*received) >= at,
            _ => false,
        }))
    }
}
