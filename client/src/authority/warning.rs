//! What a key holder must have understood before signing: who is cut off, who could be locked out,
//! what is weaker afterwards.
//!
//! A pure function over the network before and after a proposal, so that everybody who holds the
//! same roster is told the same, on whatever machine. It tells what the proposal does, not what was
//! so before. Nothing is forbidden by it: whoever means it, signs.

use std::fmt;

use maille_common::roster::Roster;
use maille_common::time::Timestamp;

use super::network::Network;
use super::proposal::Proposal;

mod age;
mod contacts;
mod deputies;
mod holders;
mod organisations;
mod pairs_of_keys;
mod rules;
#[cfg(test)]
mod tests;

/// One thing to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What kind of harm it may be.
    pub effect: Effect,
    /// What it is, for machines; stable.
    pub code: &'static str,
    /// The same for people, as a full sentence. Names in it are strangers' words.
    pub text: String,
}

/// What a proposal may do to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Somebody can no longer send, receive or be asked.
    CutOff,
    /// Those who have to sign what comes next may be unable to.
    LockedOut,
    /// What was forbidden is allowed, or fewer have to agree.
    Weakened,
}

impl Effect {
    /// The word of it, for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CutOff => "cut-off",
            Self::LockedOut => "locked-out",
            Self::Weakened => "weakened",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Proposal {
    /// What it does to whom, to be read before signing. What matters at a time is judged by `now`.
    pub fn warnings(&self, roster: Option<&Roster>, now: Timestamp) -> Vec<Warning> {
        let before = roster.map(Network::of);
        let Some(after) = Network::after(self, roster) else {
            // An annex of nobody is refused, whatever it says.
            return Vec::new();
        };
        let mut found = Warnings::default();
        let before = before.as_ref();
        if matches!(self, Self::Authority(_)) {
            holders::judge(&mut found, before, &after, now);
            organisations::judge(&mut found, before, &after);
        }
        contacts::judge(&mut found, before, &after, now);
        deputies::judge(&mut found, before, &after);
        rules::judge(&mut found, before, &after);
        found.lifted(self, roster);
        found.list.extend(self.age_warnings(roster, now));
        found.list
    }
}

/// Warnings as they are found.
#[derive(Debug, Default)]
struct Warnings {
    list: Vec<Warning>,
}

impl Warnings {
    fn cut_off(&mut self, code: &'static str, text: impl Into<String>) {
        self.push(Effect::CutOff, code, text.into());
    }

    fn locked_out(&mut self, code: &'static str, text: impl Into<String>) {
        self.push(Effect::LockedOut, code, text.into());
    }

    fn weakened(&mut self, code: &'static str, text: impl Into<String>) {
        self.push(Effect::Weakened, code, text.into());
    }

    fn push(&mut self, effect: Effect, code: &'static str, text: String) {
        self.list.push(Warning { effect, code, text });
    }

    /// PROTOCOL R9: whoever was suspended acts again, or is suspended again.
    fn lifted(&mut self, proposal: &Proposal, roster: Option<&Roster>) {
        let Some(roster) = roster else {
            return;
        };
        let documents = roster.documents();
        let (old, new) = match proposal {
            Proposal::Authority(signed) => (
                roster.authority().lifted.to_vec(),
                signed.part.lifted.to_vec(),
            ),
            Proposal::Annex(signed) => {
                let old = roster.annex(&signed.annex.organisation);
                let old = old.map_or_else(Vec::new, |annex| annex.lifted.to_vec());
                (old, signed.annex.lifted.to_vec())
            }
        };
        for signed in &documents.suspensions {
            let hash = signed.hash();
            let subject = &signed.suspension.subject;
            if roster.suspended(subject).is_some() && new.contains(&hash) && !old.contains(&hash) {
                let text = format!("The suspension of {subject} is over: it acts again.");
                self.weakened("suspension-lifted", text);
            }
        }
        // Of an authority part a suspension stays lifted, whatever later parts say.
        if matches!(proposal, Proposal::Annex(_)) {
            for hash in old.iter().filter(|hash| !new.contains(hash)) {
                self.cut_off(
                    "suspension-returns",
                    format!(
                        "The suspension {} comes into force again wherever it is still known. \
                         Keep it in the list to leave it lifted.",
                        hash.short()
                    ),
                );
            }
        }
    }
}

/// `` `a` ``, or `` `a` and 3 others ``.
fn and_others(first: impl fmt::Display, count: usize) -> String {
    match count {
        0 | 1 => format!("`{first}`"),
        2 => format!("`{first}` and one more"),
        _ => format!("`{first}` and {} more", count - 1),
    }
}
