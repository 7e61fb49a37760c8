//! Sealed attachments on their way to durable files, and back.
//!
//! A piece is checked when it comes. The last one is answered when the whole file is synced,
//! renamed and its folder synced: then, and only then, an alert that names the attachment may be
//! accepted (PROTOCOL E10). What was interrupted goes on where it stopped, after a restart as well.

use std::collections::HashMap;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maille_common::address::ContactAddress;
use maille_common::blob::{BlobId, Manifest, PieceFault, PieceSet};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::RefusalCode;
use thiserror::Error;

use crate::config::BlobBudget;
use crate::core::BlobShelf;

mod files;
use files::BlobFiles;
pub(crate) use files::blob_path;

/// How long an attachment waits for an alert to name it.
pub(crate) const UNNAMED_KEPT: Span = Span::from_days(1);

/// The attachments of a relay. Every call may block on the disk.
#[derive(Debug)]
pub(crate) struct Blobs {
    files: BlobFiles,
    budget: BlobBudget,
    low_water_bytes: u64,
    shelf: Mutex<HashMap<BlobId, Arc<Shelved>>>,
}

/// One attachment. Its file is written under the lock of its pieces; what others ask about it never
/// waits for that lock, since a sync may take seconds.
#[derive(Debug)]
struct Shelved {
    length: u64,
    /// Who brings it; unknown for those found at the start.
    by: Option<ContactAddress>,
    whole: AtomicBool,
    touched_ms: AtomicU64,
    pieces: Mutex<Pieces>,
}

#[derive(Debug)]
enum Pieces {
    /// Found at the start: each piece has to prove itself before it counts.
    Unread,
    Partly(Manifest, PieceSet),
    Whole,
}

/// Why an attachment or a piece is not taken or given.
#[derive(Debug, Error)]
pub(crate) enum BlobRefused {
    /// Nobody announced it here.
    #[error("The attachment is not known here.")]
    Unknown,
    /// The bytes are not the piece.
    #[error(transparent)]
    Piece(#[from] PieceFault),
    /// The budget of the relay or of the contact is met.
    #[error("The budget for attachments is met.")]
    Budget,
    /// The volume is nearly full.
    #[error("The volume is at its low-water mark.")]
    DiskLow,
    /// The files cannot be read or written.
    #[error("The attachment cannot be read or written: {0}.")]
    Files(#[from] io::Error),
}

impl BlobRefused {
    /// What the peer hears.
    pub(crate) fn code(&self) -> RefusalCode {
        match self {
            Self::Unknown => RefusalCode::BlobMissing,
            Self::Piece(_) => RefusalCode::Hash,
            Self::Budget => RefusalCode::Quota,
            Self::DiskLow => RefusalCode::DiskLow,
            Self::Files(error) if error.kind() == io::ErrorKind::StorageFull => {
                RefusalCode::DiskLow
            }
            Self::Files(_) => RefusalCode::StoreFailed,
        }
    }
}

impl Blobs {
    /// Takes the folder into use, with what lies in it.
    pub(crate) fn open(
        folder: PathBuf,
        budget: BlobBudget,
        low_water_bytes: u64,
    ) -> io::Result<Self> {
        let files = BlobFiles::open(folder)?;
        let mut shelf = HashMap::new();
        for found in files.list()? {
            let pieces = if found.whole {
                Pieces::Whole
            } else {
                Pieces::Unread
            };
            let shelved = Shelved::new(found.length, None, pieces, found.touched);
            shelf.insert(found.id, Arc::new(shelved));
        }
        Ok(Self {
            files,
            budget,
            low_water_bytes,
            shelf: Mutex::new(shelf),
        })
    }

    /// Announces an attachment, and says which pieces are missing: none once it is durable.
    pub(crate) fn offer(
        &self,
        manifest: &Manifest,
        by: &ContactAddress,
        now: Timestamp,
    ) -> Result<Vec<(u32, u32)>, BlobRefused> {
        let id = manifest.id();
        let shelved = match self.find(&id) {
            Some(shelved) => shelved,
            None => self.admit(&id, manifest, by, now)?,
        };
        shelved.touch(now);
        let mut pieces = lock(&shelved.pieces);
        self.read_if_needed(&id, &shelved, &mut pieces)?;
        Ok(match &*pieces {
            Pieces::Partly(_, set) => set.missing().map(RangeInclusive::into_inner).collect(),
            Pieces::Whole | Pieces::Unread => Vec::new(),
        })
    }

    /// Takes a piece. After the last one, the attachment is whole and durable.
    pub(crate) fn put(
        &self,
        id: &BlobId,
        index: u32,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(), BlobRefused> {
        let shelved = self.find(id).ok_or(BlobRefused::Unknown)?;
        shelved.touch(now);
        let mut pieces = lock(&shelved.pieces);
        self.read_if_needed(id, &shelved, &mut pieces)?;
        let Pieces::Partly(manifest, set) = &mut *pieces else {
            return Ok(());
        };
        manifest.verify_piece(index, bytes)?;
        let place = manifest.piece_range(index).ok_or(BlobRefused::Unknown)?;
        if !set.has(index) {
            // Several may have been announced while there was room for one of them.
            self.check_room(place.end - place.start)?;
            self.files.write_piece(id, place.start, bytes)?;
            set.insert(index);
        }
        if set.is_whole() {
            *pieces = self.finish(id, &shelved)?;
        }
        Ok(())
    }

    /// The pieces' hashes of an attachment that is whole.
    pub(crate) fn manifest(&self, id: &BlobId) -> Result<Manifest, BlobRefused> {
        if !self.is_whole(id) {
            return Err(BlobRefused::Unknown);
        }
        Ok(self.files.manifest(id)?)
    }

    /// One piece of an attachment that is whole.
    pub(crate) fn piece(&self, id: &BlobId, index: u32) -> Result<Vec<u8>, BlobRefused> {
        let manifest = self.manifest(id)?;
        let count = manifest.piece_count();
        let place = manifest
            .piece_range(index)
            .ok_or(PieceFault::Index { index, count })?;
        let bytes = self.files.read_piece(id, place)?;
        // A relay hands over what it can vouch for; a damaged disk shows here and not at the desk.
        manifest.verify_piece(index, &bytes)?;
        Ok(bytes)
    }

    /// Attachments that nobody touched for so long that they may go, if no alert names them.
    pub(crate) fn untouched(&self, now: Timestamp) -> Vec<BlobId> {
        let shelf = lock(&self.shelf);
        shelf
            .iter()
            .filter(|(_, shelved)| !shelved.is_recent(now))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Takes an attachment off the shelf. The caller keeps alerts from being accepted in between.
    pub(crate) fn drop_unnamed(&self, id: &BlobId) -> io::Result<()> {
        // Held to the end: who offers it anew meanwhile waits, and finds the files gone.
        let mut shelf = lock(&self.shelf);
        match shelf.remove(id) {
            Some(_) => self.files.remove(id),
            None => Ok(()),
        }
    }

    /// Bytes of all attachments, as their manifests say.
    pub(crate) fn total_bytes(&self) -> u64 {
        lock(&self.shelf)
            .values()
            .map(|shelved| shelved.length)
            .sum()
    }

    fn find(&self, id: &BlobId) -> Option<Arc<Shelved>> {
        lock(&self.shelf).get(id).cloned()
    }

    /// Refuses what would take the volume below its low-water mark.
    fn check_room(&self, bytes: u64) -> Result<(), BlobRefused> {
        if self.files.free_bytes()? < self.low_water_bytes.saturating_add(bytes) {
            return Err(BlobRefused::DiskLow);
        }
        Ok(())
    }

    /// Makes room for a new attachment, or says why there is none.
    fn admit(
        &self,
        id: &BlobId,
        manifest: &Manifest,
        by: &ContactAddress,
        now: Timestamp,
    ) -> Result<Arc<Shelved>, BlobRefused> {
        let length = manifest.length();
        self.check_room(length)?;
        let mut shelf = lock(&self.shelf);
        let all: u64 = shelf.values().map(|shelved| shelved.length).sum();
        let is_theirs =
            |shelved: &&Arc<Shelved>| shelved.by.as_ref() == Some(by) && shelved.is_recent(now);
        let theirs: u64 = shelf
            .values()
            .filter(is_theirs)
            .map(|shelved| shelved.length)
            .sum();
        if all.saturating_add(length) > self.budget.total_bytes_max
            || theirs.saturating_add(length) > self.budget.unnamed_bytes_max
        {
            return Err(BlobRefused::Budget);
        }
        self.files.begin(id, manifest)?;
        let pieces = Pieces::Partly(manifest.clone(), PieceSet::none_of(manifest.piece_count()));
        let shelved = Arc::new(Shelved::new(length, Some(by.clone()), pieces, now));
        shelf.insert(*id, Arc::clone(&shelved));
        Ok(shelved)
    }

    /// Finds out which pieces of an interrupted transfer are there, by their hashes alone.
    fn read_if_needed(
        &self,
        id: &BlobId,
        shelved: &Shelved,
        pieces: &mut Pieces,
    ) -> Result<(), BlobRefused> {
        if !matches!(pieces, Pieces::Unread) {
            return Ok(());
        }
        let manifest = self.files.manifest(id)?;
        let mut set = PieceSet::none_of(manifest.piece_count());
        for index in 0..manifest.piece_count() {
            let Some(place) = manifest.piece_range(index) else {
                break;
            };
            let bytes = self.files.read_part(id, place)?;
            if manifest.verify_piece(index, &bytes).is_ok() {
                set.insert(index);
            }
        }
        *pieces = match set.is_whole() {
            true => self.finish(id, shelved)?,
            false => Pieces::Partly(manifest, set),
        };
        Ok(())
    }

    /// Makes an attachment durable that has all its pieces.
    fn finish(&self, id: &BlobId, shelved: &Shelved) -> Result<Pieces, BlobRefused> {
        self.files.finish(id)?;
        shelved.whole.store(true, Ordering::Release);
        Ok(Pieces::Whole)
    }
}

impl Shelved {
    fn new(length: u64, by: Option<ContactAddress>, pieces: Pieces, touched: Timestamp) -> Self {
        Self {
            length,
            by,
            whole: AtomicBool::new(matches!(pieces, Pieces::Whole)),
            touched_ms: AtomicU64::new(touched.unix_ms()),
            pieces: Mutex::new(pieces),
        }
    }

    fn touch(&self, now: Timestamp) {
        self.touched_ms.store(now.unix_ms(), Ordering::Relaxed);
    }

    /// Whether it may still wait for an alert that names it.
    fn is_recent(&self, now: Timestamp) -> bool {
        let touched = Timestamp::from_unix_ms(self.touched_ms.load(Ordering::Relaxed));
        now.since(touched) < UNNAMED_KEPT
    }
}

impl BlobShelf for Blobs {
    fn is_whole(&self, blob: &BlobId) -> bool {
        self.find(blob)
            .is_some_and(|shelved| shelved.whole.load(Ordering::Acquire))
    }
}

/// States are whole between any two statements, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
