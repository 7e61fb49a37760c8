//! Annexes that were good under an earlier authority part (PROTOCOL R7), found again.
//!
//! Whoever was there when they came took them one by one. Whoever founds a roster on all that was
//! kept of it has the newest part before them, under which some are not good any more: their
//! organisation has left, a pin passed them and nothing links them to it, or their keys were taken
//! away. Those are no fault, and what was in force is remembered.

use std::collections::HashMap;

use super::annexes::{Given, check};
use super::{Chains, Hashed};
use crate::address::Name;
use crate::check::Check;
use crate::hash::Hash;
use crate::roster::signatures::Signers;
use crate::roster::{Head, SignedAnnex};

/// The annexes of one organisation that were good under an earlier part, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Earlier(HashMap<Hash, Became>);

/// What became of an annex that was good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// It is not of the line that a later part pins, or was signed by keys that it took away.
    Void,
    /// A later pin passed it, or its organisation left: it was in force, and is remembered.
    Past,
}

impl Earlier {
    /// What became of an annex; none where no earlier part made it good.
    pub(super) fn became(&self, annex: &Hashed<SignedAnnex>) -> Option<Became> {
        self.0.get(&annex.hash).copied()
    }

    fn leave(&mut self, hash: Hash, became: Became) {
        let known = self.0.entry(hash).or_insert(became);
        if became == Became::Past {
            *known = became;
        }
    }
}

/// What one part says about the annexes of an organisation.
#[derive(PartialEq, Eq)]
struct Terms {
    pin: Option<Head>,
    signers: Signers,
}

impl Chains {
    /// Goes through all parts, from the first, and finds which of these annexes each made good.
    pub(super) fn earlier(&self, name: &Name, given: &Given) -> Earlier {
        let mut earlier = Earlier::default();
        let mut terms = None;
        let mut line: HashMap<Hash, u64> = HashMap::new();
        for part in &self.authority {
            let part = part.document.part.value();
            let Some(organisation) = part.organisation(name) else {
                line.drain()
                    .for_each(|(hash, _)| earlier.leave(hash, Became::Past));
                terms = None;
                continue;
            };
            let now = Terms {
                pin: organisation.pin,
                signers: Signers::of_annex(part, organisation),
            };
            if terms.as_ref() == Some(&now) {
                continue;
            }
            let next = reached(given, &now);
            let base = now.pin.map_or(0, |pin| pin.number);
            for (hash, number) in line.drain().filter(|(hash, _)| !next.contains_key(hash)) {
                let became = match number < base {
                    true => Became::Past,
                    false => Became::Void,
                };
                earlier.leave(hash, became);
            }
            line = next;
            terms = Some(now);
        }
        earlier
    }
}

/// The annexes that a part makes good: from its pin, or number 1, as far as they follow by hash and
/// signature. Where two follow at one place, both.
fn reached(given: &Given, terms: &Terms) -> HashMap<Hash, u64> {
    let mut found = HashMap::new();
    let mut before = vec![Hash::ZERO];
    let mut next = 1;
    if let Some(pin) = terms.pin {
        let pinned = given.get(&pin.number).into_iter().flatten();
        if !pinned.into_iter().any(|annex| annex.hash == pin.hash) {
            return found;
        }
        found.extend(linked(given, pin));
        before = vec![pin.hash];
        next = pin.number.saturating_add(1);
    }
    for (&number, annexes) in given.range(next..) {
        if number != next {
            break;
        }
        let follows = |annex: &&Hashed<SignedAnnex>| {
            before.contains(&annex.previous())
                && Check::R7.found(check(&terms.signers, annex)).is_ok()
        };
        before = annexes
            .iter()
            .filter(follows)
            .map(|annex| annex.hash)
            .collect();
        if before.is_empty() {
            break;
        }
        found.extend(before.iter().map(|hash| (*hash, number)));
        next = number.saturating_add(1);
    }
    found
}

/// A pinned annex, and those before it, as far as each one names the one before.
fn linked(given: &Given, pin: Head) -> Vec<(Hash, u64)> {
    let mut found = Vec::new();
    let mut next = pin;
    loop {
        let mut place = given.get(&next.number).into_iter().flatten();
        let Some(annex) = place.find(|annex| annex.hash == next.hash) else {
            return found;
        };
        found.push((next.hash, next.number));
        next = Head {
            number: next.number.saturating_sub(1),
            hash: annex.previous(),
        };
    }
}
