//! What the pieces of an export are judged by (PROTOCOL X4 to X7).

use maille_common::codec::{Bytes, Exact, encode};
use maille_common::content::Alert;
use maille_common::crypto::chunked::ContentKey;
use maille_common::envelope::{Core, SignedEnvelope, Submission};
use maille_common::evidence::{Expiry, Note, Notice, ObligationState, Receipt, SealedNote, sign};
use maille_common::export::{ExportFault, Piece};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::roster::{
    Roster, RosterDocuments, SignedSuspension, Subject, Suspension, Version,
};
use maille_common::terms::{Actor, Kind, Reason, Release, Stage};
use maille_common::time::{Span, Timestamp};

use super::case::{Case, full, later};
use crate::evidence::{act, expiry, notice, receipt};
use crate::notes::{note, sealed_note};
use crate::world::*;

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
/// held, and otherwise by the newest, which remembers who was dismissed under way. Who was
/// dismissed long before may not answer by it, and nothing in the file shows that a deputy of then
/// was right.
#[test]
fn a_deputy_of_then_is_proven_by_the_roster_of_then() {
    let dismissed = |issued| roster_since(issued, "beta", |contact| contact.deputies = list([]));
    let case = || Case::new().answered(5, act(Stage::Acknowledged, Reason::None));
    let long_before = dismissed(NOW - Span::from_days(1));
    for (roster, shows_named) in [
        (&long_before, true),
        (&dismissed(NOW), true),
        (&dismissed(NOW), false),
    ] {
        let proven = case().under(roster, shows_named).proven();
        let state = proven.recipients[0].standing.state;
        assert_eq!(state, ObligationState::Acknowledged);
    }
    case().under(&long_before, false).refused("X5");
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
        (beta.receipts[0].is_void, beta.standing.state)
    };
    let before = suspension(NOW);
    assert_eq!(state(&before), (true, ObligationState::Open));
    let after = suspension(NOW + Span::from_minutes(6));
    assert_eq!(state(&after), (false, ObligationState::Acknowledged));
}

/// Whoever has keys that were renewed away names a roster of before, in which they are the newest.
#[test]
fn a_receipt_by_a_key_that_ended_long_before_the_alert_is_shown_and_not_counted() {
    let state = |ends: Timestamp, named: bool| {
        let newest = roster_since(ends, "beta", |contact| renew(contact, 3, Some(ends)));
        let case = Case::new().answered(3, later(5, act(Stage::Acknowledged, Reason::None)));
        case.under(&newest, named)
    };
    let of = |case: Case| {
        let proven = case.proven();
        let beta = &proven.recipients[0];
        (beta.receipts[0].is_void, beta.standing.state)
    };
    let day = Span::from_ms(limits::DISMISSED_MS);
    let (open, acknowledged) = (ObligationState::Open, ObligationState::Acknowledged);
    assert_eq!(of(state(NOW - day, true)), (true, open));
    let within = NOW - day + Span::from_ms(1);
    assert_eq!(of(state(within, true)), (false, acknowledged));
    // By the newest roster it may not answer at all.
    state(NOW - day, false).refused("X5");
    assert_eq!(of(state(within, false)), (false, acknowledged));
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
