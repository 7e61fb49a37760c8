//! What submitters were promised: the newest durable version of every key.

use super::keys::KEYS_ALL;
use super::violation::{Broken, Violation};

/// The newest version that was reported durable, of every key.
#[derive(Debug, Clone)]
pub(crate) struct Ledger(Vec<u64>);

impl Ledger {
    pub(crate) fn new() -> Self {
        Self(vec![0; KEYS_ALL as usize])
    }

    /// A version was reported durable.
    pub(crate) fn hear(&mut self, key: u32, version: u64) {
        let known = &mut self.0[key as usize];
        *known = version.max(*known);
    }

    /// Versions of all keys together.
    pub(crate) fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Keys that were reported further than they are found.
    pub(crate) fn ahead_of(&self, found: &[u64]) -> usize {
        self.0
            .iter()
            .zip(found)
            .filter(|(reported, found)| reported > found)
            .count()
    }

    /// Compares what a store holds with what was promised by the moment of the cut, and with what
    /// can have been begun by then: a submitter begins a version when the one before is durable.
    pub(crate) fn weigh(&self, begun: &Self, found: &[u64]) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (key, found) in found.iter().enumerate() {
            let (promised, begun) = (self.0[key], begun.0[key] + 1);
            if *found < promised {
                let at = format!("key {key}: version {promised} was durable, {found} is there");
                violations.push(Violation::new(Broken::Lost, at));
            }
            if *found > begun {
                let at = format!("key {key}: version {found} is there, {begun} was not begun");
                violations.push(Violation::new(Broken::Stranger, at));
            }
        }
        violations
    }

    /// What a store that was opened again holds is durable: it stays.
    pub(crate) fn reopened(&mut self, found: &[u64]) {
        self.0.copy_from_slice(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(violations: &[Violation]) -> Vec<Broken> {
        violations.iter().map(|found| found.code).collect()
    }

    #[test]
    fn a_lost_version_and_one_that_nobody_wrote_are_noticed() {
        let mut ledger = Ledger::new();
        ledger.hear(3, 7);
        let mut found = vec![0; KEYS_ALL as usize];
        for (version, expected) in [
            (7, vec![]),
            (8, vec![]),
            (6, vec![Broken::Lost]),
            (9, vec![Broken::Stranger]),
        ] {
            found[3] = version;
            assert_eq!(codes(&ledger.weigh(&ledger, &found)), expected);
        }
    }
}
