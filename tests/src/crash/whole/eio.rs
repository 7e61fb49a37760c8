//! System calls of whole processes fail: of a relay, a sender, a recipient.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::{cycle, end, found, start_stopped};
use crate::crash::chance::Chance;
use crate::crash::crew::Crew;
use crate::crash::failing_call::{self, FailingCall};
use crate::crash::report::Role;
use crate::crash::rig::{Rig, say};
use crate::crash::violation::{Broken, Violation};

/// Faults of one world, before it comes to rest.
const WORLD_CYCLES: u64 = 20;

/// The calls that fail, and by which number, about, a process under load has made them.
const CALLS: [(&str, u64); 6] = [
    ("fdatasync", 120),
    ("fsync", 12),
    ("write", 60),
    ("pwrite64", 6),
    ("rename", 4),
    ("unlink", 3),
];

/// How long a process may go on whose log could not be written or synced.
const NOTICES: Duration = Duration::from_secs(10);

/// What a run came to.
#[derive(Debug, Default, Serialize)]
struct Tally {
    worlds: u64,
    /// Processes of which a call failed.
    failed: u64,
    /// Of these, on the log, after which they have to stop.
    of_log: u64,
    /// Processes that stopped, with a code.
    stopped: u64,
    acknowledged: u64,
}

/// Lets calls of relays, senders and recipients fail until the run ends.
pub(crate) fn fail_calls(rig: &mut Rig) -> Value {
    if let Some(why) = failing_call::impossible() {
        say(format_args!("SKIPPED: system calls that fail: {why}"));
        return json!({ "skipped": why });
    }
    let mut tally = Tally::default();
    while rig.goes_on() {
        let seed = rig.seed + tally.worlds;
        tally.worlds += 1;
        let mut chance = Chance::about(seed, &[3]);
        let folder = rig.folder().join("world");
        let mut crew = found(rig, &folder, seed);
        crew.start_everybody();
        for _ in 0..WORLD_CYCLES {
            if rig.goes_on() {
                one_call(rig, &mut crew, (seed, &mut chance), &mut tally);
            }
        }
        let counts = end(rig, &mut crew, seed, json!({ "audit": true }));
        tally.acknowledged += counts.acknowledged;
        if !rig.has_violations() {
            std::fs::remove_dir_all(&folder).expect("a world that is over can be removed");
        }
    }
    json!(tally)
}

/// Somebody works until its call fails; then it is started again on a sound disk.
fn one_call(rig: &mut Rig, crew: &mut Crew, (seed, chance): (u64, &mut Chance), tally: &mut Tally) {
    let begun = Instant::now();
    let everybody = crew.world.everybody();
    // A relay is one among six, and has most to lose.
    let victim = match chance.percent(30) {
        true => Role::Relay,
        false => everybody[chance.index(everybody.len())],
    };
    let fault = choose(crew, victim, chance);
    let trace = rig.folder().join("trace");
    // It may not be there yet.
    let _ = std::fs::remove_file(&trace);
    crew.kill(&[victim]);
    crew.checker.may_stop.insert(victim);
    crew.start_failing(victim, Some((&fault, &trace)));
    crew.until_up();
    let words = chance.between(200, 3_000);
    crew.hear_some(words, Duration::from_secs(2));
    let failed = failing_call::injected(&trace);
    let of_log = failed.iter().any(|line| line.contains(".log>"));
    if of_log {
        until_stopped(crew, victim, &failed);
    }
    let stopped = !crew.running().contains(&victim);
    crew.kill(&[victim]);
    crew.checker.may_stop.remove(&victim);
    start_stopped(crew);
    crew.until_up();
    crew.compare_sample(chance);
    if victim == Role::Relay {
        crew.balance_books();
    }
    tally.failed += u64::from(!failed.is_empty());
    tally.of_log += u64::from(of_log);
    tally.stopped += u64::from(stopped);
    let line = json!({
        "victim": victim.to_string(), "call": fault.words(), "failed": failed.len(),
    });
    cycle(rig, crew, seed, (begun, line));
}

fn choose(crew: &Crew, victim: Role, chance: &mut Chance) -> FailingCall {
    let (call, calls) = CALLS[chance.index(CALLS.len())];
    FailingCall {
        call,
        error: "EIO",
        when: chance.between(1, calls),
        // Processes also write to the rig.
        of: (call == "write").then(|| newest_segment(crew, victim)),
    }
}

/// The segment that a store goes on with.
fn newest_segment(crew: &Crew, role: Role) -> PathBuf {
    let log = crew.world.store_of(role).join("log");
    let entries = std::fs::read_dir(&log).expect("a store has a log");
    let mut segments: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    segments.retain(|path| path.extension().is_some_and(|kind| kind == "log"));
    segments.sort();
    segments.pop().expect("a log has a segment")
}

/// After a write or sync of the log has failed nothing more is promised, and the process stops.
fn until_stopped(crew: &mut Crew, victim: Role, failed: &[String]) {
    let until = Instant::now() + NOTICES;
    while crew.running().contains(&victim) {
        if Instant::now() > until {
            let what = format!("it goes on, and {} has failed", failed.join("; "));
            let violation = Violation::at(Broken::WentOn, victim, what);
            return crew.checker.violate(violation);
        }
        crew.hear_some(1, Duration::from_millis(100));
    }
}
