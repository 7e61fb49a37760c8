//! Reconciliation: an alert that one side lacks, and whose content nobody can send again. Both
//! desks know that there was one, and what became of it.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{AlertApart, Differs, IncidentKind, RoundEnd};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::Kind;
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;
use maille_tests::pair::{LYON, Pair, RELAY, TUNIS, apart};

/// The outbox keeps its copy so long after an alert ended, and what was sent again a day more.
const UNTIL_GONE: u64 = 16;

fn one(alert: AlertId, differs: Differs, state: ObligationState) -> AlertApart {
    AlertApart {
        alert,
        differs,
        state: state.into(),
    }
}

/// No receipt, envelope or expiry was disbelieved.
fn assert_all_believed(world: &mut MemoryWorld, device: DeviceId) {
    let incidents = world.desk(&device).incidents_after(0, 1_000).unwrap();
    let doubted = |kind: &IncidentKind| matches!(kind, IncidentKind::Receipt { .. });
    let doubted: Vec<_> = incidents
        .iter()
        .filter(|(_, one)| doubted(&one.kind))
        .collect();
    assert!(doubted.is_empty(), "{doubted:?}");
}

#[test]
fn what_a_store_was_lost_with_after_its_content_was_gone_is_named_with_its_end_on_both_desks() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.write();
    pair.days(UNTIL_GONE);
    pair.world.lose_desk(&tunis);
    pair.world.settle();
    let found = pair.compare();
    let acknowledged = ObligationState::Acknowledged;
    let there = one(alert, Differs::MissingThere, acknowledged);
    assert_eq!(found.end, Some(RoundEnd::Apart), "{found:?}");
    assert_eq!(
        (&found.again[..], &found.apart[..]),
        (&[][..], &[there][..])
    );
    assert!(found.given > 0);
    let here = one(alert, Differs::MissingHere, acknowledged);
    assert_eq!(apart(&mut pair.world, &lyon), [[there]]);
    assert_eq!(apart(&mut pair.world, &tunis), [[here]]);
    // It stays different, is told once, and nothing is handed over once more.
    let found = pair.compare();
    assert_eq!((found.end, found.given), (Some(RoundEnd::Apart), 0));
    assert_eq!(apart(&mut pair.world, &lyon).len(), 1);
    assert_eq!(apart(&mut pair.world, &tunis).len(), 1);
    assert_eq!(pair.open_at(tunis), 0);
    assert_all_believed(&mut pair.world, tunis);
}

#[test]
fn whoever_never_saw_an_alert_learns_that_it_expired_or_was_cancelled_by_whichever_device() {
    let homes: &[&str] = &[RELAY];
    for cancelled_by in [None, Some(0), Some(1)] {
        let mut network = Network::found(63, &[("interpol", homes), ("cmai", homes)]);
        let senders = [network.admit(LYON), network.admit(LYON)];
        let tunis = network.admit(TUNIS);
        let mut world = MemoryWorld::new(network);
        world.settle();
        let mut pair = Pair {
            world,
            lyon: senders[0],
            tunis,
        };
        let alert = pair.withheld("Never seen");
        pair.world.meet(&senders[1], RELAY);
        let cancel = cancelled_by.map(|by: usize| {
            let cancel = pair.world.amend(&senders[by], Kind::Cancel, alert, "Found");
            pair.world.meet(&senders[by], RELAY);
            pair.keep_back();
            cancel
        });
        pair.world.meet(&senders[0], RELAY);
        pair.days(UNTIL_GONE + 2);
        // The relay has dropped all of it meanwhile.
        pair.world.withheld.clear();
        let found = pair.compare();
        assert_eq!(found.end, Some(RoundEnd::Apart), "{found:?}");
        let end = match cancel {
            Some(_) => ObligationState::Cancelled,
            None => ObligationState::Expired,
        };
        let (here, there) = (Differs::MissingHere, Differs::MissingThere);
        let told = apart(&mut pair.world, &tunis).concat();
        assert!(told.contains(&one(alert, here, end)), "{told:?}");
        let told = apart(&mut pair.world, &senders[0]).concat();
        assert!(told.contains(&one(alert, there, end)), "{told:?}");
        // The cancel is missing as well, and is told by the device that made it.
        if let (Some(cancel), Some(by)) = (cancel, cancelled_by) {
            let _ = pair.world.compare(&senders[by], TUNIS, 90);
            let told = apart(&mut pair.world, &tunis).concat();
            assert!(told.iter().any(|one| one.alert == cancel), "{told:?}");
        }
        assert_all_believed(&mut pair.world, tunis);
    }
}

#[test]
fn a_sender_that_forgot_an_alert_is_shown_that_it_sent_it_and_that_it_was_acknowledged() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let _ = pair.write();
    pair.world.save_desk(&lyon);
    let forgotten = pair.write();
    pair.world.restore_desk(&lyon);
    pair.world.settle();
    pair.later();
    let acknowledged = ObligationState::Acknowledged;
    let found = pair.compare();
    let here = one(forgotten, Differs::MissingHere, acknowledged);
    assert_eq!(
        (found.end, &found.apart[..]),
        (Some(RoundEnd::Apart), &[here][..])
    );
    assert_eq!(pair.state(&forgotten), acknowledged);
    let there = one(forgotten, Differs::MissingThere, acknowledged);
    assert_eq!(apart(&mut pair.world, &tunis), [[there]]);
    let found = pair.compare();
    assert_eq!(
        (found.end, found.taken),
        (Some(RoundEnd::Apart), 0),
        "{found:?}"
    );
    assert_eq!(apart(&mut pair.world, &lyon), [[here]]);
    assert_all_believed(&mut pair.world, lyon);
}

/// Equal evidence, equal states: what proves that it ended so is shown as well.
#[test]
fn a_sender_that_forgot_an_alert_and_its_cancel_is_shown_the_cancel_beside_it() {
    let mut pair = Pair::new();
    let lyon = pair.lyon;
    let _ = pair.write();
    pair.world.save_desk(&lyon);
    let forgotten = pair.world.send(&lyon, &[TUNIS], "Taken back");
    pair.world.settle();
    let cancel = pair.world.amend(&lyon, Kind::Cancel, forgotten, "Found");
    pair.world.settle();
    pair.later();
    pair.world.restore_desk(&lyon);
    pair.world.settle();
    pair.later();
    let _ = pair.compare();
    assert_eq!(pair.state(&forgotten), ObligationState::Cancelled);
    let now = pair.world.now;
    let track = pair.world.desk(&lyon).track(&forgotten, now).unwrap();
    let track = track.unwrap();
    let cancels: Vec<_> = track.cancels.iter().map(|cancel| cancel.id).collect();
    let said: Vec<_> = track.amendments.iter().map(|said| said.id).collect();
    assert_eq!((cancels, said), (vec![cancel], vec![cancel]));
}

/// What is lost is no more than a name and an end: when the alert comes after all, it is as new.
#[test]
fn an_alert_that_was_shown_as_lost_and_comes_after_all_is_there() {
    let mut pair = Pair::new();
    let tunis = pair.tunis;
    let alert = pair.withheld("Late");
    let kept = pair.world.withheld.clone();
    pair.world.pass(Span::from_hours(25));
    pair.world.tick();
    let push: Vec<_> = kept
        .iter()
        .map(|(device, number)| pair.world.relay(RELAY).push(device, *number).unwrap())
        .collect();
    pair.days(UNTIL_GONE + 1);
    assert_eq!(pair.compare().end, Some(RoundEnd::Apart));
    let relay = RELAY.parse().unwrap();
    for push in push.into_iter().flatten() {
        pair.world.take_push(&tunis, &relay, push);
    }
    pair.world.settle();
    pair.later();
    let received = pair.world.desk(&tunis).received(&alert).unwrap();
    assert!(received.is_some());
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
}
