//! `maille archive`: what a desk can write and not read, for a key that lies offline.

use super::{commands, group};

mod init;
mod open;
mod restore;
pub(crate) mod standing;
pub(crate) mod stop;
pub(crate) mod to;

group! {
    /// The archive.
    pub(crate) struct Archive(ArchiveCommand);
}

commands! {
    /// The commands of `maille archive`.
    pub(crate) enum ArchiveCommand {
        /// Make an archive key, on the offline machine that will open the archive.
        Init(init::Init),
        /// Write every alert of this desk to a folder, sealed to an archive key.
        Use(to::UseArgs),
        /// How far the archive of this desk has come.
        Status(standing::StatusArgs),
        /// Write to no archive any more.
        Stop(stop::StopArgs),
        /// Open an archive, on the machine that has its key: list, prove and restore.
        Open(open::Open),
    }
}
