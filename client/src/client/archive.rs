//! The archive: where it is written to, and how far it has come.

use std::path::Path;

use maille_common::archive::ChainId;
use maille_common::codec::Text;
use maille_common::randomness::Randomness;
use thiserror::Error;

use super::Client;
use crate::archive::ArchivePublicFile;
use crate::core::Archiving;
use crate::error::DeskError;
use crate::office::lock;

/// Why an archive is not written to.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The folder is named otherwise than from the root, or is none.
    #[error("{0} is not the absolute path of a folder that is there.")]
    Folder(String),
    /// The path does not fit.
    #[error("The path of the archive has over 1,024 bytes.")]
    PathTooLong,
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl ArchiveError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Folder(_) | Self::PathTooLong => "archive-folder",
            Self::Desk(error) => error.code(),
        }
    }
}

impl Client {
    /// Writes every alert, sent or received, to an archive from now on, beginning with those that
    /// are here: sealed to this key, into this folder, which is there. The one written to before
    /// stays as it is.
    ///
    /// Nothing ever waits for it. While it cannot be written [`Archiving::failing`] says since
    /// when, an event tells so, and it is tried again.
    pub async fn archive_to(
        &self,
        key: ArchivePublicFile,
        folder: &Path,
    ) -> Result<Archiving, ArchiveError> {
        if !(folder.is_absolute() && folder.is_dir()) {
            return Err(ArchiveError::Folder(folder.display().to_string()));
        }
        let path = folder.to_str().map(Text::new);
        let path = match path {
            Some(Ok(path)) => path,
            Some(Err(_)) => return Err(ArchiveError::PathTooLong),
            None => return Err(ArchiveError::Folder(folder.display().to_string())),
        };
        let office = self.office();
        let begun = office.settle(move |desk, _, random| {
            let chain = ChainId::from_bytes(random.array());
            let settled = desk.archive_to(key.key, path, chain)?;
            Ok::<_, DeskError>((desk.archiving()?, settled))
        });
        // It was begun in this very step.
        begun.await?.ok_or(ArchiveError::Desk(DeskError::Closed))
    }

    /// Writes to no archive any more; `false` where there was none.
    pub async fn archive_no_more(&self) -> Result<bool, DeskError> {
        let office = self.office();
        let ended = office.settle(|desk, _, _| Ok(desk.archive_no_more()?));
        ended.await
    }

    /// How the archive stands, and why it cannot be written, where it cannot; none where there is
    /// none.
    pub async fn archiving(&self) -> Result<Option<(Archiving, Option<String>)>, DeskError> {
        let office = self.office();
        let standing = office
            .ask(|room, _| Ok::<_, DeskError>(room.desk.archiving()?))
            .await?;
        let trouble = lock(&office.archive_trouble).clone();
        Ok(standing.map(|standing| (standing, trouble)))
    }

    /// Waits until everything that has happened so far is in the archive, or it cannot be written;
    /// how it stands then. None where there is none.
    pub async fn archived(&self) -> Result<Option<(Archiving, Option<String>)>, DeskError> {
        loop {
            let mut news = self.office().news();
            let standing = self.archiving().await?;
            let ended = standing.as_ref().is_none_or(|(standing, trouble)| {
                standing.behind == 0 && standing.attachments == 0 || trouble.is_some()
            });
            if ended || self.office().is_stopping() || news.changed().await.is_err() {
                return Ok(standing);
            }
        }
    }
}
