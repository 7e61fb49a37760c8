//! A small file system of its own, which really runs full: an image behind a loop device.
//!
//! It takes root and loop devices. Where there are none a test says so loudly and ends; in CI it
//! fails instead, so that nobody believes it ran ([`Volume::or_skip`]).

use std::env;
use std::fs::{self, File};
use std::io::{ErrorKind, Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What is written at once into the file that fills the volume.
const CHUNK_BYTES: usize = 1024 * 1024;

/// An ext4 file system, mounted. Dropping it unmounts it: stop whoever has files open on it first.
#[derive(Debug)]
pub struct Volume {
    folder: TempDir,
}

impl Volume {
    /// A volume of so many bytes; none where this machine cannot make one, which is said.
    pub fn or_skip(bytes: u64) -> Option<Self> {
        match Self::make(bytes) {
            Ok(volume) => Some(volume),
            Err(reason) => {
                assert!(
                    env::var_os("CI").is_none(),
                    "a volume is needed in CI, but {reason}"
                );
                // The harness keeps what tests print to itself, but not what is written here.
                let told = format!("SKIPPED: there is no volume to fill, because {reason}.\n");
                stderr().write_all(told.as_bytes()).unwrap();
                None
            }
        }
    }

    fn make(bytes: u64) -> Result<Self, String> {
        if !Path::new("/dev/loop-control").exists() {
            return Err("there are no loop devices".to_owned());
        }
        let volume = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let image = volume.folder.path().join("image");
        File::create(&image).unwrap().set_len(bytes).unwrap();
        // Nothing is reserved for root, who may run this.
        run("mkfs.ext4", &["-q", "-F", "-m", "0", text(&image)])?;
        fs::create_dir(volume.path()).unwrap();
        run("mount", &["-o", "loop", text(&image), text(&volume.path())])?;
        Ok(volume)
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// Bytes that are left on it.
    pub fn available_bytes(&self) -> u64 {
        let told = run("stat", &["-f", "-c", "%a %S", text(&self.path())]).unwrap();
        let numbers: Vec<u64> = told
            .split_whitespace()
            .map(|number| number.parse().unwrap())
            .collect();
        numbers[0] * numbers[1]
    }

    /// Fills it, by a file of the test's own, until only so many bytes are left.
    ///
    /// Whoever else writes or frees at the same time moves the mark: be sure that nobody does, or
    /// that it does not matter.
    pub fn leave(&self, bytes: u64) {
        let mut filler = self.filler();
        loop {
            filler.sync_all().unwrap();
            let over = self.available_bytes().saturating_sub(bytes);
            if over == 0 {
                return;
            }
            let chunk = usize::try_from(over).unwrap().min(CHUNK_BYTES);
            filler.write_all(&vec![0; chunk]).unwrap();
        }
    }

    /// Fills it until it takes not even one block more, which may be less than it says is left.
    pub fn fill(&self) {
        let mut filler = self.filler();
        let mut chunk = vec![0; CHUNK_BYTES];
        while !chunk.is_empty() {
            let written = filler.write_all(&chunk).and_then(|()| filler.sync_all());
            match written {
                Err(error) if error.kind() == ErrorKind::StorageFull => {
                    chunk.truncate(chunk.len() / 2);
                }
                written => written.unwrap(),
            }
        }
    }

    /// Takes the file away again that fills it.
    pub fn make_room(&self) {
        fs::remove_file(self.filler_path()).unwrap();
        // The file system has the blocks back once its journal says so.
        File::open(self.path()).unwrap().sync_all().unwrap();
    }

    fn filler(&self) -> File {
        let mut options = File::options();
        options.create(true).append(true);
        options.open(self.filler_path()).unwrap()
    }

    fn filler_path(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let mounted = self.path();
        if mounted.exists() && run("mountpoint", &["-q", text(&mounted)]).is_ok() {
            let plain = run("umount", &[text(&mounted)]);
            // A test that failed may still have files open; the mount goes when they do.
            let _ = plain.or_else(|_| run("umount", &["-l", text(&mounted)]));
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(tool: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(tool).args(arguments).output();
    let output = output.map_err(|error| format!("{tool} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{tool} {} failed: {}",
        arguments.join(" "),
        said.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn a_volume_is_filled_to_the_mark_and_takes_nothing_when_full() {
        let Some(volume) = Volume::or_skip(64 * MIB) else {
            return;
        };
        let before = volume.available_bytes();
        assert!(before > 40 * MIB, "{before}");
        volume.leave(3 * MIB);
        let left = volume.available_bytes();
        assert!(left <= 3 * MIB && left > 2 * MIB, "{left}");
        volume.fill();
        let full = File::create(volume.path().join("more"))
            .and_then(|mut more| more.write_all(b"more").and(more.sync_all()));
        assert_eq!(full.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
        volume.make_room();
        assert!(volume.available_bytes() + MIB > before);
    }
}
