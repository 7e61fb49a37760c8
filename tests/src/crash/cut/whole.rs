//! The power goes under a whole world: relay, senders and recipients at once.

use std::time::{Duration, Instant};

use serde_json::json;

use super::backups::Backups;
use super::{By, Done, Volumes, Way};
use crate::crash::chance::Chance;
use crate::crash::crew::Crew;
use crate::crash::rig::Rig;
use crate::crash::violation::{Broken, Violation};
use crate::crash::whole;

/// Cuts the power of one volume so often, and audits what is on it in the end.
pub(super) fn cut(rig: &mut Rig, way: Way, (seed, cycles): (u64, u64), done: &mut Done) {
    let volumes = Volumes::make(rig, way);
    let mut crew = whole::found(rig, &volumes.inner.folder().join("world"), seed);
    crew.boot = Some(volumes.boot(0));
    crew.start_everybody();
    let mut chance = Chance::about(seed, &[2]);
    let mut backups = Backups::new(volumes.inner.folder());
    for cycle in 0..cycles {
        if !rig.goes_on() {
            break;
        }
        let begun = Instant::now();
        backups.begin(&crew, &mut chance);
        let words = crew.hear_some(chance.between(50, 3000), Duration::from_secs(3));
        let after = Duration::from_micros(chance.below(60_000));
        let cut = match way.by {
            By::Shutdown => by_shutdown(&volumes, &mut crew, &mut backups, after),
            By::Copy => by_copy(&volumes, &mut crew, &mut backups),
        };
        if let Err(why) = cut {
            crew.checker
                .violate(Violation::new(Broken::DoesNotOpen, why));
        } else {
            backups.check(rig.folder(), &mut crew, &mut chance);
            crew.boot = Some(volumes.boot(cycle + 1));
            crew.start_everybody();
            crew.compare_sample(&mut chance);
            crew.balance_books();
        }
        let line = json!({ "fs": way.fs, "by": way.by, "words": words });
        whole::cycle(rig, &mut crew, seed, (begun, line));
    }
    let line = json!({ "audit": true, "fs": way.fs, "by": way.by });
    // Nobody may have files open when the volumes go.
    let counts = whole::end(rig, &mut crew, seed, line);
    done.acknowledged += counts.acknowledged;
    done.backups += backups.made;
    done.restored += backups.restored;
}

/// The volume dies under everybody. What they say while it dies may be so or not: a machine without
/// power says nothing.
fn by_shutdown(
    volumes: &Volumes,
    crew: &mut Crew,
    backups: &mut Backups,
    after: Duration,
) -> Result<(), String> {
    // First the promises, then the cut.
    let moment = crew.keep_moment();
    backups.keep_moment(crew);
    crew.checker.may_stop.extend(crew.world.everybody());
    volumes.inner.shut_down();
    std::thread::sleep(after);
    crew.kill_everybody();
    backups.end();
    crew.set_back(moment);
    volumes.inner.restart()
}

/// Everybody goes on with a copy of the volume, which knows nothing of what came after.
fn by_copy(volumes: &Volumes, crew: &mut Crew, backups: &mut Backups) -> Result<(), String> {
    // First the promises, then the copy.
    let moment = crew.keep_moment();
    backups.keep_moment(crew);
    let copy = volumes.copy();
    crew.kill_everybody();
    backups.end();
    crew.set_back(moment);
    volumes.inner.replace_by(&copy)
}
