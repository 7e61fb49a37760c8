//! Two stories under one number: both are kept and shown, and both sides are told (PROTOCOL E16,
//! Q5, G7, G8).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, IncidentKind};
use maille_common::address::DeviceId;
use maille_common::codec::List;
use maille_common::content::{Heartbeat, ToldFork};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits::FORKS_HEARD_MAX;
use maille_common::terms::Numbered;
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";

/// Lyon, who has two devices, and Tunis.
struct Fork {
    world: MemoryWorld,
    lyon: DeviceId,
    colleague: DeviceId,
    tunis: DeviceId,
}

impl Fork {
    fn new() -> Self {
        let homes: &[&str] = &["lyon"];
        let mut network = Network::found(71, &[("interpol", homes), ("cmai", homes)]);
        let lyon = network.admit(LYON);
        let colleague = network.admit(LYON);
        let tunis = network.admit(TUNIS);
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self {
            world,
            lyon,
            colleague,
            tunis,
        }
    }

    fn devices(&self) -> [DeviceId; 3] {
        [self.lyon, self.colleague, self.tunis]
    }

    /// An alert that Tunis gets at once.
    fn send(&mut self) -> AlertId {
        let alert = self.world.send(&self.lyon, &[TUNIS], "One story");
        self.world.submit_alone("lyon", &self.lyon);
        self.world.meet(&self.tunis, "lyon");
        alert
    }

    fn minutes(&mut self, count: u32) {
        let devices = self.devices();
        self.world.connected_minutes(count, &devices, "lyon");
    }

    fn incidents(&mut self, device: DeviceId) -> Vec<IncidentKind> {
        let desk = self.world.desk(&device);
        let incidents = desk.incidents_after(0, 1_000).unwrap();
        incidents.into_iter().map(|(_, one)| one.kind).collect()
    }

    /// The incidents at one of Lyon's devices that tell of a fork.
    fn told(&mut self, device: DeviceId) -> Vec<IncidentKind> {
        let mut told = self.incidents(device);
        told.retain(|kind| matches!(kind, IncidentKind::ForkTold { .. }));
        told
    }

    fn has(&mut self, alert: &AlertId) -> bool {
        let inbox = self.world.desk(&self.tunis).inbox().unwrap();
        inbox.iter().any(|entry| entry.id == *alert)
    }
}

/// A copy of Lyon's disk goes on beside what followed it. The number is one that others followed
/// already: only the newest one used to be compared.
#[test]
fn a_fork_far_behind_is_seen_kept_and_told_to_every_device_of_its_contact() {
    let mut fork = Fork::new();
    let (lyon, tunis) = (fork.lyon, fork.tunis);
    fork.world.save_desk(&lyon);
    let first = fork.send();
    fork.send();
    fork.send();
    fork.world.restore_desk(&lyon);
    let other = fork.send();
    let device = lyon;
    assert_eq!(fork.incidents(tunis), [IncidentKind::Fork { device }]);
    let (_, incident) = fork
        .world
        .desk(&tunis)
        .incidents_after(0, 1)
        .unwrap()
        .remove(0);
    assert_eq!(incident.alert, Some(other));
    for alert in [first, other] {
        assert!(fork.has(&alert), "both are kept");
        let received = fork.world.desk(&tunis).received(&alert).unwrap();
        assert!(received.is_some(), "and both can be read");
    }
    fork.minutes(5);
    let told = IncidentKind::ForkTold {
        device: lyon,
        of: Numbered::Alerts,
        number: 1,
        by: TUNIS.parse().unwrap(),
    };
    for device in [lyon, fork.colleague] {
        assert_eq!(fork.told(device), std::slice::from_ref(&told));
    }
    fork.minutes(26 * 60);
    for device in [lyon, fork.colleague] {
        assert_eq!(fork.told(device).len(), 1, "once, and it is told for a day");
    }
    assert_eq!(fork.incidents(tunis).len(), 1);
}

/// Receipts are numbered as alerts are: a copy of Tunis's disk answers under numbers that it gave
/// before.
#[test]
fn a_fork_of_receipts_is_seen_kept_and_told() {
    let mut fork = Fork::new();
    let (lyon, tunis) = (fork.lyon, fork.tunis);
    let alert = fork.send();
    fork.world.save_desk(&tunis);
    let mut random = Seeded::new(72);
    let mut act = |fork: &mut Fork, act: Act| {
        let now = fork.world.now;
        let desk = fork.world.desk(&tunis);
        desk.act(&alert, &act, Some("Amina"), "", now, &mut random)
            .unwrap();
        fork.world.pass(Span::from_seconds(1));
    };
    act(&mut fork, Act::Read);
    act(&mut fork, Act::Acknowledge);
    fork.world.meet(&tunis, "lyon");
    fork.world.meet(&lyon, "lyon");
    fork.world.restore_desk(&tunis);
    act(&mut fork, Act::Read);
    // Its relay does not greet it, which would have told it.
    fork.world.post_due(&tunis, "lyon");
    fork.world.meet(&lyon, "lyon");
    let device = tunis;
    assert_eq!(fork.incidents(lyon), [IncidentKind::Fork { device }]);
    let now = fork.world.now;
    let track = fork.world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    let receipts = track.recipients[0].receipts.iter();
    let mut numbers: Vec<u64> = receipts
        .map(|(receipt, _)| receipt.statement.number)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 2, 3], "both are kept");
    for device in [lyon, tunis] {
        fork.world.meet(&device, "lyon");
    }
    fork.minutes(5);
    let told = IncidentKind::ForkTold {
        device: tunis,
        of: Numbered::Receipts,
        number: 2,
        by: LYON.parse().unwrap(),
    };
    assert_eq!(fork.told(tunis), [told]);
}

/// Whoever tells of forks that are none raises so many incidents and no more, and of devices that
/// are not the hearer's none at all.
#[test]
fn whoever_tells_of_forks_without_end_is_heard_so_often() {
    let mut fork = Fork::new();
    fork.send();
    let (lyon, tunis) = (fork.lyon, fork.tunis);
    let epoch = fork.world.desk(&lyon).epoch();
    for round in 0..4 {
        let forks: Vec<ToldFork> = (1..=42)
            .map(|number| ToldFork {
                device: if number == 42 { tunis } else { lyon },
                of: Numbered::Alerts,
                epoch,
                number: 100 * round + number,
                first: Hash::ZERO,
                second: Hash::from_bytes([1; 32]),
            })
            .collect();
        let forks = List::new(forks).unwrap();
        fork.world.say("lyon", (&tunis, &lyon), 0, |heartbeat| {
            heartbeat.extensions = Heartbeat::extensions_of(&List::empty(), &forks);
        });
        fork.world.meet(&lyon, "lyon");
    }
    let told = fork.told(lyon);
    assert_eq!(told.len(), FORKS_HEARD_MAX);
    for kind in told {
        let IncidentKind::ForkTold { device, .. } = kind else {
            panic!("{kind:?}");
        };
        assert_eq!(device, lyon);
    }
}
