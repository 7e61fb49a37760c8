//! Exports: what a desk holds about an alert proves itself from the anchor alone, also years later.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::Arc;

use maille_client::core::{Act, ExportError, Order, RefuseReason};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::export::{Export, ProvenExport};
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_common::terms::{Kind, Stage};
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

fn two_desks() -> (MemoryWorld, DeviceId, DeviceId) {
    let mut network = Network::found(1, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    (world, lyon, tunis)
}

fn act(world: &mut MemoryWorld, at: &DeviceId, alert: &AlertId, act: &Act) {
    let now = world.now;
    let mut random = Seeded::new(99);
    let desk = world.desk(at);
    desk.act(alert, act, Some("Amina"), "on it", now, &mut random)
        .unwrap();
    world.settle();
}

/// The file that a desk makes.
fn export(
    world: &mut MemoryWorld,
    at: &DeviceId,
    alert: &AlertId,
    reveal: bool,
) -> Result<Vec<u8>, ExportError> {
    let now = world.now;
    let documents = world.desk(at).roster().documents();
    let export = world.desk(at).export(alert, reveal, documents, now)?;
    Ok(export.to_bytes())
}

/// What it proves to somebody who knows the anchor and nothing else.
fn proven(world: &mut MemoryWorld, at: &DeviceId, alert: &AlertId, reveal: bool) -> ProvenExport {
    let file = export(world, at, alert, reveal).unwrap();
    let anchor = world.network.anchor();
    Export::parse(&file).unwrap().verify(&anchor).unwrap()
}

fn state(proven: &ProvenExport) -> ObligationState {
    proven.recipients[0].standing.state
}

fn stages(proven: &ProvenExport) -> Vec<Stage> {
    let receipts = proven.recipients[0].receipts.iter();
    receipts
        .map(|proven| proven.receipt.statement().stage)
        .collect()
}

#[test]
fn sender_and_recipient_prove_the_same_alert_from_the_same_anchor() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "Stolen passports at the border");
    world.settle();
    act(&mut world, &tunis, &alert, &Act::Acknowledge);

    let sent = proven(&mut world, &lyon, &alert, false);
    assert_eq!(
        (sent.alert, state(&sent)),
        (alert, ObligationState::Acknowledged)
    );
    assert_eq!(stages(&sent), [Stage::Delivered, Stage::Acknowledged]);
    assert_eq!(sent.recipients[0].accepted.len(), 1);
    assert!(sent.envelope.is_whole() && sent.content.is_none());
    assert_eq!(sent.recipients[0].receipts[1].officer, None);

    let received = proven(&mut world, &tunis, &alert, true);
    assert_eq!((received.alert, state(&received)), (alert, state(&sent)));
    assert_eq!(stages(&received), stages(&sent));
    assert_eq!(received.exported_by.as_str(), "cmai/tunis");
    assert!(!received.envelope.is_whole());
    let words = received.content.unwrap();
    assert_eq!(words.subject(&["en"]), "Stolen passports at the border");
}

#[test]
fn the_officer_is_named_where_the_sender_reveals_who_acted() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "Who takes it?");
    world.settle();
    let refuse = Act::Refuse(RefuseReason::NoLegalBasis);
    act(&mut world, &tunis, &alert, &refuse);
    let proven = proven(&mut world, &lyon, &alert, true);
    assert_eq!(state(&proven), ObligationState::Refused);
    let refused = &proven.recipients[0].receipts[1];
    assert_eq!(refused.officer.as_deref(), Some("Amina"));
    assert!(refused.has_note);
}

#[test]
fn an_unknown_alert_is_not_exported() {
    let (mut world, lyon, _) = two_desks();
    let unknown = AlertId::from_bytes([7; 32]);
    let refused = export(&mut world, &lyon, &unknown, false);
    assert!(matches!(refused, Err(ExportError::Unknown(id)) if id == unknown));
}

#[test]
fn an_alert_that_nobody_took_is_proven_as_expired() {
    let (mut world, lyon, tunis) = two_desks();
    world.down.insert("lyon".to_owned());
    let alert = world.send(&lyon, &["cmai/tunis"], "Nobody hears this in time");
    world.pass(Span::from_hours(25));
    world.tick();
    let before = proven(&mut world, &lyon, &alert, false);
    assert_eq!(state(&before), ObligationState::Expired);
    assert!(before.recipients[0].accepted.is_empty());
    world.down.clear();
    world.settle();
    act(&mut world, &tunis, &alert, &Act::Acknowledge);
    let after = proven(&mut world, &lyon, &alert, false);
    assert_eq!(state(&after), ObligationState::Acknowledged);
    assert!(
        after.recipients[0]
            .standing
            .proofs
            .contains_key(&ObligationState::Expired)
    );
}

#[test]
fn what_was_cancelled_is_proven_so_at_both_ends() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "A mistake");
    world.settle();
    let cancel = Order {
        kind: Kind::Cancel,
        refers_to: Some(alert),
        ..order(&["cmai/tunis"], "It was a mistake")
    };
    let cancel = world.order(&lyon, &cancel).id;
    world.settle();
    for desk in [lyon, tunis] {
        let proven = proven(&mut world, &desk, &alert, false);
        assert_eq!(state(&proven), ObligationState::Cancelled);
        assert_eq!(proven.cancels[0].id(), cancel);
    }
}

/// The grace of the outbox and the retention of a home end long before anybody asks a court.
#[test]
fn evidence_outlives_wraps_and_content_and_says_that_the_words_are_gone() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "To be proven in years");
    world.settle();
    act(&mut world, &tunis, &alert, &Act::Acknowledge);
    let early = proven(&mut world, &lyon, &alert, false);
    world.pass(Span::from_days(15));
    world.tick();
    let now = world.now;
    for desk in [lyon, tunis] {
        world.desk(&desk).purge(now, now).unwrap();
        assert!(world.desk(&desk).is_purged(&alert).unwrap());
        let late = proven(&mut world, &desk, &alert, false);
        assert_eq!(
            (state(&late), stages(&late)),
            (state(&early), stages(&early))
        );
        let revealed = export(&mut world, &desk, &alert, true);
        assert!(matches!(revealed, Err(ExportError::Purged(_))));
    }
    let late = proven(&mut world, &lyon, &alert, false);
    assert_eq!(late.envelope, early.envelope);
}

#[test]
fn a_device_that_came_later_is_proven_with_the_addendum_that_reached_it() {
    let (mut world, lyon, _) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "For every device you have");
    world.settle();
    let second = world.network.admit("cmai/tunis");
    let documents = world.network.publish();
    let mut roster = Roster::clone(world.desk(&lyon).roster());
    roster.apply(&documents).unwrap();
    world.spread_to_relay("lyon", &documents);
    world.start_desk(&second, Arc::new(roster));
    world.settle();
    world.settle();
    let sent = proven(&mut world, &lyon, &alert, false);
    assert_eq!(sent.addenda.len(), 1);
    let reached = |proven: &&maille_common::export::ProvenReceipt| {
        proven.receipt.statement().device == second
    };
    let receipt = sent.recipients[0].receipts.iter().find(reached).unwrap();
    assert!(receipt.is_addressed);
    // It holds the addendum's envelope and the original's signatures.
    let received = proven(&mut world, &second, &alert, true);
    assert_eq!((received.alert, received.addenda.len()), (alert, 1));
    assert!(received.content.is_some());
}

/// A desk that started anew knows of earlier rosters what it stored, and that is enough.
#[test]
fn everything_is_judged_by_the_roster_of_then_after_roster_and_process_changed() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "Under the first roster");
    world.settle();
    act(&mut world, &tunis, &alert, &Act::Acknowledge);
    let first = world.desk(&lyon).roster().hash();
    world.network.admit("cmai/amman");
    let documents = world.network.publish();
    world.spread_to_relay("lyon", &documents);
    world.settle();
    world.kill_desk(&lyon);
    assert_ne!(world.desk(&lyon).roster().hash(), first);
    let proven = proven(&mut world, &lyon, &alert, false);
    assert_eq!(state(&proven), ObligationState::Acknowledged);
    assert!(proven.envelope.by_named_roster());
    let receipts = &proven.recipients[0].receipts;
    assert!(receipts.iter().all(|receipt| receipt.by_named_roster));
    assert!(receipts.iter().all(|receipt| !receipt.is_void));
}

/// The export goes with the annexes of before, which no annex follows, and its reader founds the
/// newest roster on them as well.
#[test]
fn what_was_exchanged_with_an_organisation_that_left_is_proven_as_before() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "Before it left");
    world.settle();
    act(&mut world, &tunis, &alert, &Act::Acknowledge);
    let _ = world.network.leave_out("cmai");
    let leaves = world.now + Span::from_days(3);
    world.network.date(leaves);
    let all = world.network.publish();
    world.pass(Span::from_days(3));
    world.spread_to_relay("lyon", &all);
    world.settle();
    let now = world.now;
    assert!(world.desk(&lyon).roster().device(&tunis).is_none());
    let export = world.desk(&lyon).export(&alert, false, all, now).unwrap();
    let anchor = world.network.anchor();
    let proven = Export::parse(&export.to_bytes()).unwrap();
    let proven = proven.verify(&anchor).unwrap();
    assert_eq!(state(&proven), ObligationState::Acknowledged);
    assert_eq!(stages(&proven), [Stage::Delivered, Stage::Acknowledged]);
}
