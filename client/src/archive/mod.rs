//! The archive of a desk: sealed to a key that lies offline, written here, opened there.
//!
//! | file | its noun |
//! |---|---|
//! | `key_file.rs` | the archive key, both halves, as files |
//! | `folder.rs` | the folder of records and attachments |
//! | `archiver.rs` | the task of an open desk that writes it |
//! | `opening.rs` | everything in it, opened and judged on another machine |

mod archiver;
mod folder;
mod key_file;
mod opening;

pub(crate) use archiver::{Trouble, archive};
pub use folder::ArchiveFolderError;
pub use key_file::{ArchiveKey, ArchiveKeyError, ArchiveKeyFile, ArchivePublicFile};
pub use opening::{
    ArchiveOpenError, ArchivedAlert, ArchivedAttachment, FoundChain, OpenedArchive, RecordFault,
    open,
};
