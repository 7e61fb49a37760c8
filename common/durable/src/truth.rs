//! What checkpoint and log say, read without changing anything on disk.

use crate::checkpoint::Sources;
use crate::checkpoint::reader::CheckpointReader;
use crate::damage::Damage;
use crate::layout::Layout;
use crate::log::reader::{self, Extent, ReadError, Segment};
use crate::log::writer::Sealed;
use crate::marker::Marker;
use crate::open::RebuildReason;
use crate::store_id::StoreId;

/// Checkpoint and log, the last segment in memory.
pub(crate) struct Truth {
    pub(crate) store_id: StoreId,
    /// The last batch that the checkpoint covers; 0 where there is none.
    pub(crate) covers: u64,
    pub(crate) checkpoint_bytes: u64,
    pub(crate) sealed: Vec<Sealed>,
    pub(crate) last: Segment,
    pub(crate) extent: Extent,
    /// First numbers of segments that the checkpoint covers whole, left over from its making.
    pub(crate) covered: Vec<u64>,
}

impl Truth {
    /// Reads the head of the checkpoint and all of the log; `None` where there is no store yet.
    ///
    /// An index or a marker without a log is what damage leaves, not an empty store.
    pub(crate) fn find(
        layout: &Layout,
        marker: Option<&Marker>,
    ) -> Result<Option<Self>, ReadError> {
        match Self::read(layout)? {
            None if marker.is_some() || layout.index().exists() => Err(Damage::LogMissing.into()),
            found => Ok(found),
        }
    }

    fn read(layout: &Layout) -> Result<Option<Self>, ReadError> {
        let log = layout.log();
        let checkpoint = CheckpointReader::open(&layout.checkpoint())?;
        let covers = checkpoint
            .as_ref()
            .map_or(0, |reader| reader.header().number);
        let mut firsts = reader::list(&log)?;
        // A checkpoint ends with a segment; whatever begins before its end is covered whole.
        let covered = firsts.extract_if(.., |first| *first <= covers).collect();
        let Some((&last, sealed_firsts)) = firsts.split_last() else {
            return if checkpoint.is_none() {
                Ok(None)
            } else {
                Err(Damage::LogMissing.into())
            };
        };
        let last = Segment::read(&log, last)?;
        let store_id = last.header.store_id;
        if checkpoint
            .as_ref()
            .is_some_and(|reader| reader.header().store_id != store_id)
        {
            return Err(Damage::OtherStore {
                file: layout.checkpoint(),
            }
            .into());
        }
        let (mut expected, mut sealed) = (covers + 1, Vec::new());
        for &first in sealed_firsts {
            expect(expected, first)?;
            let segment = Segment::read(&log, first)?;
            segment.expect_store(store_id)?;
            expected = segment.sealed_extent()?.next;
            sealed.push(Sealed {
                first,
                bytes: segment.bytes.len() as u64,
            });
        }
        expect(expected, last.header.number)?;
        let extent = last.extent()?;
        let checkpoint_bytes = checkpoint.map_or(0, |reader| reader.bytes());
        Ok(Some(Self {
            store_id,
            covers,
            checkpoint_bytes,
            sealed,
            last,
            extent,
            covered,
        }))
    }

    /// The newest batch.
    pub(crate) fn newest(&self) -> u64 {
        self.extent.next - 1
    }

    /// Bytes of an unfinished batch behind the newest one.
    pub(crate) fn torn_bytes(&self) -> u64 {
        (self.last.bytes.len() - self.extent.valid_bytes) as u64
    }

    /// The files it was read from, for reading them again.
    pub(crate) fn sources(&self, layout: &Layout) -> Sources {
        let sealed = self.sealed.iter().map(|sealed| sealed.first);
        Sources {
            checkpoint: layout.checkpoint(),
            log_folder: layout.log(),
            store_id: self.store_id,
            covers: self.newest(),
            segments: sealed.chain([self.last.header.number]).collect(),
            may_be_torn: true,
        }
    }

    /// Why the marker says that the index has to be made anew; `None` where it may be tried.
    ///
    /// A marker that knows more than the log proves that the log has lost something.
    pub(crate) fn judge_marker(
        &self,
        marker: Option<&Marker>,
        boot_id: &str,
    ) -> Result<Option<RebuildReason>, Damage> {
        let Some(marker) = marker else {
            return Ok(Some(RebuildReason::Unmarked));
        };
        if marker.store_id != self.store_id {
            return Ok(Some(RebuildReason::OtherStore));
        }
        if marker.newest > self.newest() {
            return Err(Damage::RolledBack {
                newest: self.newest(),
                known: marker.newest,
            });
        }
        Ok((!marker.trusts_index(boot_id)).then_some(RebuildReason::Restarted))
    }
}

fn expect(expected: u64, found: u64) -> Result<(), Damage> {
    if expected == found {
        Ok(())
    } else {
        Err(Damage::Gap { expected, found })
    }
}
