//! The records of a store as they stood at one commit, to be read at leisure.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::batch::Batch;
use crate::durable::DurableStore;
use crate::error::{Failure, StoreError};
use crate::extract::{ExtractError, unread};
use crate::inspect::lock_for_reading;
use crate::layout::Layout;
use crate::log::reader::ReadError;
use crate::marker::Marker;
use crate::open::failed;
use crate::overlay::Overlay;
use crate::pieces;
use crate::places::{MemoryPlaces, Places};
use crate::reading::Reading;
use crate::run::merged::{LastWrite, Merged};
use crate::run::merging::RunWrites;
use crate::run::run::Run;
use crate::runs::{self, ReadFault};
use crate::serving::Shared;
use crate::store::{CommitNumber, DurableCallback, Row, Scan, Store, Table};
use crate::store_id::StoreId;
use crate::truth::Truth;

/// The records of one commit. It takes no batches.
///
/// It costs the memory of what no run holds yet, and keeps runs on the disk that are replaced
/// meanwhile.
pub struct Snapshot {
    store_id: StoreId,
    overlay: Overlay,
    runs: Vec<Arc<Run>>,
    index: IndexOf,
}

/// The last writes of one source, and of a whole snapshot.
type WritesOf<'a> = Box<dyn Iterator<Item = Result<LastWrite, ReadError>> + 'a>;
pub(crate) type Writes<'a> = Merged<WritesOf<'a>>;

/// Whose index tells where in the runs a key stands.
enum IndexOf {
    /// The served store's.
    Served(Arc<Shared>),
    /// One in memory; nobody may serve the store meanwhile.
    Stopped(
        MemoryPlaces,
        #[allow(dead_code, reason = "held")] Option<File>,
    ),
}

impl Snapshot {
    /// Reads a store that nobody serves, verifies all of it, and changes nothing on disk.
    ///
    /// # Errors
    /// [`ExtractError`]; among them a store that is damaged, or served, or not there.
    pub fn of_stopped(folder: &Path) -> Result<Self, ExtractError> {
        let layout = Layout::new(folder);
        let lock = lock_for_reading(&layout)?;
        let path = layout.marker();
        let marker = Marker::read(&path).map_err(|error| failed("Reading", &path, error))?;
        let read = || {
            let Some(truth) = Truth::find(&layout, marker.as_ref())? else {
                return Ok(None);
            };
            // What the marker knows to have been synced has to be there.
            truth.judge_marker(marker.as_ref(), "")?;
            let overlay = truth.in_memory(&layout)?.overlay;
            let places = MemoryPlaces::read(&truth.runs)?;
            Ok(Some((truth.store_id, overlay, truth.runs, places)))
        };
        let found = read().map_err(|error| unread(folder, error))?;
        let (store_id, overlay, runs, places) = found.ok_or_else(|| ExtractError::Nothing {
            folder: folder.to_path_buf(),
        })?;
        Ok(Self {
            store_id,
            overlay,
            runs,
            index: IndexOf::Stopped(places, lock),
        })
    }

    /// The store it was taken of.
    pub(crate) fn store_id(&self) -> StoreId {
        self.store_id
    }

    /// The newest commit in it.
    pub(crate) fn commit(&self) -> CommitNumber {
        CommitNumber(self.overlay.newest())
    }

    /// As many records as it holds, or more.
    pub(crate) fn records_max(&self) -> u64 {
        self.overlay.records() + runs::weight(&self.runs).puts
    }

    /// The last write of every key; the runs are verified while they are read.
    pub(crate) fn writes(&self) -> Result<Writes<'_>, ReadError> {
        let mut sources: Vec<WritesOf<'_>> = vec![Box::new(self.overlay.all().map(Ok))];
        for run in self.runs.iter().rev() {
            sources.push(Box::new(RunWrites::of(run)?));
        }
        Ok(Merged::new(sources, false))
    }

    fn reading(&self) -> Reading<'_> {
        let places: &dyn Places = match &self.index {
            IndexOf::Served(shared) => &shared.index,
            IndexOf::Stopped(places, _) => places,
        };
        Reading {
            overlay: &self.overlay,
            runs: &self.runs,
            places,
        }
    }
}

impl DurableStore {
    /// Takes the records of this moment, all of them durable, while the store goes on.
    ///
    /// # Errors
    /// [`StoreError::StoreFailed`].
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let (overlay, runs) = {
            let overlay = self.shared.overlay();
            (overlay.clone(), self.shared.runs.read().clone())
        };
        self.wait(CommitNumber(overlay.newest()))?;
        Ok(Snapshot {
            store_id: self.store_id(),
            overlay,
            runs,
            index: IndexOf::Served(Arc::clone(&self.shared)),
        })
    }
}

/// A snapshot that meets damage says so to its reader alone; the store meets it by itself.
fn failure(fault: ReadFault) -> StoreError {
    match fault {
        ReadFault::Index(error) => error.into(),
        ReadFault::Truth(error) => Failure::new("reading a run", error.into_io()).into(),
    }
}

impl Store for Snapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.reading().get(table, key).map_err(failure)
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        self.reading().scan(&scan).map_err(failure)
    }

    fn append(&self, _batch: Batch) -> Result<CommitNumber, StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        // Only what was durable was taken.
        then(if commit <= self.newest() {
            Ok(())
        } else {
            Err(StoreError::UnknownCommit(commit))
        });
    }

    fn newest(&self) -> CommitNumber {
        self.commit()
    }

    fn pieces(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.reading().pieces(table, key).map_err(failure)?;
        pieces::join(table, key, rows)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("newest", &self.newest())
            .finish_non_exhaustive()
    }
}
