//! Looks at a store without opening it: is the truth whole, and what would opening it do?

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::damage::Damage;
use crate::durable::DurableStore;
use crate::layout::Layout;
use crate::log::reader::ReadError;
use crate::marker::Marker;
use crate::open::{OpenError, RebuildReason, failed, refuse};
use crate::places::MemoryPlaces;
use crate::previous;
use crate::recovery::RecoveryError;
use crate::runs::weight;
use crate::store::CommitNumber;
use crate::truth::Truth;

/// What lies in a store's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspection {
    /// There is no store; opening it creates one.
    Nothing,
    /// The store is of the previous format; opening migrates it, after making a copy.
    Previous,
    /// Every byte of the truth is as it was synced.
    Whole(WholeStore),
    /// The truth is not whole: the store is set aside, and a new one begins.
    Damaged {
        /// What is wrong with it.
        damage: Damage,
        /// Whether opening the store notices. If not, it is noticed when the damaged record is
        /// read, which ends the service, and the opening after that notices.
        at_next_open: bool,
    },
}

/// Figures of a store whose truth is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeStore {
    /// The newest commit.
    pub newest: CommitNumber,
    /// Records, of which those in runs may be replaced or deleted by newer ones.
    pub records: u64,
    /// Bytes of unfinished batches, promised to nobody, that opening cuts off the end of the log.
    pub torn_bytes: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Bytes of the runs.
    pub runs_bytes: u64,
    /// Why opening verifies everything and makes the index anew, as far as its marker tells.
    pub rebuild: Option<RebuildReason>,
}

impl DurableStore {
    /// Verifies every byte of runs and log in `folder`, and changes nothing on disk. `boot_id` is
    /// the running boot, as in [`crate::Options`].
    ///
    /// # Errors
    /// [`OpenError::Locked`] while a process serves the store; [`OpenError::Version`]; a file that
    /// cannot be read.
    pub fn inspect(folder: &Path, boot_id: &str) -> Result<Inspection, OpenError> {
        let layout = Layout::new(folder);
        let _lock = lock_for_reading(&layout)?;
        match look(&layout, boot_id) {
            Ok(inspection) => Ok(inspection),
            Err(ReadError::Damaged(damage)) => Ok(Inspection::Damaged {
                damage,
                at_next_open: true,
            }),
            Err(error) => Err(refuse(folder, RecoveryError::Read(error))),
        }
    }
}

/// Keeps others from serving the store meanwhile. One that was never served has no lock to take.
pub(crate) fn lock_for_reading(layout: &Layout) -> Result<Option<File>, OpenError> {
    let path = layout.lock();
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| failed("Opening", &path, error))?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            folder: layout.root().to_path_buf(),
        }),
        Err(TryLockError::Error(error)) => Err(failed("Locking", &path, error)),
    }
}

fn look(layout: &Layout, boot_id: &str) -> Result<Inspection, ReadError> {
    if previous::is_previous(layout)? {
        return Ok(Inspection::Previous);
    }
    let path = layout.marker();
    let marker = Marker::read(&path).map_err(|error| ReadError::Io(path, error))?;
    let Some(truth) = Truth::find(layout, marker.as_ref())? else {
        return Ok(Inspection::Nothing);
    };
    let rebuild = truth.judge_marker(marker.as_ref(), boot_id)?;
    let in_memory = truth.in_memory(layout)?;
    match MemoryPlaces::read(&truth.runs) {
        Ok(_) => {}
        // Opening reads these bytes only to verify them.
        Err(ReadError::Damaged(damage)) => {
            return Ok(Inspection::Damaged {
                damage,
                at_next_open: rebuild.is_some(),
            });
        }
        Err(error) => return Err(error),
    }
    let weight = weight(&truth.runs);
    let sealed_bytes: u64 = truth.sealed.iter().map(|(_, bytes)| bytes).sum();
    Ok(Inspection::Whole(WholeStore {
        newest: CommitNumber(truth.newest()),
        records: in_memory.overlay.records() + weight.puts.saturating_sub(weight.deletes),
        torn_bytes: truth.torn_bytes(),
        log_bytes: sealed_bytes + truth.last.bytes.len() as u64,
        runs_bytes: weight.bytes,
        rebuild,
    }))
}
