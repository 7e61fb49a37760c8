//! Exports: what they prove from the anchor alone, and that nothing in them can be altered
//! (PROTOCOL section 7, the export).

mod case;
mod judged;
mod reachability;

use maille_common::evidence::ObligationState;
use maille_common::export::{Export, ExportFault, MAGIC, Piece};
use maille_common::hash::hash;
use maille_common::label::Label;
use maille_common::roster::Anchor;
use maille_common::terms::{Kind, Stage};

use crate::evidence::receipt;
use crate::world::*;

pub(crate) use case::Case;
use case::{full, judged};

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
