//! A device that is lost, and a desk that comes back from a backup: nothing waits for the one, and
//! the other learns again what was done.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, IncidentKind};
use maille_common::address::DeviceId;
use maille_common::codec::Exact;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::{ObligationState, Receipt, sign};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::terms::{Actor, Reason, Stage};
use maille_common::time::Span;
use maille_tests::network::address;
use maille_tests::shift::{Shift, shift, shift_at};

/// Takes the night desk out of the roster, and everybody hears of it.
fn lose_night(shift: &mut Shift) {
    let night = shift.night;
    shift.world.network.remove(&night);
    shift.spread();
}

/// A device says that it cannot open an alert, and the sender hears it.
fn gives_back(shift: &mut Shift, device: DeviceId, alert: AlertId) {
    let now = shift.world.now;
    let epoch = shift.world.desk(&device).epoch();
    let receipt = Receipt {
        version: Receipt::VERSION,
        alert,
        recipient: address("cmai/tunis"),
        contact: address("cmai/tunis"),
        device,
        stage: Stage::Returned,
        actor: Actor::System,
        reason: Reason::BodyBroken,
        officer: Hash::ZERO,
        note: Hash::ZERO,
        time: now,
        roster: shift.world.desk(&device).roster().hash(),
        bundle: 1,
        epoch,
        number: 1,
        previous: Hash::ZERO,
        extensions: maille_common::extension::Extensions::empty(),
    };
    let key = SigningKey::from_seed(shift.world.network.device(&device).signing);
    let signed = sign(&key, vec![Exact::of(receipt).unwrap()]).remove(0);
    let lyon = shift.lyon;
    let relay = "lyon".parse().unwrap();
    let desk = shift.world.desk(&lyon);
    desk.receipt_came(&relay, 1_000, signed, None, now).unwrap();
}

#[test]
fn what_was_open_at_a_lost_device_stays_with_the_others_and_nothing_waits_for_it() {
    let mut shift = shift();
    let (lyon, day) = (shift.lyon, shift.day);
    let open = shift.send("Open at both");
    lose_night(&mut shift);
    assert!(shift.entry(day, &open).is_open());
    shift.acknowledge(day, &open, "S. Ben Ali");
    shift.world.settle();
    assert_eq!(
        shift.state(&open, "cmai/tunis"),
        ObligationState::Acknowledged
    );
    let after = shift.send("After the loss");
    assert_eq!(shift.world.desk(&lyon).lacking().unwrap(), []);
    let now = shift.world.now;
    let track = shift.world.desk(&lyon).track(&after, now).unwrap().unwrap();
    assert_eq!(track.recipients[0].reach.addressed, [day]);
}

#[test]
fn what_a_lost_device_acknowledged_stays_proven_at_every_desk() {
    for suspended in [false, true] {
        let mut shift = shift();
        let (lyon, day, night) = (shift.lyon, shift.day, shift.night);
        let alert = shift.send("Taken on by night");
        shift.acknowledge(night, &alert, "L. Trabelsi");
        shift.world.settle();
        if suspended {
            let documents = shift.world.network.suspend(&night);
            shift.world.spread_to_relay("lyon", &documents);
            shift.world.settle();
        } else {
            lose_night(&mut shift);
        }
        for desk in [lyon, day] {
            shift.world.kill_desk(&desk);
        }
        assert_eq!(
            shift.state(&alert, "cmai/tunis"),
            ObligationState::Acknowledged
        );
        assert!(!shift.entry(day, &alert).is_open());
        assert_eq!(
            shift.taken(day, &alert),
            (night, Some("L. Trabelsi".into()))
        );
        // Whoever is admitted in its place learns it as well, where the alert is still open.
        let third = shift.admit("cmai/tunis");
        assert_eq!(shift.arrivals(third), 0, "it has ended");
    }
}

/// PROTOCOL O5: the sum is over the devices that the envelope addressed, in whichever order they
/// spoke, and whether or not they are there by now.
#[test]
fn what_a_lost_device_gave_back_still_counts_and_its_silence_is_no_refusal() {
    for (gave_back, state) in [
        (true, ObligationState::Refused),
        (false, ObligationState::Open),
    ] {
        let mut shift = shift();
        let (lyon, day, night) = (shift.lyon, shift.day, shift.night);
        let alert = shift.world.send(&lyon, &["cmai/tunis"], "Cannot be opened");
        shift.world.submit_alone("lyon", &lyon);
        if gave_back {
            gives_back(&mut shift, night, alert);
        }
        let documents = {
            shift.world.network.remove(&night);
            shift.world.network.publish()
        };
        shift.world.spread_to_relay("lyon", &documents);
        shift.world.greet_alone("lyon", &lyon);
        assert_eq!(shift.state(&alert, "cmai/tunis"), ObligationState::Open);
        gives_back(&mut shift, day, alert);
        assert_eq!(shift.state(&alert, "cmai/tunis"), state);
    }
}

#[test]
fn a_desk_restored_from_a_backup_learns_again_what_it_and_its_colleague_have_done() {
    for homes in [&["lyon"][..], &["tunis", "amman"]] {
        let mut shift = shift_at(homes);
        let (day, night) = (shift.day, shift.night);
        let before = shift.send("Before the backup");
        shift.world.save_desk(&night);
        let mine = shift.send("Answered in the lost life");
        let colleagues = shift.send("Answered by the colleague");
        let open = shift.send("Open");
        shift.acknowledge(night, &mine, "L. Trabelsi");
        shift.acknowledge(night, &before, "L. Trabelsi");
        shift.acknowledge(day, &colleagues, "S. Ben Ali");
        shift.world.settle();
        let epoch = shift.world.desk(&night).epoch();
        shift.world.restore_desk(&night);
        shift.world.pass(Span::from_minutes(1));
        shift.world.settle();
        assert!(shift.world.desk(&night).epoch() > epoch);
        for (alert, by) in [(before, night), (mine, night), (colleagues, day)] {
            let entry = shift.entry(night, &alert);
            assert!(!entry.is_open(), "{}", alert.prefix());
            assert_eq!(entry.taken.unwrap().device, by);
        }
        let officer = Some("L. Trabelsi".to_owned());
        assert_eq!(shift.taken(night, &mine), (night, officer), "its own words");
        let left = shift.entry(night, &open);
        assert!(left.is_open() && left.possibly_seen, "never twice as new");
        assert_eq!(shift.owes(night), 1);
        assert_eq!(shift.promises(night).len(), 3);
        let incidents = shift.incidents();
        assert_eq!(incidents, [IncidentKind::RolledBack]);
        // What comes after is new, and the new life answers it.
        let later = shift.send("In the new life");
        assert!(!shift.entry(night, &later).possibly_seen);
        shift.acknowledge(night, &later, "L. Trabelsi");
        shift.world.settle();
        assert!(!shift.entry(day, &later).is_open());
        assert_eq!(
            shift.state(&later, "cmai/tunis"),
            ObligationState::Acknowledged
        );
        assert_eq!(shift.incidents(), [IncidentKind::RolledBack]);
    }
}

#[test]
fn a_desk_that_lost_its_store_and_kept_its_keys_shows_nothing_twice_as_new() {
    let mut shift = shift();
    let (day, night) = (shift.day, shift.night);
    let answered = shift.send("Answered");
    let open = shift.send("Open");
    shift.acknowledge(day, &answered, "S. Ben Ali");
    shift.world.settle();
    shift.world.pass(Span::from_minutes(1));
    shift.world.lose_desk(&night);
    shift.world.settle();
    assert!(!shift.entry(night, &answered).is_open());
    let left = shift.entry(night, &open);
    assert!(left.is_open() && left.possibly_seen);
}

/// The sender's desk had been told, and had confirmed it: no relay mailed it again, and the desk
/// alarmed about what had been answered.
#[test]
fn a_sender_restored_from_a_backup_learns_again_what_was_answered() {
    for homes in [&["lyon"][..], &["tunis", "amman"]] {
        let mut shift = shift_at(homes);
        let (lyon, day) = (shift.lyon, shift.day);
        let answered = shift.send("Answered after the backup");
        let open = shift.send("Open");
        shift.world.save_desk(&lyon);
        shift.act(day, &answered, &Act::Read, Some("S. Ben Ali"));
        shift.acknowledge(day, &answered, "S. Ben Ali");
        shift.world.settle();
        // By its next alert the relays have given answers that the backup does not hold.
        shift.send("After the backup");
        shift.world.restore_desk(&lyon);
        assert_eq!(shift.state(&answered, "cmai/tunis"), ObligationState::Open);
        shift.world.pass(Span::from_minutes(1));
        shift.world.settle();
        assert_eq!(
            shift.state(&answered, "cmai/tunis"),
            ObligationState::Acknowledged
        );
        assert_eq!(shift.state(&open, "cmai/tunis"), ObligationState::Open);
        let incidents = shift.incidents();
        assert_eq!(incidents, [IncidentKind::RolledBack]);
        shift.acknowledge(day, &open, "S. Ben Ali");
        shift.world.settle();
        assert_eq!(
            shift.state(&open, "cmai/tunis"),
            ObligationState::Acknowledged
        );
        assert_eq!(shift.incidents(), [IncidentKind::RolledBack]);
    }
}

#[test]
fn whoever_brings_an_envelope_over_and_over_is_told_once_what_was_answered() {
    let mut shift = shift();
    let (lyon, day) = (shift.lyon, shift.day);
    let alert = shift.send("Brought again and again");
    shift.acknowledge(day, &alert, "S. Ben Ali");
    shift.world.settle();
    let submission = shift.world.desk(&lyon).submission(&alert).unwrap().unwrap();
    for round in 0..3 {
        let _ = shift.world.submit(&lyon, "lyon", submission.clone());
        let waiting = shift.world.mail("lyon", &lyon).len();
        assert_eq!(waiting, if round == 0 { 3 } else { 0 }, "round {round}");
        shift.world.settle();
    }
    let now = shift.world.now;
    let track = shift.world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    assert_eq!(
        track.recipients[0].receipts.len(),
        3,
        "two delivered, one took it"
    );
}
