//! What a desk does at each arrival must not grow with its inbox.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;

/// It used to read the whole inbox at each arrival, and a desk with thousands of alerts did little
/// else.
#[test]
fn looking_for_attachments_costs_the_same_in_a_long_inbox() {
    let mut network = Network::found(1, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let (lyon, tunis) = (network.admit("interpol/lyon"), network.admit("cmai/tunis"));
    let mut world = MemoryWorld::new(network);
    world.settle();
    for number in 0..100 {
        world.send(&lyon, &["cmai/tunis"], &format!("Alert {number}"));
    }
    world.settle();
    assert_eq!(world.desk(&tunis).inbox().unwrap().len(), 100);

    let look = |world: &mut MemoryWorld| {
        let before = world.desk_reads(&tunis);
        assert!(world.desk(&tunis).attachments_wanted().unwrap().is_empty());
        world.desk_reads(&tunis) - before
    };
    assert!(look(&mut world) >= 100, "the first look reads the inbox");
    assert_eq!(look(&mut world), 0);
}
