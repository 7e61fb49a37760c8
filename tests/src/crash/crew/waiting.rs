//! Waiting for what has to come without faults, and looking at samples of what came before.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Crew;
use crate::crash::chance::Chance;
use crate::crash::report::{Order, Role};
use crate::crash::violation::{Broken, Violation};

/// Longer than anything takes to start on a busy machine, a rebuilt index included.
const START: Duration = Duration::from_secs(60);
/// How often, in silence, senders are asked where their open alerts stand.
const ASK: Duration = Duration::from_secs(2);
/// Between two looks whether anything waits.
const PAUSE: Duration = Duration::from_millis(100);
/// How many looks in a row have to show nothing.
const LOOKS: u32 = 5;

impl Crew {
    /// Waits until everybody who runs is up; whoever is not violates.
    pub(crate) fn until_up(&mut self) -> bool {
        let until = Instant::now() + START;
        loop {
            let missing = self.processes.keys().find(|role| !self.up.contains(role));
            let Some(role) = missing.copied() else {
                return true;
            };
            if self.hear_until(until).is_none() {
                let what = "it is not up in time";
                self.checker
                    .violate(Violation::at(Broken::DoesNotOpen, role, what));
                return false;
            }
        }
    }

    /// Lets everything run without faults until all is settled and nothing waits at the relay.
    pub(crate) fn until_quiet(&mut self) -> Result<(), String> {
        let until = Instant::now() + self.patience;
        while !self.checker.is_quiet() {
            if Instant::now() > until {
                return Err(self.checker.tell_open());
            }
            if self.hear_until(Instant::now() + ASK).is_none() {
                self.ask_for_open();
            }
        }
        match self.until_nothing_waits(until) {
            true => Ok(()),
            false => Err(format!(
                "{:?} pieces of mail wait at the relay",
                self.waiting
            )),
        }
    }

    /// Asks senders where their open alerts stand: what an event told may have been told to a
    /// process that was killed before it could pass it on.
    fn ask_for_open(&mut self) {
        for sender in 0..self.world.senders {
            let ids = self.checker.open_ids(sender, 64);
            self.track(sender, ids);
        }
    }

    /// Whoever is not up does not read, and must not make the rig wait.
    fn track(&mut self, sender: u8, ids: Vec<String>) {
        if self.up.contains(&Role::Sender(sender)) {
            self.order(Role::Sender(sender), &Order::Track { ids });
        }
    }

    /// Nothing waits, and goes on not waiting for longer than desks gather what is not urgent: they
    /// may have receipts to bring still, or a heartbeat.
    fn until_nothing_waits(&mut self, until: Instant) -> bool {
        let mut looks = 0;
        while Instant::now() < until {
            self.waiting = None;
            self.order(Role::Relay, &Order::Waiting);
            while self.waiting.is_none() {
                if self.hear_until(until).is_none() {
                    return false;
                }
            }
            looks = match self.waiting {
                Some(0) => looks + 1,
                _ => 0,
            };
            if looks > LOOKS || self.world.someone_left {
                return true;
            }
            // What waits now is on its way to a desk that is connected, or is about to be.
            let pause = Instant::now() + PAUSE;
            while Instant::now() < pause && self.hear_until(pause).is_some() {}
        }
        false
    }

    /// Waits until every letter is promised, and accepted by the relay for every recipient.
    pub(crate) fn until_accepted(&mut self) -> Result<(), String> {
        let until = Instant::now() + self.patience;
        while !self.checker.is_accepted() {
            if Instant::now() > until {
                return Err(self.checker.tell_unaccepted());
            }
            if self.hear_until(Instant::now() + ASK).is_none() {
                for sender in 0..self.world.senders {
                    let ids = self.checker.unaccepted_ids(sender, 64);
                    self.track(sender, ids);
                }
            }
        }
        Ok(())
    }

    /// Has the relay balance its books while it serves.
    pub(crate) fn balance_books(&mut self) {
        self.order(Role::Relay, &Order::Books);
    }

    /// Has every desk compare a sample of old promises with what its store holds.
    pub(crate) fn compare_sample(&mut self, chance: &mut Chance) {
        let mut tracks: BTreeMap<u8, Vec<String>> = BTreeMap::new();
        let mut looks: BTreeMap<u8, Vec<String>> = BTreeMap::new();
        for (letter, id, recipients) in self.checker.sample(chance.next(), 8) {
            tracks.entry(letter.sender).or_default().push(id.clone());
            for recipient in recipients {
                looks.entry(recipient).or_default().push(id.clone());
            }
        }
        for (sender, ids) in tracks {
            self.order(Role::Sender(sender), &Order::Track { ids });
        }
        for (recipient, ids) in looks {
            self.order(Role::Recipient(recipient), &Order::Look { ids });
        }
    }
}
