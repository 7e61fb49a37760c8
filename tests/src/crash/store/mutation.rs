//! The syncs and orders of the store, each of which can be left out, so that the rig is proven.
//!
//! They are told apart by the operation and the kind of file, in the recording: a sync that is not
//! recorded is one that was never made.

use std::fmt;

use super::recording::{Call, Event};

/// A sync or an order that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Without the sync of each group of batches.
    NoGroupSync,
    /// Without the sync of a segment before it has its name.
    NoSegmentSync,
    /// Without the sync of a run before it has its name.
    NoRunSync,
    /// Without the sync of the marker before it has its name.
    NoMarkerSync,
    /// Without the sync of the index's files when it is closed.
    NoIndexSync,
    /// Without the sync of the index's names when it is closed.
    NoIndexFolderSync,
    /// Without the sync of the folder of segments.
    NoLogFolderSync,
    /// Without the sync of the folder of runs behind a run's rename.
    NoRunsFolderSync,
    /// Without the sync of the folder of runs before what is left over goes.
    NoLeftOverSync,
    /// Without the sync of the store's folder behind the marker's rename.
    NoMarkerFolderSync,
    /// Without the sync of the store's folder when those within are there.
    NoInnerFolderSync,
    /// Without the sync of the folder that holds the store's.
    NoStoreFolderSync,
    /// A group is acknowledged before its sync.
    AcknowledgedEarly,
    /// A segment has its name before its sync.
    SegmentNamedEarly,
    /// A run has its name before its sync.
    RunNamedEarly,
    /// The marker has its name before its sync.
    MarkerNamedEarly,
    /// Segments go before the run that holds them has its durable name.
    SegmentsRemovedEarly,
    /// Runs go before the run they were merged into has its durable name.
    RunsRemovedEarly,
    /// The store serves without having said so in the marker.
    ServedUnmarked,
    /// The marker says that the store was closed before the index is synced.
    ClosedEarly,
}

impl Mutation {
    /// All of them.
    pub(crate) const ALL: [Self; 20] = [
        Self::NoGroupSync,
        Self::NoSegmentSync,
        Self::NoRunSync,
        Self::NoMarkerSync,
        Self::NoIndexSync,
        Self::NoIndexFolderSync,
        Self::NoLogFolderSync,
        Self::NoRunsFolderSync,
        Self::NoLeftOverSync,
        Self::NoMarkerFolderSync,
        Self::NoInnerFolderSync,
        Self::NoStoreFolderSync,
        Self::AcknowledgedEarly,
        Self::SegmentNamedEarly,
        Self::RunNamedEarly,
        Self::MarkerNamedEarly,
        Self::SegmentsRemovedEarly,
        Self::RunsRemovedEarly,
        Self::ServedUnmarked,
        Self::ClosedEarly,
    ];

    /// Changes what is recorded to what a store with this mutation does.
    pub(crate) fn apply(self, events: &mut [Event]) {
        match self {
            Self::NoGroupSync => drop_syncs(events, |path| path.ends_with(".log")),
            Self::NoSegmentSync => drop_syncs(events, |path| path.ends_with(".log.new")),
            Self::NoRunSync => drop_syncs(events, |path| path.ends_with(".run.new")),
            Self::NoMarkerSync => drop_syncs(events, |path| path.ends_with("index.state.new")),
            Self::NoIndexSync => blank(events, |call| matches!(call, Call::SyncIndexFile { .. })),
            Self::NoIndexFolderSync => {
                blank(events, |call| matches!(call, Call::SyncIndexFolder { .. }));
            }
            Self::NoLogFolderSync => drop_folder_syncs(events, "store/log", |_| true),
            Self::NoRunsFolderSync => drop_folder_syncs(events, "store/runs", is_rename),
            Self::NoLeftOverSync => {
                drop_folder_syncs(events, "store/runs", |before| !is_rename(before));
            }
            Self::NoMarkerFolderSync => drop_folder_syncs(events, "store", is_rename),
            Self::NoInnerFolderSync => {
                drop_folder_syncs(events, "store", |before| !is_rename(before));
            }
            Self::NoStoreFolderSync => drop_folder_syncs(events, "", |_| true),
            Self::AcknowledgedEarly => acknowledge_early(events),
            Self::SegmentNamedEarly => name_early(events, ".log"),
            Self::RunNamedEarly => name_early(events, ".run"),
            Self::MarkerNamedEarly => name_early(events, "index.state"),
            Self::SegmentsRemovedEarly => remove_early(events, ".log"),
            Self::RunsRemovedEarly => remove_early(events, ".run"),
            Self::ServedUnmarked => unmark(events),
            Self::ClosedEarly => close_early(events),
        }
    }

    /// Its name, as the command line takes it.
    pub(crate) fn name(self) -> String {
        let words = format!("{self:?}");
        let mut name = String::new();
        for letter in words.chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Leaves calls out. Their places are kept, so that copies of the index keep theirs.
fn blank(events: &mut [Event], left_out: impl Fn(&Call) -> bool) {
    for event in events {
        if event.call().is_some_and(&left_out) {
            *event = Event::Acknowledged(0);
        }
    }
}

fn drop_syncs(events: &mut [Event], of: impl Fn(&str) -> bool) {
    blank(
        events,
        |call| matches!(call, Call::Sync { path, .. } if of(path)),
    );
}

/// Leaves out the syncs of a folder behind certain calls of the same thread.
fn drop_folder_syncs(events: &mut [Event], folder: &str, behind: impl Fn(Option<&Call>) -> bool) {
    for at in 0..events.len() {
        if matches!(events[at].call(), Some(Call::SyncFolder { path }) if path == folder)
            && behind(before(events, at).and_then(|before| events[before].call()))
        {
            events[at] = Event::Acknowledged(0);
        }
    }
}

fn is_rename(call: Option<&Call>) -> bool {
    matches!(call, Some(Call::Rename { .. }))
}

/// The call of the same thread before one.
fn before(events: &[Event], at: usize) -> Option<usize> {
    let Event::Call { by, .. } = &events[at] else {
        return None;
    };
    (0..at).rev().find(|earlier| is_by(&events[*earlier], *by))
}

/// The calls of the same thread behind one.
fn behind(events: &[Event], at: usize) -> impl Iterator<Item = usize> + '_ {
    let by = match &events[at] {
        Event::Call { by, .. } => Some(*by),
        _ => None,
    };
    let later = at + 1..events.len();
    later.filter(move |later| by.is_some_and(|by| is_by(&events[*later], by)))
}

fn is_by(event: &Event, thread: std::thread::ThreadId) -> bool {
    matches!(event, Event::Call { by, .. } if *by == thread)
}

/// Moves the acknowledgements behind each sync of a group before it.
fn acknowledge_early(events: &mut [Event]) {
    for at in 0..events.len() {
        let Event::Acknowledged(number) = events[at] else {
            continue;
        };
        let group = events[..at].iter().rposition(
            |event| matches!(event.call(), Some(Call::Sync { path, .. }) if path.ends_with(".log")),
        );
        if let Some(sync) = group {
            // The sync trades places with what is promised of it.
            let newest = match events[sync - 1] {
                Event::Acknowledged(earlier) => number.max(earlier),
                _ => number,
            };
            events[sync..=at].rotate_right(1);
            events[sync] = Event::Acknowledged(newest);
        }
    }
}

/// Puts each sync of an unfinished file behind its rename.
fn name_early(events: &mut [Event], kind: &str) {
    let unfinished = format!("{kind}.new");
    for at in 0..events.len() {
        let is_sync = match events[at].call() {
            Some(Call::Sync { path, .. }) => path.ends_with(&unfinished),
            _ => false,
        };
        let next = behind(events, at).next();
        if let (true, Some(rename)) = (is_sync, next)
            && is_rename(events[rename].call())
        {
            events.swap(at, rename);
        }
    }
}

/// Puts what a new run replaces before the run's rename and the sync of its name.
fn remove_early(events: &mut [Event], kind: &str) {
    let mut at = 0;
    while at < events.len() {
        let is_run = matches!(events[at].call(),
            Some(Call::Rename { to, .. }) if to.ends_with(".run"));
        let next: Vec<usize> = behind(events, at).collect();
        at += 1;
        if !is_run || next.is_empty() {
            continue;
        }
        let rename = at - 1;
        let mut places = vec![rename, next[0]];
        let removals = next[1..].iter().take_while(|place| {
            matches!(events[**place].call(),
                Some(Call::Remove { path }) if path.ends_with(kind))
        });
        places.extend(removals.copied());
        let moved: Vec<Event> = places.iter().map(|place| events[*place].clone()).collect();
        let turned = moved[2..].iter().chain(&moved[..2]);
        for (place, event) in places.iter().zip(turned) {
            events[*place] = event.clone();
        }
    }
}

/// The parts of each replacement of the marker that says so: from its creation on, five calls of
/// one thread.
fn markers(events: &[Event], stop: u8) -> Vec<Vec<usize>> {
    let begins = |at: &usize| {
        matches!(events[*at].call(),
            Some(Call::Create { path, .. }) if path.ends_with("index.state.new"))
    };
    let whole = |at: usize| {
        let mut calls = vec![at];
        calls.extend(behind(events, at).take(4));
        let said = calls.iter().any(|call| {
            matches!(events[*call].call(),
                Some(Call::Write { bytes, .. }) if bytes.get(9) == Some(&stop))
        });
        said.then_some(calls)
    };
    (0..events.len()).filter(begins).filter_map(whole).collect()
}

fn unmark(events: &mut [Event]) {
    for marker in markers(events, 0) {
        for call in marker {
            events[call] = Event::Acknowledged(0);
        }
    }
}

/// Puts the marker that says the store was closed before the syncs of the index.
fn close_early(events: &mut [Event]) {
    for marker in markers(events, 1) {
        let first = marker[0];
        let index = |event: &Event| {
            matches!(
                event.call(),
                Some(Call::SyncIndexFile { .. } | Call::SyncIndexFolder { .. })
            )
        };
        let syncs = events[..first]
            .iter()
            .rev()
            .take_while(|event| index(event))
            .count();
        let last = marker.last().copied().unwrap_or(first);
        events[first - syncs..=last].rotate_left(syncs);
    }
}
