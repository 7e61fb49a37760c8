//! An alert with what came of it, and the file of that.

use maille_common::codec::{Bytes, Exact};
use maille_common::crypto::chunked::ContentKey;
use maille_common::envelope::{Core, SignedEnvelope, Submission};
use maille_common::evidence::{Accepted, Receipt, SignedReceipt, sign};
use maille_common::export::{Export, ExportFault, ExportHead, Piece, ProvenExport};
use maille_common::randomness::Randomness;
use maille_common::roster::{Roster, RosterDocuments};
use maille_common::terms::{Reason, Stage};
use maille_common::time::Span;

use crate::evidence::{accepted, act, receipt};
use crate::notes::{note, sealed_note};
use crate::world::*;

/// An alert that device 1 sent under a roster, and everything that came of it.
pub(crate) struct Case {
    pub(crate) roster: Roster,
    pub(crate) documents: RosterDocuments,
    pub(crate) alert: Submission,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) exporter: u8,
}

impl Case {
    /// Under the first roster, with the envelope alone.
    pub(crate) fn new() -> Self {
        Self::of(Letter::alert())
    }

    pub(crate) fn of(letter: Letter) -> Self {
        let roster = roster();
        let core = Core {
            roster: roster.hash(),
            ..letter.core.clone()
        };
        let alert = Letter { core, ..letter }.seal();
        let envelope = SignedEnvelope::of_submission(&alert);
        Self {
            documents: roster.documents(),
            roster,
            alert,
            pieces: vec![Piece::Envelope(Box::new(envelope))],
            exporter: 1,
        }
    }

    pub(crate) fn with(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }

    /// A receipt about this alert under the first roster.
    pub(crate) fn receipt(&self, by: u8, receipt: Receipt) -> SignedReceipt {
        let receipt = Receipt {
            alert: self.alert.id(),
            contact: contact_of(by),
            device: device(by),
            roster: self.roster.hash(),
            ..receipt
        };
        sign(&key(by), vec![Exact::of(receipt).unwrap()]).remove(0)
    }

    pub(crate) fn answered(self, by: u8, stated: Receipt) -> Self {
        let receipt = self.receipt(by, stated);
        self.with(Piece::Receipt {
            receipt,
            note: None,
        })
    }

    pub(crate) fn accepted(self) -> Self {
        let stated = Accepted {
            alert: self.alert.id(),
            roster: self.roster.hash(),
            ..accepted()
        };
        let signed = sign(&key(RELAY), vec![Exact::of(stated).unwrap()]).remove(0);
        self.with(Piece::Accepted(signed))
    }

    /// Acknowledged by an officer, whose name is revealed.
    pub(crate) fn acknowledged_by_amina(self) -> Self {
        let sealed = sealed_note(&note());
        let stated = Receipt {
            note: sealed.hash(),
            ..act(Stage::Acknowledged, Reason::None)
        };
        let receipt = self.receipt(3, stated);
        let officer = Piece::Officer {
            receipt: receipt.hash(),
            salt: note().salt,
            name: text("Amina"),
        };
        let note = Some(sealed);
        self.with(Piece::Receipt { receipt, note }).with(officer)
    }

    pub(crate) fn revealed(self) -> Self {
        let body = Bytes::new(self.alert.body.to_vec()).unwrap();
        // The first secret that sealing draws from seed 1.
        let key = ContentKey::from_bytes(*Fixed(1).secret());
        self.with(Piece::Content { key, body })
    }

    /// The exporter knows a later roster, and shows the one of before where it still has its heads.
    pub(crate) fn under(self, newest: &Roster, shows_named: bool) -> Self {
        let heads = Piece::Roster(self.roster.heads().clone());
        let documents = newest.documents();
        let case = Self { documents, ..self };
        match shows_named {
            true => case.with(heads),
            false => case,
        }
    }

    pub(crate) fn exported_by(self, exporter: u8) -> Self {
        Self { exporter, ..self }
    }

    pub(crate) fn export(self) -> Export {
        let newest = Roster::found(anchor(), &self.documents).unwrap();
        let head = ExportHead {
            version: 1,
            network: text("test"),
            alert: self.alert.id(),
            contact: contact_of(self.exporter),
            device: device(self.exporter),
            time: NOW + Span::from_hours(2),
            roster: newest.hash(),
        };
        let mut pieces = self.pieces;
        let RosterDocuments {
            authority,
            annexes,
            suspensions,
        } = self.documents;
        pieces.extend(authority.into_vec().into_iter().map(Piece::Authority));
        pieces.extend(annexes.into_vec().into_iter().map(Piece::Annex));
        pieces.extend(suspensions.into_vec().into_iter().map(Piece::Suspension));
        Export::sign(head, pieces, &key(self.exporter)).unwrap()
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.export().to_bytes()
    }

    #[track_caller]
    pub(crate) fn proven(self) -> ProvenExport {
        judged(&self.bytes()).unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[track_caller]
    pub(crate) fn refused(self, check: &str) -> ExportFault {
        let fault = judged(&self.bytes()).unwrap_err();
        assert_eq!(fault.check(), check, "{fault}");
        fault
    }
}

pub(crate) fn judged(bytes: &[u8]) -> Result<ProvenExport, ExportFault> {
    Export::parse(bytes)?.verify(&anchor())
}

/// Everything an export can hold, each once.
pub(crate) fn full() -> Case {
    Case::new()
        .accepted()
        .answered(3, receipt())
        .acknowledged_by_amina()
        .revealed()
}

pub(crate) fn later(minutes: u64, receipt: Receipt) -> Receipt {
    Receipt {
        time: NOW + Span::from_minutes(minutes),
        ..receipt
    }
}
