//! `kill`: SIGKILL of relay, senders and recipients at any moment, under load.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::chance::Chance;
use super::checker::Counts;
use super::crew::Crew;
use super::report::Role;
use super::rest::{audit_stores, until_settled};
use super::rig::{Rig, RunArguments, ms_since};
use super::whole::letters;
use super::world::World;

/// Arguments of `kill`.
#[derive(Debug, Args)]
pub(crate) struct Kill {
    #[command(flatten)]
    run: RunArguments,
    /// Cycles before a world is let come to rest, audited, and replaced by a fresh one.
    #[arg(long, default_value_t = 60)]
    world_cycles: u64,
    /// Senders.
    #[arg(long, default_value_t = 3)]
    senders: u8,
    /// Recipients.
    #[arg(long, default_value_t = 6)]
    recipients: u8,
    /// Letters of one sender that may be open at a time.
    #[arg(long, default_value_t = 500)]
    window: usize,
}

/// What a run came to.
#[derive(Debug, Default, Serialize)]
struct Summary {
    worlds: u64,
    killed: u64,
    #[serde(flatten)]
    counts: Counts,
    kill_ms: u64,
    start_ms: u64,
    load_ms: u64,
    quiet_ms: u64,
    audit_ms: u64,
    found_ms: u64,
}

impl Kill {
    pub(crate) fn run(&self) -> ExitCode {
        let Self {
            world_cycles,
            senders,
            recipients,
            window,
            ..
        } = self;
        let words = format!(
            " --cycles {world_cycles} --world-cycles {world_cycles} --senders {senders} \
             --recipients {recipients} --window {window}"
        );
        let mut rig = self.run.begin("kill", &words, 100);
        let mut summary = Summary::default();
        while rig.goes_on() {
            self.one_world(&mut rig, &mut summary);
        }
        rig.end(summary)
    }

    fn one_world(&self, rig: &mut Rig, summary: &mut Summary) {
        let seed = rig.seed + summary.worlds;
        summary.worlds += 1;
        let mut chance = Chance::about(seed, &[]);
        let begun = Instant::now();
        let folder = rig.folder().join("world");
        let world = World::found(&folder, self.senders, self.recipients);
        let mut crew = Crew::new(world, letters(seed, self.recipients), self.window);
        crew.start_everybody();
        summary.found_ms += ms_since(begun);
        for _ in 0..self.world_cycles {
            if !rig.goes_on() {
                break;
            }
            self.one_cycle(rig, &mut crew, &mut chance, summary, seed);
        }
        // A folder is kept as a violation left it.
        let violations = match rig.has_violations() {
            true => Vec::new(),
            false => {
                let begun = Instant::now();
                until_settled(&mut crew);
                summary.quiet_ms += ms_since(begun);
                let begun = Instant::now();
                let violations = audit_stores(&mut crew);
                summary.audit_ms += ms_since(begun);
                violations
            }
        };
        summary.counts.add(&crew.checker.counts);
        if rig.has_violations() {
            return;
        }
        if violations.is_empty() {
            drop(crew);
            fs::remove_dir_all(&folder).expect("a world that is over can be removed");
        } else {
            rig.cycle(seed, json!({ "audit": true }), &violations);
        }
    }

    fn one_cycle(
        &self,
        rig: &mut Rig,
        crew: &mut Crew,
        chance: &mut Chance,
        summary: &mut Summary,
        seed: u64,
    ) {
        let begun = Instant::now();
        let words = crew.hear_some(chance.between(50, 6000), Duration::from_millis(2500));
        // Not always with a word just said.
        std::thread::sleep(Duration::from_micros(chance.below(4_000)));
        summary.load_ms += ms_since(begun);
        let victims = victims(crew, chance);
        let killed = Instant::now();
        crew.kill(&victims);
        summary.kill_ms += ms_since(killed);
        summary.killed += u64::try_from(victims.len()).unwrap_or_default();
        let started = Instant::now();
        for role in &victims {
            crew.start(*role);
        }
        // Now and then the next kill meets somebody who is still recovering.
        if !chance.percent(15) {
            crew.until_up();
            crew.compare_sample(chance);
            if victims.contains(&Role::Relay) {
                crew.balance_books();
            }
        }
        summary.start_ms += ms_since(started);
        let names: Vec<String> = victims.iter().map(Role::to_string).collect();
        let line = json!({
            "killed": names, "words": words, "ms": ms_since(begun),
            "acknowledged": crew.checker.counts.acknowledged,
            "settled": crew.checker.counts.settled,
        });
        let violations = crew.checker.take_violations();
        rig.cycle(seed, line, &violations);
    }
}

/// Mostly one of them; now and then several, or all, at one moment.
fn victims(crew: &Crew, chance: &mut Chance) -> Vec<Role> {
    let everybody = crew.world.everybody();
    if chance.percent(4) {
        return everybody;
    }
    let count = if chance.percent(25) { 2 } else { 1 };
    let mut victims = Vec::new();
    for _ in 0..count {
        let role = if chance.percent(10) {
            Role::Relay
        } else {
            let at = chance.below(u64::try_from(everybody.len()).expect("a few"));
            everybody[usize::try_from(at).expect("a few")]
        };
        if !victims.contains(&role) {
            victims.push(role);
        }
    }
    victims.sort_unstable();
    victims
}
