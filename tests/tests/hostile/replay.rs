//! What comes again is answered with the answer already given, and is never new twice (I5).

use maille_client::core::{Collected, EventKind, IncidentKind};
use maille_common::address::DeviceId;
use maille_common::envelope::Delivery;
use maille_common::identifier::AlertId;
use maille_common::terms::Stage;
use maille_common::time::Span;
use maille_common::wire::Push;
use maille_tests::hostile::{Cast, share};

/// Tunis has an alert and has answered it; its relay kept what it handed over.
struct Replay {
    cast: Cast,
    alert: AlertId,
    kept: Delivery,
}

impl Replay {
    fn new() -> Self {
        let mut cast = Cast::gathered();
        let sent = cast.sent("Once");
        cast.world.settle();
        let mut replay = Self {
            alert: sent.id(),
            kept: share(&sent, &cast.tunis),
            cast,
        };
        assert_eq!(replay.stages(), [(1, Stage::Delivered)]);
        replay
    }

    fn hand_over(&mut self, relay: &str, to: DeviceId) -> Collected {
        let push = Push::Delivery {
            number: 1,
            delivery: Box::new(self.kept.clone()),
        };
        let relay = relay.parse().unwrap();
        self.cast.world.take_push(&to, &relay, push).unwrap()
    }

    /// Handed over once more, it changes nothing at either end.
    fn says_nothing_over(&mut self, relay: &str) {
        let tunis = self.cast.tunis;
        let before = (self.arrivals(), self.stages());
        let again = self.hand_over(relay, tunis);
        assert!(matches!(again, Collected::Repeated { .. }), "{again:?}");
        self.cast.world.settle();
        assert_eq!((self.arrivals(), self.stages()), before);
        let incidents = self.cast.world.desk(&tunis).incidents_after(0, 10);
        assert_eq!(incidents.unwrap(), []);
    }

    fn arrivals(&mut self) -> usize {
        let tunis = self.cast.tunis;
        let events = self.cast.world.desk(&tunis).events_after(0, 1_000, true);
        let arrived = |kind: &EventKind| matches!(kind, EventKind::Arrived { .. });
        let events = events.unwrap().into_iter();
        events.filter(|one| arrived(&one.event.kind)).count()
    }

    /// What Lyon holds of Tunis's first device about the alert.
    fn stages(&mut self) -> Vec<(u64, Stage)> {
        let (now, lyon, tunis) = (self.cast.world.now, self.cast.lyon, self.cast.tunis);
        let track = self.cast.world.desk(&lyon).track(&self.alert, now);
        let track = track.unwrap().unwrap();
        let receipts = track.recipients.iter().flat_map(|one| &one.receipts);
        receipts
            .map(|(receipt, _)| &receipt.statement)
            .filter(|receipt| receipt.device == tunis)
            .map(|receipt| (receipt.number, receipt.stage))
            .collect()
    }
}

#[test]
fn what_comes_again_is_answered_with_the_same_receipt_and_is_not_new() {
    let mut replay = Replay::new();
    replay.says_nothing_over("tunis");
    replay.says_nothing_over("tunis");
}

#[test]
fn what_comes_again_through_another_relay_is_not_new() {
    Replay::new().says_nothing_over("amman");
}

#[test]
fn what_comes_again_after_the_desk_was_started_anew_is_not_new() {
    let mut replay = Replay::new();
    let tunis = replay.cast.tunis;
    replay.cast.world.kill_desk(&tunis);
    replay.says_nothing_over("tunis");
}

#[test]
fn what_comes_again_after_thirty_days_is_not_new() {
    let mut replay = Replay::new();
    for _ in 0..30 {
        replay.cast.world.pass(Span::from_days(1));
        replay.cast.world.tick();
        replay.cast.world.settle();
    }
    let tunis = replay.cast.tunis;
    let before = replay.arrivals();
    let again = replay.hand_over("tunis", tunis);
    assert!(matches!(again, Collected::Repeated { .. }), "{again:?}");
    assert_eq!(replay.arrivals(), before);
}

/// Another recipient of the same alert, another device of the same contact, its deputy, and
/// somebody else.
#[test]
fn what_was_for_one_device_says_nothing_to_any_other() {
    let mut replay = Replay::new();
    let cast = &replay.cast;
    for other in [
        cast.second,
        cast.hague,
        cast.rabat,
        cast.dakar,
        cast.copyist,
    ] {
        // Whoever holds the alert answers for itself what it has answered; it takes no other place.
        let before = replay.cast.world.desk(&other).inbox().unwrap().len();
        let collected = replay.hand_over("tunis", other);
        let held = before == 1;
        let expected = match held {
            true => matches!(collected, Collected::Repeated { .. }),
            false => matches!(collected, Collected::Disbelieved { .. }),
        };
        assert!(expected, "{collected:?}");
        let desk = replay.cast.world.desk(&other);
        assert_eq!(desk.inbox().unwrap().len(), before);
        for (_, incident) in desk.incidents_after(0, 10).unwrap() {
            let IncidentKind::Delivery { check, .. } = incident.kind else {
                panic!("{incident:?}");
            };
            assert_eq!(check.as_str(), "E11");
        }
    }
}
