//! Deputies that are dismissed while an alert is under way: what they were asked they may answer,
//! and nobody else is left out because of them.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, EventKind, Extension};
use maille_common::address::DeviceId;
use maille_common::evidence::{ObligationState, Receipt, SignedReceipt};
use maille_common::identifier::AlertId;
use maille_common::terms::{NoticeKind, Stage};
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

/// Tunis has two deputies. Its annex changes; all are at one relay.
struct Dismissal {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    amman: DeviceId,
    rabat: DeviceId,
}

fn dismissal() -> Dismissal {
    let mut network = Network::found(59, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    let rabat = network.admit("cmai/rabat");
    network.deputise("cmai/tunis", "cmai/amman", Span::from_minutes(10));
    network.deputise("cmai/tunis", "cmai/rabat", Span::from_minutes(20));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Dismissal {
        world,
        lyon,
        tunis,
        amman,
        rabat,
    }
}

impl Dismissal {
    /// Amman is a deputy no more; the relay knows it, and the desks when they meet it.
    fn dismiss_amman(&mut self) {
        let network = &mut self.world.network;
        network.dismiss_deputies("cmai/tunis");
        network.deputise("cmai/tunis", "cmai/rabat", Span::from_minutes(20));
        let documents = network.publish();
        self.world.spread_to_relay("lyon", &documents);
    }

    fn after(&mut self, span: Span) {
        self.world.pass(span);
        self.world.tick();
        self.world.settle();
    }

    fn acknowledge(&mut self, desk: DeviceId, alert: &AlertId) {
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        let act = Act::Acknowledge;
        desk.act(alert, &act, Some("Rania"), "", now, &mut random)
            .unwrap();
    }

    fn state(&mut self) -> ObligationState {
        let lyon = self.lyon;
        let entry = self.world.desk(&lyon).outbox().unwrap().remove(0);
        entry.states.into_values().next().unwrap()
    }

    fn events(&mut self, desk: DeviceId) -> Vec<EventKind> {
        let events = self.world.desk(&desk).events_after(0, 1000, true);
        let events = events.unwrap().into_iter();
        events.map(|numbered| numbered.event.kind).collect()
    }

    fn incidents(&mut self) -> Vec<EventKind> {
        let mut incidents = Vec::new();
        for desk in [self.lyon, self.tunis, self.amman, self.rabat] {
            incidents.extend(self.events(desk));
        }
        incidents.retain(|kind| matches!(kind, EventKind::Incident { .. }));
        incidents
    }

    fn receipts(&mut self, alert: &AlertId, contact: &str) -> Vec<SignedReceipt> {
        let (lyon, now) = (self.lyon, self.world.now);
        let track = self.world.desk(&lyon).track(alert, now).unwrap().unwrap();
        let mut of = track.recipients.into_iter();
        let found = of.find(|recipient| recipient.contact == address(contact));
        let receipts = found.unwrap().receipts.into_iter();
        receipts.map(|(receipt, _)| receipt).collect()
    }

    fn has(&mut self, desk: DeviceId, alert: &AlertId) -> bool {
        let inbox = self.world.desk(&desk).inbox().unwrap();
        inbox.iter().any(|entry| entry.id == *alert)
    }
}

/// What a device says next in its row.
fn acknowledged_after(receipt: &SignedReceipt) -> Receipt {
    let before = receipt.statement.value();
    Receipt {
        stage: Stage::Acknowledged,
        number: before.number + 1,
        previous: receipt.hash(),
        ..before.clone()
    }
}

#[test]
fn a_deputy_that_was_asked_and_dismissed_since_answers_and_it_counts_with_everybody() {
    for its_desk_knows in [false, true] {
        let mut asked = dismissal();
        let (lyon, tunis, amman) = (asked.lyon, asked.tunis, asked.amman);
        let alert = asked.world.send(&lyon, &["cmai/tunis"], "Asked in time");
        asked.world.settle();
        asked.after(Span::from_minutes(40));
        assert!(asked.has(amman, &alert));
        asked.dismiss_amman();
        if its_desk_knows {
            asked.world.settle();
        }
        asked.acknowledge(amman, &alert);
        asked.world.settle();
        assert_eq!(asked.state(), ObligationState::Acknowledged);
        let told = EventKind::ActedElsewhere {
            alert,
            recipient: address("cmai/tunis"),
            contact: address("cmai/amman"),
            device: amman,
            stage: Stage::Acknowledged,
        };
        assert!(asked.events(tunis).contains(&told), "its principal knows");
        asked.after(Span::from_hours(2));
        let rabat = asked.rabat;
        assert!(!asked.has(rabat, &alert), "nobody else is asked");
        // The row goes on: what it answers next for itself is no second story and leaves no hole.
        let next = asked.world.send(&lyon, &["cmai/amman"], "The next one");
        asked.world.settle();
        asked.acknowledge(amman, &next);
        asked.world.settle();
        asked.world.connected_minutes(15, &[lyon, amman], "lyon");
        assert_eq!(asked.incidents(), []);
    }
}

#[test]
fn a_deputy_dismissed_long_before_the_alert_answers_for_itself_alone_and_leaves_no_hole() {
    let mut asked = dismissal();
    let (lyon, amman, rabat) = (asked.lyon, asked.amman, asked.rabat);
    asked.dismiss_amman();
    asked.world.settle();
    asked.after(Span::from_days(2));
    let to = ["cmai/amman", "cmai/tunis"];
    let alert = asked.world.send(&lyon, &to, "To both");
    asked.world.settle();
    // It answers in the place of Tunis, and then for itself.
    let delivered = asked.receipts(&alert, "cmai/amman").remove(0);
    let out_of_turn = Receipt {
        recipient: address("cmai/tunis"),
        ..acknowledged_after(&delivered)
    };
    let out_of_turn = asked.world.post_receipt("lyon", &amman, out_of_turn, &lyon);
    let in_turn = Receipt {
        recipient: address("cmai/amman"),
        ..acknowledged_after(&out_of_turn)
    };
    asked.world.post_receipt("lyon", &amman, in_turn, &lyon);
    asked.world.meet(&lyon, "lyon");
    let states = asked.world.desk(&lyon).outbox().unwrap().remove(0).states;
    assert_eq!(
        states[&address("cmai/amman")],
        ObligationState::Acknowledged
    );
    assert_eq!(states[&address("cmai/tunis")], ObligationState::Open);
    asked.world.connected_minutes(15, &[lyon, amman], "lyon");
    assert_eq!(asked.incidents().len(), 1, "the answer that does not count");
    asked.after(Span::from_minutes(50));
    assert!(asked.has(rabat, &alert), "the deputy that is one is asked");
}

#[test]
fn one_deputy_dismissed_meanwhile_keeps_no_other_from_being_asked_and_the_sender_learns_it() {
    let mut asked = dismissal();
    let (lyon, amman, rabat) = (asked.lyon, asked.amman, asked.rabat);
    let alert = asked.world.send(&lyon, &["cmai/tunis"], "Both at once");
    asked.world.settle();
    asked.dismiss_amman();
    // The sender has not heard of it when it asks.
    let deputies = vec![address("cmai/amman"), address("cmai/rabat")];
    let extension = Extension {
        deputies,
        ..Extension::default()
    };
    asked.world.extend(&lyon, &alert, &extension).unwrap();
    asked.world.settle();
    assert!(asked.has(rabat, &alert));
    assert!(!asked.has(amman, &alert), "it is given nothing");
    let told: Vec<NoticeKind> = asked
        .events(lyon)
        .into_iter()
        .filter_map(|event| match event {
            EventKind::Notice { kind, .. } => Some(kind),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&NoticeKind::Released) && told.contains(&NoticeKind::PassedOver));
    assert_eq!(asked.incidents(), []);
}

#[test]
fn a_tombstone_for_a_deputy_that_was_dismissed_accuses_no_relay() {
    let mut asked = dismissal();
    let (lyon, amman) = (asked.lyon, asked.amman);
    asked.world.send(&lyon, &["cmai/tunis"], "Never collected");
    asked.world.settle();
    asked.world.pass(Span::from_minutes(40));
    asked.world.tick();
    asked.dismiss_amman();
    asked.world.greet_alone("lyon", &amman);
    asked.world.pass(Span::from_days(9));
    asked.world.tick();
    asked.world.tick();
    asked.world.settle();
    assert_eq!(asked.incidents(), []);
    assert_eq!(asked.world.desk(&amman).unseen().unwrap(), []);
}
