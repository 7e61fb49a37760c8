//! `roster.heads`: the heads of every roster that was in force here, so that a device which meets
//! one of their hashes can be told which roster that was (PROTOCOL R11).
//!
//! The file is a row of records, each behind its length of four bytes, little-endian.
//!
//! Nothing here is trusted: heads prove themselves against the hash they are asked by. Without the
//! file only hashes of rosters before the last start are unknown.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use maille_common::codec::coded;
use maille_common::hash::Hash;
use maille_common::record::{Record, read_record, write_record};
use maille_common::roster::RosterHeads;

/// States that are remembered; a network changes its roster a few times a day.
const STATES_MAX: usize = 4096;

coded! {
    /// One state.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct HeadsRecord {
        pub(crate) heads: RosterHeads,
    }
}

impl Record for HeadsRecord {
    const NAME: &'static str = "heads of a roster";
}

/// The states, in memory and in their file.
#[derive(Debug)]
pub(crate) struct KnownHeads {
    path: PathBuf,
    states: HashMap<Hash, RosterHeads>,
}

impl KnownHeads {
    /// Reads the file as far as it makes sense: a power cut may have torn its end.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let mut states = HashMap::new();
        let mut rest = bytes.as_slice();
        // A longer file is not ours: what is remembered has a limit.
        while states.len() < STATES_MAX
            && let Some((heads, after)) = first_of(rest)
        {
            states.insert(heads.hash(), heads);
            rest = after;
        }
        if !rest.is_empty() {
            cut_off(&path, bytes.len() - rest.len())?;
        }
        Ok(Self { path, states })
    }

    /// All of them, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &RosterHeads> {
        self.states.values()
    }

    /// The heads of a roster, by its hash.
    pub(crate) fn find(&self, roster: &Hash) -> Option<&RosterHeads> {
        self.states.get(roster)
    }

    /// Remembers heads. Nothing waits for the disk: what is lost is asked for elsewhere.
    pub(crate) fn record(&mut self, heads: &RosterHeads) -> io::Result<()> {
        if self.states.len() >= STATES_MAX || self.states.contains_key(&heads.hash()) {
            return Ok(());
        }
        let bytes = write_record(&HeadsRecord {
            heads: heads.clone(),
        });
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        file.write_all(&[&length.to_le_bytes()[..], &bytes].concat())?;
        self.states.insert(heads.hash(), heads.clone());
        Ok(())
    }
}

/// The first record of a file of them, and what follows.
pub(crate) fn first_of(bytes: &[u8]) -> Option<(RosterHeads, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (record, after) = rest.split_at_checked(length)?;
    let record: HeadsRecord = read_record(record).ok()?;
    Some((record.heads, after))
}

fn cut_off(path: &Path, length: usize) -> io::Result<()> {
    let length = u64::try_from(length).map_err(io::Error::other)?;
    OpenOptions::new().write(true).open(path)?.set_len(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_found_again_after_a_torn_end() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("roster.heads");
        let mut heads = RosterHeads::none();
        let mut hashes = Vec::new();
        let mut known = KnownHeads::open(path.clone()).unwrap();
        for number in 1..=3 {
            heads.authority.number = number;
            known.record(&heads).unwrap();
            hashes.push(heads.hash());
        }
        let length = fs::metadata(&path).unwrap().len();
        cut_off(&path, usize::try_from(length).unwrap() - 1).unwrap();
        let mut known = KnownHeads::open(path.clone()).unwrap();
        assert_eq!(
            known.find(&hashes[1]).map(|heads| heads.authority.number),
            Some(2)
        );
        assert_eq!(known.find(&hashes[2]), None);
        known.record(&heads).unwrap();
        assert_eq!(
            KnownHeads::open(path).unwrap().find(&hashes[2]),
            Some(&heads)
        );
    }
}
