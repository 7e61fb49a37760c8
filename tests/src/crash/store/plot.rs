//! What happens to a store before the power goes: a recording, and what was written.

use std::fs;
use std::path::Path;

use maille_durable::Options;

use super::history::History;
use super::life::{Life, Sizes};
use super::recorder::{Recorder, read_tree};
use super::recording::{Event, Recording, STORE, Tree};
use super::write_tree;
use crate::crash::chance::Chance;

/// A recording, and what it says the store must hold.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) recording: Recording,
    pub(crate) history: History,
    pub(crate) sizes: Sizes,
    /// Before, a damaged store stood there.
    pub(crate) damaged: bool,
}

/// The boot during which the store is served before the power goes.
pub(crate) const BOOT: &str = "boot-0";

impl Plot {
    /// Lets it happen in a folder that does not exist.
    pub(crate) fn play(folder: &Path, chance: &mut Chance) -> Self {
        fs::create_dir_all(folder).expect("a folder for the plot");
        let sizes = Sizes::choose(chance);
        let damaged = chance.percent(10);
        let before = if damaged {
            damage(folder, &sizes, chance)
        } else {
            Tree::new()
        };
        let recorder = Recorder::new(folder, before);
        recorder.copy_index_every(chance.between(20, 60));
        let mut life = Life::new(recorder);
        let options = sizes.options(BOOT, 1);
        let lives = chance.between(1, 3);
        for _ in 0..lives {
            if chance.percent(25) {
                life.recorder.fail_log_sync(chance.between(0, 12));
            }
            if chance.percent(30) {
                life.recorder.die_after(chance.between(0, 150));
            }
            life.live(folder, &options, chance);
        }
        let Life {
            recorder,
            batches,
            store,
        } = life;
        drop(store);
        let mut history = History::new();
        history.go_on(&batches);
        fs::remove_dir_all(folder).expect("the plot's folder can be removed");
        Self {
            recording: recorder.finish(),
            history,
            sizes,
            damaged,
        }
    }
}

impl Life {
    /// Is opened, written to, and closed, or dies at any call.
    fn live(&mut self, folder: &Path, options: &Options, chance: &mut Chance) {
        let opened = self.open(folder, options);
        if opened.is_ok() {
            let (writers, each) = (chance.between(1, 4), chance.between(2, 10));
            self.write(chance, writers, each);
            if chance.percent(50) {
                self.checkpoint();
                self.write(chance, 2, 3);
            }
        }
        if !self.recorder.is_dead() {
            opened.expect("a store opens while the power stays");
            if chance.percent(90) {
                return self.close();
            }
        }
        self.bury(folder);
    }

    /// Ends as a killed process does: what it had handed to the system stays, and nothing follows.
    fn bury(&mut self, folder: &Path) {
        let left = self.recorder.die();
        self.store = None;
        fs::remove_dir_all(folder).expect("what a process did when it was dead is removed");
        fs::create_dir_all(folder).expect("a folder for what it left");
        write_tree(folder, &left);
        self.recorder.revive();
        self.recorder.note(Event::Ended);
    }
}

/// Leaves a store in which a file of the truth is missing.
fn damage(folder: &Path, sizes: &Sizes, chance: &mut Chance) -> Tree {
    let mut life = Life::new(Recorder::new(folder, Tree::new()));
    life.open(folder, &sizes.options(BOOT, 9))
        .expect("a fresh store opens");
    life.write(chance, 1, 12);
    life.close();
    let mut tree = Tree::new();
    read_tree(folder, STORE, &mut tree);
    let truth = |path: &&String| path.ends_with(".log") || path.ends_with(".run");
    let files: Vec<String> = tree.keys().filter(truth).cloned().collect();
    let missing = &files[chance.index(files.len())];
    tree.remove(missing);
    fs::remove_file(folder.join(missing)).expect("a file that is there can be removed");
    tree
}
