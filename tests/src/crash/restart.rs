//! `restart`: how soon a relay with a long queue serves again, and with how much memory.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Args;
use maille_relay::{RelayFolder, opening_progress};
use serde_json::{Value, json};

use super::crew::Crew;
use super::flood::Flood;
use super::report::Role;
use super::rig::{Rig, RunArguments, ms_since, say};
use super::violation::{Broken, Violation};
use super::whole::letters;
use super::world::World;

/// How long a relay may take that was killed.
const KILLED_MS_MAX: u64 = 10_000;
/// How long it may take if the index has to be made anew.
const REBUILT_MS_MAX: u64 = 60_000;
const MEMORY_BYTES_MAX: u64 = 1 << 30;

/// Arguments of `restart`.
#[derive(Debug, Args)]
pub(crate) struct Restart {
    #[command(flatten)]
    run: RunArguments,
    /// Alerts that wait.
    #[arg(long, default_value_t = 1_000_000)]
    alerts: u64,
}

/// What is done to the store while nobody serves it.
#[derive(Debug, Clone, Copy)]
enum Before {
    Nothing,
    /// As after a power cut: nobody knows what reached the disk of the index.
    IndexInDoubt,
}

impl Restart {
    pub(crate) fn run(&self) -> ExitCode {
        let words = format!(" --alerts {}", self.alerts);
        let mut rig = self.run.begin("restart", &words, 2);
        let world = World::found(&rig.folder().join("world"), 2, 1);
        world.lift_budgets();
        let mut crew = Crew::new(world, letters(rig.seed, 1), 1);
        let queued = Instant::now();
        self.queue(&mut crew);
        say(format_args!(
            "{} alerts queued in {} s",
            self.alerts,
            queued.elapsed().as_secs()
        ));
        let bytes = bytes_of(&crew.world.store_of(Role::Relay));
        let figures = [
            (Before::Nothing, KILLED_MS_MAX),
            (Before::IndexInDoubt, REBUILT_MS_MAX),
        ]
        .map(|(before, ms_max)| self.restart(&mut rig, &mut crew, before, ms_max));
        let summary = json!({
            "alerts": self.alerts, "store_bytes": bytes, "queue_ms": ms_since(queued),
            "killed": figures[0], "rebuilt": figures[1],
        });
        drop(crew);
        rig.end(summary)
    }

    fn queue(&self, crew: &mut Crew) {
        crew.start(Role::Relay);
        crew.until_up();
        // So that its sealing keys are known; it stays away from then on.
        crew.start(Role::Recipient(0));
        crew.until_up();
        crew.kill(&[Role::Recipient(0)]);
        thread::scope(|scope| {
            for index in 0..2 {
                let mut flood = flood(crew, index);
                let share = self.alerts / 2;
                scope.spawn(move || block_on(flood.submit(share)));
            }
        });
    }

    fn restart(&self, rig: &mut Rig, crew: &mut Crew, before: Before, ms_max: u64) -> Value {
        crew.kill(&[Role::Relay]);
        if let Before::IndexInDoubt = before {
            let marker = crew.world.store_of(Role::Relay).join("index.state");
            fs::remove_file(marker).expect("a store has a marker");
        }
        let mut flood = flood(crew, 0);
        let begun = Instant::now();
        crew.start(Role::Relay);
        let watch = Watch::begin(&crew.world);
        block_on(flood.submit(1));
        let ms = ms_since(begun);
        let seen = watch.end();
        let memory_bytes = crew.memory_bytes_peak(Role::Relay);
        let mut violations = Vec::new();
        if ms > ms_max || memory_bytes > MEMORY_BYTES_MAX {
            let at = format!("{before:?}: {ms} ms, {memory_bytes} bytes of memory");
            violations.push(Violation::new(Broken::OverLimit, at));
        }
        let line = json!({
            "before": format!("{before:?}"), "first_accepted_ms": ms,
            "memory_bytes": memory_bytes, "progress_seen": seen,
        });
        rig.cycle(rig.seed, line.clone(), &violations);
        line
    }
}

fn flood(crew: &Crew, sender: u8) -> Flood {
    let relay = crew.relay_address();
    Flood::new(&crew.world, Role::Sender(sender), Role::Recipient(0), relay)
}

fn block_on(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can be built").block_on(work);
}

fn bytes_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder can be read");
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_of(&entry.path()),
        Ok(found) => found.len(),
        // Removed meanwhile.
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(bytes).sum()
}

/// Asks how far a relay is that is starting, as an operator would; counts the answers.
struct Watch {
    stop: Arc<AtomicBool>,
    watching: JoinHandle<u64>,
}

impl Watch {
    fn begin(world: &World) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let folder = RelayFolder::new(world.folder_of(Role::Relay));
        let watching = thread::spawn(move || {
            let mut answers = 0;
            while !stopped.load(Ordering::Relaxed) {
                answers += u64::from(opening_progress(&folder).is_some());
                thread::sleep(Duration::from_millis(50));
            }
            answers
        });
        Self { stop, watching }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.watching.join().expect("a watch does not panic")
    }
}
