//! Heartbeats: an alert that is withheld, and nothing after it, is noticed (I4); a desk that is not
//! heard of any more is silent; and none of it accuses anybody wrongly or is kept for ever.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{EventKind, IncidentKind, NumberedEvent};
use maille_common::address::DeviceId;
use maille_common::blob::{BlobId, BlobRef};

use maille_common::limits::{HEARTBEAT_MS, HOLE_LOOKS};
use maille_common::time::{Span, Timestamp};
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;

const RELAY: &str = "lyon";
const TUNIS: &str = "cmai/tunis";

/// The longest that a heartbeat and the looks for what it names take, in minutes; the keeper looks
/// once a minute, for each of the two.
const NOTICED: u64 = *HEARTBEAT_MS.end() / 60_000 + HOLE_LOOKS as u64 + 2;

/// Lyon, who writes to Tunis, both connected.
struct Pair {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
}

impl Pair {
    fn new() -> Self {
        let homes: &[&str] = &[RELAY];
        let mut network = Network::found(41, &[("interpol", homes), ("cmai", homes)]);
        let lyon = network.admit("interpol/lyon");
        let tunis = network.admit(TUNIS);
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self { world, lyon, tunis }
    }

    /// Lyon writes, and Tunis has it.
    fn write(&mut self) {
        self.world.send(&self.lyon, &[TUNIS], "One of several");
        self.minutes(1);
        assert!(self.world.mail(RELAY, &self.tunis).is_empty());
    }

    fn minutes(&mut self, count: u32) {
        let both = [self.lyon, self.tunis];
        self.world.connected_minutes(count, &both, RELAY);
    }

    /// Minutes in which Lyon's desk is closed.
    fn without_lyon(&mut self, count: u32) {
        for _ in 0..count {
            self.world.pass(Span::from_minutes(1));
            let _ = self.world.tick_desk(&self.tunis);
            self.world.collect_due(&self.tunis, RELAY);
        }
    }

    fn events(&mut self) -> Vec<EventKind> {
        let device = self.tunis;
        kinds(&mut self.world, &device)
            .map(|(_, kind)| kind)
            .collect()
    }

    fn heard(&mut self) -> Vec<EventKind> {
        let mut events = self.events();
        events.retain(|kind| {
            matches!(
                kind,
                EventKind::Silent { .. } | EventKind::HeardAgain { .. }
            )
        });
        events
    }

    fn incidents(&mut self) -> Vec<IncidentKind> {
        let desk = self.world.desk(&self.tunis);
        let incidents = desk.incidents_after(0, 100).unwrap();
        incidents.into_iter().map(|(_, one)| one.kind).collect()
    }
}

fn kinds(
    world: &mut MemoryWorld,
    device: &DeviceId,
) -> impl Iterator<Item = (Timestamp, EventKind)> + use<> {
    let events = world
        .desk(device)
        .events_after(0, usize::MAX, true)
        .unwrap();
    let kind = |NumberedEvent { event, .. }| (event.time, event.kind);
    events.into_iter().map(kind)
}

#[test]
fn heartbeats_over_whole_alerts_are_no_incident_and_no_event() {
    let mut pair = Pair::new();
    pair.write();
    // Whoever has not acknowledged by then is told so, by its own clock.
    pair.minutes(60);
    let before = pair.events();
    pair.minutes(540);
    assert_eq!(pair.events(), before);
    assert_eq!(pair.incidents(), []);
    let lyon = pair.lyon;
    let told = pair.world.desk(&lyon).incidents_after(0, 1).unwrap();
    assert_eq!(told, []);
}

/// An alert waits for its attachments to be brought, and the heartbeat goes before it.
#[test]
fn an_alert_that_has_not_left_is_not_missing() {
    let mut pair = Pair::new();
    pair.write();
    let blob = BlobRef {
        id: BlobId::from_bytes([5; 32]),
        length: 9,
    };
    let order = maille_client::core::Order {
        blobs: vec![blob],
        ..order(&[TUNIS], "Attached")
    };
    let lyon = pair.lyon;
    let _ = pair.world.order(&lyon, &order);
    pair.minutes(300);
    assert_eq!(pair.incidents(), []);
    assert_eq!(pair.heard(), [], "and heartbeats come all the same");
}

#[test]
fn a_desk_that_is_closed_is_silent_until_it_speaks_again() {
    let mut pair = Pair::new();
    pair.write();
    pair.minutes(200);
    assert_eq!(pair.world.desk(&pair.tunis).silent().unwrap(), []);
    pair.without_lyon(300);
    let silent = pair.world.desk(&pair.tunis).silent().unwrap();
    assert_eq!(silent.len(), 1);
    assert_eq!(silent[0].device, pair.lyon);
    let waited = pair.world.now.since(silent[0].since);
    assert!(waited > Span::from_minutes(300) && waited < Span::from_minutes(367));
    let told = EventKind::Silent {
        device: pair.lyon,
        contact: "interpol/lyon".parse().unwrap(),
        since: silent[0].since,
    };
    assert_eq!(pair.heard(), std::slice::from_ref(&told), "told once");
    pair.minutes(2);
    assert_eq!(pair.world.desk(&pair.tunis).silent().unwrap(), []);
    let again = EventKind::HeardAgain {
        device: pair.lyon,
        contact: "interpol/lyon".parse().unwrap(),
    };
    assert_eq!(pair.heard(), [told, again]);
    assert_eq!(pair.incidents(), []);
}

/// The relay brings the alert, and nothing that its sender says afterwards.
#[test]
fn a_relay_that_withholds_every_heartbeat_makes_its_sender_silent() {
    let mut pair = Pair::new();
    pair.write();
    for _ in 0..NOTICED {
        let mail = pair.world.mail(RELAY, &pair.tunis);
        let tunis = pair.tunis;
        pair.world
            .withheld
            .extend(mail.into_iter().map(|number| (tunis, number)));
        pair.world.pass(Span::from_minutes(1));
        pair.world.tick();
        let _ = pair.world.beat();
        pair.world.bring_due(&pair.lyon, RELAY);
    }
    assert_eq!(pair.heard().len(), 1);
}

#[test]
fn a_desk_that_is_not_connected_hears_nobody_and_accuses_nobody() {
    let mut pair = Pair::new();
    pair.write();
    pair.minutes(100);
    pair.world.part(RELAY, &pair.tunis);
    for _ in 0..300 {
        pair.world.pass(Span::from_minutes(1));
        let tunis = pair.tunis;
        let _ = pair.world.tick_desk(&tunis);
    }
    assert_eq!(pair.heard(), []);
    pair.world.meet(&pair.tunis, RELAY);
    pair.minutes(120);
    assert_eq!(pair.heard(), []);
    assert_eq!(pair.incidents(), []);
}

#[test]
fn an_old_heartbeat_that_a_relay_kept_back_ends_no_silence() {
    let mut pair = Pair::new();
    pair.write();
    // Two heartbeats, of which the relay keeps a copy of the first.
    let mut copy = None;
    for _ in 0..200 {
        pair.world.pass(Span::from_minutes(1));
        pair.world.tick();
        let _ = pair.world.beat();
        pair.world.bring_due(&pair.lyon, RELAY);
        if let (None, Some(number)) = (&copy, pair.world.mail(RELAY, &pair.tunis).first()) {
            let tunis = pair.tunis;
            copy = pair.world.relay(RELAY).push(&tunis, *number).unwrap();
        }
        pair.world.collect_due(&pair.tunis, RELAY);
    }
    pair.without_lyon(300);
    let tunis = pair.tunis;
    assert_eq!(pair.world.desk(&tunis).silent().unwrap().len(), 1);
    let _ = pair
        .world
        .take_push(&tunis, &RELAY.parse().unwrap(), copy.unwrap());
    assert_eq!(pair.world.desk(&tunis).silent().unwrap().len(), 1);
}

/// A desk that lost its sealing keys answers Returned, and does not know the number of what it
/// returned. It used to miss it as soon as something later came.
#[test]
fn a_number_that_was_answered_returned_is_not_missing() {
    let mut pair = Pair::new();
    pair.write();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    pair.world.send(&lyon, &[TUNIS], "To the old key");
    pair.world.bring_due(&lyon, RELAY);
    pair.world.lose_sealing_keys(&tunis);
    pair.world.meet(&tunis, RELAY);
    assert_eq!(pair.incidents().len(), 1, "Returned is one");
    // It reads the answer, and then fetches the keys that it lacks.
    pair.world.meet(&lyon, RELAY);
    pair.world.meet(&lyon, RELAY);
    pair.minutes(200);
    assert_eq!(pair.incidents().len(), 1);
    assert_eq!(
        pair.world.desk(&tunis).inbox().unwrap().len(),
        2,
        "by addendum"
    );
    // The next one that does not come is missed.
    pair.world.send(&lyon, &[TUNIS], "Withheld");
    pair.world.bring_due(&lyon, RELAY);
    let mail = pair.world.mail(RELAY, &tunis);
    pair.world.withheld.insert((tunis, mail[0]));
    for _ in 0..NOTICED {
        pair.world.pass(Span::from_minutes(1));
        pair.world.tick();
        let _ = pair.world.beat();
        pair.world.bring_due(&lyon, RELAY);
        pair.world.collect_due(&tunis, RELAY);
    }
    let (device, from, to) = (lyon, 3, 3);
    let missing = IncidentKind::AlertsMissing { device, from, to };
    assert_eq!(pair.incidents()[1..], [missing]);
    // Then it is asked for, and comes again.
    pair.minutes(u32::try_from(NOTICED).unwrap());
    assert_eq!(pair.world.desk(&tunis).inbox().unwrap().len(), 3);
}

#[test]
fn heartbeats_end_14_days_after_the_last_alert_and_leave_nothing_behind() {
    let mut pair = Pair::new();
    pair.write();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let records = |pair: &Pair| {
        let of = |device: &DeviceId| pair.world.desk_records(device);
        [of(&lyon), of(&tunis), pair.world.relay_records(RELAY)]
    };
    let hours = |pair: &mut Pair, hours: u32| {
        // Every third minute is enough for days.
        for _ in 0..hours * 20 {
            pair.world.pass(Span::from_minutes(2));
            pair.minutes(1);
        }
    };
    // After the notices of the alert's own expiry, over three days, twice.
    let newest = |pair: &mut Pair| {
        hours(pair, 72);
        let mut most = [0; 3];
        for _ in 0..40 {
            hours(pair, 1);
            for (most, now) in most.iter_mut().zip(records(pair)) {
                *most = now.max(*most);
            }
        }
        most
    };
    let early = newest(&mut pair);
    let late = newest(&mut pair);
    for (early, late) in early.into_iter().zip(late) {
        assert!(late <= early + 2, "{late} records, and {early} before");
    }
    hours(&mut pair, 140);
    let heard = pair.heard();
    assert_eq!(heard, [], "who has stopped is not silent");
    let mail = pair.world.mail(RELAY, &tunis);
    hours(&mut pair, 24);
    assert_eq!(pair.world.mail(RELAY, &tunis), mail);
    assert_eq!(pair.world.beat(), 0);
}
