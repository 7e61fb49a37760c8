//! Alerts of which the signed part alone is here, handed over by a reconciliation: they never came
//! and cannot be sent again, or went with the store. What became of them can be told all the same.
//!
//! The table of signed parts also holds those of what was purged, and of addenda: an alert is lost
//! if it stands there, and neither in the inbox nor in the outbox.

use std::collections::BTreeSet;

use maille_common::address::ContactAddress;
use maille_common::check::Check;
use maille_common::envelope::{Core, Original, SignedEnvelope};
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::Kind;
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::incidents::{IncidentKind, words};
use super::records::EnvelopeRecord;
use super::tables;

impl Desk {
    /// The plain part of an alert whose signed part is here, whatever else is.
    pub(super) fn signed_core(&self, alert: &AlertId) -> Result<Option<Core>, StepError> {
        let kept: Option<EnvelopeRecord> = self.find_long(tables::ENVELOPE, alert.as_bytes())?;
        let core = kept.map(|kept| kept.envelope.core().clone());
        Ok(core.filter(|core| core.kind != Kind::Addendum))
    }

    /// The plain part of an alert of which anything is here: itself, or its signed part alone.
    pub(super) fn known_core(&self, alert: &AlertId) -> Result<Option<Core>, StepError> {
        match self.plain_part(alert)? {
            Some(core) => Ok(Some(core)),
            None => self.signed_core(alert),
        }
    }

    /// The signed parts of what is neither in the inbox nor in the outbox: lost alerts, and addenda
    /// of colleagues. `held` is what is in either box.
    pub(super) fn signed_parts_beside(
        &self,
        held: &BTreeSet<AlertId>,
    ) -> Result<Vec<(AlertId, SignedEnvelope)>, StepError> {
        let mut parts = Vec::new();
        for key in self.pieced_keys(tables::ENVELOPE)? {
            let Some(id) = tables::alert_at_end(&key) else {
                continue;
            };
            if held.contains(&id) {
                continue;
            }
            let EnvelopeRecord { envelope } = self.need_long(tables::ENVELOPE, &key)?;
            parts.push((id, envelope));
        }
        Ok(parts)
    }

    /// Takes the signed part of an alert that is between this contact and another one, of an
    /// addendum to it, or of a cancel of it (PROTOCOL V6). Whether it was new.
    pub(super) fn take_signed_part(
        &self,
        batch: &mut Batch,
        from: &ContactAddress,
        envelope: SignedEnvelope,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        let (id, core) = (envelope.id(), envelope.core().clone());
        if self.has_envelope(&id)? {
            return Ok(false);
        }
        let about = core.refers_to().filter(|_| core.kind == Kind::Addendum);
        let original = match about {
            Some(alert) => match self.original_of(&alert)? {
                Some(original) => Some(original),
                // It says nothing about what is not here.
                None => return Ok(false),
            },
            None => None,
        };
        let me = &self.identity.contact;
        let about_both = core.sender == *from || core.sender == *me;
        let proven = envelope.verify(&self.roster, original.as_ref());
        let check = match &proven {
            Err(fault) => Some(fault.check()),
            Ok(_) if Check::V6.refuses(!(about_both && core.kind.carries_obligation())) => {
                Some("V6")
            }
            Ok(_) => None,
        };
        let (Ok(proven), None) = (proven, check) else {
            let check = words(&check.unwrap_or("V6"));
            let kind = IncidentKind::Receipt { check };
            self.incident(batch, kind, Some(id), now)?;
            return Ok(false);
        };
        let record = EnvelopeRecord {
            envelope: proven.signed().clone(),
        };
        batch.put_pieces(tables::ENVELOPE, id.as_bytes(), &write_record(&record));
        if let Some(alert) = about {
            batch.put(tables::EXTENDS, &tables::extends(&alert, &id), &[]);
        }
        self.note_cancel(batch, &id, &core, now)?;
        self.note_amendment(batch, &id, &core);
        Ok(true)
    }

    /// Whether an envelope is here, in either box or as its signed part.
    fn has_envelope(&self, id: &AlertId) -> Result<bool, StepError> {
        for table in [tables::OUTBOX, tables::INBOX, tables::ENVELOPE] {
            if self.store.pieces(table, id.as_bytes())?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The signed part of an alert, as an addendum to it carries it.
    fn original_of(&self, alert: &AlertId) -> Result<Option<Original>, StepError> {
        let parts = self.signed_parts(alert)?;
        let mut its = parts.iter().filter(|part| part.id() == *alert);
        Ok(its.next().map(SignedEnvelope::original))
    }
}
