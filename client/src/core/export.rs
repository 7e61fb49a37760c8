//! An alert leaves as evidence: everything this desk holds about it, in one signed file.

use std::collections::BTreeSet;

use maille_common::envelope::SignedEnvelope;
use maille_common::evidence::{Receipt, SealedNote, SignedReceipt, officer_hash};
use maille_common::export::{
    Export, ExportFault, ExportHead, ExportTooLong, Piece, ProvenExport, leads_to,
};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::roster::{Comparison, Roster, RosterDocuments, RosterHeads};
use maille_common::time::Timestamp;
use maille_durable::{Batch, Scan, Store};
use thiserror::Error;

use super::desk::{Desk, StepError};
use super::records::{
    AcceptedRecord, DeliveryRecord, EnvelopeRecord, EvidenceRecord, HeadsRecord, OutboxRecord,
    ReceiptRecord, SubmissionRecord,
};
use super::retention::is_no_key;
use super::tables;

/// Why an alert cannot be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// It is not here.
    #[error("Alert {} is not here, neither sent nor received.", .0.prefix())]
    Unknown(AlertId),
    /// Its content is to be revealed, and was purged.
    #[error("The content of alert {} was purged after its retention.", .0.prefix())]
    Purged(AlertId),
    /// The file would be too long.
    #[error(transparent)]
    TooLong(#[from] ExportTooLong),
    /// What is held does not prove itself: a record was altered, or a roster document is missing.
    #[error("What is held about alert {} does not prove itself: {fault}", .alert.prefix())]
    NotProven {
        /// The alert.
        alert: AlertId,
        /// The check that failed.
        fault: Box<ExportFault>,
    },
    /// Nobody was drilled by it, or another device sent it.
    #[error(
        "Alert {} is no exercise that was sent from this device: nothing tells whom it reached.",
        .0.prefix()
    )]
    NotADrill(AlertId),
    /// The store.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// What an export reveals of what is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revealed {
    /// Nothing.
    Nothing,
    /// The words.
    Words,
    /// The words, and who acted.
    WordsAndNames,
}

impl ExportError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown-alert",
            Self::Purged(_) => "purged",
            Self::TooLong(_) => "export-too-long",
            Self::NotProven { .. } => "export-not-proven",
            Self::NotADrill(_) => "not-a-drill",
            Self::Step(error) => error.code(),
        }
    }
}

impl Desk {
    /// Everything held about an alert, sent or received, as a file that proves itself. An addendum
    /// stands in its alert's.
    ///
    /// `documents` are all that the home keeps of the roster. `reveal` adds the content key, the
    /// sealed body and the names of officers. The file was verified as its reader will.
    pub fn export(
        &self,
        alert: &AlertId,
        reveal: bool,
        documents: RosterDocuments,
        now: Timestamp,
    ) -> Result<Export, ExportError> {
        let revealed = match reveal {
            true => Revealed::WordsAndNames,
            false => Revealed::Nothing,
        };
        let roster = (&*self.roster, documents);
        let (export, _) = self.proven_export(alert, revealed, roster, now)?;
        Ok(export)
    }

    /// The same, proven by a roster of an anchor from before, with all the documents of that: what
    /// devices signed that had left by the time of a re-anchoring is proven by no later one.
    pub fn export_by(
        &self,
        before: (&Roster, RosterDocuments),
        (alert, reveal): (&AlertId, bool),
        now: Timestamp,
    ) -> Result<Export, ExportError> {
        let revealed = match reveal {
            true => Revealed::WordsAndNames,
            false => Revealed::Nothing,
        };
        let (export, _) = self.proven_export(alert, revealed, before, now)?;
        Ok(export)
    }

    /// The same, with what it proves.
    pub(super) fn proven_export(
        &self,
        alert: &AlertId,
        revealed: Revealed,
        (roster, documents): (&Roster, RosterDocuments),
        now: Timestamp,
    ) -> Result<(Export, ProvenExport), ExportError> {
        let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
        let alert = sent.and_then(|record| record.extends).unwrap_or(*alert);
        let mut pieces = self.envelopes_about(&alert)?;
        if pieces.is_empty() {
            return Err(ExportError::Unknown(alert));
        }
        self.add_statements(&mut pieces, &alert)?;
        if revealed != Revealed::Nothing {
            self.add_content(&mut pieces, &alert)?;
        }
        if revealed == Revealed::WordsAndNames {
            self.add_officers(&mut pieces);
        }
        self.add_rosters(&mut pieces, roster, documents)?;
        let head = ExportHead {
            version: ExportHead::VERSION,
            network: roster.anchor().network.clone(),
            alert,
            contact: self.identity.contact.clone(),
            device: self.identity.device,
            time: now,
            roster: roster.hash(),
        };
        let export = Export::sign(head, pieces, &self.identity.signing)?;
        match export.verify(roster.anchor()) {
            Ok(proven) => Ok((export, proven)),
            Err(fault) => Err(ExportError::NotProven {
                alert,
                fault: Box::new(fault),
            }),
        }
    }

    /// Keeps the signed part of an envelope whose wraps and content go (DESIGN section 7).
    pub(super) fn keep_signed_part(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
    ) -> Result<(), StepError> {
        for envelope in self.signed_parts(alert)? {
            let key = *envelope.id().as_bytes();
            let record = EnvelopeRecord { envelope };
            batch.put_pieces(tables::ENVELOPE, &key, &write_record(&record));
        }
        Ok(())
    }

    /// Whether the roster in use was in use here before.
    pub(super) fn has_heads(&self) -> Result<bool, StepError> {
        let key = *self.roster.hash().as_bytes();
        Ok(self.store.pieces(tables::HEADS, &key)?.is_some())
    }

    /// Keeps the heads of the roster in use: what is judged by it now is proven by it later.
    pub(super) fn keep_heads(&self, batch: &mut Batch) -> Result<(), StepError> {
        let key = *self.roster.hash().as_bytes();
        if !self.has_heads()? {
            let heads = self.roster.heads().clone();
            let record = HeadsRecord { heads };
            batch.put_pieces(tables::HEADS, &key, &write_record(&record));
        }
        Ok(())
    }

    /// The signed part of an envelope, and of the alert where it came by an addendum.
    pub(super) fn signed_parts(
        &self,
        envelope: &AlertId,
    ) -> Result<Vec<SignedEnvelope>, StepError> {
        let key = envelope.as_bytes();
        if let Some(kept) = self.find_long::<SubmissionRecord>(tables::SUBMISSION, key)? {
            return Ok(vec![SignedEnvelope::of_submission(&kept.submission)]);
        }
        if let Some(DeliveryRecord { delivery }) = self.find_long(tables::DELIVERY, key)? {
            let original = delivery.original.as_ref().map(SignedEnvelope::of_original);
            let came = SignedEnvelope::of_delivery(&delivery);
            return Ok(original.into_iter().chain([came]).collect());
        }
        let mut kept = Vec::new();
        let came = self.inbox_record(envelope)?.map(|record| record.envelope);
        for id in BTreeSet::from([Some(*envelope), came])
            .into_iter()
            .flatten()
        {
            let record: Option<EnvelopeRecord> = self.find_long(tables::ENVELOPE, id.as_bytes())?;
            kept.extend(record.map(|record| record.envelope));
        }
        Ok(kept)
    }

    /// The alert, its addenda, and what cancels it.
    fn envelopes_about(&self, alert: &AlertId) -> Result<Vec<Piece>, StepError> {
        let mut envelopes = self.signed_parts(alert)?;
        for addendum in self.addenda_of(alert)? {
            envelopes.extend(self.signed_parts(&addendum)?);
        }
        for record in self.evidence_records(alert)? {
            if let EvidenceRecord::Cancel { id, .. } = record {
                envelopes.extend(self.signed_parts(&id)?);
            }
        }
        let pieces = envelopes.into_iter().map(Box::new).map(Piece::Envelope);
        Ok(pieces.collect())
    }

    fn add_statements(&self, pieces: &mut Vec<Piece>, alert: &AlertId) -> Result<(), StepError> {
        let mut letters = BTreeSet::new();
        for piece in pieces.iter() {
            if let Piece::Envelope(envelope) = piece {
                letters.insert(envelope.id());
            }
        }
        for letter in &letters {
            for key in self.pieced_keys_of(tables::ACCEPTED, letter.as_bytes())? {
                let AcceptedRecord { accepted } = self.need_long(tables::ACCEPTED, &key)?;
                pieces.push(Piece::Accepted(accepted));
            }
        }
        for record in self.evidence_records(alert)? {
            match record {
                EvidenceRecord::Receipt { receipt, note, .. } => {
                    pieces.push(of_receipt(receipt, note));
                }
                EvidenceRecord::Expiry { expiry } => pieces.push(Piece::Expiry(expiry)),
                EvidenceRecord::Notice { notice, .. } => pieces.push(Piece::Notice(notice)),
                EvidenceRecord::Cancel { .. } => {}
            }
        }
        for (receipt, note) in self.own_receipts(alert)? {
            pieces.push(of_receipt(receipt, note));
        }
        Ok(())
    }

    /// What this device signed about an alert that it received.
    fn own_receipts(
        &self,
        alert: &AlertId,
    ) -> Result<Vec<(SignedReceipt, Option<SealedNote>)>, StepError> {
        if self.inbox_record(alert)?.is_none() {
            return Ok(Vec::new());
        }
        let mut receipts = Vec::new();
        for key in self.pieced_keys(tables::RECEIPT)? {
            let ReceiptRecord { posted } = self.need_long(tables::RECEIPT, &key)?;
            if posted.receipt.statement.alert == *alert {
                receipts.push((posted.receipt, posted.note));
            }
        }
        Ok(receipts)
    }

    /// The words: what a court is to read.
    fn add_content(&self, pieces: &mut Vec<Piece>, alert: &AlertId) -> Result<(), ExportError> {
        let key = alert.as_bytes();
        let sent = self.find_long::<SubmissionRecord>(tables::SUBMISSION, key)?;
        let came = self.find_long::<DeliveryRecord>(tables::DELIVERY, key)?;
        let outbox = self.find_long::<OutboxRecord>(tables::OUTBOX, key)?;
        let (content_key, body) = match (sent, outbox, came, self.inbox_record(alert)?) {
            (Some(kept), Some(record), _, _) => (record.content_key, kept.submission.body),
            (_, _, Some(kept), Some(record)) => (record.content_key, kept.delivery.body),
            _ => return Err(ExportError::Purged(*alert)),
        };
        if is_no_key(&content_key) {
            return Err(ExportError::Purged(*alert));
        }
        pieces.push(Piece::Content {
            key: content_key,
            body,
        });
        Ok(())
    }

    /// Who acted, where this device can read it.
    fn add_officers(&self, pieces: &mut Vec<Piece>) {
        let officers: Vec<Piece> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Receipt {
                    receipt,
                    note: Some(note),
                } => self.officer_of(receipt.hash(), &receipt.statement, note),
                _ => None,
            })
            .collect();
        pieces.extend(officers);
    }

    /// Who the officer of a receipt was, where this device can read it in the note.
    fn officer_of(&self, hash: Hash, receipt: &Receipt, note: &SealedNote) -> Option<Piece> {
        let note = self.note_of(receipt, note)?;
        // An organisation that withholds the name has sealed an empty one.
        let named = officer_hash(&note.salt, note.officer.as_str()) == receipt.officer;
        named.then_some(Piece::Officer {
            receipt: hash,
            salt: note.salt,
            name: note.officer,
        })
    }

    /// All documents, and the heads of every roster named of which they are held.
    fn add_rosters(
        &self,
        pieces: &mut Vec<Piece>,
        roster: &Roster,
        documents: RosterDocuments,
    ) -> Result<(), StepError> {
        let named: BTreeSet<Hash> = pieces.iter().filter_map(Piece::roster).collect();
        let newest = roster.hash();
        let mut rosters = 0;
        for hash in named.into_iter().filter(|hash| *hash != newest) {
            let kept: Option<HeadsRecord> = self.find_long(tables::HEADS, hash.as_bytes())?;
            // Over the limit the newest judges: it descends from all of them.
            if let Some(HeadsRecord { heads }) = kept
                && rosters < maille_common::limits::EXPORT_ROSTERS_MAX
                && is_of_anchor(roster, &documents, &heads)
            {
                pieces.push(Piece::Roster(heads));
                rosters += 1;
            }
        }
        let RosterDocuments {
            authority,
            annexes,
            suspensions,
        } = documents;
        pieces.extend(authority.into_vec().into_iter().map(Piece::Authority));
        pieces.extend(annexes.into_vec().into_iter().map(Piece::Annex));
        pieces.extend(suspensions.into_vec().into_iter().map(Piece::Suspension));
        Ok(())
    }
}

/// The hashes of all rosters that were in use at a desk.
pub fn rosters_used(store: &dyn Store) -> Result<Vec<Hash>, StepError> {
    let rows = store.scan(Scan::table(tables::HEADS, usize::MAX))?;
    let first = rows
        .iter()
        .filter_map(|(key, _)| match key.split_last_chunk::<4>() {
            Some((whole, [0, 0, 0, 0])) => whole.try_into().ok(),
            _ => None,
        });
    Ok(first.map(Hash::from_bytes).collect())
}

/// Whether a roster that was in use here is of the anchor of another. One from before a
/// re-anchoring is proven by its own, and the newest judges in its place.
fn is_of_anchor(roster: &Roster, documents: &RosterDocuments, heads: &RosterHeads) -> bool {
    roster.compare(heads) == Comparison::Ancestor || leads_to(documents, heads, roster.anchor())
}

fn of_receipt(receipt: SignedReceipt, note: Option<SealedNote>) -> Piece {
    Piece::Receipt { receipt, note }
}
