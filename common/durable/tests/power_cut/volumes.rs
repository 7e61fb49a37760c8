//! A file system in an image within an XFS, which is copied at one moment.

use std::env;
use std::fs::{self, File};
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The inner file system.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FileSystem {
    Ext4,
    Xfs,
}

impl FileSystem {
    fn make(self, image: &Path) -> Result<(), String> {
        match self {
            Self::Ext4 => run("mkfs.ext4", &["-q", "-F", path(image)]),
            Self::Xfs => run("mkfs.xfs", &["-q", "-f", path(image)]),
        }
    }

    /// The copies have the identity of the original, which is mounted; XFS minds.
    fn mount_options(self) -> &'static str {
        match self {
            Self::Ext4 => "loop",
            Self::Xfs => "loop,nouuid",
        }
    }
}

/// The two file systems, one inside the other; unmounted when dropped, inner first.
pub(crate) struct Volumes {
    folder: TempDir,
    file_system: FileSystem,
}

impl Volumes {
    /// None where this machine has none, which is said; in CI it must.
    pub(crate) fn or_skip(file_system: FileSystem) -> Option<Self> {
        match Self::possible() {
            Ok(()) => Some(Self::new(file_system)),
            Err(reason) => {
                assert!(
                    env::var_os("CI").is_none(),
                    "the power must be cut in CI, but {reason}"
                );
                say(&format!("SKIPPED: no power was cut, because {reason}."));
                None
            }
        }
    }

    fn possible() -> Result<(), String> {
        for (tool, argument) in [("mkfs.xfs", "-V"), ("mkfs.ext4", "-V"), ("mount", "-V")] {
            run(tool, &[argument])?;
        }
        if !Path::new("/dev/loop-control").exists() {
            return Err("there are no loop devices".to_owned());
        }
        let probe = Volumes {
            folder: tempfile::tempdir().unwrap(),
            file_system: FileSystem::Ext4,
        };
        probe.mount_outer()
    }

    fn new(file_system: FileSystem) -> Self {
        let volumes = Self {
            folder: tempfile::tempdir().unwrap(),
            file_system,
        };
        volumes.mount_outer().unwrap();
        let image = volumes.inner_image();
        File::create(&image).unwrap().set_len(512 << 20).unwrap();
        file_system.make(&image).unwrap();
        mount("loop", &image, &volumes.inner()).unwrap();
        volumes
    }

    fn mount_outer(&self) -> Result<(), String> {
        let image = self.folder.path().join("outer.img");
        File::create(&image).unwrap().set_len(4 << 30).unwrap();
        run("mkfs.xfs", &["-q", "-f", "-m", "reflink=1", path(&image)])?;
        mount("loop", &image, &self.outer())
    }

    fn outer(&self) -> PathBuf {
        self.folder.path().join("outer")
    }

    fn inner_image(&self) -> PathBuf {
        self.outer().join("inner.img")
    }

    pub(crate) fn inner(&self) -> PathBuf {
        self.folder.path().join("inner")
    }

    fn copied(&self) -> PathBuf {
        self.folder.path().join("copied")
    }

    /// Copies the inner disk as it is at one moment.
    pub(crate) fn copy(&self, cut: usize) -> PathBuf {
        let copy = self.outer().join(format!("cut{cut}.img"));
        run(
            "cp",
            &["--reflink=always", path(&self.inner_image()), path(&copy)],
        )
        .unwrap();
        copy
    }

    /// Starts the machine again after a cut: another boot, the journal replayed.
    pub(crate) fn look_at<T>(&self, image: &Path, look: impl FnOnce(&Path) -> T) -> T {
        mount(self.file_system.mount_options(), image, &self.copied()).unwrap();
        let seen = look(&self.copied());
        unmount(&self.copied());
        fs::remove_file(image).unwrap();
        seen
    }
}

impl Drop for Volumes {
    fn drop(&mut self) {
        for mounted in [self.copied(), self.inner(), self.outer()] {
            unmount(&mounted);
        }
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn mount(options: &str, image: &Path, target: &Path) -> Result<(), String> {
    fs::create_dir_all(target).unwrap();
    run("mount", &["-o", options, path(image), path(target)])
}

/// Unmounts what is mounted there, if anything, and with it the loop device.
fn unmount(target: &Path) {
    if target.exists() && run("mountpoint", &["-q", path(target)]).is_ok() {
        let plain = run("umount", &[path(target)]);
        // A test that failed may still have files open; the mount goes when they do.
        let _ = plain.or_else(|_| run("umount", &["-l", path(target)]));
    }
}

fn run(tool: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(tool).args(arguments).output();
    let output = output.map_err(|error| format!("{tool} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{tool} {} failed: {}",
        arguments.join(" "),
        said.trim()
    ))
}

/// Says something that the test harness does not keep to itself.
pub(crate) fn say(sentence: &str) {
    stderr()
        .write_all(format!("{sentence}\n").as_bytes())
        .unwrap();
}
