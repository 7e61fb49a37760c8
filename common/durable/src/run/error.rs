//! Why a run was not written.

use std::io;

use crate::damage::Damage;
use crate::log::reader::ReadError;

/// Why a run was not written; what it was to be made of stays as it is.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The store is being closed.
    Stopped,
    /// The volume has no room.
    NoRoom,
    /// The truth cannot be read, or is damaged.
    Read(ReadError),
    /// A write, a sync or a rename failed.
    Write(io::Error),
}

impl From<Damage> for RunError {
    fn from(damage: Damage) -> Self {
        Self::Read(damage.into())
    }
}

impl From<ReadError> for RunError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for RunError {
    /// Until a run has its name nothing rests on it, so a full volume is no failure of the store.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull => Self::NoRoom,
            _ => Self::Write(error),
        }
    }
}
