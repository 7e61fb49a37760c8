//! Attachments: sealed to files of their own before an alert stands in the outbox, brought in
//! pieces, checked piece by piece where they arrive, and opened chunk by chunk where they are
//! saved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use maille_common::blob::BlobId;

use crate::office::{Office, lock};

mod attachment;
mod folder;
mod open;
mod sealing;

pub use attachment::{Attachment, AttachmentError};
pub(crate) use folder::BlobFolder;
pub use open::AttachmentReader;
pub(crate) use open::save as save_blob;
pub(crate) use sealing::seal_file;
pub use sealing::{FileToAttach, SealFileError};

/// How far an attachment has come, on its way out or in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Sealed bytes that are there.
    pub bytes: u64,
    /// Sealed bytes in all.
    pub total: u64,
    /// All of it is there, and would survive a power cut.
    pub whole: bool,
}

/// How far the transfers of this client have come.
#[derive(Debug, Default)]
pub(crate) struct Transfers(Mutex<BTreeMap<BlobId, Progress>>);

impl Transfers {
    pub(crate) fn of(&self, blob: &BlobId) -> Option<Progress> {
        lock(&self.0).get(blob).copied()
    }

    pub(crate) fn set(&self, blob: BlobId, progress: Progress) {
        lock(&self.0).insert(blob, progress);
    }

    pub(crate) fn forget(&self, blob: &BlobId) {
        lock(&self.0).remove(blob);
    }
}

/// Removes the sealed files that no alert of this desk names any more.
pub(crate) async fn sweep(office: &Arc<Office>) -> Result<(), crate::error::DeskError> {
    // Nobody seals for an order meanwhile: its files are not named anywhere yet.
    let _turn = office.sealing.write().await;
    let sweeping = Arc::clone(office);
    office
        .ask(move |room, _| {
            let (sent, received) = (room.desk.sent_blobs()?, room.desk.received_blobs()?);
            for (folder, named) in [
                (&sweeping.sent_blobs, sent),
                (&sweeping.received_blobs, received),
            ] {
                if let Err(error) = folder.keep_only(&named) {
                    tracing::warn!(%error, "sealed files that are not needed stay");
                }
            }
            Ok(())
        })
        .await
}
