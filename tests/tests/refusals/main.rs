//! Refusals are answers (I7): each reason of relay, machine and officer is signed, is shown to the
//! sender, and frees what is behind it. The tables go over the reasons of the protocol, so that a
//! new one has to be thought of here.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

mod recipients;
mod relays;

use maille_client::core::{Direction, LedgerPage, Refusal, TrackedRecipient};
use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;
use maille_common::roster::Contact;
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;

const TUNIS: &str = "cmai/tunis";
const RABAT: &str = "cmai/rabat";
/// Admitted when its test needs a contact whose device has no keys yet.
const DAKAR: &str = "cmai/dakar";
/// Where Lyon collects, and where the others do.
const RELAYS: [&str; 2] = ["lyon", "amman"];
const RELAY: &str = "amman";

/// Lyon writes to Tunis, who has two devices, and to Rabat.
struct Refused {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    second: DeviceId,
    rabat: DeviceId,
    dakar: Option<DeviceId>,
    dissolved: Option<Contact>,
}

impl Refused {
    fn new() -> Self {
        let mut network = Network::found(81, &[("interpol", &["lyon"]), ("cmai", &["amman"])]);
        let lyon = network.admit("interpol/lyon");
        let tunis = network.admit(TUNIS);
        let second = network.admit(TUNIS);
        let rabat = network.admit(RABAT);
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self {
            world,
            lyon,
            tunis,
            second,
            rabat,
            dakar: None,
            dissolved: None,
        }
    }

    fn publish(&mut self) {
        let documents = self.world.network.publish();
        self.world.spread_to_relay(RELAY, &documents);
    }

    fn minutes(&mut self, count: u32) {
        let devices = [
            Some(self.lyon),
            Some(self.tunis),
            Some(self.rabat),
            self.dakar,
        ];
        for _ in 0..count {
            self.world.pass(Span::from_minutes(1));
            self.world.tick();
            let _ = self.world.beat();
            for device in devices.iter().flatten() {
                for relay in RELAYS {
                    self.world.meet(device, relay);
                }
            }
        }
    }

    fn has(&mut self, device: DeviceId, alert: &AlertId) -> bool {
        let inbox = self.world.desk(&device).inbox().unwrap();
        inbox.iter().any(|entry| entry.id == *alert)
    }

    fn tracked(&mut self, alert: &AlertId, contact: &str) -> TrackedRecipient {
        let now = self.world.now;
        let track = self.world.desk(&self.lyon).track(alert, now);
        let recipients = track.unwrap().unwrap().recipients.into_iter();
        recipients
            .into_iter()
            .find(|recipient| recipient.contact.as_str() == contact)
            .unwrap()
    }

    /// The refusals that the ledger shows of what one contact owes Lyon.
    fn in_ledger(&mut self, alert: &AlertId, contact: &str) -> Option<Vec<Refusal>> {
        let page = LedgerPage {
            skip: 0,
            limit: 100,
            drills: false,
        };
        let now = self.world.now;
        let ledger = self.world.desk(&self.lyon).ledger(page, now).unwrap();
        let mut open = ledger.obligations.into_iter();
        let found = open.find(|one| {
            one.direction == Direction::OwedToUs
                && one.alert == *alert
                && one.recipient.as_str() == contact
        });
        found.map(|one| one.refusals)
    }
}
