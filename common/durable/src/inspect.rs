//! Looks at a store without opening it: is the truth whole, and what would opening it do?

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::checkpoint::CheckpointError;
use crate::damage::Damage;
use crate::durable::DurableStore;
use crate::layout::Layout;
use crate::log::reader::ReadError;
use crate::marker::Marker;
use crate::open::{OpenError, RebuildReason, failed, refuse};
use crate::recovery::RecoveryError;
use crate::store::CommitNumber;
use crate::truth::Truth;

/// What lies in a store's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspection {
    /// There is no store; opening it creates one.
    Nothing,
    /// Every byte of the truth is as it was synced.
    Whole(WholeStore),
    /// The truth is not whole: the store is set aside, and a new one begins.
    Damaged {
        /// What is wrong with it.
        damage: Damage,
        /// Whether opening the store notices. If not, only records that the index still has are
        /// damaged, and it is noticed when the index is made anew or a checkpoint is written.
        at_next_open: bool,
    },
}

/// Figures of a store whose truth is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeStore {
    /// The newest commit.
    pub newest: CommitNumber,
    /// Live records.
    pub records: u64,
    /// Bytes of unfinished batches, promised to nobody, that opening cuts off the end of the log.
    pub torn_bytes: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Bytes of the checkpoint.
    pub checkpoint_bytes: u64,
    /// Why opening makes the index anew, as far as its marker tells; the index itself is checked
    /// when it is opened.
    pub rebuild: Option<RebuildReason>,
}

impl DurableStore {
    /// Verifies head, frames and records of checkpoint and log in `folder`, and changes nothing on
    /// disk. `boot_id` is the running boot, as in [`crate::Options`].
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
    let path = layout.marker();
    let marker = Marker::read(&path).map_err(|error| ReadError::Io(path, error))?;
    let Some(truth) = Truth::find(layout, marker.as_ref())? else {
        return Ok(Inspection::Nothing);
    };
    let rebuild = truth.judge_marker(marker.as_ref(), boot_id)?;
    let records = match count_records(layout, &truth) {
        Ok(records) => records,
        // Opening reads these bytes only to make the index anew.
        Err(ReadError::Damaged(damage)) => {
            return Ok(Inspection::Damaged {
                damage,
                at_next_open: rebuild.is_some(),
            });
        }
        Err(error) => return Err(error),
    };
    let sealed_bytes: u64 = truth.sealed.iter().map(|sealed| sealed.bytes).sum();
    Ok(Inspection::Whole(WholeStore {
        newest: CommitNumber(truth.newest()),
        records,
        torn_bytes: truth.torn_bytes(),
        log_bytes: sealed_bytes + truth.last.bytes.len() as u64,
        checkpoint_bytes: truth.checkpoint_bytes,
        rebuild,
    }))
}

/// Reads every record. Only the keys written since the checkpoint are held in memory.
fn count_records(layout: &Layout, truth: &Truth) -> Result<u64, ReadError> {
    let mut records = 0;
    let counted = truth.sources(layout).each_record(&|| Ok(()), &mut |_, _| {
        records += 1;
        Ok(())
    });
    match counted {
        Ok(()) => Ok(records),
        Err(CheckpointError::Read(error)) => Err(error),
        // Nothing is written here, and nobody says stop.
        Err(error) => Err(ReadError::Io(
            layout.root().to_path_buf(),
            io::Error::other(format!("{error:?}")),
        )),
    }
}
