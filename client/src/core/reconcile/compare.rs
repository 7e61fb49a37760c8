//! What differs between two lists of holdings: pure, and the same seen from either side.

use std::collections::BTreeSet;

use maille_common::check::Check;
use maille_common::codec::encode;
use maille_common::content::{GivenStatement, Holding, Item, Place};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;

use super::between::{Between, Known};

/// What a comparison covers.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    pub(super) days: BTreeSet<u32>,
    pub(super) after: Place,
    pub(super) upto: Option<Place>,
}

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Everything, to be looked at once more when the round closes.
    pub(super) items: BTreeSet<Item>,
    /// Statements that the other side lacks.
    pub(super) statements: Vec<GivenStatement>,
    /// Alerts of this device that the other one lacks.
    pub(super) alerts: Vec<Lacked>,
    /// Alerts of the other device that it does not know any more.
    pub(super) shown: Vec<AlertId>,
    /// There is more than a letter holds.
    pub(super) more: bool,
    bytes: usize,
}

/// An alert that the other side lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lacked {
    pub(super) alert: AlertId,
    /// Its signed part is there.
    pub(super) shown: bool,
}

impl Extent {
    pub(super) fn covers(&self, place: &Place) -> bool {
        self.days.contains(&place.day)
            && *place > self.after
            && self.upto.is_none_or(|upto| *place <= upto)
    }

    /// Keeps what one letter holds, and ends where it does.
    pub(super) fn cut(&mut self, held: Vec<Holding>) -> Vec<Holding> {
        let (mut kept, mut bytes) = (Vec::new(), 0);
        for holding in held {
            if !self.covers(&holding.place) {
                continue;
            }
            bytes += encode(&holding).len();
            if bytes > limits::RECONCILE_BYTES_MAX || kept.len() == limits::HOLDINGS_MAX {
                self.upto = kept.last().map(|last: &Holding| last.place);
                break;
            }
            kept.push(holding);
        }
        kept
    }
}

/// Compares what is held here with what the other side lists.
pub(super) fn compare(mine: &Between, theirs: &[Holding], extent: &Extent) -> Difference {
    let mut found = Difference::default();
    if !Check::V4.stands() {
        return found;
    }
    let mut listed = BTreeSet::new();
    for there in theirs.iter().filter(|one| extent.covers(&one.place)) {
        listed.insert(there.place.alert);
        match mine.known.get(&there.place.alert) {
            Some(here) => found.both_hold(here, there),
            None => found.not_here(mine, there),
        }
    }
    let covered = mine.known.values().filter(|one| extent.covers(&one.place));
    for here in covered.filter(|one| one.listed && !listed.contains(&one.place.alert)) {
        found.not_there(here);
    }
    found
}

impl Difference {
    fn both_hold(&mut self, here: &Known, there: &Holding) {
        // Both say they sent it: whoever lies gains nothing.
        if here.sent == there.sent {
            return;
        }
        match (here.lost, there.lost) {
            // What a deputy was asked and has lost is its principal's concern.
            _ if here.in_place || there.in_place => {}
            (false, true) if here.sent => self.lacks_alert(here, true),
            // Its sender forgot it, or it never came here.
            (false, true) | (true, false) => {
                let _ = self.item(here.place, Hash::ZERO);
            }
            _ => {}
        }
        // The recipient was asked in another's place alone, and is a recipient itself.
        if here.sent && !here.in_place && there.in_place {
            self.lacks_alert(here, false);
        }
        if there.sent && !there.in_place && here.in_place {
            self.item(here.place, Hash::ZERO);
        }
        for (hash, statement) in &here.statements {
            if !there.statements.has(hash) {
                self.give(here.place, statement);
            }
        }
        for hash in there.statements.iter() {
            if !here.statements.contains_key(hash) {
                self.item(there.place, *hash);
            }
        }
    }

    fn not_here(&mut self, mine: &Between, there: &Holding) {
        if let Some(returned) = mine.returned.get(&there.place.alert) {
            // It was answered: the answer is what they lack.
            for statement in returned {
                self.give(there.place, statement);
            }
        } else if !there.in_place || !there.sent {
            self.item(there.place, Hash::ZERO);
        }
    }

    fn not_there(&mut self, here: &Known) {
        if here.sent {
            // What a deputy was asked and has lost is its principal's concern.
            if !here.in_place {
                self.lacks_alert(here, false);
            }
            return;
        }
        if !here.in_place {
            self.item(here.place, Hash::ZERO);
            self.shown.push(here.place.alert);
        }
        for statement in here.statements.values() {
            self.give(here.place, statement);
        }
    }

    /// `shown`: the other side has its signed part.
    fn lacks_alert(&mut self, here: &Known, shown: bool) {
        let alert = here.place.alert;
        if self.item(here.place, Hash::ZERO) && !here.lost {
            self.alerts.push(Lacked { alert, shown });
        }
    }

    fn give(&mut self, place: Place, statement: &GivenStatement) {
        if self.has_room_for(statement) && self.item(place, statement.hash()) {
            self.statements.push(statement.clone());
        }
    }

    /// Hands over what explains a difference, and is none that is looked at once more.
    pub(super) fn explain(&mut self, statement: GivenStatement) {
        if self.has_room_for(&statement) {
            self.statements.push(statement);
        }
    }

    /// Whether a letter holds it beside what is in it; it is counted then.
    fn has_room_for(&mut self, statement: &GivenStatement) -> bool {
        let bytes = self.bytes + encode(statement).len();
        let full = self.statements.len() == limits::HANDED_MAX;
        if full || bytes > limits::RECONCILE_BYTES_MAX {
            self.more = true;
            return false;
        }
        self.bytes = bytes;
        true
    }

    /// Notes something that differs, if there is room for it.
    fn item(&mut self, place: Place, statement: Hash) -> bool {
        if self.items.len() == limits::HANDED_MAX {
            self.more = true;
            return false;
        }
        self.items.insert(Item {
            place,
            statement,
            held: false,
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use maille_common::codec::SortedList;
    use std::collections::BTreeMap;

    fn alert(number: usize) -> AlertId {
        let mut id = [0; 32];
        id[24..].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        AlertId::from_bytes(id)
    }

    fn lacked(number: usize) -> Lacked {
        Lacked {
            alert: alert(number),
            shown: false,
        }
    }

    fn sent(count: usize) -> Between {
        let known = |number| {
            let known = Known {
                place: Place {
                    day: 100,
                    alert: alert(number),
                },
                sent: true,
                in_place: false,
                lost: false,
                listed: true,
                statements: BTreeMap::new(),
            };
            (alert(number), known)
        };
        Between {
            known: (1..=count).map(known).collect(),
            ..Between::default()
        }
    }

    fn extent(after: Place) -> Extent {
        Extent {
            days: BTreeSet::from([100]),
            after,
            upto: None,
        }
    }

    fn as_received(held: &[Holding]) -> Vec<Holding> {
        let received = |one: &Holding| Holding {
            sent: false,
            ..one.clone()
        };
        held.iter().map(received).collect()
    }

    #[test]
    fn a_list_that_a_letter_does_not_hold_goes_on_in_the_next_round() {
        let mine = sent(limits::HOLDINGS_MAX + 2);
        let all = mine.holdings(100);
        let mut first = extent(Place::START);
        let page = first.cut(all.clone());
        assert_eq!(page.len(), limits::HOLDINGS_MAX);
        assert_eq!(first.upto, page.last().map(|last| last.place));
        let nothing = compare(&mine, &as_received(&page), &first);
        assert!(nothing.items.is_empty(), "what is beyond it is not missed");
        let mut second = extent(first.upto.unwrap());
        let rest = second.cut(all);
        assert_eq!((rest.len(), second.upto), (2, None));
        let missing = compare(&mine, &[], &second);
        assert_eq!(missing.alerts, [8_193, 8_194].map(lacked));
    }

    #[test]
    fn more_than_a_letter_hands_over_waits_for_the_next_round() {
        let mine = sent(limits::HANDED_MAX + 1);
        let found = compare(&mine, &[], &extent(Place::START));
        assert!(found.more);
        assert_eq!(found.alerts.len(), limits::HANDED_MAX);
        assert_eq!(found.items.len(), limits::HANDED_MAX);
    }

    #[test]
    fn what_a_deputy_has_lost_is_not_missing_and_what_it_signed_is() {
        let mut mine = sent(1);
        let known = mine.known.get_mut(&alert(1)).unwrap();
        known.in_place = true;
        let everything = extent(Place::START);
        assert!(compare(&mine, &[], &everything).items.is_empty());
        let there = Holding {
            place: Place {
                day: 100,
                alert: alert(1),
            },
            sent: false,
            in_place: true,
            lost: false,
            statements: SortedList::new([Hash::from_bytes([7; 32])]).unwrap(),
        };
        let found = compare(&mine, std::slice::from_ref(&there), &everything);
        assert_eq!(found.items.len(), 1);
        assert!(found.alerts.is_empty());
        // A recipient of its own that was asked in another's place alone lacks its own.
        mine.known.get_mut(&alert(1)).unwrap().in_place = false;
        let found = compare(&mine, &[there], &everything);
        assert_eq!(found.alerts, [lacked(1)]);
    }

    #[test]
    fn what_is_lost_there_is_sent_again_and_shown_once() {
        let mut mine = sent(1);
        let everything = extent(Place::START);
        let mut there = as_received(&mine.holdings(100)).remove(0);
        there.lost = true;
        let found = compare(&mine, std::slice::from_ref(&there), &everything);
        let shown = Lacked {
            shown: true,
            ..lacked(1)
        };
        assert_eq!(found.alerts, [shown]);
        assert_eq!(found.items.len(), 1);
        // Its sender has lost it as well: nobody has it, and nobody is accused.
        mine.known.get_mut(&alert(1)).unwrap().lost = true;
        let found = compare(&mine, std::slice::from_ref(&there), &everything);
        assert!(found.items.is_empty() && found.alerts.is_empty());
        // The recipient has it, and its sender does not.
        there.lost = false;
        let found = compare(&mine, &[there], &everything);
        assert_eq!(found.items.len(), 1);
        assert!(found.alerts.is_empty());
    }
}
