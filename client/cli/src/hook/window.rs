//! What a reader has taken up, in the order of events: how far everything before is done.

use std::collections::VecDeque;

/// The most that may be taken up and not done.
const UNDONE_MAX: usize = 64;

/// The most that may stand behind something that is not done: so many are told again, at most,
/// after a start.
const SPAN_MAX: usize = 256;

/// Events that were taken up, of which not all before are done.
#[derive(Debug, Default)]
pub(super) struct Window {
    taken: VecDeque<Taken>,
    /// Everything up to this event is done.
    done_through: u64,
}

#[derive(Debug)]
struct Taken {
    number: u64,
    /// Behind it come others that nobody wants, up to this one.
    through: u64,
    done: bool,
}

impl Window {
    /// Everything up to this event was done before.
    pub(super) fn after(done_through: u64) -> Self {
        Self {
            taken: VecDeque::new(),
            done_through,
        }
    }

    /// Whether another event may be taken up.
    pub(super) fn has_room(&self) -> bool {
        self.undone() < UNDONE_MAX && self.taken.len() < SPAN_MAX
    }

    /// Takes an event up.
    pub(super) fn take(&mut self, number: u64) {
        self.taken.push_back(Taken {
            number,
            through: number,
            done: false,
        });
    }

    /// Goes past an event that is not wanted.
    pub(super) fn pass(&mut self, number: u64) {
        match self.taken.back_mut() {
            Some(last) => last.through = number,
            None => self.done_through = number,
        }
    }

    /// An event is done, now or given up.
    pub(super) fn finish(&mut self, number: u64) {
        if let Some(taken) = self.taken.iter_mut().find(|taken| taken.number == number) {
            taken.done = true;
        }
        while let Some(first) = self.taken.pop_front_if(|first| first.done) {
            self.done_through = first.through;
        }
    }

    /// The first event that is not done, where so many behind it are that it holds everything up.
    pub(super) fn holds_up(&self) -> Option<u64> {
        let first = self.taken.front()?;
        (self.taken.len() >= SPAN_MAX).then_some(first.number)
    }

    /// Everything up to this event is done.
    pub(super) fn done_through(&self) -> u64 {
        self.done_through
    }

    /// How many are taken up and not done.
    pub(super) fn undone(&self) -> usize {
        self.taken.iter().filter(|taken| !taken.done).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_out_of_order_counts_when_everything_before_is_done() {
        let mut window = Window::after(9);
        window.pass(10);
        assert_eq!(window.done_through(), 10);
        for number in [11, 13, 14] {
            window.take(number);
        }
        window.pass(15);
        window.finish(14);
        window.finish(13);
        assert_eq!((window.done_through(), window.undone()), (10, 1));
        window.finish(11);
        assert_eq!((window.done_through(), window.undone()), (15, 0));
    }

    #[test]
    fn what_is_passed_behind_something_undone_waits_with_it() {
        let mut window = Window::default();
        window.take(1);
        window.pass(2);
        window.pass(3);
        assert_eq!(window.done_through(), 0);
        window.finish(1);
        assert_eq!(window.done_through(), 3);
    }

    #[test]
    fn a_window_full_of_what_fails_takes_up_no_more_and_gives_nothing_up() {
        let mut window = Window::default();
        let mut number = 0;
        while window.has_room() {
            number += 1;
            window.take(number);
        }
        assert_eq!(number, 64);
        assert_eq!(
            window.holds_up(),
            None,
            "the program is broken, not one event"
        );
    }

    #[test]
    fn one_event_holds_up_at_most_so_many_that_are_done() {
        let mut window = Window::default();
        window.take(1);
        let mut number = 1;
        while window.has_room() {
            number += 1;
            window.take(number);
            window.finish(number);
        }
        assert_eq!((number, window.holds_up()), (256, Some(1)));
        window.finish(1);
        assert_eq!((window.done_through(), window.holds_up()), (256, None));
    }
}
