//! What the checker must not expect any more after a store was lost or rolled back.

use std::collections::BTreeSet;

use super::{Checker, Entry};
use crate::crash::letter::LetterId;
use crate::crash::report::Role;
use crate::crash::violation::{Broken, Violation};

/// What is lost of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Its store. What it had is collected again, from the relay's grace copies.
    Inbox,
    /// Its keys as well. Whatever is open is sent again, sealed to its new device.
    Keys,
}

impl Checker {
    /// The life of a store, as it said last.
    pub(crate) fn life_of(&self, role: Role) -> Option<String> {
        self.lives.get(&role).cloned()
    }

    /// A store may begin a new life: it was lost, or an old copy of it was put back.
    pub(crate) fn expect_new_life(&mut self, role: Role) {
        self.lives.remove(&role);
        self.committed.remove(&role);
        self.newest.remove(&role);
    }

    /// A store that was rolled back has begun a new life by now.
    pub(crate) fn expect_other_life(&mut self, role: Role, before: Option<&str>) {
        if self.lives.get(&role).map(String::as_str) == before {
            let what = format!("it still lives as {before:?}");
            self.violate(Violation::at(Broken::RollbackUnnoticed, role, what));
        }
    }

    /// A store was set aside, and its owner says so: what is forgotten with it.
    pub(super) fn begin_anew(&mut self, role: Role) {
        self.counts.begun_anew += 1;
        match role {
            Role::Recipient(recipient) => self.lose(recipient, Loss::Inbox, &BTreeSet::new()),
            Role::Sender(sender) => self.lose_outbox(sender),
            Role::Relay | Role::Store => {}
        }
    }

    /// What a sender had is gone: nobody can bring again what no relay had yet. What it was given
    /// to send is not given to it again, since it might be there already.
    fn lose_outbox(&mut self, sender: u8) {
        let role = Role::Sender(sender);
        self.committed.remove(&role);
        self.newest.remove(&role);
        for (_, entry) in self
            .book
            .iter_mut()
            .filter(|(letter, _)| letter.sender == sender)
        {
            entry.forgotten = true;
        }
        self.open.remove(&sender);
    }

    /// Whether a sender has lost what it had.
    pub(super) fn has_forgotten(&self, role: Role) -> bool {
        let mut letters = self.book.iter();
        letters.any(|(letter, entry)| entry.forgotten && Role::Sender(letter.sender) == role)
    }

    /// Something of a recipient is gone: what it was shown it does not know any more, but for the
    /// letters that an old copy still holds.
    pub(crate) fn lose(&mut self, recipient: u8, loss: Loss, still: &BTreeSet<LetterId>) {
        let role = Role::Recipient(recipient);
        self.committed.remove(&role);
        self.newest.remove(&role);
        let mut reopened = Vec::new();
        for (letter, entry) in &mut self.book {
            if still.contains(letter) {
                continue;
            }
            for held in &mut entry.obligations {
                if held.recipient != recipient {
                    continue;
                }
                held.shown_by = None;
                held.shown_as_new = false;
                held.acted = false;
                held.ended_before = loss == Loss::Keys && held.standing.state > 0;
                if !entry.forgotten {
                    reopened.push(*letter);
                }
            }
        }
        for letter in reopened {
            self.reopen(letter);
            self.settle(letter);
        }
    }

    /// The letters a recipient was shown so far.
    pub(crate) fn shown_to(&self, recipient: u8) -> BTreeSet<LetterId> {
        let shown = |entry: &Entry| {
            let mut mine = entry.obligations.iter();
            mine.any(|held| held.recipient == recipient && held.shown_by.is_some())
        };
        let letters = self.book.iter().filter(|(_, entry)| shown(entry));
        letters.map(|(letter, _)| *letter).collect()
    }
}
