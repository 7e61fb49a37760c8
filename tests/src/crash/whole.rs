//! Faults that whole worlds meet, one after another: a relay, senders and recipients with real QUIC
//! between them, and the checker outside.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::checker::Counts;
use super::crew::Crew;
use super::letter::Letters;
use super::report::Role;
use super::rest::come_to_rest;
use super::rig::Rig;
use super::world::World;

mod eio;
mod enospc;
mod rot;

pub(crate) use eio::fail_calls;
pub(crate) use enospc::fill_volumes;
pub(crate) use rot::rot;

const SENDERS: u8 = 2;
const RECIPIENTS: u8 = 3;
/// Letters of one sender that may be open at a time.
const WINDOW: usize = 200;

/// What the senders of a world send.
pub(crate) fn letters(seed: u64, recipients: u8) -> Letters {
    Letters {
        seed,
        recipients,
        acknowledge: 45,
        refuse: 5,
        left: 0,
        large: true,
    }
}

/// A small world in a folder, whose processes log into the run's folder.
pub(crate) fn found(rig: &Rig, folder: &Path, seed: u64) -> Crew {
    let world = World::found(folder, SENDERS, RECIPIENTS);
    let mut crew = Crew::new(world, letters(seed, RECIPIENTS), WINDOW);
    crew.logs = rig.folder().to_owned();
    crew
}

/// A cycle is done: what it violated so far, and the line about it.
pub(crate) fn cycle(rig: &mut Rig, crew: &mut Crew, seed: u64, (begun, line): (Instant, Value)) {
    let counts = crew.checker.counts;
    let stops = std::mem::take(&mut crew.checker.stops);
    let stops = stops.into_iter();
    let stops: Vec<String> = stops.map(|(role, why)| format!("{role}: {why}")).collect();
    let mut whole = json!({
        "stops": stops,
        "ms": super::rig::ms_since(begun),
        "acknowledged": counts.acknowledged, "settled": counts.settled,
    });
    super::rig::merge(&mut whole, line);
    let violations = crew.checker.take_violations();
    rig.cycle(seed, whole, &violations);
}

/// Lets a world without violations come to rest, and audits its stores. Nobody runs then.
pub(crate) fn end(rig: &mut Rig, crew: &mut Crew, seed: u64, line: Value) -> Counts {
    if !rig.has_violations() {
        let violations = come_to_rest(crew);
        if !violations.is_empty() {
            rig.cycle(seed, line, &violations);
        }
    }
    crew.kill_everybody();
    crew.checker.counts
}

/// Starts everybody again who stopped by itself; who that was.
fn start_stopped(crew: &mut Crew) -> Vec<Role> {
    crew.hear_rest();
    let running = crew.running();
    let mut stopped = crew.world.everybody();
    stopped.retain(|role| !running.contains(role));
    for role in &stopped {
        crew.start(*role);
    }
    stopped
}
