//! The runs of an open store, and how they are read.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::vec;

use crate::index::IndexError;
use crate::log::ops::{self, StoredOp, StoredOps};
use crate::log::reader::ReadError;
use crate::overlay::ScanBounds;
use crate::places::{Places, PlacesIter};
use crate::run::merged::LastWrite;
use crate::run::policy::Weight;
use crate::run::reader::BlockPlace;
use crate::run::run::Run;

/// Why the runs could not be read.
#[derive(Debug)]
pub(crate) enum ReadFault {
    /// The truth cannot be read, or is damaged.
    Truth(ReadError),
    /// The index is of no use.
    Index(IndexError),
}

impl From<ReadError> for ReadFault {
    fn from(error: ReadError) -> Self {
        Self::Truth(error)
    }
}

impl From<IndexError> for ReadFault {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

/// The runs, the oldest first. Whoever reads holds the lock, so a run that was replaced is read by
/// nobody once the list has changed.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    list: RwLock<Vec<Arc<Run>>>,
}

impl Runs {
    pub(crate) fn new(list: Vec<Arc<Run>>) -> Self {
        Self {
            list: RwLock::new(list),
        }
    }

    /// The runs of this moment, kept as they are while the guard lives.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Vec<Arc<Run>>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `run` in the place of those it replaces, or behind all others; returns the replaced,
    /// which only snapshots read from here on.
    pub(crate) fn install(&self, run: Arc<Run>) -> Vec<Arc<Run>> {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let id = run.id();
        let replaced = list
            .extract_if(.., |other| id.replaces(other.id()))
            .collect();
        let at = list.partition_point(|other| other.id() < id);
        list.insert(at, run);
        replaced
    }

    /// The last batch that the runs cover.
    pub(crate) fn covers(&self) -> u64 {
        self.read().last().map_or(0, |run| run.id().last)
    }

    /// Bytes of all runs, and how many operations put and delete in them.
    pub(crate) fn weight(&self) -> Weight {
        weight(&self.read())
    }
}

/// Bytes of some runs, and how many operations put and delete in them.
pub(crate) fn weight(runs: &[Arc<Run>]) -> Weight {
    let zero = Weight {
        bytes: 0,
        puts: 0,
        deletes: 0,
    };
    runs.iter().fold(zero, |sum, run| Weight {
        bytes: sum.bytes + run.weight().bytes,
        puts: sum.puts + run.weight().puts,
        deletes: sum.deletes + run.weight().deletes,
    })
}

/// Finds the last write of a key in the runs: `Some(None)` for a deletion.
pub(crate) fn find(
    runs: &[Arc<Run>],
    places: &dyn Places,
    key: &[u8],
) -> Result<Option<Option<Vec<u8>>>, ReadFault> {
    for run in runs.iter().rev().filter(|run| run.may_hold(key)) {
        let Some(place) = places.block(run.id(), key)? else {
            continue;
        };
        let payload = run.read_block(place)?;
        let mut ops = decode(run, place, &payload)?.into_iter();
        let from_there = ops.find(|op| op.key >= key);
        if let Some(op) = from_there.filter(|op| op.key == key) {
            return Ok(Some(op.value.map(<[u8]>::to_vec)));
        }
    }
    Ok(None)
}

/// Reads the last writes of a range in one run.
pub(crate) fn scan<'a>(
    run: &'a Run,
    places: &'a dyn Places,
    bounds: &'a ScanBounds,
    descending: bool,
) -> Result<RunScan<'a>, ReadFault> {
    let places = places.blocks(run.id(), bounds.from(), bounds.to())?;
    Ok(RunScan {
        run,
        bounds,
        descending,
        places,
        block: Vec::new().into_iter(),
    })
}

/// A range of one run, block by block.
pub(crate) struct RunScan<'a> {
    run: &'a Run,
    bounds: &'a ScanBounds,
    descending: bool,
    places: PlacesIter<'a>,
    block: vec::IntoIter<LastWrite>,
}

impl RunScan<'_> {
    fn read_block(&self, place: BlockPlace) -> Result<Vec<LastWrite>, ReadFault> {
        let payload = self.run.read_block(place)?;
        let ops = decode(self.run, place, &payload)?;
        let within = ops.into_iter().filter(|op| self.bounds.contain(op.key));
        let write = |op: StoredOp<'_>| (op.key.to_vec(), op.value.map(Arc::from));
        let mut writes: Vec<LastWrite> = within.map(write).collect();
        if self.descending {
            writes.reverse();
        }
        Ok(writes)
    }
}

impl Iterator for RunScan<'_> {
    type Item = Result<LastWrite, ReadFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(write) = self.block.next() {
                return Some(Ok(write));
            }
            let place = match self.descending {
                false => self.places.next()?,
                true => self.places.next_back()?,
            };
            let read = place.map_err(ReadFault::from);
            match read.and_then(|place| self.read_block(place)) {
                Ok(writes) => self.block = writes.into_iter(),
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}

fn decode<'a>(run: &Run, place: BlockPlace, payload: &'a [u8]) -> Result<StoredOps<'a>, ReadFault> {
    let damage = || run.damage_at(place.offset);
    Ok(ops::decode(payload).ok_or_else(damage)?)
}
