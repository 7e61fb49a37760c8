//! One attachment of an alert, sent or received.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maille_common::blob::BlobRef;
use maille_common::content::{Alert, Part, PartBlob, PartContent};
use maille_common::crypto::chunked;
use maille_common::identifier::AlertId;
use thiserror::Error;

use super::open::{self, AttachmentReader};
use super::{BlobFolder, Progress};
use crate::error::DeskError;
use crate::office::{Office, blocking};

/// One attachment of an alert. Its name is text for people: never make a path of it.
#[derive(Debug, Clone)]
pub struct Attachment {
    office: Arc<Office>,
    folder: BlobFolder,
    name: String,
    media_type: String,
    part: PartBlob,
    blob: BlobRef,
}

/// Why an attachment cannot be had.
#[derive(Debug, Error)]
pub enum AttachmentError {
    /// The alert is not here, or its content was purged.
    #[error("Alert {} is not held here, or its content was purged.", .0.prefix())]
    NoAlert(AlertId),
    /// The alert has fewer.
    #[error(
        "Alert {} has {count} attachments, counted from 0, and none is {index}.", .alert.prefix()
    )]
    NoSuch {
        /// The alert.
        alert: AlertId,
        /// The number asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// Not all of it is here yet.
    #[error("The attachment is not whole yet: {} of {} bytes are here.", .0.bytes, .0.total)]
    NotWhole(Progress),
    /// Its sealed file does not open: the disk changed it.
    #[error("The sealed file of the attachment does not open: {0}")]
    Broken(#[from] chunked::OpenError),
    /// The plain bytes are not those the sender named.
    #[error("The attachment's bytes are not those that its sender named.")]
    Digest,
    /// The sealed file cannot be read.
    #[error("The sealed file of the attachment cannot be read: {0}.")]
    Read(#[source] io::Error),
    /// The plain file cannot be written.
    #[error("{} cannot be written: {source}.", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl AttachmentError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAlert(_) => "unknown-alert",
            Self::NoSuch { .. } => "no-such-attachment",
            Self::NotWhole(_) => "attachment-not-whole",
            Self::Broken(_) => "attachment-broken",
            Self::Digest => "attachment-digest",
            Self::Read(_) => "attachment-read",
            Self::Write { .. } => "attachment-write",
            Self::Desk(error) => error.code(),
        }
    }
}

impl Attachment {
    /// The attachments of an alert, in the order of its parts.
    pub(crate) async fn all_of(
        office: &Arc<Office>,
        alert: AlertId,
    ) -> Result<Vec<Self>, AttachmentError> {
        let found = office
            .ask(move |room, _| {
                let desk = &room.desk;
                let received = desk.received(&alert).map_err(DeskError::from)?;
                let (content, sent) = match received {
                    Some(received) => (Some(received.content), false),
                    None => (desk.sent_content(&alert).map_err(DeskError::from)?, true),
                };
                let blobs = desk.blobs_of(&alert).map_err(DeskError::from)?;
                Ok::<_, DeskError>(content.zip(blobs).map(|found| (found, sent)))
            })
            .await?;
        let ((content, blobs), sent) = found.ok_or(AttachmentError::NoAlert(alert))?;
        let folder = if sent {
            &office.sent_blobs
        } else {
            &office.received_blobs
        };
        Ok(Self::in_content(office, folder, &content, &blobs))
    }

    fn in_content(
        office: &Arc<Office>,
        folder: &BlobFolder,
        content: &Alert,
        blobs: &[BlobRef],
    ) -> Vec<Self> {
        let attachment = |part: &Part| {
            let PartContent::Blob(blob) = &part.content else {
                return None;
            };
            let reference = blobs.get(usize::try_from(blob.index).ok()?)?;
            Some(Self {
                office: Arc::clone(office),
                folder: folder.clone(),
                name: part.name.as_str().to_owned(),
                media_type: part.media_type.as_str().to_owned(),
                part: blob.clone(),
                blob: *reference,
            })
        };
        content.parts.iter().filter_map(attachment).collect()
    }

    /// What the sender calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its bytes are, as the sender says.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Its length in plain bytes.
    pub fn length(&self) -> u64 {
        self.part.length
    }

    /// How much of it is here, sealed.
    pub fn progress(&self) -> Progress {
        let total = self.blob.length;
        if self.folder.is_whole(&self.blob.id) {
            return Progress {
                bytes: total,
                total,
                whole: true,
            };
        }
        self.office.transfers.of(&self.blob.id).unwrap_or(Progress {
            bytes: 0,
            total,
            whole: false,
        })
    }

    /// Waits until more of it is here than `seen`, and says how much.
    pub async fn progress_after(&self, seen: Progress) -> Progress {
        loop {
            let mut news = self.office.news();
            let progress = self.progress();
            if progress != seen || progress.whole || self.office.is_stopping() {
                return progress;
            }
            if news.changed().await.is_err() {
                return progress;
            }
        }
    }

    /// Waits until all of it is here.
    pub async fn whole(&self) -> Result<(), AttachmentError> {
        let mut progress = self.progress();
        while !progress.whole {
            if self.office.is_stopping() {
                return Err(DeskError::Closed.into());
            }
            progress = self.progress_after(progress).await;
        }
        Ok(())
    }

    /// Saves the plain bytes to a file that is not there yet: whole and checked, or not at all.
    pub async fn save_to(&self, path: impl AsRef<Path>) -> Result<(), AttachmentError> {
        let sealed = self.sealed()?;
        let (part, path) = (self.part.clone(), path.as_ref().to_owned());
        blocking(move || open::save(&sealed, &part, &path)).await
    }

    /// Reads the plain bytes in order, without keeping them anywhere.
    pub async fn reader(&self) -> Result<AttachmentReader, AttachmentError> {
        let (sealed, part) = (self.sealed()?, self.part.clone());
        blocking(move || AttachmentReader::open(&sealed, &part)).await
    }

    fn sealed(&self) -> Result<PathBuf, AttachmentError> {
        let progress = self.progress();
        if progress.whole {
            Ok(self.folder.whole(&self.blob.id))
        } else {
            Err(AttachmentError::NotWhole(progress))
        }
    }
}
