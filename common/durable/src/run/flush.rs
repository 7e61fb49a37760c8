//! From sealed segments of the log to a run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::damage::Damage;
use crate::disk::{self, Disk};
use crate::log::reader::Segment;
use crate::run::error::RunError;
use crate::run::id::RunId;
use crate::run::run::{Run, may_hold};
use crate::run::writer::RunWriter;
use crate::store_id::StoreId;

/// What a run is to be made of.
pub(crate) struct Flush<'a> {
    /// Where the segments stand.
    pub(crate) log: &'a Path,
    /// Where the runs stand.
    pub(crate) runs: &'a Path,
    /// The store they must all belong to.
    pub(crate) store_id: StoreId,
    /// The first batch that no run covers.
    pub(crate) first: u64,
    /// The first numbers of some segments from there on, all sealed.
    pub(crate) segments: &'a [u64],
    /// The older runs, in which something may have to be hidden.
    pub(crate) older_runs: &'a [Arc<Run>],
}

/// A run that stands in its place, durable.
#[derive(Debug)]
pub(crate) struct Flushed {
    pub(crate) id: RunId,
    /// The keys that its batches touched.
    pub(crate) keys: Vec<Vec<u8>>,
}

impl Flush<'_> {
    /// Writes the run.
    pub(crate) fn write(
        &self,
        disk: &dyn Disk,
        go_on: &dyn Fn() -> Result<(), RunError>,
    ) -> Result<Flushed, RunError> {
        let (segments, last) = self.read(go_on)?;
        let mut writes: BTreeMap<&[u8], Option<&[u8]>> = BTreeMap::new();
        for segment in &segments {
            go_on()?;
            segment.each_batch(segment.sealed_extent()?, |_, ops| {
                writes.extend(ops.into_iter().map(|op| (op.key, op.value)));
                Ok::<(), RunError>(())
            })?;
        }
        let id = RunId {
            first: self.first,
            last,
        };
        let written = self.write_run(disk, id, &writes, go_on);
        if written.is_err() {
            // What stays behind is removed when the store is opened again.
            let _ = disk.remove(&disk::unfinished_name(&id.path(self.runs)));
        }
        written?;
        let keys = writes.into_keys().map(<[u8]>::to_vec).collect();
        Ok(Flushed { id, keys })
    }

    fn write_run(
        &self,
        disk: &dyn Disk,
        id: RunId,
        writes: &BTreeMap<&[u8], Option<&[u8]>>,
        go_on: &dyn Fn() -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let stays = |(key, value): &(&&[u8], &Option<&[u8]>)| {
            value.is_some() || may_hold(self.older_runs, key)
        };
        let keys_max = writes.iter().filter(stays).count() as u64;
        let mut writer = RunWriter::create(disk, self.runs, self.store_id, id, keys_max)?;
        for (count, (key, value)) in writes.iter().filter(stays).enumerate() {
            if count.is_multiple_of(1024) {
                go_on()?;
            }
            writer.add(key, *value)?;
        }
        writer.finish(disk)
    }

    /// Reads and verifies the segments; returns them and the last batch in them.
    fn read(
        &self,
        go_on: &dyn Fn() -> Result<(), RunError>,
    ) -> Result<(Vec<Segment>, u64), RunError> {
        let mut expected = self.first;
        let mut segments = Vec::with_capacity(self.segments.len());
        for &found in self.segments {
            go_on()?;
            if found != expected {
                return Err(Damage::Gap { expected, found }.into());
            }
            let segment = Segment::read(self.log, found)?;
            segment.expect_store(self.store_id)?;
            expected = segment.sealed_extent()?.next;
            segments.push(segment);
        }
        Ok((segments, expected - 1))
    }
}
