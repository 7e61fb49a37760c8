//! What a proposal changes, in lines that a key holder reads before signing.
//!
//! What these changes do to somebody is judged from the whole network, where proposals are made.

use std::collections::BTreeMap;
use std::fmt;

use super::{Annex, AuthorityPart};

mod annex;
mod authority;

/// The difference between a document in force and a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What is added, removed or changed, one thing a line.
    pub lines: Vec<Line>,
}

/// One thing that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it changes.
    pub change: Change,
    /// What, for people.
    pub text: String,
}

/// How a thing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Added,
    /// It is no longer there.
    Removed,
    /// It has another value.
    Changed,
}

impl Difference {
    /// What a new authority part changes; everything, if there was none before.
    pub fn between(old: Option<&AuthorityPart>, new: &AuthorityPart) -> Self {
        authority::difference(old, new)
    }

    /// What a new annex changes; everything, if there was none before.
    pub fn between_annexes(old: Option<&Annex>, new: &Annex) -> Self {
        annex::difference(old, new)
    }

    /// Whether nothing but number and dates changes.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn add(&mut self, text: impl Into<String>) {
        self.push(Change::Added, text.into());
    }

    fn remove(&mut self, text: impl Into<String>) {
        self.push(Change::Removed, text.into());
    }

    fn push(&mut self, change: Change, text: String) {
        self.lines.push(Line { change, text });
    }

    /// Notes a field that has another value.
    fn field<T: PartialEq>(&mut self, of: &str, old: &T, new: &T, show: impl Fn(&T) -> String) {
        if old != new {
            let text = format!("{of}: {} → {}", show(old), show(new));
            self.push(Change::Changed, text);
        }
    }

    /// Notes what two sets do not have in common.
    fn set<T: PartialEq>(&mut self, of: &str, old: &[T], new: &[T], show: impl Fn(&T) -> String) {
        for item in new.iter().filter(|item| !old.contains(item)) {
            self.add(format!("{of} {}", show(item)));
        }
        for item in old.iter().filter(|item| !new.contains(item)) {
            self.remove(format!("{of} {}", show(item)));
        }
    }
}

/// `+`, `-` or `~`, and the text.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.change {
            Change::Added => '+',
            Change::Removed => '-',
            Change::Changed => '~',
        };
        write!(f, "{sign} {}", self.text)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// An item before and after, found by its name.
struct Pair<'a, T> {
    old: Option<&'a T>,
    new: Option<&'a T>,
}

/// Matches the items of two lists by name, in the order of names.
fn pairs<'a, T, K: Ord>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&'a T) -> K,
) -> impl Iterator<Item = (K, Pair<'a, T>)> {
    let mut pairs: BTreeMap<K, Pair<'a, T>> = BTreeMap::new();
    let none = || Pair {
        old: None,
        new: None,
    };
    for item in old {
        pairs.entry(name(item)).or_insert_with(none).old = Some(item);
    }
    for item in new {
        pairs.entry(name(item)).or_insert_with(none).new = Some(item);
    }
    pairs.into_iter()
}

/// Items in one line.
fn joined<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// Names in several languages in one line.
fn local(names: &[crate::local_text::LocalText]) -> String {
    joined(names, |name| format!("{} ({})", name.text, name.language))
}
