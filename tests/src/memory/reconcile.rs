//! Reconciliations between desks: asked for, answered, and closed while time passes.

use maille_client::core::Reconciled;
use maille_common::address::DeviceId;
use maille_common::codec::encode;
use maille_common::content::Reconciliation;
use maille_common::terms::Kind;
use maille_common::time::Span;

use super::MemoryWorld;
use crate::network::address;

/// Desks look at their rounds so often here, in minutes.
const STEP: u32 = 10;

impl MemoryWorld {
    /// Every desk looks at its reconciliations, as its keeper does; how many wrote a letter.
    pub fn reconcile(&mut self) -> usize {
        let now = self.now;
        let mut desks = 0;
        for held in self.desks.values_mut() {
            let (_, wrote) = held.desk.reconcile(now, &mut self.random).unwrap();
            desks += usize::from(wrote);
        }
        desks
    }

    /// A desk asks a contact to compare, and everybody meets every relay until both are done, or
    /// for so many minutes. What the newest rounds showed.
    pub fn compare(&mut self, device: &DeviceId, with: &str, minutes: u32) -> Vec<Reconciled> {
        let (now, with) = (self.now, address(with));
        self.desk(device).reconcile_with(&with, now).unwrap();
        for _ in 0..minutes.div_ceil(STEP) {
            while self.reconcile() > 0 {
                self.settle();
            }
            let reconciled = self.desk(device).reconciled(&with).unwrap();
            if reconciled.iter().all(|one| one.end.is_some()) {
                break;
            }
            self.pass(Span::from_minutes(STEP.into()));
            self.tick();
        }
        self.desk(device).reconciled(&with).unwrap()
    }

    /// A device writes a letter of which its desk knows nothing.
    pub fn write_letter(
        &mut self,
        relay: &str,
        between: (&DeviceId, &DeviceId),
        letter: &Reconciliation,
    ) {
        let content = encode(letter);
        self.send_unowed(relay, between, (Kind::Reconciliation, &content), None);
    }

    /// How many reconciliations were brought to relays so far.
    pub fn letters(&self) -> u64 {
        self.letters
    }
}
