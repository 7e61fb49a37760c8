//! From several neighbouring runs to one, step by step.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use crate::disk::{self, Disk};
use crate::log::ops;
use crate::log::reader::ReadError;
use crate::run::error::RunError;
use crate::run::id::RunId;
use crate::run::merged::{LastWrite, Merged};
use crate::run::reader::RunReader;
use crate::run::run::{Run, may_hold};
use crate::run::writer::RunWriter;
use crate::store_id::StoreId;

/// A merge under way. Dropped before its end it leaves an unfinished file, to be abandoned.
pub(crate) struct Merging {
    id: RunId,
    unfinished: PathBuf,
    writes: Merged<RunWrites>,
    writer: RunWriter,
    /// The runs in which something may have to be hidden.
    older: Vec<Arc<Run>>,
}

impl Merging {
    /// Begins to merge `sources`, the oldest first. Deletions are kept of what one of the runs may
    /// hold that are `older` than all of them.
    pub(crate) fn begin(
        disk: &dyn Disk,
        runs: &Path,
        store_id: StoreId,
        sources: &[Arc<Run>],
        older: Vec<Arc<Run>>,
    ) -> Result<Self, RunError> {
        let ids = || sources.iter().map(|run| run.id());
        let id = RunId {
            first: ids().map(|id| id.first).min().unwrap_or(1),
            last: ids().map(|id| id.last).max().unwrap_or(1),
        };
        let keys_max = sources
            .iter()
            .map(|run| run.footer().puts + run.footer().deletes)
            .sum();
        let newest_first: Result<Vec<_>, ReadError> =
            sources.iter().rev().map(|run| RunWrites::of(run)).collect();
        Ok(Self {
            id,
            unfinished: disk::unfinished_name(&id.path(runs)),
            writes: Merged::new(newest_first?, false),
            writer: RunWriter::create(disk, runs, store_id, id, keys_max)?,
            older,
        })
    }

    /// The run that comes of it.
    pub(crate) fn id(&self) -> RunId {
        self.id
    }

    /// Merges up to `count` records; tells whether there are more.
    pub(crate) fn step(&mut self, count: usize) -> Result<bool, RunError> {
        for _ in 0..count {
            let Some(write) = self.writes.next() else {
                return Ok(false);
            };
            let (key, value) = write?;
            if value.is_some() || may_hold(&self.older, &key) {
                self.writer.add(&key, value.as_deref())?;
            }
        }
        Ok(true)
    }

    /// Puts the run in its place, durably.
    pub(crate) fn finish(self, disk: &dyn Disk) -> Result<(), RunError> {
        self.writer.finish(disk)
    }

    /// Removes what has been written; if that fails it goes when the store is opened again.
    pub(crate) fn abandon(self, disk: &dyn Disk) {
        let Self {
            unfinished, writer, ..
        } = self;
        drop(writer);
        let _ = disk.remove(&unfinished);
    }
}

/// The writes of one run, in order.
pub(crate) struct RunWrites {
    reader: RunReader,
    block: vec::IntoIter<LastWrite>,
}

impl RunWrites {
    pub(crate) fn of(run: &Run) -> Result<Self, ReadError> {
        Ok(Self {
            reader: run.reader()?,
            block: Vec::new().into_iter(),
        })
    }

    fn read_block(&mut self) -> Result<bool, ReadError> {
        let Some(block) = self.reader.next_block()? else {
            return Ok(false);
        };
        // Verified by the reader already.
        let writes = ops::decode(&block.payload).unwrap_or_default();
        let write = |op: ops::StoredOp<'_>| (op.key.to_vec(), op.value.map(Arc::from));
        self.block = writes
            .into_iter()
            .map(write)
            .collect::<Vec<_>>()
            .into_iter();
        Ok(true)
    }
}

impl Iterator for RunWrites {
    type Item = Result<LastWrite, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(write) = self.block.next() {
                return Some(Ok(write));
            }
            match self.read_block() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
