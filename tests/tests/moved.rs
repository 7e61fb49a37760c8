//! An organisation moves to other home relays: what was posted to it goes there as well.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::Act;
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

/// Lyon has written to Tunis, which acknowledged; the relay of Lyon has the answer and fails before
/// anybody collects it.
struct Moved {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    alert: AlertId,
}

fn answered() -> Moved {
    let organisations: [(&str, &[&str]); 3] = [
        ("interpol", &["lyon"]),
        ("cmai", &["tunis"]),
        ("afripol", &["dakar"]),
    ];
    let mut network = Network::found(67, &organisations);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alert = world.send(&lyon, &["cmai/tunis"], "Before the move");
    world.settle();
    let (now, mut random) = (world.now, Seeded::new(5));
    let act = Act::Acknowledge;
    world
        .desk(&tunis)
        .act(&alert, &act, Some("Amina"), "", now, &mut random)
        .unwrap();
    for relay in ["tunis", "lyon", "tunis"] {
        world.meet(&tunis, relay);
    }
    world.down.insert("lyon".to_owned());
    Moved {
        world,
        lyon,
        tunis,
        alert,
    }
}

impl Moved {
    /// Lyon collects in Dakar from now on.
    fn publish(&mut self) {
        self.world.network.move_homes("interpol", &["dakar"]);
        let documents = self.world.network.publish();
        for relay in ["tunis", "dakar"] {
            self.world.spread_to_relay(relay, &documents);
        }
    }

    fn state(&mut self) -> ObligationState {
        let lyon = self.lyon;
        let entry = self.world.desk(&lyon).outbox().unwrap().remove(0);
        assert_eq!(entry.id, self.alert);
        entry.states.into_values().next().unwrap()
    }
}

#[test]
fn an_answer_that_lay_at_the_senders_old_relay_comes_by_the_new_one() {
    let mut moved = answered();
    moved.world.settle();
    assert_eq!(moved.state(), ObligationState::Open);
    moved.publish();
    let tunis = moved.tunis;
    moved.world.kill_desk(&tunis);
    moved.world.settle();
    assert_eq!(moved.state(), ObligationState::Acknowledged);
}

#[test]
fn what_no_sender_keeps_any_more_is_not_posted_to_its_new_relay() {
    for (days, posted) in [(14, true), (16, false)] {
        let mut moved = answered();
        let tunis = moved.tunis;
        moved.world.pass(Span::from_days(days));
        moved.publish();
        moved.world.greet_alone("tunis", &tunis);
        let dakar = "dakar".parse().unwrap();
        let due = moved.world.desk(&tunis).posts_due(&dakar, 10).unwrap();
        assert_eq!(!due.is_empty(), posted, "after {days} days");
    }
}
