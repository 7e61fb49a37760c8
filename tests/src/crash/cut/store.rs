//! The power goes under one store with 64 submitters.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use maille_durable::{DurableStore, Opening};
use serde_json::{Value, json};

use super::{By, Done, Volumes, Way};
use crate::crash::chance::Chance;
use crate::crash::child::{Around, Heard, Process, Word};
use crate::crash::keys::Keys;
use crate::crash::ledger::Ledger;
use crate::crash::report::{Report, Role};
use crate::crash::rig::{Rig, ms_since};
use crate::crash::roles::options;
use crate::crash::violation::{Broken, Violation};
use crate::volume::Volume;

/// Longer than a store takes to open on a busy machine, and than it takes to notice a dead disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// Cuts the power of one volume so often.
pub(super) fn cut(rig: &mut Rig, way: Way, (seed, cycles): (u64, u64), done: &mut Done) {
    let volumes = Volumes::make(rig, way);
    let mut submitters = Submitters::new(volumes.inner.folder(), rig.folder(), seed);
    submitters.start();
    let mut chance = Chance::about(seed, &[1]);
    for _ in 0..cycles {
        if !rig.goes_on() {
            break;
        }
        let begun = Instant::now();
        submitters.hear_some(chance.between(100, 3000));
        let (mut line, mut violations) = match way.by {
            By::Shutdown => by_shutdown(&volumes, &mut submitters),
            By::Copy => by_copy(&volumes, &mut submitters),
        };
        violations.append(&mut submitters.violations);
        done.torn += u64::from(line["torn_bytes"].as_u64() > Some(0));
        line["fs"] = json!(way.fs);
        line["by"] = json!(way.by);
        line["ms"] = json!(ms_since(begun));
        rig.cycle(seed, line, &violations);
    }
    done.acknowledged += submitters.heard;
    submitters.kill();
}

/// The volume dies under the submitters, who have to notice and stop; then it is mounted again.
fn by_shutdown(volumes: &Volumes, submitters: &mut Submitters) -> (Value, Vec<Violation>) {
    // First the promises, then the cut. What is said while the volume dies is not held against
    // anybody: a machine without power says nothing, and a sync that is under way at that moment
    // may be told that it succeeded.
    submitters.hear_rest();
    let promised = submitters.ledger.clone();
    volumes.inner.shut_down();
    submitters.until_stopped();
    if let Err(why) = volumes.inner.restart() {
        return (
            json!({}),
            vec![Violation::at(Broken::DoesNotOpen, Role::Store, why)],
        );
    }
    submitters.boots += 1;
    let begun = submitters.ledger.clone();
    let checked = check(volumes.inner.folder(), submitters, (&promised, &begun));
    let (mut line, violations, found) = checked;
    if !found.is_empty() {
        line["late"] = json!(begun.ahead_of(&found));
    }
    if violations.is_empty() {
        submitters.ledger.reopened(&found);
        submitters.start();
    }
    (line, violations)
}

/// A copy of the volume is looked at, while the submitters go on.
fn by_copy(volumes: &Volumes, submitters: &mut Submitters) -> (Value, Vec<Violation>) {
    submitters.hear_rest();
    // First the promises, then the copy: everything promised must be in it.
    let promised = submitters.ledger.clone();
    let copy = volumes.copy();
    submitters.hear_rest();
    // What is reported from now on may have been begun when the copy was made.
    submitters.hear_some(64);
    let begun = submitters.ledger.clone();
    let folder = volumes.folder.join("copied");
    let mounted = match Volume::mount(volumes.inner.file_system(), &copy, &folder) {
        Ok(mounted) => mounted,
        Err(why) => {
            return (
                json!({}),
                vec![Violation::at(Broken::DoesNotOpen, Role::Store, why)],
            );
        }
    };
    submitters.boots += 1;
    let (line, violations, _) = check(mounted.folder(), submitters, (&promised, &begun));
    drop(mounted);
    if violations.is_empty() {
        fs::remove_file(&copy).expect("a copy can be removed");
    }
    (line, violations)
}

/// Opens the store in this process, after another boot, and compares it with what was promised.
fn check(
    volume: &Path,
    submitters: &Submitters,
    (promised, begun): (&Ledger, &Ledger),
) -> (Value, Vec<Violation>, Vec<u64>) {
    let failed = |why: &dyn std::fmt::Display| {
        let violation = Violation::at(Broken::DoesNotOpen, Role::Store, why);
        (json!({}), vec![violation], Vec::new())
    };
    let opened = DurableStore::open(&volume.join("store"), &options(&submitters.boot()));
    let (store, opening) = match opened {
        Ok(opened) => opened,
        Err(error) => return failed(&error),
    };
    if let Some(aside) = &opening.set_aside {
        return failed(&format_args!("it was set aside: {:?}", aside.damage));
    }
    let (versions, wrong) = match submitters.keys.read(&store) {
        Ok(read) => read,
        Err(error) => return failed(&error),
    };
    let mut violations = promised.weigh(begun, &versions);
    let wrong = wrong
        .into_iter()
        .map(|wrong| Violation::new(Broken::WrongContent, wrong));
    violations.extend(wrong);
    if let Err(error) = store.close() {
        return failed(&error);
    }
    (line(&opening, promised), violations, versions)
}

fn line(opening: &Opening, promised: &Ledger) -> Value {
    json!({
        "acknowledged": promised.count(),
        "torn_bytes": opening.torn_bytes,
        "records": opening.records,
        "index": format!("{:?}", opening.index),
    })
}

/// The process of the submitters, and what it promised.
struct Submitters {
    keys: Keys,
    store: String,
    log: std::path::PathBuf,
    process: Option<Process>,
    started: u64,
    boots: u64,
    say: Sender<Heard>,
    receiver: Receiver<Heard>,
    ledger: Ledger,
    heard: u64,
    violations: Vec<Violation>,
}

impl Submitters {
    fn new(volume: &Path, logs: &Path, seed: u64) -> Self {
        let (say, receiver) = channel();
        Self {
            keys: Keys { seed },
            store: volume.join("store").display().to_string(),
            log: logs.join("store.log"),
            process: None,
            started: 0,
            boots: 0,
            say,
            receiver,
            ledger: Ledger::new(),
            heard: 0,
            violations: Vec::new(),
        }
    }

    /// What stands for the boot of the machine.
    fn boot(&self) -> String {
        format!("boot {}", self.boots)
    }

    fn start(&mut self) {
        self.started += 1;
        let (seed, boot) = (self.keys.seed.to_string(), self.boot());
        let words = [
            "submitters",
            "--store",
            &self.store,
            "--seed",
            &seed,
            "--boot",
            &boot,
        ];
        let words = words.map(str::to_owned);
        let by = (Role::Store, self.started);
        let around = Around {
            log: &self.log,
            boot: None,
            failing: None,
        };
        let process = Process::start(by, &words, &around, self.say.clone());
        self.process = Some(process);
    }

    /// Hears so many promises; whoever does not get on violates.
    fn hear_some(&mut self, promises: u64) {
        let (until, enough) = (Instant::now() + PATIENCE, self.heard + promises);
        while self.heard < enough && self.process.is_some() {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(heard) = self.receiver.recv_timeout(left) else {
                let what = "the submitters do not get on";
                return self
                    .violations
                    .push(Violation::at(Broken::Stopped, Role::Store, what));
            };
            if self.take(heard) {
                let what = "the submitters stopped, and nothing was wrong";
                self.violations
                    .push(Violation::at(Broken::Stopped, Role::Store, what));
            }
        }
    }

    fn hear_rest(&mut self) {
        while let Ok(heard) = self.receiver.try_recv() {
            self.take(heard);
        }
    }

    /// Waits until the store has noticed that its disk is gone; it has to stop, with a code.
    fn until_stopped(&mut self) {
        let until = Instant::now() + PATIENCE;
        while self.process.is_some() {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(heard) = self.receiver.recv_timeout(left) else {
                let what = "it goes on without its disk";
                self.violations
                    .push(Violation::at(Broken::Stopped, Role::Store, what));
                return self.kill();
            };
            self.take(heard);
        }
        self.hear_rest();
    }

    /// Takes one word; whether it was the last of the process.
    fn take(&mut self, Heard { process, what, .. }: Heard) -> bool {
        match what {
            Word::Report(Report::Durable { key, version }) => {
                self.heard += 1;
                self.ledger.hear(key, version);
                false
            }
            Word::Report(Report::Stops { code, sentence }) if code != "store" => {
                let what = format!("{code}: {sentence}");
                self.violations
                    .push(Violation::at(Broken::WrongContent, Role::Store, what));
                false
            }
            Word::Report(_) => false,
            Word::Ended => {
                let current = self.process.take_if(|running| running.number == process);
                let Some(mut ended) = current else {
                    return false;
                };
                let status = ended.wait();
                if status.code().is_none() {
                    let what = format!("it did not stop with a code: {status}");
                    self.violations
                        .push(Violation::at(Broken::Stopped, Role::Store, what));
                }
                true
            }
        }
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
            process.wait();
        }
        self.hear_rest();
    }
}
