//! Mail in another order than it was put into a mailbox, and mail that never comes.

use maille_common::address::DeviceId;
use maille_common::time::Span;
use maille_common::wire::Push;

use super::MemoryWorld;

impl MemoryWorld {
    /// The numbers of what waits for a desk, oldest first.
    pub fn mail(&mut self, relay: &str, device: &DeviceId) -> Vec<u64> {
        let waiting = self.relay(relay).waiting(device, 100).unwrap();
        let mut numbers: Vec<u64> = waiting.iter().map(|mail| mail.number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The numbers of the deliveries among it, what is pushed first before the others.
    pub fn deliveries(&mut self, relay: &str, device: &DeviceId) -> Vec<u64> {
        let core = self.relay(relay);
        let waiting = core.waiting(device, 100).unwrap().into_iter();
        let is_delivery = |number: &u64| {
            let push = core.push(device, *number).unwrap();
            matches!(push, Some(Push::Delivery { .. }))
        };
        waiting
            .map(|mail| mail.number)
            .filter(is_delivery)
            .collect()
    }

    /// One piece of mail reaches a desk, whatever else waits.
    pub fn bring(&mut self, relay: &str, device: &DeviceId, number: u64) {
        let push = self.relay(relay).push(device, number).unwrap().unwrap();
        self.take_push(device, &relay.parse().unwrap(), push);
    }

    /// A relay drops a receipt as if the desk had confirmed it.
    pub fn withhold(&mut self, relay: &str, device: &DeviceId, number: u64) {
        let incarnation = self.relay(relay).incarnation();
        let core = self.relay(relay);
        let _ = core.confirm(device, incarnation, &[number]).unwrap();
        assert!(!self.mail(relay, device).contains(&number));
    }

    /// A desk connects to a relay, and nothing else reaches it.
    pub fn greet_alone(&mut self, relay: &str, device: &DeviceId) {
        assert!(self.greet(device, relay, &relay.parse().unwrap()));
    }

    /// A desk connects to a relay and brings its envelopes, and nothing reaches it.
    pub fn submit_alone(&mut self, relay: &str, device: &DeviceId) {
        self.greet_alone(relay, device);
        self.submit_due(device, relay, &relay.parse().unwrap());
    }

    /// The connection of a desk to a relay ends.
    pub fn part(&mut self, relay: &str, device: &DeviceId) {
        self.desk(device).parted(&relay.parse().unwrap());
    }

    /// Minutes pass, and after each everybody does what is due.
    pub fn minutes(&mut self, count: u32) {
        for _ in 0..count {
            self.pass(Span::from_minutes(1));
            self.tick();
        }
    }
}
