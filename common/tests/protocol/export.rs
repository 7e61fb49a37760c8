//! Exports: what they prove from the anchor alone, and that nothing in them can be altered
//! (PROTOCOL section 7, the export).

use maille_common::codec::{Bytes, Exact, encode};
use maille_common::content::Alert;
use maille_common::crypto::chunked::ContentKey;
use maille_common::envelope::{Core, SignedEnvelope, Submission};
use maille_common::evidence::{
    Accepted, Expiry, Note, Notice, ObligationState, Receipt, SealedNote, SignedReceipt, sign,
};
use maille_common::export::{Export, ExportFault, ExportHead, MAGIC, Piece, ProvenExport};
use maille_common::hash::{Hash, hash};
use maille_common::identifier::AlertId;
use maille_common::label::Label;
use maille_common::randomness::Randomness;
use maille_common::roster::{
    Anchor, Roster, RosterDocuments, SignedSuspension, Subject, Suspension, Version,
};
use maille_common::terms::{Actor, Kind, Reason, Release, Stage};
use maille_common::time::{Span, Timestamp};

use crate::evidence::{accepted, act, expiry, notice, receipt};
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

    fn of(letter: Letter) -> Self {
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
    fn under(self, newest: &Roster, shows_named: bool) -> Self {
        let heads = Piece::Roster(self.roster.heads().clone());
        let documents = newest.documents();
        let case = Self { documents, ..self };
        match shows_named {
            true => case.with(heads),
            false => case,
        }
    }

    fn exported_by(self, exporter: u8) -> Self {
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

    fn bytes(self) -> Vec<u8> {
        self.export().to_bytes()
    }

    #[track_caller]
    fn proven(self) -> ProvenExport {
        judged(&self.bytes()).unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[track_caller]
    fn refused(self, check: &str) -> ExportFault {
        let fault = judged(&self.bytes()).unwrap_err();
        assert_eq!(fault.check(), check, "{fault}");
        fault
    }
}

fn judged(bytes: &[u8]) -> Result<ProvenExport, ExportFault> {
    Export::parse(bytes)?.verify(&anchor())
}

/// Everything an export can hold, each once.
fn full() -> Case {
    Case::new()
        .accepted()
        .answered(3, receipt())
        .acknowledged_by_amina()
        .revealed()
}

fn later(minutes: u64, receipt: Receipt) -> Receipt {
    Receipt {
        time: NOW + Span::from_minutes(minutes),
        ..receipt
    }
}

#[test]
fn an_export_proves_who_sent_what_to_whom_and_what_became_of_it() {
    let proven = full().proven();
    assert_eq!(proven.network, "test");
    assert_eq!(proven.exported_by, address("alpha/desk"));
    let core = proven.envelope.core();
    assert_eq!(
        (core.kind, &core.sender),
        (Kind::Alert, &address("alpha/desk"))
    );
    assert_eq!(proven.envelope.signers().collect::<Vec<_>>(), [device(1)]);
    assert!(proven.envelope.by_named_roster() && proven.envelope.is_whole());
    let [beta] = proven.recipients.as_slice() else {
        panic!("the alert has one recipient");
    };
    let devices: Vec<_> = beta.entries.iter().map(|entry| entry.device).collect();
    assert_eq!(devices, [device(3), device(4), device(5)]);
    assert_eq!(beta.accepted[0].statement().relay.as_str(), "lyon");
    assert_eq!(beta.standing.state, ObligationState::Acknowledged);
    let stages: Vec<_> = beta
        .receipts
        .iter()
        .map(|proven| proven.receipt.statement().stage)
        .collect();
    assert_eq!(stages, [Stage::Delivered, Stage::Acknowledged]);
    let acknowledged = &beta.receipts[1];
    assert_eq!(acknowledged.officer.as_deref(), Some("Amina"));
    assert!(acknowledged.has_note && acknowledged.is_addressed && acknowledged.by_named_roster);
    assert_eq!(proven.content.as_deref(), Some(&alert()));
}

#[test]
fn without_the_key_the_words_stay_sealed_and_all_else_is_proven() {
    let proven = Case::new().accepted().answered(3, receipt()).proven();
    assert_eq!(proven.content, None);
    let env = &proven.envelope.signed().env;
    assert_eq!(env.body_length, Case::new().alert.body.len() as u64);
    assert!(
        proven.recipients[0]
            .standing
            .stages
            .contains_key(&Stage::Delivered)
    );
}

#[test]
fn what_is_written_is_what_is_read_back() {
    let bytes = full().bytes();
    assert_eq!(Export::parse(&bytes).unwrap().to_bytes(), bytes);
    assert!(bytes.starts_with(&MAGIC));
}

#[test]
fn altering_any_byte_makes_it_fail() {
    let mut bytes = full().bytes();
    for at in 0..bytes.len() {
        for bit in [0x01, 0x80] {
            bytes[at] ^= bit;
            assert!(judged(&bytes).is_err(), "byte {at} of {}", bytes.len());
            bytes[at] ^= bit;
        }
    }
    assert!(judged(&bytes).is_ok());
}

#[test]
fn cutting_it_or_adding_to_it_makes_it_fail() {
    let bytes = full().bytes();
    for length in (0..bytes.len()).step_by(7) {
        assert!(judged(&bytes[..length]).is_err(), "{length} bytes");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(judged(&longer), Err(ExportFault::Altered)));
}

/// What is between the head and the seal of a file.
fn body_range(bytes: &[u8]) -> std::ops::Range<usize> {
    let head = u32::from_le_bytes(*bytes[MAGIC.len()..].first_chunk().unwrap());
    MAGIC.len() + 4 + head as usize..bytes.len() - 96
}

/// The hash and signature of a file are made anew by the device that exported it.
fn seal_again(bytes: &mut [u8], by: u8) {
    let written = bytes.len() - 96;
    let hash = hash(Label::EXPORT, &[&bytes[..written]]);
    bytes[written..written + 32].copy_from_slice(hash.as_bytes());
    let signature = key(by).sign(Label::EXPORT_SIGNATURE, &hash);
    bytes[written + 32..].copy_from_slice(signature.as_bytes());
}

/// Whoever exports signs the file, so the seal does not hold them: what others signed does.
#[test]
fn whoever_made_it_cannot_alter_a_byte_of_what_others_signed() {
    let honest = full().bytes();
    let mut resealed = honest.clone();
    seal_again(&mut resealed, 1);
    assert_eq!(resealed, honest, "sealing again is what the exporter does");
    for at in body_range(&honest) {
        let mut bytes = honest.clone();
        bytes[at] ^= 0x04;
        seal_again(&mut bytes, 1);
        assert!(judged(&bytes).is_err(), "byte {at} of {}", honest.len());
    }
}

#[test]
fn x1_another_kind_or_version_of_file_is_named_as_such() {
    assert!(matches!(judged(b"hello"), Err(ExportFault::NotAnExport)));
    let mut bytes = full().bytes();
    bytes[MAGIC.len() + 4] = 2;
    seal_again(&mut bytes, 1);
    assert!(matches!(judged(&bytes), Err(ExportFault::Version(2))));
}

#[test]
fn x1_pieces_out_of_their_order_are_refused() {
    let bytes = Case::new().accepted().answered(3, receipt()).bytes();
    let range = body_range(&bytes);
    let mut pieces = Vec::new();
    let mut rest = &bytes[range.start + 4..range.end];
    while let Some(length) = rest.first_chunk::<4>() {
        let (piece, after) = rest.split_at(4 + u32::from_le_bytes(*length) as usize);
        pieces.push(piece);
        rest = after;
    }
    pieces.swap(0, 1);
    let mut swapped = [&bytes[..range.start + 4], &pieces.concat(), &[0; 96]].concat();
    seal_again(&mut swapped, 1);
    assert!(matches!(judged(&swapped), Err(ExportFault::Order)));
}

#[test]
fn x2_another_anchor_proves_nothing() {
    let other = Anchor {
        keys: sorted([key(99).verifying_key()]),
        ..anchor()
    };
    let export = Export::parse(&full().bytes()).unwrap();
    assert_eq!(export.verify(&other).unwrap_err().check(), "X2");
    let network = Anchor {
        network: text("another"),
        ..anchor()
    };
    assert_eq!(export.verify(&network).unwrap_err().check(), "X2");
}

#[test]
fn x2_a_document_left_out_shows_in_the_hash_of_the_roster() {
    let mut case = Case::new();
    let roster = case.roster.hash();
    let mut annexes = case.documents.annexes.clone().into_vec();
    annexes.retain(|signed| signed.annex.organisation.as_str() != "delta");
    case.documents.annexes = list(annexes);
    let mut export = case.export().to_bytes();
    // The exporter claims the roster of before.
    let claimed = body_range(&export).start - 32;
    export[claimed..claimed + 32].copy_from_slice(roster.as_bytes());
    seal_again(&mut export, 1);
    let fault = judged(&export).unwrap_err();
    assert!(matches!(fault, ExportFault::OtherRoster { .. }), "{fault}");
}

#[test]
fn x2_a_roster_that_nothing_names_is_refused() {
    let heads = roster_after("beta", |_| ()).heads().clone();
    Case::new().with(Piece::Roster(heads)).refused("X2");
}

#[test]
fn x3_only_the_device_it_names_can_have_made_it() {
    let mut bytes = full().bytes();
    seal_again(&mut bytes, 3);
    let fault = judged(&bytes).unwrap_err();
    assert!(matches!(fault, ExportFault::Exporter(by) if by == device(1)));
}

#[test]
fn a_recipient_exports_what_it_received_and_says_that_it_shows_its_own_entry_alone() {
    let sent = full();
    let shown = SignedEnvelope::of_delivery(&share(&sent.alert, 3));
    let case = Case {
        pieces: vec![Piece::Envelope(Box::new(shown))],
        ..sent
    };
    let proven = case
        .answered(3, receipt())
        .answered(3, act(Stage::Refused, Reason::NotOurs))
        .exported_by(3)
        .proven();
    assert_eq!(proven.exported_by, address("beta/desk"));
    assert!(!proven.envelope.is_whole());
    let beta = &proven.recipients[0];
    assert_eq!(beta.entries.len(), 1);
    assert_eq!(beta.standing.state, ObligationState::Refused);
}

/// Of four devices one is shown: that it returned the alert does not mean that all did.
#[test]
fn one_return_in_a_recipients_export_is_not_taken_for_the_sum_of_all() {
    let returned = Receipt {
        stage: Stage::Returned,
        reason: Reason::WrapBroken,
        ..receipt()
    };
    let sent = Case::new();
    let shown = SignedEnvelope::of_delivery(&share(&sent.alert, 3));
    let partial = Case {
        pieces: vec![Piece::Envelope(Box::new(shown))],
        ..Case::new()
    };
    let open = partial
        .answered(3, returned.clone())
        .exported_by(3)
        .proven();
    assert_eq!(open.recipients[0].standing.state, ObligationState::Open);
    let all = sent.answered(3, returned.clone()).answered(4, returned);
    let state = all.proven().recipients[0].standing.state;
    assert_eq!(state, ObligationState::Refused);
}

#[test]
fn a_deputys_acknowledgement_of_an_escalated_alert_is_proven_as_a_deputys() {
    let released = Notice {
        alert: Case::new().alert.id(),
        roster: roster().hash(),
        ..notice()
    };
    let released = sign(&key(RELAY), vec![Exact::of(released).unwrap()]).remove(0);
    let proven = Case::new()
        .with(Piece::Notice(released))
        .answered(5, later(40, act(Stage::Acknowledged, Reason::None)))
        .proven();
    let beta = &proven.recipients[0];
    assert_eq!(beta.standing.state, ObligationState::Acknowledged);
    assert!(beta.standing.escalation_stopped);
    let by = beta.receipts[0].receipt.statement();
    assert_eq!(
        (&by.contact, by.device),
        (&address("gamma/desk"), device(5))
    );
    assert_eq!(beta.notices[0].statement().step, 1);
}

#[test]
fn an_acknowledgement_after_the_expiry_stands_above_it_and_both_are_proven() {
    let case = Case::new();
    let expired = Expiry {
        alert: case.alert.id(),
        time: NOW + Span::from_days(1),
        ..expiry()
    };
    let expired = sign(&key(1), vec![Exact::of(expired).unwrap()]).remove(0);
    let proven = case
        .with(Piece::Expiry(expired))
        .answered(3, later(1500, act(Stage::Acknowledged, Reason::None)))
        .proven();
    let standing = &proven.recipients[0].standing;
    assert_eq!(standing.state, ObligationState::Acknowledged);
    assert!(standing.proofs.contains_key(&ObligationState::Expired));
}

fn cancel(of: AlertId, from: u8, to: &str) -> Piece {
    let core = Core {
        reference: of,
        ..core(Kind::Cancel, from, &[to])
    };
    let letter = Letter {
        core,
        signers: vec![from],
        to: vec![(3, Release::Now, 0, 0)],
        ..Letter::alert()
    };
    Piece::Envelope(Box::new(SignedEnvelope::of_submission(&letter.seal())))
}

#[test]
fn x4_a_cancel_counts_if_the_sender_wrote_it_and_about_this_alert() {
    let id = Case::new().alert.id();
    let proven = Case::new().with(cancel(id, 2, "beta/desk")).proven();
    assert_eq!(proven.cancels.len(), 1);
    let state = proven.recipients[0].standing.state;
    assert_eq!(state, ObligationState::Cancelled);
    Case::new().with(cancel(id, 3, "beta/desk")).refused("X4");
    let other = AlertId::from_bytes([0xee; 32]);
    Case::new()
        .with(cancel(other, 1, "beta/desk"))
        .refused("X4");
}

#[test]
fn x4_an_addendum_shows_further_devices_and_extends_this_alert_alone() {
    let mut letter = Letter::alert();
    letter.to.truncate(1);
    let case = Case::of(letter);
    let addendum = crate::addenda::addendum(&case.alert, 2, &[4]);
    let piece = |of: &Submission| Piece::Envelope(Box::new(SignedEnvelope::of_submission(of)));
    let proven = case.with(piece(&addendum)).answered(4, receipt()).proven();
    assert_eq!(proven.addenda[0].signers().next(), Some(device(2)));
    assert!(proven.recipients[0].receipts[0].is_addressed);
    // To the alert with four entries, which is another one.
    Case::new().with(piece(&addendum)).refused("X4");
}

#[test]
fn x4_without_its_envelope_nothing_is_proven() {
    let case = Case::new().answered(3, receipt());
    let pieces = case.pieces.into_iter().skip(1).collect();
    Case {
        pieces,
        ..Case::new()
    }
    .refused("X4");
}

#[test]
fn x4_a_signature_by_another_device_is_refused() {
    let case = Case::new();
    let mut envelope = SignedEnvelope::of_submission(&case.alert);
    envelope.signatures = list(signatures(envelope.env.bytes(), &[3]));
    let pieces = vec![Piece::Envelope(Box::new(envelope))];
    let fault = Case { pieces, ..case }.refused("X4");
    assert!(matches!(fault, ExportFault::Envelope { fault, .. } if fault.check() == "E5"));
}

#[test]
fn x5_a_receipt_of_another_alert_or_by_a_stranger_is_refused() {
    let other = Receipt {
        alert: AlertId::from_bytes([0xee; 32]),
        ..receipt()
    };
    let other = sign(&key(3), vec![Exact::of(other).unwrap()]).remove(0);
    let piece = Piece::Receipt {
        receipt: other,
        note: None,
    };
    Case::new().with(piece).refused("X5");
    // Of delta, who is nobody's deputy.
    let fault = Case::new().answered(6, receipt()).refused("X5");
    assert!(matches!(fault, ExportFault::Receipt { fault, .. } if fault.check() == "Q3"));
    let elsewhere = Receipt {
        recipient: address("gamma/desk"),
        ..receipt()
    };
    Case::new().answered(5, elsewhere).refused("X5");
}

#[test]
fn x6_a_note_or_an_officer_beside_the_wrong_receipt_is_refused() {
    let other = Note {
        text: text("Something else."),
        ..note()
    };
    let case = Case::new();
    let receipt = case.receipt(3, act(Stage::Acknowledged, Reason::None));
    let hash = receipt.hash();
    let note: Option<SealedNote> = Some(sealed_note(&other));
    case.with(Piece::Receipt { receipt, note }).refused("X6");
    let named = |receipt: Hash, name: &str| Piece::Officer {
        receipt,
        salt: note_salt(),
        name: text(name),
    };
    let acted = || Case::new().answered(3, act(Stage::Acknowledged, Reason::None));
    acted().with(named(hash, "Bruno")).refused("X6");
    acted().with(named(Hash::ZERO, "Amina")).refused("X6");
    let proven = acted().with(named(hash, "Amina")).proven();
    let officer = proven.recipients[0].receipts[0].officer.clone();
    assert_eq!(officer.as_deref(), Some("Amina"));
}

fn note_salt() -> [u8; 16] {
    note().salt
}

#[test]
fn x7_another_key_or_body_reveals_nothing() {
    let body = |case: &Case| Bytes::new(case.alert.body.to_vec()).unwrap();
    let case = Case::new();
    let wrong_key = Piece::Content {
        key: ContentKey::from_bytes([9; 32]),
        body: body(&case),
    };
    case.with(wrong_key).refused("X7");
    let other = Case::of(Letter {
        content: encode(&other_words()),
        ..Letter::alert()
    });
    let other_body = Piece::Content {
        key: ContentKey::from_bytes(*Fixed(1).secret()),
        body: body(&other),
    };
    Case::new().with(other_body).refused("X7");
}

fn other_words() -> Alert {
    Alert::draft(("en", "Nothing"))
        .text(("en", "All is well."))
        .build()
        .unwrap()
}

#[test]
fn who_left_the_roster_since_has_signed_nevertheless() {
    let without_first = roster_after("alpha", |contact| {
        let mut devices = contact.devices.clone().into_vec();
        devices.retain(|known| known.id != device(1));
        contact.devices = sorted(devices);
    });
    for shows_named in [true, false] {
        let case = Case::new().answered(3, receipt());
        let case = case.under(&without_first, shows_named).exported_by(2);
        let proven = case.proven();
        assert_eq!(proven.envelope.by_named_roster(), shows_named);
        assert_eq!(
            proven.recipients[0].receipts[0].by_named_roster,
            shows_named
        );
        assert_eq!(proven.roster, without_first.hash());
    }
}

/// Who may answer for whom is judged by the roster that the receipt names, where its heads are
/// held; a later one may say otherwise, and then nothing in the file shows who was right.
#[test]
fn a_deputy_of_then_is_proven_by_the_roster_of_then() {
    let no_deputies = roster_after("beta", |contact| contact.deputies = list([]));
    let case = || Case::new().answered(5, act(Stage::Acknowledged, Reason::None));
    let proven = case().under(&no_deputies, true).proven();
    let state = proven.recipients[0].standing.state;
    assert_eq!(state, ObligationState::Acknowledged);
    case().under(&no_deputies, false).refused("X5");
}

#[test]
fn a_receipt_from_after_a_suspension_learnt_later_is_shown_and_not_counted() {
    let suspension = |issued: Timestamp| {
        let suspension = Suspension {
            version: Version::ONE,
            network: text("test"),
            subject: Subject::Device(address("beta/desk"), device(3)),
            issued,
            reason: text("lost"),
            key: key(100).verifying_key(),
        };
        let mut roster = roster();
        let signed = SignedSuspension::sign(&key(100), suspension).unwrap();
        let documents = RosterDocuments {
            suspensions: list([signed]),
            ..RosterDocuments::default()
        };
        roster.apply(&documents).unwrap();
        roster
    };
    let state = |newest: &Roster| {
        let case = Case::new().answered(3, later(5, act(Stage::Acknowledged, Reason::None)));
        let proven = case.under(newest, true).proven();
        let beta = &proven.recipients[0];
        (beta.receipts[0].is_suspended, beta.standing.state)
    };
    let before = suspension(NOW);
    assert_eq!(state(&before), (true, ObligationState::Open));
    let after = suspension(NOW + Span::from_minutes(6));
    assert_eq!(state(&after), (false, ObligationState::Acknowledged));
}

#[test]
fn the_senders_other_devices_and_their_copies_are_told_apart_from_recipients() {
    let copy = Receipt {
        recipient: address("alpha/desk"),
        actor: Actor::System,
        ..receipt()
    };
    let proven = Case::new().answered(2, copy).proven();
    assert_eq!(proven.copies.len(), 1);
    assert!(proven.copies[0].is_addressed);
    assert!(proven.recipients[0].receipts.is_empty());
}
