//! The order in which pushes of one connection began: each is taken in a task of its own, and a
//! heartbeat behind those that were pushed before it (PROTOCOL G9).

use std::collections::BTreeSet;

use tokio::sync::watch;

/// Pushes that are not dealt with yet, by the order in which they began.
#[derive(Debug)]
pub(super) struct Turns {
    under_way: watch::Sender<UnderWay>,
    next: std::cell::Cell<u64>,
}

#[derive(Debug, Default)]
struct UnderWay {
    turns: BTreeSet<u64>,
    /// The first one that ended and was not dealt with.
    lost: Option<u64>,
}

/// One push; dropped before it is done, it was not dealt with.
#[derive(Debug)]
pub(super) struct Turn {
    under_way: watch::Sender<UnderWay>,
    number: u64,
    done: bool,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            under_way: watch::Sender::new(UnderWay::default()),
            next: std::cell::Cell::new(0),
        }
    }

    /// The turn of the push that began last.
    pub(super) fn next(&self) -> Turn {
        let number = self.next.replace(self.next.get() + 1);
        self.under_way.send_modify(|all| {
            all.turns.insert(number);
        });
        Turn {
            under_way: self.under_way.clone(),
            number,
            done: false,
        }
    }
}

impl Turn {
    /// Waits until every push that began before is over; whether all of them were dealt with.
    pub(super) async fn others_are_done(&self) -> bool {
        let mut changes = self.under_way.subscribe();
        let first = |all: &UnderWay| all.turns.first().is_none_or(|first| *first >= self.number);
        match changes.wait_for(first).await {
            Ok(all) => all.lost.is_none_or(|lost| lost > self.number),
            // Nobody drops it while this turn has it.
            Err(_) => false,
        }
    }

    /// The push was dealt with.
    pub(super) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (number, done) = (self.number, self.done);
        self.under_way.send_modify(|all| {
            all.turns.remove(&number);
            if !done {
                all.lost = Some(all.lost.map_or(number, |lost| lost.min(number)));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_later_push_waits_for_those_before_it_and_for_no_other() {
        let turns = Turns::new();
        let (first, second, _third) = (turns.next(), turns.next(), turns.next());
        let mut waits = Box::pin(second.others_are_done());
        tokio::select! {
            biased;
            _ = waits.as_mut() => panic!("the first one is under way"),
            () = std::future::ready(()) => {}
        }
        first.done();
        assert!(waits.await);
    }

    #[tokio::test]
    async fn who_follows_one_that_was_not_dealt_with_hears_so() {
        let turns = Turns::new();
        let (first, second, third) = (turns.next(), turns.next(), turns.next());
        drop(second);
        assert!(first.others_are_done().await, "it is before that");
        first.done();
        assert!(!third.others_are_done().await);
    }
}
