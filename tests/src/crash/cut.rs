//! `cut`: the power goes, under everything at once.
//!
//! Either a whole world is on the volume (relay, senders and recipients, with real QUIC between
//! them), or one store with 64 submitters.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::rig::{Rig, RunArguments, say};
use crate::volume::{FileSystem, Volume, impossible};

mod backups;
mod store;
mod whole;

/// Room for the largest world of a cut, with a backup of its relay and what is restored from it;
/// images are sparse.
const IMAGE_BYTES: u64 = 768 << 20;
/// The outer volume holds an image and its copies, which share what they have in common.
const OUTER_BYTES: u64 = 4 << 30;

/// Arguments of `cut`.
#[derive(Debug, Args)]
pub(crate) struct Cut {
    #[command(flatten)]
    run: RunArguments,
    /// The file systems, in turn [default: all].
    #[arg(long = "fs", value_enum)]
    file_systems: Vec<FileSystem>,
    /// How the power is cut, in turn [default: both ways].
    #[arg(long, value_enum)]
    by: Vec<By>,
    /// One store with 64 submitters, instead of a whole world.
    #[arg(long)]
    store: bool,
    /// Cuts of one volume, before it is made anew [default: 25 of a store, 8 of a world].
    #[arg(long)]
    volume_cycles: Option<u64>,
    /// Exits with 0 where there is no root or no loop device, and says so.
    #[arg(long)]
    may_skip: bool,
}

/// How the power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum By {
    /// The file system is shut down under the processes, and mounted again.
    Shutdown,
    /// The image is copied while the processes write; they go on with the copy.
    Copy,
}

/// A file system and a way to cut its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Way {
    fs: FileSystem,
    by: By,
}

/// The volumes of one way, dropped in this order.
#[derive(Debug)]
pub(super) struct Volumes {
    pub(super) inner: Volume,
    _outer: Option<Volume>,
    folder: PathBuf,
}

impl Cut {
    pub(crate) fn run(&self) -> ExitCode {
        let ways = self.ways();
        let mut rig = self.run.begin("cut", &self.words(), 50);
        let mut file_systems: Vec<_> = ways.iter().map(|way| way.fs).collect();
        file_systems.push(FileSystem::Xfs);
        if let Some(why) = impossible(&file_systems, rig.folder(), IMAGE_BYTES) {
            say(format_args!("SKIPPED: no power was cut, because {why}."));
            return match self.may_skip {
                true => rig.end(serde_json::json!({ "skipped": why })),
                false => ExitCode::from(3),
            };
        }
        let cycles = self
            .volume_cycles
            .unwrap_or(if self.store { 25 } else { 8 });
        let mut done = Done::default();
        for way in ways.iter().cycle() {
            if !rig.goes_on() {
                break;
            }
            let seed = rig.seed + done.volumes;
            done.volumes += 1;
            let before = rig.done;
            if self.store {
                store::cut(&mut rig, *way, (seed, cycles), &mut done);
            } else {
                whole::cut(&mut rig, *way, (seed, cycles), &mut done);
            }
            done.count(*way, rig.done - before);
        }
        rig.end(done)
    }

    fn ways(&self) -> Vec<Way> {
        let all = |chosen: &[FileSystem]| match chosen {
            [] => FileSystem::ALL.to_vec(),
            chosen => chosen.to_vec(),
        };
        let by = match self.by.as_slice() {
            [] => vec![By::Shutdown, By::Copy],
            by => by.to_vec(),
        };
        let file_systems = all(&self.file_systems);
        let ways = by
            .iter()
            .flat_map(|by| file_systems.iter().map(|fs| (*by, *fs)));
        let ways = ways.filter(|(by, fs)| *by == By::Copy || fs.shuts_down());
        let ways: Vec<_> = ways.map(|(by, fs)| Way { fs, by }).collect();
        assert!(!ways.is_empty(), "btrfs is cut by copy only");
        ways
    }

    fn words(&self) -> String {
        let cycles = self
            .volume_cycles
            .map(|cycles| format!(" --volume-cycles {cycles}"));
        let store = if self.store { " --store" } else { "" };
        format!("{store}{}", cycles.unwrap_or_default())
    }
}

/// What a run came to.
#[derive(Debug, Default, Serialize)]
pub(super) struct Done {
    volumes: u64,
    ext4: u64,
    xfs: u64,
    btrfs: u64,
    /// Ends of logs that a cut had torn.
    torn: u64,
    /// Backups of relays that were found whole.
    backups: u64,
    /// Relays' folders that were restored from them, and found whole.
    restored: u64,
    /// What was promised: versions of keys, or obligations.
    acknowledged: u64,
}

impl Done {
    fn count(&mut self, way: Way, cuts: u64) {
        match way.fs {
            FileSystem::Ext4 => self.ext4 += cuts,
            FileSystem::Xfs => self.xfs += cuts,
            FileSystem::Btrfs => self.btrfs += cuts,
        }
    }
}

impl Volumes {
    fn make(rig: &Rig, way: Way) -> Self {
        let folder = rig.folder().to_owned();
        let (outer, image) = match way.by {
            By::Shutdown => (None, folder.join("volume.img")),
            By::Copy => {
                let (outer, image) = (folder.join("outer"), folder.join("outer.img"));
                let outer = Volume::make(FileSystem::Xfs, &image, &outer, OUTER_BYTES)
                    .expect("a volume can be made");
                let image = outer.folder().join("volume.img");
                (Some(outer), image)
            }
        };
        let inner = Volume::make(way.fs, &image, &folder.join("volume"), IMAGE_BYTES)
            .expect("a volume can be made");
        Self {
            inner,
            _outer: outer,
            folder,
        }
    }

    /// Copies the disk as it is at this moment.
    fn copy(&self) -> PathBuf {
        let copy = self.inner.image().with_file_name("copy.img");
        self.inner.copy(&copy);
        copy
    }

    /// Another boot of the machine, as a file that stands in for the system's.
    fn boot(&self, number: u64) -> PathBuf {
        let boot = self.folder.join(format!("boot-{number}"));
        fs::write(&boot, format!("00000000-0000-4000-8000-{number:012}\n"))
            .expect("the run's folder takes a file");
        boot
    }
}
