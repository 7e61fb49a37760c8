//! The volume is full under relay, senders and recipients at once.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::{cycle, end, found, start_stopped};
use crate::crash::chance::Chance;
use crate::crash::crew::Crew;
use crate::crash::report::Role;
use crate::crash::rig::{Rig, ms_since, say};
use crate::crash::violation::{Broken, Violation};
use crate::volume::{FileSystem, Volume};

/// Room for six stores, each with its ballast and its low-water mark.
const VOLUME_BYTES: u64 = 256 << 20;
/// How often one is filled, before its world comes to rest.
const VOLUME_CYCLES: u64 = 6;

/// How soon a relay must serve again when there is room. Senders that were refused come again after
/// the pause that they were told, which is no longer.
const AGAIN: Duration = Duration::from_secs(5);

/// What a run came to.
#[derive(Debug, Default, Serialize)]
struct Tally {
    volumes: u64,
    filled: u64,
    /// Answers of relays that had no room.
    rejected: u64,
    /// Refusals by desks that had no room.
    not_sent: u64,
    /// Processes that stopped, with a code, because their log or index met the full volume.
    stopped: u64,
    /// From room to the first acceptance, at most.
    served_again_ms: u64,
    acknowledged: u64,
}

/// Fills volumes under worlds until the run ends.
pub(crate) fn fill_volumes(rig: &mut Rig) -> Value {
    let mut tally = Tally::default();
    while rig.goes_on() {
        let seed = rig.seed + tally.volumes;
        let (image, folder) = (rig.folder().join("image"), rig.folder().join("volume"));
        let volume = match Volume::make(FileSystem::Ext4, &image, &folder, VOLUME_BYTES) {
            Ok(volume) => volume,
            Err(why) => {
                say(format_args!("SKIPPED: a volume that really fills: {why}"));
                return json!({ "skipped": why });
            }
        };
        tally.volumes += 1;
        let mut chance = Chance::about(seed, &[4]);
        let mut crew = found(rig, &volume.folder().join("world"), seed);
        crew.start_everybody();
        for _ in 0..VOLUME_CYCLES {
            if rig.goes_on() {
                one_filling(rig, &volume, &mut crew, (seed, &mut chance), &mut tally);
            }
        }
        let counts = end(rig, &mut crew, seed, json!({ "audit": true }));
        tally.acknowledged += counts.acknowledged;
        tally.rejected += counts.rejected;
        tally.not_sent += counts.not_sent;
        if rig.has_violations() {
            // The image is kept for whoever looks.
            return json!(tally);
        }
    }
    json!(tally)
}

fn one_filling(
    rig: &mut Rig,
    volume: &Volume,
    crew: &mut Crew,
    (seed, chance): (u64, &mut Chance),
    tally: &mut Tally,
) {
    let begun = Instant::now();
    crew.hear_some(chance.between(200, 3_000), Duration::from_secs(2));
    // Whatever meets the full volume in its log or its index may stop, with a code.
    crew.checker.may_stop.extend(crew.world.everybody());
    if chance.percent(50) {
        volume.leave(chance.between(1, 12) << 20);
    } else {
        volume.fill();
    }
    crew.hear_some(chance.between(200, 2_000), Duration::from_secs(2));
    let rejected = crew.checker.counts.rejected;
    volume.make_room();
    let (room, accepted) = (Instant::now(), crew.checker.counts.accepted);
    let stopped = start_stopped(crew);
    crew.until_up();
    // Desks that refused are asked again, as their users would.
    for sender in 0..crew.world.senders {
        crew.grant_refused(sender);
    }
    while crew.checker.counts.accepted == accepted {
        if room.elapsed() > AGAIN {
            let what = "there is room, and nothing is accepted";
            let violation = Violation::at(Broken::Stopped, Role::Relay, what);
            crew.checker.violate(violation);
            break;
        }
        crew.hear_some(1, Duration::from_millis(50));
    }
    let again_ms = ms_since(room);
    // What was refused while there was no room may be told late on a busy machine.
    crew.checker.may_stop.clear();
    if stopped.is_empty() {
        tally.served_again_ms = tally.served_again_ms.max(again_ms);
    }
    tally.filled += 1;
    tally.stopped += u64::try_from(stopped.len()).unwrap_or_default();
    crew.compare_sample(chance);
    crew.balance_books();
    let line = json!({
        "rejected": rejected, "not_sent": crew.checker.counts.not_sent,
        "again_ms": again_ms,
    });
    cycle(rig, crew, seed, (begun, line));
}
