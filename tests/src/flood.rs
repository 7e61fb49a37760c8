//! The flood rig: a relay in a process of its own under forged first packets, and desks that are
//! to be served all the same.
//!
//! | module | what it is |
//! |---|---|
//! | `forgers` | addresses that send valid first packets of connections and do nothing more |
//! | `desks` | honest desks: they connect, ask, and send alerts |
//! | `verdict` | the bounds, and which of them broke |

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};

use crate::crash::chance::any_seed;
use crate::crash::report::Role;
use crate::crash::rig::{print, say};
use crate::crash::world::World;
use crate::relay_process::{RelayPart, RelayProcess};

mod desks;
mod forgers;
mod verdict;

use desks::Desks;
use forgers::{Forgers, Forging};
use verdict::Bounds;

/// Floods a relay with forged first packets, and checks that honest desks are served.
///
/// A line of JSON a second and a summary go to standard output. It exits with 0 only if no bound
/// was broken.
#[derive(Debug, Parser)]
#[command(name = "flood", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    run: Run,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The relay's process.
    #[command(hide = true)]
    Relay(RelayPart),
}

#[derive(Debug, Args)]
struct Run {
    /// Forged first packets a second, each of a connection never seen.
    #[arg(long, default_value_t = 20_000)]
    initials_per_second: u64,
    /// How long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Addresses they come from, each in a network of its own.
    #[arg(long, default_value_t = 1_000)]
    addresses: u32,
    /// Honest connections a second, each a handshake, a greeting and a question. A relay allows
    /// one network four.
    #[arg(long, default_value_t = 3)]
    connects_per_second: u32,
    /// Where all choices come from [default: any; it is printed]
    #[arg(long)]
    seed: Option<u64>,
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.part {
        Some(Part::Relay(part)) => part.play(),
        None => cli.run.run(),
    }
}

impl Run {
    fn run(&self) -> ExitCode {
        let seed = self.seed.unwrap_or_else(any_seed);
        say(format_args!("flood: seed {seed}"));
        let folder = tempfile::tempdir().unwrap();
        let world = World::found(&folder.path().join("world"), 2, 2);
        let relay = RelayProcess::start(&world.folder_of(Role::Relay));
        let calm_bytes = relay.resident_bytes();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let desks = runtime.block_on(Desks::open(&world, relay.address));
        let stop = Arc::new(AtomicBool::new(false));
        let forgers = Forgers::at(self.addresses, relay.address, seed);
        let pace = Forging {
            per_second: self.initials_per_second,
            until: Instant::now() + Duration::from_secs(self.seconds),
        };
        let honest = runtime.spawn(desks.serve(self.connects_per_second, Arc::clone(&stop)));
        let forging = thread::spawn(move || forgers.forge(pace, &stop));
        while !forging.is_finished() {
            thread::sleep(Duration::from_secs(1));
            print(&line(&relay));
        }
        let forged = forging.join().unwrap();
        let served = runtime.block_on(honest).unwrap();
        let bounds = Bounds {
            forged: &forged,
            served: &served,
            per_second: self.initials_per_second,
            seconds: self.seconds,
            memory_bytes: relay.resident_bytes_peak(),
            failed: relay.metric("handshakes_failed_total{reason=\"failed\"}"),
        };
        let broken = bounds.broken();
        let summary: Value = json!({
            "flood": true, "summary": true, "seed": seed, "seconds": self.seconds,
            "addresses": self.addresses,
            "forged": forged, "honest": served,
            "relay": {
                "memory_bytes_calm": calm_bytes,
                "memory_bytes_peak": relay.resident_bytes_peak(),
                "datagrams_lost": relay.datagrams_lost(),
                "metrics": relay.metrics(TOLD),
            },
            "load_average": load_average(),
            "broken": broken,
        });
        print(&summary);
        runtime.shutdown_background();
        for sentence in &broken {
            say(format_args!("BROKEN: {sentence}"));
        }
        match broken.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}

/// What the relay tells of connections.
const TOLD: &[&str] = &[
    "links ",
    "handshakes ",
    "attempts_",
    "handshakes_failed_total",
    "streams_cut_total",
];

/// What a second has come to.
fn line(relay: &RelayProcess) -> Value {
    json!({
        "flood": true,
        "memory_bytes": relay.resident_bytes(),
        "datagrams_lost": relay.datagrams_lost(),
        "metrics": relay.metrics(TOLD),
    })
}

/// What else the machine does, as it counts that itself.
pub(crate) fn load_average() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the page shows can be typed.
    #[test]
    fn the_commands_of_the_page_are_understood() {
        const BEGINNING: &str = "cargo run --release -p maille-tests --bin flood -- ";
        let page = include_str!("../../docs/reliability.md");
        let commands: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix(BEGINNING))
            .collect();
        assert!(!commands.is_empty());
        for command in commands {
            let words = std::iter::once("flood").chain(command.split(' '));
            Cli::try_parse_from(words).unwrap();
        }
    }
}
