//! One crash state of a recording: made, opened, checked, gone on with, and cut again.

use std::fs;
use std::path::{Path, PathBuf};

use maille_durable::{IndexOpening, Opening};
use serde::Serialize;

use super::crash::{Crash, End, IndexLeft, MARKER};
use super::history::History;
use super::life::Life;
use super::mutation::Mutation;
use super::plot::{BOOT, Plot};
use super::power_cut::Names;
use super::recorder::Recorder;
use super::recording::{Event, Leaf, Recording, STORE, Standing, Tree};
use super::write_tree;
use crate::crash::chance::Chance;
use crate::crash::violation::{Broken, Violation};

/// How many power cuts follow one upon another: during a recovery, and during the next.
const CUTS_MAX: usize = 3;

/// What has been seen, in numbers.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Seen {
    /// Stores that were opened on what a crash had left.
    pub(crate) states: u64,
    /// Of these, while a recovery was under way or just over.
    pub(crate) during_recovery: u64,
    /// Of these, by the death of the process alone.
    pub(crate) killed: u64,
    /// Of these, with an end that was torn.
    pub(crate) torn: u64,
    /// Of these, with an index that was kept or completed.
    pub(crate) index_kept: u64,
    /// Batches found.
    pub(crate) batches: u64,
    /// Of these, acknowledged before the crash.
    pub(crate) acknowledged: u64,
}

impl Seen {
    pub(crate) fn add(&mut self, other: &Self) {
        self.states += other.states;
        self.during_recovery += other.during_recovery;
        self.killed += other.killed;
        self.torn += other.torn;
        self.index_kept += other.index_kept;
        self.batches += other.batches;
        self.acknowledged += other.acknowledged;
    }
}

/// Explores in a folder of its own.
#[derive(Debug)]
pub(crate) struct Explorer {
    folder: PathBuf,
    kept: PathBuf,
    mutation: Option<Mutation>,
    pub(crate) seen: Seen,
}

impl Explorer {
    /// Opens stores in `folder`, and keeps in `kept` those that were wrong.
    pub(crate) fn new(folder: PathBuf, kept: PathBuf, mutation: Option<Mutation>) -> Self {
        let seen = Seen::default();
        Self {
            folder,
            kept,
            mutation,
            seen,
        }
    }

    /// Makes one crash state of a plot, and from its recovery perhaps the next.
    pub(crate) fn explore(&mut self, plot: &Plot, chance: &mut Chance) -> Result<(), Violation> {
        let mut life = Lived {
            recording: plot.recording.clone(),
            history: plot.history.clone(),
            damaged: plot.damaged,
            boot: 0,
        };
        for depth in 0..CUTS_MAX {
            let mut crash = Crash::choose(&life.recording, chance);
            if life.damaged && matches!(crash.index, IndexLeft::Copied { .. }) {
                // The marker of the next store would hide what is wrong with the one before it.
                crash.index = IndexLeft::Synced;
            }
            let tree = crash.leave(&life.recording, chance);
            crash
                .check_set_aside(&life, &tree)
                .map_err(|violation| self.keep(violation, depth, crash, &tree))?;
            let opened = self.open(plot, &life, depth, crash, &tree, chance);
            life = opened.map_err(|violation| self.keep(violation, depth, crash, &tree))?;
            // What an index that knew the future had set aside is whole without that index.
            let set_aside_whole = life.damaged && !plot.damaged;
            // Who died alone has left what only a power cut can take.
            let killed = matches!(crash.end, End::Killed);
            if set_aside_whole || !(killed || chance.percent(60)) {
                break;
            }
        }
        Ok(())
    }

    /// Opens a store on what a crash has left, and lives on.
    fn open(
        &mut self,
        plot: &Plot,
        before: &Lived,
        depth: usize,
        crash: Crash,
        tree: &Tree,
        chance: &mut Chance,
    ) -> Result<Lived, Violation> {
        let base = &self.folder;
        let _ = fs::remove_dir_all(base);
        fs::create_dir_all(base).expect("a folder for a crash state");
        write_tree(base, tree);
        let identity = u8::try_from(depth + 2).unwrap_or(u8::MAX);
        let mut boot = before.boot;
        let recorder = match crash.end {
            End::PowerCut(_) => {
                boot += 1;
                Recorder::new(base, tree.clone())
            }
            End::Killed => {
                let mut recording = before.recording.clone();
                recording.events.truncate(crash.cut);
                recording.events.push(Event::Ended);
                recording.indexes.clear();
                Recorder::go_on(base, recording)
            }
        };
        let mut life = Life::new(recorder);
        let begun = life.recorder.len();
        let boot_id = format!("boot-{boot}");
        let options = plot.sizes.options(&boot_id, identity);
        let opened = life.open(base, &options);
        let opening = opened.map_err(|error| {
            Violation::new(Broken::DoesNotOpen, format!("{} {error}", error.code()))
        })?;
        self.count(depth, crash, &opening);
        let acknowledged = before.recording.acknowledged(crash.cut);
        self.seen.acknowledged += acknowledged;
        let mut history = before.history.clone();
        if let Some(aside) = &opening.set_aside {
            if !crash.may_set_aside(before) {
                return Err(Violation::new(
                    Broken::DoesNotOpen,
                    aside.damage.to_string(),
                ));
            }
            history = History::new();
        } else {
            crash.check_index(before, depth, tree, &opening)?;
            let store = life.store.as_ref().expect("it was opened just now");
            history.check(store, acknowledged)?;
        }
        history = history.branch(opening.newest.0);
        let writers = chance.between(1, 2);
        life.write(chance, writers, 3);
        if chance.percent(20) {
            life.checkpoint();
        }
        history.go_on(&life.batches);
        if let Some(store) = &life.store {
            history.check(store, history.newest())?;
        }
        life.close();
        let mut recording = life.recorder.finish();
        if let Some(mutation) = self.mutation {
            mutation.apply(&mut recording.events[begun..]);
        }
        let killed = matches!(crash.end, End::Killed);
        Ok(Lived {
            recording,
            history,
            damaged: opening.set_aside.is_some() || (killed && before.damaged),
            boot,
        })
    }

    fn count(&mut self, depth: usize, crash: Crash, opening: &Opening) {
        self.seen.states += 1;
        self.seen.during_recovery += u64::from(depth > 0);
        self.seen.killed += u64::from(matches!(crash.end, End::Killed));
        self.seen.torn += u64::from(opening.torn_bytes > 0);
        let kept = !matches!(opening.index, IndexOpening::Rebuilt(_));
        self.seen.index_kept += u64::from(kept);
        self.seen.batches += opening.newest.0;
    }

    /// Leaves the state as it was before it was opened, for somebody to look at.
    fn keep(&self, violation: Violation, depth: usize, crash: Crash, tree: &Tree) -> Violation {
        let words = serde_json::to_string(&crash).expect("a crash is JSON");
        let Violation { code, at } = violation;
        if self.mutation.is_none() {
            let _ = fs::remove_dir_all(&self.kept);
            fs::create_dir_all(&self.kept).expect("a folder to keep what went wrong");
            write_tree(&self.kept, tree);
        }
        Violation::new(code, format!("depth {depth} {words}: {at}"))
    }
}

/// What the next crash meets.
struct Lived {
    recording: Recording,
    history: History,
    /// Before, a damaged store stood there.
    damaged: bool,
    /// How often the machine was started again.
    boot: u64,
}

impl Crash {
    /// Whether what it leaves may be found damaged: a damaged store that was there before, or an
    /// index that knows what had not happened yet.
    fn may_set_aside(self, before: &Lived) -> bool {
        let events = &before.recording.events[..self.cut];
        let opened = events.iter().any(|event| matches!(event, Event::Opened));
        (before.damaged && !opened) || self.knows_the_future(before)
    }

    fn knows_the_future(self, before: &Lived) -> bool {
        match self.index {
            IndexLeft::Copied { behind, .. } => before.recording.indexes[behind].0 > self.cut,
            _ => false,
        }
    }

    /// Checks that a damaged store is there still, under whatever name. Without a journal a rename
    /// may lose both; nothing but not to rename would prevent it.
    fn check_set_aside(self, before: &Lived, tree: &Tree) -> Result<(), Violation> {
        let loose = matches!(self.end, End::PowerCut(cut) if cut.names == Names::Loose);
        if !before.damaged || loose {
            return Ok(());
        }
        let truth = |path: &str| path.ends_with(".log") || path.ends_with(".run");
        for (path, leaf) in before
            .recording
            .before
            .iter()
            .filter(|(path, _)| truth(path))
        {
            let name = path.strip_prefix(STORE).unwrap_or(path);
            if !tree
                .iter()
                .any(|(path, found)| path.ends_with(name) && found == leaf)
            {
                let what = format!("{path} of a damaged store is gone");
                return Err(Violation::new(Broken::Lost, what));
            }
        }
        Ok(())
    }

    /// Checks that the store verified itself where it had to, and only there.
    fn check_index(
        self,
        before: &Lived,
        depth: usize,
        tree: &Tree,
        opening: &Opening,
    ) -> Result<(), Violation> {
        let End::PowerCut(_) = self.end else {
            return Ok(());
        };
        if matches!(self.index, IndexLeft::Copied { marked: true, .. }) {
            return Ok(());
        }
        if tree.contains_key(MARKER) && marker(tree).is_none() {
            let what = "index.state has its name, and is not whole";
            return Err(Violation::new(Broken::WrongContent, what));
        }
        let standing = before.recording.standing(self.cut);
        let rebuilt = matches!(opening.index, IndexOpening::Rebuilt(_));
        if standing == Standing::Served && !rebuilt {
            let what = format!("it was being served, and opened as {:?}", opening.index);
            return Err(Violation::new(Broken::Mistrusted, what));
        }
        // Later ones may begin with an index that is of no use.
        let synced = self.index == IndexLeft::Synced && depth == 0;
        let clean = is_clean(tree) && !before.damaged;
        if synced && (standing == Standing::Closed || clean) && rebuilt {
            let what = format!("it had been closed, and opened as {:?}", opening.index);
            return Err(Violation::new(Broken::Mistrusted, what));
        }
        Ok(())
    }
}

/// How long it is with the name of any boot here.
const MARKER_BYTES: usize = 40 + BOOT.len();

/// The marker of a tree, if it is there whole. One sector holds it, so its length tells.
fn marker(tree: &Tree) -> Option<&[u8]> {
    match tree.get(MARKER) {
        Some(Leaf::File(bytes)) => {
            let whole = bytes.len() == MARKER_BYTES && bytes.starts_with(b"MAILIDX\n");
            whole.then_some(bytes)
        }
        _ => None,
    }
}

/// Whether it says that the store was closed.
fn is_clean(tree: &Tree) -> bool {
    marker(tree).is_some_and(|marker| marker[9] == 1)
}

/// Where a store that was wrong is kept.
pub(crate) fn kept_in(folder: &Path, cycle: u64, state: u64) -> PathBuf {
    folder.join(format!("failed-{cycle}-{state}"))
}
