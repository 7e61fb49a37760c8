//! Devices that lost their sealing keys, and what was sealed to the lost ones.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::Extension;
use maille_common::evidence::ObligationState;
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::{Network, address};

/// What had told it whom its colleague added was sealed to the lost keys.
#[test]
fn a_sender_that_lost_its_keys_learns_all_the_same_whom_its_colleague_added_and_by_when() {
    let organisations: [(&str, &[&str]); 2] = [("interpol", &["lyon"]), ("cmai", &["tunis"])];
    let mut network = Network::found(71, &organisations);
    let lyon = network.admit("interpol/lyon");
    let second = network.admit("interpol/lyon");
    for contact in ["cmai/tunis", "cmai/fez"] {
        network.admit(contact);
    }
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alert = world.send(&lyon, &["cmai/tunis"], "From one device");
    world.settle();
    world.lose_sealing_keys(&lyon);
    let fez = address("cmai/fez");
    let extension = Extension {
        to: std::iter::once(fez.clone()).collect(),
        expires_after: Some(Span::from_hours(3)),
        ..Extension::default()
    };
    world.extend(&second, &alert, &extension).unwrap();
    let expires = world.now + Span::from_hours(3);
    world.settle();
    let known = |world: &mut MemoryWorld| {
        let now = world.now;
        let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
        let mut recipients = track.recipients.into_iter();
        recipients.find(|recipient| recipient.contact == fez)
    };
    let later = known(&mut world).unwrap().expires.since(expires);
    assert!(later < Span::from_minutes(15), "{later}");
    world.pass(Span::from_hours(4));
    world.tick();
    world.settle();
    let state = known(&mut world).unwrap().standing.state;
    assert_eq!(state, ObligationState::Expired);
}
