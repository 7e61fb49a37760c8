//! Work that gathers while one thread is at it, which takes what came meanwhile as one.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Work for one thread at a time.
///
/// Whoever adds to idle work sees to it that somebody takes; everybody else's is taken by then, so
/// that a group grows by itself with the load, and alone nobody waits.
#[derive(Debug)]
pub struct Gathering<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    waiting: Vec<T>,
    at_work: bool,
}

impl<T> Default for Gathering<T> {
    fn default() -> Self {
        let state = State {
            waiting: Vec::new(),
            at_work: false,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<T> Gathering<T> {
    /// Adds work. `true` where nobody is at work: the caller then has somebody take until nothing
    /// is left.
    #[must_use = "work that nobody takes waits for ever"]
    pub fn add(&self, work: T) -> bool {
        let mut state = self.lock();
        state.waiting.push(work);
        !std::mem::replace(&mut state.at_work, true)
    }

    /// Takes what waits, the first `max` of it; none where nothing does, and from then on nobody is
    /// at work.
    pub fn take(&self, max: usize) -> Option<Vec<T>> {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            state.at_work = false;
            return None;
        }
        if state.waiting.len() <= max {
            return Some(std::mem::take(&mut state.waiting));
        }
        Some(state.waiting.drain(..max).collect())
    }

    /// No statement under the lock leaves it half done.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_at_work_until_nothing_waits() {
        let gathering = Gathering::default();
        assert!(gathering.add(1));
        assert!(!gathering.add(2));
        assert!(!gathering.add(3));
        assert_eq!(gathering.take(2), Some(vec![1, 2]));
        assert!(!gathering.add(4), "whoever took is at work still");
        assert_eq!(gathering.take(9), Some(vec![3, 4]));
        assert_eq!(gathering.take(9), None);
        assert!(gathering.add(5), "nobody is at work any more");
    }
}
