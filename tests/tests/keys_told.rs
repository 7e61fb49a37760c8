//! What is wrong with a desk's own keys is told by itself: again as long as its organisation has
//! not acted, and no longer.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::core::{EventKind, KeysTrouble, OfferedKeys, RENEWAL_WAITS};
use maille_common::address::DeviceId;
use maille_common::roster::{Roster, SignedRenewal};
use maille_common::time::{Span, Timestamp};
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;

/// Lyon, whose keys are old, offers others.
struct Offering {
    world: MemoryWorld,
    lyon: DeviceId,
}

impl Offering {
    fn begin() -> Self {
        let mut network = Network::found(97, &[("interpol", &["lyon"])]);
        let lyon = network.admit("interpol/lyon");
        let mut world = MemoryWorld::new(network);
        world.settle();
        let mut offering = Self { world, lyon };
        assert_eq!(offering.tell(None), []);
        offering.world.pass(Span::from_days(331));
        offering.world.keep_keys();
        offering
    }

    fn offered(&self) -> OfferedKeys {
        self.world.network.device(&self.lyon).offered().unwrap()
    }

    /// The keeper looks; what was told of keys since the beginning.
    fn tell(&mut self, offered: Option<OfferedKeys>) -> Vec<(KeysTrouble, Timestamp)> {
        let now = self.world.now;
        let desk = self.world.desk(&self.lyon);
        desk.tell_keys(offered.as_ref(), now).unwrap();
        let events = desk.events_after(0, 1000, true).unwrap().into_iter();
        let told = events.filter_map(|numbered| match numbered.event.kind {
            EventKind::Keys { trouble, since } => Some((trouble, since)),
            _ => None,
        });
        told.collect()
    }

    /// The organisation takes up what the desk offers, and its desk has that roster.
    fn take_up(&mut self) {
        let renewal: SignedRenewal = self.world.network.device(&self.lyon).renewal().unwrap();
        let now = self.world.now;
        let mut roster = Roster::clone(self.world.desk(&self.lyon).roster());
        let network = &mut self.world.network;
        let _ = network.take_up(&roster, &[renewal], Span::from_days(63), now);
        roster.apply(&network.publish()).unwrap();
        let desk = self.world.desk(&self.lyon);
        desk.replace_roster(Arc::new(roster), now).unwrap();
    }
}

#[test]
fn keys_that_wait_for_their_organisation_are_told_every_two_weeks_until_they_are_taken_up() {
    let mut offering = Offering::begin();
    let offered = Some(offering.offered());
    let made = offering.offered().made;
    let waiting = (KeysTrouble::Waiting, made);
    let moment = Span::from_ms(1);
    offering.world.pass(RENEWAL_WAITS - moment);
    assert_eq!(offering.tell(offered), []);
    offering.world.pass(moment);
    assert_eq!(offering.tell(offered), [waiting]);
    // Once, however often it is looked at.
    offering.world.pass(RENEWAL_WAITS - moment);
    assert_eq!(offering.tell(offered), [waiting]);
    offering.world.pass(moment);
    assert_eq!(offering.tell(offered), [waiting, waiting]);
    offering.take_up();
    offering.world.pass(RENEWAL_WAITS);
    assert_eq!(offering.tell(offered), [waiting, waiting]);
}

/// A backup that lacks them was restored, or somebody else has renewed them.
#[test]
fn keys_that_the_roster_has_and_the_desk_has_not_are_told_at_once() {
    let mut offering = Offering::begin();
    offering.take_up();
    let others = (KeysTrouble::Others, offering.world.now);
    assert_eq!(offering.tell(None), [others]);
    assert_eq!(offering.tell(None), [others]);
    // What it offers then is no news, and waits.
    let further = OfferedKeys {
        made: offering.world.now,
        ..Offering::begin().offered()
    };
    let further = OfferedKeys {
        transport: further.signing,
        signing: further.transport,
        ..further
    };
    assert_eq!(offering.tell(Some(further)), [others]);
    offering.world.pass(RENEWAL_WAITS);
    assert_eq!(offering.tell(Some(further)), [others, others]);
}
