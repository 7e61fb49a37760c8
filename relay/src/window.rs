//! Which mail to push next: urgent first, heartbeats when the rest has arrived, and not more than a
//! device can answer for.

use maille_common::check::Check;
use std::collections::BTreeSet;

use crate::core::{Floors, RelayCore, Waiting};

/// Pushes that wait for their confirmation at a time.
const UNCONFIRMED_MAX: usize = 64;
/// Of these, places that only the most urgent mail may take, so that a device which is slow to
/// answer ordinary mail still gets an urgent alert at once.
const UNCONFIRMED_URGENT: usize = 16;
/// Pushes on the wire at a time; each may hold a body of 5 MiB in memory: 80 MiB.
const UNDER_WAY_MAX: usize = 16;
/// Places on the wire that only the most urgent mail may take.
const UNDER_WAY_URGENT: usize = 8;

/// The code of the most urgent class.
pub(crate) const URGENT: u8 = 1;

/// What one connection was given and has not confirmed.
#[derive(Debug, Default)]
pub(crate) struct Window {
    unconfirmed: BTreeSet<Waiting>,
    under_way: usize,
    /// Of these, those that are no heartbeats.
    under_way_before: usize,
    /// What waits and was not pushed yet, urgent first.
    candidates: Vec<Waiting>,
    /// Whether more waits than was looked at.
    more: bool,
    floors: Floors,
}

impl Window {
    /// How much mail to look at, so that what is unconfirmed cannot hide everything else.
    pub(crate) fn look(&self) -> usize {
        self.unconfirmed.len() + UNCONFIRMED_MAX
    }

    /// Where the mailbox begins, as far as looks have shown.
    pub(crate) fn floors(&self) -> Floors {
        self.floors.clone()
    }

    /// What was pushed here and not confirmed when last looked.
    pub(crate) fn unconfirmed(&self) -> Vec<Waiting> {
        self.unconfirmed.iter().copied().collect()
    }

    /// Takes what a look has shown.
    pub(crate) fn seen(&mut self, confirmed: &[Waiting], waiting: Vec<Waiting>) {
        self.more = waiting.len() >= self.look();
        self.floors.raise(&waiting);
        for gone in confirmed {
            self.unconfirmed.remove(gone);
        }
        self.candidates = waiting;
        self.candidates
            .retain(|mail| !self.unconfirmed.contains(mail));
    }

    /// Takes the next mail to push, if there is a place for it.
    pub(crate) fn next(&mut self) -> Option<Waiting> {
        let mail = *self.candidates.first()?;
        let urgent = mail.class <= URGENT;
        let reserved = |places: usize| if urgent { 0 } else { places };
        if self.unconfirmed.len() + reserved(UNCONFIRMED_URGENT) >= UNCONFIRMED_MAX
            || self.under_way + reserved(UNDER_WAY_URGENT) >= UNDER_WAY_MAX + UNDER_WAY_URGENT
        {
            return None;
        }
        // Candidates are in order: nothing that goes before it waits.
        let is_last = mail.class >= RelayCore::CLASS_LAST;
        if Check::G9.refuses(is_last && self.under_way_before > 0) {
            return None;
        }
        self.candidates.remove(0);
        self.unconfirmed.insert(mail);
        self.under_way += 1;
        self.under_way_before += usize::from(!is_last);
        Some(mail)
    }

    /// A push ended. One that found nothing to push was confirmed in the meantime.
    pub(crate) fn ended(&mut self, mail: &Waiting, pushed: bool) {
        self.under_way = self.under_way.saturating_sub(1);
        if mail.class < RelayCore::CLASS_LAST {
            self.under_way_before = self.under_way_before.saturating_sub(1);
        }
        if !pushed {
            self.unconfirmed.remove(mail);
        }
    }

    /// Whether another look would show mail for which there is a place.
    pub(crate) fn is_hungry(&self) -> bool {
        self.more && self.candidates.is_empty() && self.unconfirmed.len() < UNCONFIRMED_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(class: u8, numbers: std::ops::Range<u64>) -> Vec<Waiting> {
        numbers.map(|number| Waiting { class, number }).collect()
    }

    fn take(window: &mut Window) -> Vec<Waiting> {
        let mut taken = Vec::new();
        while let Some(mail) = window.next() {
            window.ended(&mail, true);
            taken.push(mail);
        }
        taken
    }

    #[test]
    fn a_device_that_answers_nothing_still_has_places_for_urgent_mail() {
        let mut window = Window::default();
        window.seen(&[], mail(3, 1..65));
        assert_eq!(
            take(&mut window).len(),
            UNCONFIRMED_MAX - UNCONFIRMED_URGENT
        );
        let urgent = mail(1, 100..120);
        window.seen(&[], [urgent.clone(), mail(3, 1..65)].concat());
        assert_eq!(take(&mut window), urgent[..UNCONFIRMED_URGENT]);
    }

    #[test]
    fn a_heartbeat_goes_when_everything_before_it_has_arrived() {
        let mut window = Window::default();
        let (alerts, last) = (mail(5, 7..9), mail(RelayCore::CLASS_LAST, 1..3));
        window.seen(&[], [alerts.clone(), last.clone()].concat());
        let under_way: Vec<Waiting> = std::iter::from_fn(|| window.next()).collect();
        assert_eq!(under_way, alerts);
        window.ended(&alerts[0], true);
        assert_eq!(window.next(), None);
        window.ended(&alerts[1], true);
        // What arrived need not be confirmed: a device may be unable to answer it.
        assert_eq!(take(&mut window), last);
    }

    #[test]
    fn what_was_pushed_is_not_pushed_again_and_confirmed_mail_makes_room() {
        let mut window = Window::default();
        window.seen(&[], mail(2, 1..65));
        let first = take(&mut window);
        window.seen(&[], mail(2, 1..65));
        assert_eq!(take(&mut window), []);
        window.seen(&first[..3], mail(2, 4..65));
        assert_eq!(take(&mut window), mail(2, 49..52));
    }

    #[test]
    fn few_pushes_are_on_the_wire_at_a_time() {
        let mut window = Window::default();
        window.seen(&[], mail(2, 1..65));
        let under_way: Vec<Waiting> = std::iter::from_fn(|| window.next()).collect();
        assert_eq!(under_way.len(), UNDER_WAY_MAX);
        window.ended(&under_way[0], false);
        assert_eq!(
            window.next(),
            Some(Waiting {
                class: 2,
                number: 17
            })
        );
    }

    #[test]
    fn a_look_that_showed_its_limit_is_followed_by_another() {
        let mut window = Window::default();
        window.seen(&[], mail(1, 1..65));
        assert!(!window.is_hungry());
        for _ in 0..UNCONFIRMED_MAX {
            if let Some(mail) = window.next() {
                window.ended(&mail, false);
            }
        }
        assert!(window.is_hungry());
    }
}
