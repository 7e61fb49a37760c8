//! Bits of the store of a relay, a sender or a recipient flip while it is stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::{cycle, end, found, start_stopped};
use crate::crash::chance::Chance;
use crate::crash::crew::Crew;
use crate::crash::report::Role;
use crate::crash::rig::{Rig, say};
use crate::volume::{FileSystem, impossible};

/// Faults of one world, before everything in it is verified and it comes to rest.
const WORLD_CYCLES: u64 = 8;

/// What a run came to.
#[derive(Debug, Default, Serialize)]
struct Tally {
    worlds: u64,
    flips: u64,
    /// Processes that met the damage while they served, and stopped, with a code.
    stopped: u64,
    /// Stores that were set aside.
    begun_anew: u64,
    acknowledged: u64,
}

/// Lets stores of worlds rot until the run ends.
///
/// In one world only stores of one kind do: what ended is nowhere any more when relay and recipient
/// both lost it.
pub(crate) fn rot(rig: &mut Rig) -> Value {
    if let Some(why) = impossible(&[FileSystem::Ext4], rig.folder(), 64 << 20) {
        say(format_args!(
            "SKIPPED: stores of whole worlds that rot: {why}"
        ));
        return json!({ "skipped": why });
    }
    let mut tally = Tally::default();
    while rig.goes_on() {
        let seed = rig.seed + tally.worlds;
        let mut chance = Chance::about(seed, &[5]);
        let folder = rig.folder().join("world");
        let mut crew = found(rig, &folder, seed);
        crew.boot = Some(boot(rig, 0));
        crew.start_everybody();
        let victims = match tally.worlds % 3 {
            0 => vec![Role::Relay],
            1 => (0..crew.world.recipients).map(Role::Recipient).collect(),
            _ => (0..crew.world.senders).map(Role::Sender).collect(),
        };
        tally.worlds += 1;
        for _ in 0..WORLD_CYCLES {
            if rig.goes_on() {
                let victim = victims[chance.index(victims.len())];
                one_rot(rig, &mut crew, victim, (seed, &mut chance), &mut tally);
            }
        }
        verify_everything(rig, &mut crew, &mut tally);
        let counts = end(rig, &mut crew, seed, json!({ "audit": true }));
        tally.acknowledged += counts.acknowledged;
        tally.begun_anew += counts.begun_anew;
        if !rig.has_violations() {
            fs::remove_dir_all(&folder).expect("a world that is over can be removed");
        }
    }
    json!(tally)
}

/// A store rots while its process is down. The process serves what is right, or stops; what is
/// found damaged is set aside at a start, and then its owner begins a new life.
fn one_rot(
    rig: &mut Rig,
    crew: &mut Crew,
    victim: Role,
    (seed, chance): (u64, &mut Chance),
    tally: &mut Tally,
) {
    let begun = Instant::now();
    crew.hear_some(chance.between(200, 3_000), Duration::from_secs(2));
    // Not killed: rot in the last group of a store that was not closed looks like a torn end.
    crew.stop(victim);
    crew.checker.may_stop.insert(victim);
    crew.checker.may_begin_anew.insert(victim);
    let file = flip(&crew.world.store_of(victim), chance);
    tally.flips += 1;
    crew.start(victim);
    crew.until_up();
    crew.hear_some(chance.between(200, 2_000), Duration::from_secs(2));
    let stopped = start_stopped(crew);
    tally.stopped += u64::try_from(stopped.len()).unwrap_or_default();
    crew.until_up();
    crew.compare_sample(chance);
    let line = json!({
        "victim": victim.to_string(), "file": file,
        "begun_anew": crew.checker.counts.begun_anew,
    });
    cycle(rig, crew, seed, (begun, line));
}

/// Another boot of the machine: every store verifies all it holds before it serves.
fn verify_everything(rig: &Rig, crew: &mut Crew, tally: &mut Tally) {
    crew.kill_everybody();
    crew.boot = Some(boot(rig, 1));
    crew.start_everybody();
    let stopped = start_stopped(crew);
    tally.stopped += u64::try_from(stopped.len()).unwrap_or_default();
    crew.until_up();
    crew.checker.may_stop.clear();
    crew.checker.may_begin_anew.clear();
}

/// What stands in for the machine's boot id.
fn boot(rig: &Rig, number: u64) -> PathBuf {
    let boot = rig.folder().join(format!("boot-{number}"));
    let id = format!("00000000-0000-4000-8000-{number:012}\n");
    fs::write(&boot, id).expect("the run's folder takes a file");
    boot
}

/// Flips one bit of one file of a store; the larger a file, the likelier.
fn flip(store: &Path, chance: &mut Chance) -> String {
    let mut files = Vec::new();
    for part in ["log", "run", "index"] {
        let entries = fs::read_dir(store.join(part))
            .into_iter()
            .flatten()
            .flatten();
        files.extend(
            entries
                .map(|entry| entry.path())
                .filter(|path| path.is_file()),
        );
    }
    files.sort();
    let length = |path: &PathBuf| fs::metadata(path).map_or(0, |file| file.len());
    let all = files.iter().map(length).sum::<u64>().max(1);
    let mut at = chance.below(all);
    for path in files {
        let bytes = length(&path);
        if at < bytes {
            let mut content = fs::read(&path).expect("a file of a store at rest can be read");
            let byte = usize::try_from(at).expect("a store of a test is small");
            content[byte] ^= 1 << chance.below(8);
            fs::write(&path, content).expect("a file of a store at rest can be written");
            let name = path.strip_prefix(store).unwrap_or(&path);
            return format!("{} at {at} of {bytes}", name.display());
        }
        at -= bytes;
    }
    "nothing is there".to_owned()
}
