//! Which batches a run covers, and its name.

use std::path::{Path, PathBuf};

/// The batches `first..=last`, whole: runs are told apart, ordered and named by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunId {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl RunId {
    /// Length of [`RunId::key`].
    pub(crate) const KEY_LEN: usize = 16;

    /// Names the run's file.
    pub(crate) fn path(self, runs: &Path) -> PathBuf {
        runs.join(format!("{:020}-{:020}.run", self.first, self.last))
    }

    /// Reads the numbers out of a file's name.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".run")?;
        let (first, last) = name.split_once('-')?;
        let id = Self {
            first: number(first)?,
            last: number(last)?,
        };
        (id.first >= 1 && id.first <= id.last).then_some(id)
    }

    /// Tells whether this run was made of `other`, so that the other is left over.
    pub(crate) fn replaces(self, other: Self) -> bool {
        self != other && self.first <= other.first && other.last <= self.last
    }

    /// Stands before everything the index knows of this run.
    pub(crate) fn key(self) -> [u8; Self::KEY_LEN] {
        let mut key = [0; Self::KEY_LEN];
        key[..8].copy_from_slice(&self.last.to_be_bytes());
        key[8..].copy_from_slice(&self.first.to_be_bytes());
        key
    }
}

fn number(digits: &str) -> Option<u64> {
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_others_are_no_runs() {
        let id = RunId { first: 3, last: 70 };
        let path = id.path(Path::new("runs"));
        assert_eq!(RunId::of(&path), Some(id));
        for name in [
            "3-70.run",
            "00000000000000000070-00000000000000000003.run",
            "x",
        ] {
            assert_eq!(RunId::of(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn a_run_replaces_those_within_it() {
        let id = |first, last| RunId { first, last };
        assert!(id(1, 9).replaces(id(4, 9)));
        assert!(!id(1, 9).replaces(id(1, 9)));
        assert!(!id(4, 9).replaces(id(1, 9)));
    }
}
