//! Where in the runs a key can stand: what an index has to say, and one that lives in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::index::IndexError;
use crate::log::ops;
use crate::log::reader::ReadError;
use crate::run::id::RunId;
use crate::run::reader::BlockPlace;
use crate::run::run::Run;

/// The places of blocks, in the order of their keys.
pub(crate) type PlacesIter<'a> =
    Box<dyn DoubleEndedIterator<Item = Result<BlockPlace, IndexError>> + 'a>;

/// An index over runs.
pub(crate) trait Places {
    /// Finds the one block of a run in which a key can stand.
    fn block(&self, id: RunId, key: &[u8]) -> Result<Option<BlockPlace>, IndexError>;

    /// Finds the blocks of a run in which keys of `from..to` can stand; no `to` is the run's end.
    fn blocks(
        &self,
        id: RunId,
        from: &[u8],
        to: Option<&[u8]>,
    ) -> Result<PlacesIter<'_>, IndexError>;
}

/// An index in memory, for a look at a store that is not to be touched.
#[derive(Debug, Default)]
pub(crate) struct MemoryPlaces {
    runs: BTreeMap<RunId, BTreeMap<Vec<u8>, BlockPlace>>,
}

impl MemoryPlaces {
    /// Reads the runs whole, and verifies them.
    pub(crate) fn read(runs: &[Arc<Run>]) -> Result<Self, ReadError> {
        let mut places = Self::default();
        for run in runs {
            let of_run = places.runs.entry(run.id()).or_default();
            let mut reader = run.reader()?;
            while let Some(block) = reader.next_block()? {
                // A block that the reader returned has operations.
                let ops = ops::decode(&block.payload).unwrap_or_default();
                if let Some(first) = ops.first() {
                    of_run.insert(first.key.to_vec(), block.place);
                }
            }
        }
        Ok(places)
    }
}

impl Places for MemoryPlaces {
    fn block(&self, id: RunId, key: &[u8]) -> Result<Option<BlockPlace>, IndexError> {
        let before = |blocks: &BTreeMap<Vec<u8>, BlockPlace>| {
            let (_, place) = blocks.range::<[u8], _>(up_to(key)).next_back()?;
            Some(*place)
        };
        Ok(self.runs.get(&id).and_then(before))
    }

    fn blocks(
        &self,
        id: RunId,
        from: &[u8],
        to: Option<&[u8]>,
    ) -> Result<PlacesIter<'_>, IndexError> {
        let Some(blocks) = self.runs.get(&id) else {
            return Ok(Box::new(std::iter::empty()));
        };
        let begin = match blocks.range::<[u8], _>(up_to(from)).next_back() {
            Some((first, _)) => first.as_slice(),
            None => from,
        };
        let end = to.map_or(Bound::Unbounded, |to| Bound::Excluded(to.max(begin)));
        let range = blocks.range::<[u8], _>((Bound::Included(begin), end));
        Ok(Box::new(range.map(|(_, place)| Ok(*place))))
    }
}

fn up_to(key: &[u8]) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Unbounded, Bound::Included(key))
}
