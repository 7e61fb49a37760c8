//! File systems in images behind loop devices: their power can be cut, and they really run full.
//!
//! Two cuts. The *shutdown* makes the file system under running processes forget what it has not
//! written, at one moment (`FS_IOC_SHUTDOWN` without flushing its log); it is then mounted again.
//! The *copy* takes a reflink copy of the image, on an XFS around it, while the processes write: it
//! holds what the disk held at one moment. Either way the disk is one without a volatile cache.
//!
//! It takes root and loop devices. Where there are none a test says so loudly and ends; in CI it
//! fails instead, so that nobody believes it ran ([`Volume::or_skip`]).

use std::env;
use std::fs::{self, File};
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde::Serialize;
use tempfile::TempDir;

mod room;

/// The file system that stores lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSystem {
    /// The one most machines have.
    Ext4,
    /// It takes images of 300 MiB and more, and copies files by reference.
    Xfs,
    /// It has no shutdown: its power is cut by copy only.
    Btrfs,
}

/// A mounted image. Dropping it unmounts it: stop whoever has files open on it first.
#[derive(Debug)]
pub struct Volume {
    file_system: FileSystem,
    image: PathBuf,
    folder: PathBuf,
    /// Where both are, if they are nobody else's.
    own: Option<TempDir>,
}

impl FileSystem {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Ext4, Self::Xfs, Self::Btrfs];

    /// Whether it can be shut down while it is used.
    pub fn shuts_down(self) -> bool {
        self != Self::Btrfs
    }

    fn make(self, image: &Path) -> Result<String, String> {
        let image = text(image);
        match self {
            // Nothing is reserved for root, who may run this.
            Self::Ext4 => {
                let now = "lazy_itable_init=0,lazy_journal_init=0";
                run("mkfs.ext4", &["-q", "-F", "-m", "0", "-E", now, image])
            }
            Self::Xfs => run("mkfs.xfs", &["-q", "-f", "-m", "reflink=1", image]),
            Self::Btrfs => run("mkfs.btrfs", &["-q", "-f", image]),
        }
    }

    /// A copy has the identity of its original, which is mounted; XFS minds.
    fn mount_options(self) -> &'static str {
        match self {
            Self::Xfs => "loop,nouuid",
            Self::Ext4 | Self::Btrfs => "loop",
        }
    }
}

impl Volume {
    /// An ext4 of so many bytes, of its own; none where this machine cannot make one, as it says.
    pub fn or_skip(bytes: u64) -> Option<Self> {
        let own = tempfile::tempdir().expect("a folder of temporary files can be made");
        let (image, folder) = (own.path().join("image"), own.path().join("mounted"));
        match Self::make(FileSystem::Ext4, &image, &folder, bytes) {
            Ok(mut volume) => {
                volume.own = Some(own);
                Some(volume)
            }
            Err(reason) => {
                assert!(
                    env::var_os("CI").is_none(),
                    "a volume is needed in CI, but {reason}"
                );
                // The harness keeps what tests print to itself, but not what is written here.
                let told = format!("SKIPPED: there is no volume to fill, because {reason}.\n");
                stderr()
                    .write_all(told.as_bytes())
                    .expect("standard error takes what it is told");
                None
            }
        }
    }

    /// Makes a file system of so many bytes in a fresh image, and mounts it; or why that is not
    /// possible.
    pub fn make(
        file_system: FileSystem,
        image: &Path,
        folder: &Path,
        bytes: u64,
    ) -> Result<Self, String> {
        if !Path::new("/dev/loop-control").exists() {
            return Err("there are no loop devices".to_owned());
        }
        let set = File::create(image).and_then(|file| file.set_len(bytes));
        set.map_err(|error| format!("{} cannot be written: {error}", image.display()))?;
        file_system.make(image)?;
        Self::mount(file_system, image, folder)
    }

    /// Mounts an image that is there: the machine starts again after the cut.
    pub fn mount(file_system: FileSystem, image: &Path, folder: &Path) -> Result<Self, String> {
        let volume = Self {
            file_system,
            image: image.to_owned(),
            folder: folder.to_owned(),
            own: None,
        };
        volume.try_mount()?;
        Ok(volume)
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What kind it is.
    pub fn file_system(&self) -> FileSystem {
        self.file_system
    }

    /// Its image.
    pub fn image(&self) -> &Path {
        &self.image
    }

    /// Cuts the power: nothing is written any more, not even the log of the file system.
    pub fn shut_down(&self) {
        run("xfs_io", &["-x", "-c", "shutdown", text(&self.folder)]).expect("a volume shuts down");
    }

    /// Unmounts and mounts it: the machine starts again, and the file system replays its log.
    ///
    /// # Errors
    /// What `umount` or `mount` said.
    pub fn restart(&self) -> Result<(), String> {
        run("umount", &[text(&self.folder)])?;
        self.try_mount()
    }

    /// Puts another image in the place of this one, and mounts that.
    ///
    /// # Errors
    /// What `umount` or `mount` said; an image that cannot be moved.
    pub fn replace_by(&self, copy: &Path) -> Result<(), String> {
        run("umount", &[text(&self.folder)])?;
        fs::rename(copy, &self.image).map_err(|error| error.to_string())?;
        self.try_mount()
    }

    /// Takes a copy of the image, which lies on an XFS, as the disk is at this moment.
    pub fn copy(&self, copy: &Path) {
        let words = ["--reflink=always", text(&self.image), text(copy)];
        run("cp", &words).expect("an image on XFS can be copied by reference");
    }

    fn try_mount(&self) -> Result<(), String> {
        fs::create_dir_all(&self.folder).map_err(|error| error.to_string())?;
        let options = self.file_system.mount_options();
        let (image, folder) = (text(&self.image), text(&self.folder));
        run("mount", &["-o", options, image, folder]).map(drop)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        unmount(&self.folder);
    }
}

/// Why the power of volumes of so many bytes cannot be cut here, if so.
pub fn impossible(file_systems: &[FileSystem], folder: &Path, bytes: u64) -> Option<String> {
    for tool in ["mkfs.ext4", "mkfs.xfs", "mount", "unshare", "xfs_io"] {
        if let Err(why) = run(tool, &["-V"]) {
            return Some(why);
        }
    }
    for file_system in file_systems {
        let (image, probe) = (folder.join("probe.img"), folder.join("probe"));
        let made = Volume::make(*file_system, &image, &probe, bytes);
        let why = made.err();
        // The file may not be there.
        let _ = fs::remove_file(&image);
        if let Some(why) = why {
            return Some(why);
        }
    }
    None
}

/// Unmounts everything under a folder, the innermost first.
pub fn unmount_below(folder: &Path) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let mut places: Vec<PathBuf> = places.map(PathBuf::from).collect();
    places.retain(|place| place.starts_with(folder));
    for place in places.iter().rev() {
        unmount(place);
    }
}

/// Unmounts what is mounted there, if anything, and with it the loop device.
fn unmount(folder: &Path) {
    if run("mountpoint", &["-q", text(folder)]).is_err() {
        return;
    }
    let plain = run("umount", &[text(folder)]);
    // Somebody may still have files open; the mount goes when they do.
    let _ = plain.or_else(|_| run("umount", &["-l", text(folder)]));
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the names of tests are text")
}

fn run(tool: &str, words: &[&str]) -> Result<String, String> {
    let output = Command::new(tool).args(words).output();
    let output = output.map_err(|error| format!("{tool} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{tool} {} failed: {}",
        words.join(" "),
        said.trim()
    ))
}
