//! Reconciliation: two devices compare what they hold, and hand each other what one of them lacks.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, IncidentKind, LedgerPage, Reconciled, RoundEnd};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::{Network, address};

const RELAY: &str = "lyon";
const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";

/// Lyon and Tunis, who write to each other over one relay.
struct Pair {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
}

impl Pair {
    fn new() -> Self {
        let homes: &[&str] = &[RELAY];
        let mut network = Network::found(61, &[("interpol", homes), ("cmai", homes)]);
        let lyon = network.admit(LYON);
        let tunis = network.admit(TUNIS);
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self { world, lyon, tunis }
    }

    /// Lyon writes, Tunis acknowledges, and there is time for everything to arrive.
    fn write(&mut self) -> AlertId {
        let alert = self.world.send(&self.lyon, &[TUNIS], "One of several");
        self.world.settle();
        self.acknowledge(&alert);
        self.world.settle();
        self.later();
        alert
    }

    fn acknowledge(&mut self, alert: &AlertId) {
        acknowledge(&mut self.world, self.tunis, alert);
    }

    fn later(&mut self) {
        self.world.pass(Span::from_minutes(11));
        self.world.tick();
    }

    fn compare(&mut self) -> Reconciled {
        let lyon = self.lyon;
        self.world.compare(&lyon, TUNIS, 90).remove(0)
    }

    fn state(&mut self, alert: &AlertId) -> ObligationState {
        let now = self.world.now;
        let track = self
            .world
            .desk(&self.lyon)
            .track(alert, now)
            .unwrap()
            .unwrap();
        track.entry.states[&address(TUNIS)]
    }

    fn apart(&mut self, device: DeviceId) -> Vec<Vec<AlertId>> {
        apart(&mut self.world, &device)
    }
}

fn acknowledge(world: &mut MemoryWorld, device: DeviceId, alert: &AlertId) {
    let (now, random) = (world.now, &mut maille_tests::randomness::Seeded::new(9));
    let desk = world.desk(&device);
    let acted = desk.act(alert, &Act::Acknowledge, Some("A. Diallo"), "", now, random);
    let _ = acted.unwrap();
}

/// The alerts named by each incident of a difference that stays.
fn apart(world: &mut MemoryWorld, device: &DeviceId) -> Vec<Vec<AlertId>> {
    let incidents = world.desk(device).incidents_after(0, 1_000).unwrap();
    let named = incidents.into_iter().filter_map(|(_, one)| match one.kind {
        IncidentKind::Apart { alerts, .. } => Some(alerts.into_vec()),
        _ => None,
    });
    named.collect()
}

#[test]
fn equal_desks_exchange_one_digest_and_stop() {
    let mut pair = Pair::new();
    let _ = pair.write();
    let _ = pair.write();
    let before = pair.world.letters();
    let found = pair.compare();
    assert_eq!(found.end, Some(RoundEnd::Same));
    let [day] = found.days[..] else {
        panic!("{found:?}");
    };
    assert_eq!((day.sent, day.received_there), (2, 2));
    assert_eq!((found.given, found.taken), (0, 0));
    assert_eq!(
        pair.world.letters() - before,
        2,
        "a question and its answer"
    );
}

#[test]
fn a_receipt_that_a_relay_withholds_comes_by_reconciliation() {
    let mut pair = Pair::new();
    let alert = pair.world.send(&pair.lyon.clone(), &[TUNIS], "Withheld");
    pair.world.settle();
    pair.acknowledge(&alert);
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    pair.world.meet(&tunis, RELAY);
    let mail = pair.world.mail(RELAY, &lyon);
    for number in mail {
        pair.world.withhold(RELAY, &lyon, number);
    }
    pair.later();
    assert_eq!(pair.state(&alert), ObligationState::Open);
    let found = pair.compare();
    assert_eq!(found.end, Some(RoundEnd::Mended), "{found:?}");
    assert!(found.taken > 0);
    assert_eq!(pair.state(&alert), ObligationState::Acknowledged);
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
    assert_eq!(pair.apart(lyon), Vec::<Vec<AlertId>>::new());
    assert_eq!(pair.apart(tunis), Vec::<Vec<AlertId>>::new());
}

#[test]
fn an_alert_that_a_relay_withholds_is_sent_again() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.world.send(&lyon, &[TUNIS], "Withheld");
    pair.world.meet(&lyon, RELAY);
    let mail = pair.world.mail(RELAY, &tunis);
    pair.world
        .withheld
        .extend(mail.into_iter().map(|number| (tunis, number)));
    pair.later();
    let found = pair.compare();
    assert_eq!(found.again, [alert], "{found:?}");
    assert_eq!(found.end, Some(RoundEnd::Mended));
    assert!(pair.world.desk(&tunis).received(&alert).unwrap().is_some());
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
    assert_eq!(pair.apart(tunis), Vec::<Vec<AlertId>>::new());
}

#[test]
fn an_inbox_that_was_lost_fills_again_and_nothing_is_open_twice() {
    let mut pair = Pair::new();
    let alerts = [pair.write(), pair.write()];
    let tunis = pair.tunis;
    // No relay has the alerts any more; the outbox keeps them for 14 days.
    pair.world.pass(Span::from_days(9));
    pair.world.tick();
    pair.world.lose_desk(&tunis);
    pair.world.settle();
    pair.later();
    let found = pair.compare();
    assert_eq!(found.end, Some(RoundEnd::Mended), "{found:?}");
    let mut again = found.again;
    let mut sent = alerts.to_vec();
    again.sort_unstable();
    sent.sort_unstable();
    assert_eq!(again, sent);
    for alert in &alerts {
        assert!(pair.world.desk(&tunis).received(alert).unwrap().is_some());
        assert_eq!(pair.state(alert), ObligationState::Acknowledged);
    }
    // Its own acknowledgements came back with them.
    let now = pair.world.now;
    let page = LedgerPage {
        skip: 0,
        limit: 10,
        drills: true,
    };
    let ledger = pair.world.desk(&tunis).ledger(page, now).unwrap();
    assert_eq!(ledger.obligations, []);
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
}

#[test]
fn what_a_sender_forgot_with_its_store_is_an_incident_on_both_desks_once() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let kept = pair.write();
    pair.world.save_desk(&lyon);
    let forgotten = pair.write();
    pair.world.restore_desk(&lyon);
    pair.world.settle();
    pair.later();
    let found = pair.compare();
    assert_eq!(found.end, Some(RoundEnd::Apart), "{found:?}");
    assert_eq!(found.apart, [forgotten]);
    assert_eq!(pair.state(&kept), ObligationState::Acknowledged);
    assert_eq!(pair.apart(lyon), [[forgotten]]);
    assert_eq!(pair.apart(tunis), [[forgotten]]);
    assert_eq!(pair.compare().end, Some(RoundEnd::Apart));
    assert_eq!(pair.apart(lyon).len(), 1, "the same is told once");
    assert_eq!(pair.apart(tunis).len(), 1);
}
