//! What room is left on a volume, and who takes it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use super::{Volume, run, text};

/// What is written at once into the file that fills the volume.
const CHUNK_BYTES: usize = 1024 * 1024;

impl Volume {
    /// Bytes that are left on it.
    pub fn available_bytes(&self) -> u64 {
        let told = run("stat", &["-f", "-c", "%a %S", text(&self.folder)]).unwrap();
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

    /// Takes the file away again that fills it, if it is there.
    pub fn make_room(&self) {
        match fs::remove_file(self.filler_path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed.unwrap(),
        }
        // The file system has the blocks back once its journal says so.
        File::open(&self.folder).unwrap().sync_all().unwrap();
    }

    fn filler(&self) -> File {
        let mut options = File::options();
        options.create(true).append(true);
        options.open(self.filler_path()).unwrap()
    }

    fn filler_path(&self) -> PathBuf {
        self.folder.join("filler")
    }
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
        let full = File::create(volume.folder().join("more"))
            .and_then(|mut more| more.write_all(b"more").and(more.sync_all()));
        assert_eq!(full.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
        volume.make_room();
        assert!(volume.available_bytes() + MIB > before);
    }
}
