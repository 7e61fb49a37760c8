//! One crash: when, how, and what it leaves on the disk.

use serde::Serialize;

use super::power_cut::PowerCut;
use super::recorder::is_index;
use super::recording::{Call, Event, Leaf, Recording, STORE, Tree};
use super::volume::Volume;
use crate::crash::chance::Chance;

/// Whether the index may be trusted.
pub(crate) const MARKER: &str = "store/index.state";

/// How a life ends.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum End {
    /// The machine dies.
    PowerCut(PowerCut),
    /// The process alone dies; the machine goes on.
    Killed,
}

/// What stands where the index stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IndexLeft {
    /// None.
    Nothing,
    /// What was synced of it.
    Synced,
    /// A copy of another moment, perhaps with what was noted beside it then.
    Copied { behind: usize, marked: bool },
}

/// One crash.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Crash {
    /// Behind how many events.
    pub(crate) cut: usize,
    pub(crate) end: End,
    pub(crate) index: IndexLeft,
}

impl Crash {
    /// Chooses one.
    pub(crate) fn choose(recording: &Recording, chance: &mut Chance) -> Self {
        if chance.percent(15) {
            return Self::kill(recording, chance);
        }
        let cut = cut(recording, chance);
        let end = End::PowerCut(PowerCut::choose(chance));
        let copies = recording.indexes.len();
        let index = match chance.below(10) {
            0..6 => IndexLeft::Synced,
            6..8 if copies > 0 => IndexLeft::Copied {
                behind: chance.index(copies),
                marked: chance.percent(50),
            },
            _ => IndexLeft::Nothing,
        };
        Self { cut, end, index }
    }

    /// The death of the process alone; of the index a copy is left if one was made just then.
    fn kill(recording: &Recording, chance: &mut Chance) -> Self {
        let end = End::Killed;
        let copies = recording.indexes.len();
        if copies > 0 && chance.percent(50) {
            let behind = chance.index(copies);
            let cut = recording.indexes[behind].0;
            let marked = false;
            let index = IndexLeft::Copied { behind, marked };
            return Self { cut, end, index };
        }
        // Behind the rename of a run, most is left to whoever opens the store next.
        let is_named = |event: &Event| match event.call() {
            Some(Call::Rename { to, .. }) => to.ends_with(".run"),
            _ => false,
        };
        let events = recording.events.iter().enumerate();
        let named = events.filter(|(_, event)| is_named(event));
        let named: Vec<usize> = named.map(|(at, _)| at).collect();
        let cut = match named.len() {
            count if count > 0 && chance.percent(50) => named[chance.index(count)] + 1,
            _ => cut(recording, chance),
        };
        let index = IndexLeft::Nothing;
        Self { cut, end, index }
    }

    /// What it leaves on the disk.
    pub(crate) fn leave(self, recording: &Recording, chance: &mut Chance) -> Tree {
        let volume = Volume::after(&recording.before, &recording.events[..self.cut]);
        let mut tree = match self.end {
            End::PowerCut(power_cut) => power_cut.strike(&volume, chance),
            End::Killed => whole(&volume),
        };
        if !tree.contains_key(STORE) {
            return tree;
        }
        match self.index {
            IndexLeft::Nothing => {}
            IndexLeft::Synced => tree.extend(volume.index().clone()),
            IndexLeft::Copied { behind, marked } => {
                let (at, copy) = &recording.indexes[behind];
                tree.extend(copy.clone());
                if marked {
                    let then = Volume::after(&recording.before, &recording.events[..*at]);
                    let marker = whole(&then).remove(MARKER);
                    marker.map(|marker| tree.insert(MARKER.to_owned(), marker));
                }
            }
        }
        let synced = tree.keys().any(|path| is_index(path));
        if synced {
            tree.insert("store/index".to_owned(), Leaf::Folder);
        }
        tree
    }
}

/// Somewhere; more often behind a write or a rename, where there is most to go wrong.
fn cut(recording: &Recording, chance: &mut Chance) -> usize {
    let count = recording.events.len() + 1;
    // The beginning is short, and like nothing that comes after it.
    let among = if chance.percent(10) {
        count.min(30)
    } else {
        count
    };
    let anywhere = chance.index(among);
    let sought: fn(&Call) -> bool = match chance.below(10) {
        0..5 => return anywhere,
        5..8 => |call| matches!(call, Call::Write { .. }),
        _ => |call| matches!(call, Call::Rename { .. }),
    };
    let mut rest = recording.events[anywhere..].iter();
    let further = rest.position(|event| event.call().is_some_and(sought));
    further.map_or(anywhere, |further| anywhere + further + 1)
}

/// Everything as it is while the machine goes on.
fn whole(volume: &Volume) -> Tree {
    Volume::tree(volume.names(), &mut |file| match volume.content(file) {
        Some(content) => content.bytes.as_slice().into(),
        None => [].into(),
    })
}
