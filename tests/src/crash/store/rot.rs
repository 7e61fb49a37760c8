//! `rot`: bits flip in the files at rest, or sectors of them are lost.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use clap::Args;
use maille_durable::{DurableStore, IndexOpening, Opening, Store, StoreError};
use serde::Serialize;
use serde_json::json;

use super::faulty::Faulty;
use super::history::{Contents, History, read};
use super::life::{Life, Sizes};
use super::recorder::{Recorder, read_tree};
use super::recording::{Call, Event, Leaf, Recording, STORE, Tree};
use super::replay::Scratch;
use super::write_tree;
use crate::crash::chance::Chance;
use crate::crash::rig::{RunArguments, ms_since};
use crate::crash::violation::{Broken, Violation};
use crate::crash::whole;

/// Arguments of `rot`.
#[derive(Debug, Args)]
pub(crate) struct Rot {
    #[command(flatten)]
    run: RunArguments,
    /// Stores of a whole world rot, instead of one alone.
    #[arg(long)]
    world: bool,
    /// Flips in each store; a cycle is one store.
    #[arg(long, default_value_t = 250)]
    flips: u64,
}

/// What became of a flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fate {
    /// The store was set aside when it was opened.
    SetAside,
    /// The store failed when the record was read, and was set aside at the next start.
    SetAsideWhenRead,
    /// The index was made anew, and everything was right.
    Rebuilt,
    /// The index failed when it was read; at the next start it was made anew.
    RebuiltWhenRead,
    /// Everything was right: the ballast, the marker, what is left over, parts of the index that
    /// are of no use.
    Harmless,
    /// The end of the log of a store that was not closed: rotten, it is a torn end. See FORMAT.md.
    TornEnd,
}

/// The batches that were written last, with one write and one sync.
#[derive(Debug, Clone, Copy)]
struct LastGroup {
    /// What had been acknowledged before.
    behind: u64,
    /// How long the write was.
    bytes: usize,
}

/// One fault in one file.
#[derive(Debug)]
struct Fault {
    path: String,
    /// The bytes that are wrong.
    from: usize,
    to: usize,
    /// The length of the file.
    length: usize,
}

/// A store at rest.
#[derive(Debug)]
struct AtRest {
    tree: Tree,
    contents: Contents,
    newest: u64,
    last_group: LastGroup,
    history: History,
    closed: bool,
    sizes: Sizes,
}

impl Rot {
    pub(crate) fn run(&self) -> ExitCode {
        if self.world {
            let mut rig = self.run.begin("rot", " --world", 24);
            let rotted = whole::rot(&mut rig);
            return rig.end(rotted);
        }
        let words = format!(" --flips {}", self.flips);
        let rig = self.run.begin("rot", &words, 48);
        let seed = rig.seed;
        let scratch = Scratch::new(None, seed);
        let total = Mutex::new((rig, BTreeMap::<String, BTreeMap<Fate, u64>>::new(), 0));
        thread::scope(|scope| {
            for worker in 0..2 {
                let (total, scratch) = (&total, &scratch);
                scope.spawn(move || {
                    let place = scratch.0.join(worker.to_string());
                    loop {
                        let cycle = {
                            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                            total.2 += 1;
                            if !total.0.goes_on_with(total.2) {
                                return;
                            }
                            total.2
                        };
                        let begun = Instant::now();
                        let (fates, violations) = one_store(&place, seed, cycle, self.flips);
                        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                        let line = json!({ "store": cycle, "fates": fates, "ms": ms_since(begun) });
                        for (kind, fates) in fates {
                            let known = total.1.entry(kind).or_default();
                            for (fate, count) in fates {
                                *known.entry(fate).or_default() += count;
                            }
                        }
                        total.0.cycle(seed, line, &violations);
                    }
                });
            }
        });
        let (rig, fates, _) = total.into_inner().unwrap_or_else(PoisonError::into_inner);
        let flips: u64 = fates.values().flat_map(BTreeMap::values).sum();
        rig.end(json!({ "flips": flips, "fates": fates }))
    }
}

/// What became of flips, by the kind of file.
pub(crate) type Fates = BTreeMap<String, BTreeMap<Fate, u64>>;

/// Makes a store and flips bits of it, one copy each.
pub(crate) fn one_store(
    place: &Path,
    seed: u64,
    cycle: u64,
    flips: u64,
) -> (Fates, Vec<Violation>) {
    let mut chance = Chance::about(seed, &[cycle]);
    let at_rest = AtRest::make(&place.join("make"), &mut chance);
    let (mut fates, mut violations) = (Fates::new(), Vec::new());
    for flip in 0..flips {
        let mut chance = Chance::about(seed, &[cycle, flip]);
        let Some((fault, rotten)) = at_rest.rot(&mut chance) else {
            continue;
        };
        let folder = place.join("rotten");
        match at_rest.open(&folder, &rotten, &fault, &mut chance) {
            Ok(fate) => {
                let of_kind = fates.entry(kind(&fault.path)).or_default();
                *of_kind.entry(fate).or_default() += 1;
            }
            Err(Violation { code, at }) => {
                let at = format!("store {cycle}, flip {flip} in {}: {at}", fault.path);
                violations.push(Violation::new(code, at));
            }
        }
    }
    (fates, violations)
}

/// What kind of file a path names.
fn kind(path: &str) -> String {
    let within = path.strip_prefix("store/").unwrap_or(path);
    let kind = within.split(['/', '.']).next().unwrap_or(within);
    if within == "index.state" {
        "index.state".to_owned()
    } else {
        kind.to_owned()
    }
}

impl AtRest {
    fn make(folder: &Path, chance: &mut Chance) -> Self {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).expect("a folder for a store");
        let sizes = Sizes::choose(chance);
        let mut life = Life::new(Recorder::new(folder, Tree::new()));
        life.open(folder, &sizes.options("boot", 1))
            .expect("a fresh store opens");
        life.write(chance, 2, 20);
        if chance.percent(50) {
            life.checkpoint();
            life.write(chance, 2, 4);
        }
        let closed = chance.percent(50);
        let tree = if closed {
            life.close();
            let mut tree = Tree::new();
            read_tree(folder, STORE, &mut tree);
            tree
        } else {
            let left = life.recorder.die();
            life.store = None;
            left
        };
        let mut history = History::new();
        history.go_on(&life.batches);
        let recording = life.recorder.finish();
        let newest = history.newest();
        Self {
            tree,
            contents: history.at(newest).clone(),
            newest,
            last_group: LastGroup::of(&recording),
            history,
            closed,
            sizes,
        }
    }

    /// A tree with one fault in a file, each kind of file as often as any; the file's path.
    fn rot(&self, chance: &mut Chance) -> Option<(Fault, Tree)> {
        let mut by_kind: BTreeMap<String, Vec<(&String, &[u8])>> = BTreeMap::new();
        for (path, leaf) in &self.tree {
            if let Leaf::File(bytes) = leaf
                && !bytes.is_empty()
            {
                by_kind.entry(kind(path)).or_default().push((path, bytes));
            }
        }
        // The truth is what matters most.
        by_kind.retain(|kind, _| kind == "log" || kind == "runs" || chance.percent(60));
        let kinds: Vec<_> = by_kind.values().collect();
        let files = kinds[chance.index(kinds.len())];
        let (path, sound) = files[chance.index(files.len())];
        let mut bytes = sound.to_vec();
        let at = chance.index(bytes.len());
        let sector = at / 512 * 512;
        let end = (sector + 512).min(bytes.len());
        let (from, to) = match chance.below(12) {
            0 => {
                bytes[sector..end].fill(0);
                (sector, end)
            }
            1 => {
                let garbage = chance.bytes(end - sector);
                bytes[sector..end].copy_from_slice(&garbage);
                (sector, end)
            }
            _ => {
                bytes[at] ^= 1 << chance.below(8);
                (at, at + 1)
            }
        };
        let rotten = bytes != sound;
        let (path, length) = (path.clone(), bytes.len());
        let mut tree = self.tree.clone();
        tree.insert(path.clone(), Leaf::File(bytes.into()));
        let fault = Fault {
            path,
            from,
            to,
            length,
        };
        rotten.then_some((fault, tree))
    }

    /// Opens it and reads everything.
    fn open(
        &self,
        folder: &Path,
        rotten: &Tree,
        fault: &Fault,
        chance: &mut Chance,
    ) -> Result<Fate, Violation> {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).expect("a folder for a store");
        write_tree(folder, rotten);
        let boot = if chance.percent(50) { "boot" } else { "next" };
        let (store, opening) = self.start(folder, boot)?;
        if opening.set_aside.is_some() {
            return Ok(Fate::SetAside);
        }
        let reading = catch_unwind(AssertUnwindSafe(|| read_every_way(&store)));
        let reading =
            reading.map_err(|_| Violation::new(Broken::Stopped, "reading it panicked"))?;
        let contents = match reading {
            Ok(contents) => contents,
            Err(error) => {
                drop(store);
                return self.start_again(folder, boot, &error);
            }
        };
        let newest = store.newest().0;
        if newest < self.newest {
            return self.torn_end(fault, newest, &contents);
        }
        if contents != self.contents {
            return Err(Violation::new(
                Broken::NotNoticed,
                "what it serves is wrong",
            ));
        }
        let path = &fault.path;
        let truth = path.ends_with(".log") || path.ends_with(".run");
        if truth && folder.join(path).exists() {
            let what = "every byte of it was read, and none found wrong";
            return Err(Violation::new(Broken::NotNoticed, what));
        }
        Ok(match opening.index {
            IndexOpening::Rebuilt(_) => Fate::Rebuilt,
            _ => Fate::Harmless,
        })
    }

    fn start(&self, folder: &Path, boot: &str) -> Result<(DurableStore, Opening), Violation> {
        let sound = Faulty::new(u64::MAX, 0, |_| true);
        let options = self.sizes.options(boot, 2);
        let opened = DurableStore::open_on(sound.disk(), &folder.join(STORE), &options);
        opened.map_err(|error| {
            Violation::new(Broken::DoesNotOpen, format!("{} {error}", error.code()))
        })
    }

    /// After a fault that was noticed by who read: the truth is set aside, or the index made anew.
    fn start_again(
        &self,
        folder: &Path,
        boot: &str,
        error: &StoreError,
    ) -> Result<Fate, Violation> {
        let (store, opening) = self.start(folder, boot)?;
        match error {
            StoreError::StoreFailed(_) if opening.set_aside.is_some() => Ok(Fate::SetAsideWhenRead),
            StoreError::StoreFailed(_) | StoreError::Index(_) => {
                if opening.set_aside.is_none()
                    && read_every_way(&store).ok().as_ref() == Some(&self.contents)
                {
                    return Ok(Fate::RebuiltWhenRead);
                }
                let what = format!("{error} At the next start: {:?}", opening.set_aside);
                Err(Violation::new(Broken::NotNoticed, what))
            }
            error => Err(Violation::new(Broken::Stopped, error.to_string())),
        }
    }

    /// The one case that is not noticed: nobody knows of the last group of a store that died. A
    /// whole sector may hold the ends of several groups, and the last with them.
    fn torn_end(&self, fault: &Fault, newest: u64, contents: &Contents) -> Result<Fate, Violation> {
        let of_end = fault.to > fault.length.saturating_sub(self.last_group.bytes);
        let one_byte = fault.to == fault.from + 1;
        let few = newest >= self.last_group.behind || !one_byte;
        if self.closed || !fault.path.ends_with(".log") || !of_end || !few {
            let what = format!("it ends at {newest}, not {}", self.newest);
            return Err(Violation::new(Broken::NotNoticed, what));
        }
        if contents != self.history.at(newest) {
            return Err(Violation::new(
                Broken::NotNoticed,
                "half of a group is served",
            ));
        }
        Ok(Fate::TornEnd)
    }
}

/// Reads everything by scans, and again record by record.
fn read_every_way(store: &DurableStore) -> Result<Contents, StoreError> {
    let contents = read(store)?;
    for (table, rows) in super::history::TABLES.iter().zip(&contents) {
        for (key, value) in rows {
            let found = store.get(*table, key)?;
            assert_eq!(found.as_ref(), Some(value), "a scan and a get agree");
        }
    }
    Ok(contents)
}

impl LastGroup {
    fn of(recording: &Recording) -> Self {
        let events = &recording.events;
        let is_group = |event: &Event| match event.call() {
            Some(Call::Sync { path, .. }) => path.ends_with(".log"),
            _ => false,
        };
        let sync = events.iter().rposition(is_group).unwrap_or(0);
        let synced = match events[sync].call() {
            Some(Call::Sync { file, .. }) => Some(*file),
            _ => None,
        };
        let bytes = events[..sync]
            .iter()
            .rev()
            .find_map(|event| match event.call() {
                Some(Call::Write { file, bytes }) if Some(*file) == synced => Some(bytes.len()),
                _ => None,
            });
        Self {
            behind: recording.acknowledged(sync),
            bytes: bytes.unwrap_or(0),
        }
    }
}
