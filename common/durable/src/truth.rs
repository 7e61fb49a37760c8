//! What runs and log say, read and put in order; nothing is changed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::damage::Damage;
use crate::layout::Layout;
use crate::log::reader::{self, Extent, ReadError, Segment};
use crate::log::segment;
use crate::log::writer::Sealed;
use crate::marker::{Marker, Stop};
use crate::open::RebuildReason;
use crate::overlay::{Overlay, weight};
use crate::run::id::RunId;
use crate::run::run::Run;
use crate::store_id::StoreId;

/// The truth of a store.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) store_id: StoreId,
    /// The runs, which cover the batches from the first on without a gap.
    pub(crate) runs: Vec<Arc<Run>>,
    /// First number and length of the verified segments behind them, but for the last.
    pub(crate) sealed: Vec<(u64, u64)>,
    /// The last segment.
    pub(crate) last: Segment,
    /// How far that is good.
    pub(crate) extent: Extent,
    /// Segments and runs that a run has replaced.
    pub(crate) left_over: Vec<PathBuf>,
}

/// What no run covers, in memory.
#[derive(Debug)]
pub(crate) struct InMemory {
    pub(crate) overlay: Overlay,
    pub(crate) sealed: Vec<Sealed>,
    /// What the batches of the last segment weigh.
    pub(crate) last_bytes: usize,
}

impl Truth {
    /// Reads the truth; `None` where there is none and nothing says that there should be.
    pub(crate) fn find(
        layout: &Layout,
        marker: Option<&Marker>,
    ) -> Result<Option<Self>, ReadError> {
        match Self::read(layout)? {
            None if marker.is_some() || layout.index().exists() => Err(Damage::LogMissing.into()),
            truth => Ok(truth),
        }
    }

    /// Reads the truth; `None` where there is none. Every frame of the log is verified, of the runs
    /// head, filter and footer.
    fn read(layout: &Layout) -> Result<Option<Self>, ReadError> {
        let (log, folder) = (layout.log(), layout.runs());
        let (ids, mut left_over) = Self::order(&folder, &list_runs(&folder)?)?;
        let covers = ids.last().map_or(0, |id| id.last);
        let mut firsts = reader::list(&log)?;
        // A run ends where a segment ends; whatever begins before its end is covered whole.
        let covered = firsts.extract_if(.., |first| *first <= covers);
        left_over.extend(covered.map(|first| segment::path(&log, first)));
        let Some((&last, sealed_firsts)) = firsts.split_last() else {
            return if ids.is_empty() {
                Ok(None)
            } else {
                Err(Damage::LogMissing.into())
            };
        };
        let last = Segment::read(&log, last)?;
        let store_id = last.header.store_id;
        let runs: Result<Vec<_>, ReadError> = ids
            .into_iter()
            .map(|id| Run::open(&folder, store_id, id).map(Arc::new))
            .collect();
        let runs = runs?;
        let (mut expected, mut sealed) = (covers + 1, Vec::new());
        for &first in sealed_firsts {
            expect(expected, first)?;
            let segment = Segment::read(&log, first)?;
            segment.expect_store(store_id)?;
            expected = segment.sealed_extent()?.next;
            sealed.push((first, segment.bytes.len() as u64));
        }
        expect(expected, last.header.number)?;
        let extent = last.extent()?;
        Ok(Some(Self {
            store_id,
            runs,
            sealed,
            last,
            extent,
            left_over,
        }))
    }

    /// The newest batch of the log.
    pub(crate) fn newest(&self) -> u64 {
        self.extent.next - 1
    }

    /// Tells why the index is not to be trusted and the runs are to be verified, as far as the
    /// marker says.
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
        let (newest, known) = (self.newest(), marker.newest);
        if known > newest {
            return Err(Damage::RolledBack { newest, known });
        }
        Ok(match marker.stop {
            _ if marker.trusts_index(boot_id) => None,
            Stop::Suspect => Some(RebuildReason::Suspect),
            Stop::Serving | Stop::Clean => Some(RebuildReason::Restarted),
        })
    }

    /// Takes what no run covers into memory.
    pub(crate) fn in_memory(&self, layout: &Layout) -> Result<InMemory, ReadError> {
        let mut overlay = Overlay::new(self.covers());
        let mut sealed = Vec::with_capacity(self.sealed.len());
        for (first, bytes) in &self.sealed {
            let segment = Segment::read(&layout.log(), *first)?;
            let pending_bytes = replay(&segment, segment.sealed_extent()?, &mut overlay)?;
            sealed.push(Sealed {
                first: *first,
                bytes: *bytes,
                pending_bytes,
            });
        }
        let last_bytes = replay(&self.last, self.extent, &mut overlay)?;
        Ok(InMemory {
            overlay,
            sealed,
            last_bytes,
        })
    }

    /// Bytes behind the good part of the last segment.
    pub(crate) fn torn_bytes(&self) -> u64 {
        (self.last.bytes.len() - self.extent.valid_bytes) as u64
    }

    /// The last batch that the runs cover.
    pub(crate) fn covers(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.id().last)
    }

    /// Tells the runs that count from those they replace; the former cover everything.
    fn order(
        folder: &Path,
        ids: &BTreeSet<RunId>,
    ) -> Result<(Vec<RunId>, Vec<PathBuf>), ReadError> {
        let replaced = |id: &RunId| ids.iter().any(|other| other.replaces(*id));
        let (left_over, ids): (Vec<RunId>, Vec<RunId>) = ids.iter().partition(|id| replaced(id));
        let mut expected = 1;
        for id in &ids {
            expect(expected, id.first)?;
            expected = id.last + 1;
        }
        let paths = left_over.into_iter().map(|id| id.path(folder));
        Ok((ids, paths.collect()))
    }
}

/// Takes the batches of a segment into memory; returns what they weigh there.
fn replay(segment: &Segment, extent: Extent, overlay: &mut Overlay) -> Result<usize, ReadError> {
    let mut pending_bytes = 0;
    segment.each_batch(extent, |_, ops| {
        let ops: Vec<_> = ops.into_iter().map(|op| op.to_op()).collect();
        pending_bytes += weight(&ops);
        // Nothing is read meanwhile, and the next run forgets what is deleted.
        overlay.add(&ops, &|_| true);
        Ok::<(), ReadError>(())
    })?;
    Ok(pending_bytes)
}

pub(crate) fn list_runs(folder: &Path) -> Result<BTreeSet<RunId>, ReadError> {
    let failed = |error| ReadError::Io(folder.to_path_buf(), error);
    let mut ids = BTreeSet::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ids),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        ids.extend(RunId::of(&entry.map_err(failed)?.path()));
    }
    Ok(ids)
}

fn expect(expected: u64, found: u64) -> Result<(), Damage> {
    if expected == found {
        Ok(())
    } else {
        Err(Damage::Gap { expected, found })
    }
}
