//! The low-water mark, and the ballast behind it.

use std::fmt;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::Disk;
use crate::error::StoreError;
use crate::layout::Layout;

/// How much of the ballast is written at once.
const CHUNK_BYTES: usize = 1024 * 1024;

/// What must be left even for urgent batches: an error of the file system itself fails the store.
const RESERVE_BYTES: u64 = 1024 * 1024;

/// Watches the space of the volume.
pub(crate) struct Space {
    disk: Arc<dyn Disk>,
    layout: Layout,
    low_water_bytes: u64,
    ballast_bytes: u64,
    ballast_held: AtomicBool,
}

/// What an admitted batch tells about the ballast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// All is well.
    Taken,
    /// There is room again for a ballast that was released.
    BallastDue,
}

impl Space {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        layout: Layout,
        low_water_bytes: u64,
        ballast_bytes: u64,
    ) -> Self {
        let held = fs::metadata(layout.ballast()).map_or(0, |found| found.len());
        let ballast_held = AtomicBool::new(held >= ballast_bytes);
        Self {
            disk,
            layout,
            low_water_bytes,
            ballast_bytes,
            ballast_held,
        }
    }

    /// Admits a batch if the volume stays above the mark with it and all that is `pending`, since
    /// that is written once more, into runs. An urgent one may go below it, and releases the
    /// ballast when it does: there must be room for it and what is `queued` for the log.
    pub(crate) fn admit(
        &self,
        pending: u64,
        queued: u64,
        urgent: bool,
    ) -> Result<Admission, StoreError> {
        // Where the volume does not say how full it is, the log will find out.
        let Ok(available) = self.disk.available_bytes(self.layout.root()) else {
            return Ok(Admission::Taken);
        };
        let required = self.low_water_bytes.saturating_add(pending);
        if available >= required {
            let enough = available - required > self.ballast_bytes.saturating_mul(2);
            let due = enough && !self.ballast_held.load(Ordering::Acquire);
            return Ok(if due {
                Admission::BallastDue
            } else {
                Admission::Taken
            });
        }
        if !urgent {
            return Err(StoreError::DiskFull {
                available_bytes: available,
                required_bytes: required,
            });
        }
        self.admit_urgent(available, RESERVE_BYTES.saturating_add(queued))
    }

    fn admit_urgent(&self, available: u64, required: u64) -> Result<Admission, StoreError> {
        if self.ballast_held.swap(false, Ordering::AcqRel) {
            // Whatever goes wrong here shows in the space that is left.
            let _ = self.release_ballast();
        }
        let available = self
            .disk
            .available_bytes(self.layout.root())
            .unwrap_or(available);
        if available < required {
            return Err(StoreError::DiskFull {
                available_bytes: available,
                required_bytes: required,
            });
        }
        Ok(Admission::Taken)
    }

    /// Tells whether a run may be written, `bytes` of it; it stops before it is what fills the
    /// volume.
    pub(crate) fn has_room_for(&self, bytes: u64) -> bool {
        let available = self
            .disk
            .available_bytes(self.layout.root())
            .unwrap_or(u64::MAX);
        available >= (self.low_water_bytes / 2).saturating_add(bytes)
    }

    /// Tells whether a copy may go on being written: nobody is to be refused for the sake of one.
    pub(crate) fn has_room_for_copy(&self) -> bool {
        let available = self
            .disk
            .available_bytes(self.layout.root())
            .unwrap_or(u64::MAX);
        available >= self.low_water_bytes
    }

    /// Says how full the volume is, as a refusal; `None` where it does not tell.
    pub(crate) fn full(&self) -> Option<StoreError> {
        let available_bytes = self.disk.available_bytes(self.layout.root()).ok()?;
        Some(StoreError::DiskFull {
            available_bytes,
            required_bytes: self.low_water_bytes,
        })
    }

    /// Writes the ballast if the volume has room for it.
    pub(crate) fn restore_ballast(&self) -> io::Result<()> {
        let needed = self.low_water_bytes.saturating_add(self.ballast_bytes);
        if self.ballast_held.load(Ordering::Acquire)
            || self.disk.available_bytes(self.layout.root())? < needed
        {
            return Ok(());
        }
        let mut output = self.disk.create(&self.layout.ballast())?;
        let chunk = vec![0; CHUNK_BYTES];
        let mut left = usize::try_from(self.ballast_bytes).unwrap_or(usize::MAX);
        while left > 0 {
            let length = left.min(chunk.len());
            output.write_all(&chunk[..length])?;
            left -= length;
        }
        output.sync()?;
        self.ballast_held.store(true, Ordering::Release);
        Ok(())
    }

    /// Empties the ballast, and waits until the file system has the blocks back.
    fn release_ballast(&self) -> io::Result<()> {
        self.disk.create(&self.layout.ballast())?.sync()?;
        self.disk.sync_folder(self.layout.root())
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space")
            .field("low_water_bytes", &self.low_water_bytes)
            .field("ballast_held", &self.ballast_held)
            .finish_non_exhaustive()
    }
}
