//! File systems in images, whose power can be cut.
//!
//! Two cuts. The *shutdown* makes the file system under running processes forget what it has not
//! written, at one moment (`FS_IOC_SHUTDOWN` without flushing its log); it is then mounted again.
//! The *copy* takes a reflink copy of the image, on an XFS around it, while the processes write: it
//! holds what the disk held at one moment. Either way the disk is one without a volatile cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde::Serialize;

/// Room for the largest world of a cut; images are sparse, and XFS takes nothing smaller.
const IMAGE_BYTES: u64 = 320 << 20;
/// The outer volume holds an image and its copies, which share what they have in common.
const OUTER_BYTES: u64 = 4 << 30;

/// The file system that the stores lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileSystem {
    Ext4,
    Xfs,
    /// It has no shutdown: by copy only.
    Btrfs,
}

/// A mounted image. Dropping it unmounts it.
#[derive(Debug)]
pub(crate) struct Volume {
    file_system: FileSystem,
    image: PathBuf,
    folder: PathBuf,
}

impl FileSystem {
    pub(crate) const ALL: [Self; 3] = [Self::Ext4, Self::Xfs, Self::Btrfs];

    /// Whether it can be shut down while it is used.
    pub(crate) fn shuts_down(self) -> bool {
        self != Self::Btrfs
    }

    fn make(self, image: &Path) -> Result<(), String> {
        let image = text(image);
        match self {
            Self::Ext4 => {
                let now = "lazy_itable_init=0,lazy_journal_init=0";
                run("mkfs.ext4", &["-q", "-F", "-E", now, image])
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
    /// Makes a file system in a fresh image, and mounts it.
    pub(crate) fn make(file_system: FileSystem, image: &Path, folder: &Path) -> Self {
        Self::of_size(file_system, image, folder, IMAGE_BYTES).expect("a volume can be made")
    }

    /// An XFS for images and their copies.
    pub(crate) fn outer(image: &Path, folder: &Path) -> Self {
        Self::of_size(FileSystem::Xfs, image, folder, OUTER_BYTES).expect("a volume can be made")
    }

    fn of_size(
        file_system: FileSystem,
        image: &Path,
        folder: &Path,
        bytes: u64,
    ) -> Result<Self, String> {
        let set = File::create(image).and_then(|file| file.set_len(bytes));
        set.map_err(|error| format!("{} cannot be written: {error}", image.display()))?;
        file_system.make(image)?;
        let volume = Self {
            file_system,
            image: image.to_owned(),
            folder: folder.to_owned(),
        };
        volume.try_mount()?;
        Ok(volume)
    }

    /// Mounts an image that was copied from another: the machine starts again after the cut.
    pub(crate) fn mount_copy(
        file_system: FileSystem,
        image: &Path,
        folder: &Path,
    ) -> Result<Self, String> {
        let volume = Self {
            file_system,
            image: image.to_owned(),
            folder: folder.to_owned(),
        };
        volume.try_mount()?;
        Ok(volume)
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What kind it is.
    pub(crate) fn file_system(&self) -> FileSystem {
        self.file_system
    }

    /// Its image.
    pub(crate) fn image(&self) -> &Path {
        &self.image
    }

    /// Cuts the power: nothing is written any more, not even the log of the file system.
    pub(crate) fn shut_down(&self) {
        run("xfs_io", &["-x", "-c", "shutdown", text(&self.folder)]).expect("a volume shuts down");
    }

    /// Unmounts and mounts it: the machine starts again, and the file system replays its log.
    pub(crate) fn restart(&self) -> Result<(), String> {
        run("umount", &[text(&self.folder)])?;
        self.try_mount()
    }

    /// Puts another image in the place of this one, and mounts that.
    pub(crate) fn replace_by(&self, copy: &Path) -> Result<(), String> {
        run("umount", &[text(&self.folder)])?;
        fs::rename(copy, &self.image).map_err(|error| error.to_string())?;
        self.try_mount()
    }

    /// Takes a copy of the image as the disk is at this moment.
    pub(crate) fn copy(&self, copy: &Path) {
        let words = ["--reflink=always", text(&self.image), text(copy)];
        run("cp", &words).expect("an image on XFS can be copied by reference");
    }

    fn try_mount(&self) -> Result<(), String> {
        fs::create_dir_all(&self.folder).map_err(|error| error.to_string())?;
        let options = self.file_system.mount_options();
        run(
            "mount",
            &["-o", options, text(&self.image), text(&self.folder)],
        )
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        unmount(&self.folder);
    }
}

/// Why volumes cannot be made here, if so.
pub(crate) fn impossible(file_systems: &[FileSystem], folder: &Path) -> Option<String> {
    for tool in ["mkfs.ext4", "mkfs.xfs", "mount", "unshare"] {
        if let Err(why) = run(tool, &["-V"]) {
            return Some(why);
        }
    }
    if let Err(why) = run("xfs_io", &["-V"]) {
        return Some(why);
    }
    if !Path::new("/dev/loop-control").exists() {
        return Some("there are no loop devices".to_owned());
    }
    for file_system in file_systems {
        let (image, probe) = (folder.join("probe.img"), folder.join("probe"));
        let made = Volume::of_size(*file_system, &image, &probe, IMAGE_BYTES);
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
pub(crate) fn unmount_below(folder: &Path) {
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
    path.to_str().expect("the rig's own names are text")
}

fn run(tool: &str, words: &[&str]) -> Result<(), String> {
    let output = Command::new(tool).args(words).output();
    let output = output.map_err(|error| format!("{tool} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{tool} {} failed: {}",
        words.join(" "),
        said.trim()
    ))
}
