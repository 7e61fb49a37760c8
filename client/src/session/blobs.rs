//! Attachments on their way: up before their envelope, down after it, in pieces that each count.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use maille_common::blob::{BlobId, BlobRef, Manifest, PieceSet};
use maille_common::codec::Bytes;
use maille_common::identifier::AlertId;
use thiserror::Error;

use super::{Session, SessionError, TalkError};
use crate::attachments::{BlobFolder, Progress};
use crate::error::DeskError;
use crate::office::{Office, blocking, lock};

/// The pause before attachments are asked for again that the relay could not give.
const AGAIN: Duration = Duration::from_secs(30);

/// Why an attachment did not reach the relay.
#[derive(Debug, Error)]
pub(crate) enum UploadError {
    /// The relay, or the way there.
    #[error(transparent)]
    Talk(#[from] TalkError),
    /// Our own sealed file.
    #[error("the sealed file {blob} cannot be read: {source}")]
    File {
        /// The attachment.
        blob: BlobId,
        /// What the system said.
        source: io::Error,
    },
}

/// Why an attachment is not here yet.
#[derive(Debug, Error)]
enum DownloadError {
    #[error(transparent)]
    Talk(#[from] TalkError),
    #[error("the relay's pieces are not those of the attachment")]
    NotVerified,
    #[error(transparent)]
    File(#[from] io::Error),
}

/// Counts one attachment as being fetched until it is dropped.
struct Fetching<'a>(&'a Session, BlobId);

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        lock(&self.0.office.fetching).remove(&self.1);
    }
}

impl Session {
    /// Brings the attachments of an envelope to the relay, as far as it lacks them.
    pub(super) async fn upload_blobs(&self, blobs: &[BlobRef]) -> Result<(), UploadError> {
        for blob in blobs {
            self.upload(blob.id).await?;
        }
        Ok(())
    }

    async fn upload(&self, blob: BlobId) -> Result<(), UploadError> {
        let unreadable = |source| UploadError::File { blob, source };
        let (sent, received) = (&self.office.sent_blobs, &self.office.received_blobs);
        let (sent, received) = (sent.clone(), received.clone());
        // What a colleague sent came in here, and goes out again in its place.
        let found = blocking(move || {
            let came = received.is_whole(&blob) && !sent.is_whole(&blob);
            let folder = if came { received } else { sent };
            folder.manifest(&blob).map(|manifest| (folder, manifest))
        });
        let (folder, manifest) = found.await.map_err(unreadable)?;
        let manifest = manifest.ok_or_else(|| unreadable(io::ErrorKind::NotFound.into()))?;
        // A piece may be lost by the relay meanwhile, so it is asked until it has all.
        for _ in 0..3 {
            let standing = self.talk.offer_blob(manifest.clone()).await?;
            if standing.missing.is_empty() {
                self.office.transfers.forget(&blob);
                return Ok(());
            }
            let missing = standing.missing.iter().map(|(from, to)| *from..=*to);
            self.put_pieces(&folder, &manifest, missing.flatten().collect())
                .await?;
        }
        Err(TalkError::Unexpected.into())
    }

    async fn put_pieces(
        &self,
        folder: &BlobFolder,
        manifest: &Manifest,
        missing: Vec<u32>,
    ) -> Result<(), UploadError> {
        let blob = manifest.id();
        let unreadable = |source| UploadError::File { blob, source };
        let total = manifest.length();
        let lacking: u64 = missing
            .iter()
            .map(|index| piece_len(manifest, *index))
            .sum();
        let mut progress = Progress {
            bytes: total.saturating_sub(lacking),
            total,
            whole: false,
        };
        for index in missing {
            let (folder, of) = (folder.clone(), manifest.clone());
            let bytes = blocking(move || folder.piece(&of, index))
                .await
                .map_err(unreadable)?;
            // What the disk changed must not become the relay's: it would refuse the whole.
            manifest
                .verify_piece(index, &bytes)
                .map_err(|fault| unreadable(io::Error::other(fault.to_string())))?;
            let length = bytes.len() as u64;
            let bytes = Bytes::new(bytes)
                .map_err(|fault| unreadable(io::Error::other(fault.to_string())))?;
            self.talk.put_piece(blob, index, bytes).await?;
            progress.bytes += length;
            self.office.transfers.set(blob, progress);
            self.office.tell();
        }
        Ok(())
    }

    /// Fetches what the inbox lacks, whenever something arrives that has attachments.
    pub(super) async fn serve_attachments(&self) -> Result<(), SessionError> {
        if !self.home {
            return Ok(());
        }
        loop {
            let mut work = self.office.work();
            let wanted = self
                .office
                .ask(|room, _| Ok::<_, SessionError>(room.desk.attachments_wanted()?))
                .await?;
            let mut not_given = BTreeSet::new();
            for (alert, blobs) in wanted {
                if !self.fetch_all(alert, &blobs).await? {
                    not_given.insert(alert);
                }
            }
            let failed = !not_given.is_empty();
            self.note_not_given(not_given);
            tokio::select! {
                woken = Office::stirred(&mut work) => if !woken { return Ok(()) },
                () = tokio::time::sleep(AGAIN), if failed => {}
            }
        }
    }

    /// Whoever waits for attachments waits for none that the relay does not have.
    fn note_not_given(&self, not_given: BTreeSet<AlertId>) {
        let mut changed = false;
        self.office.standings.change(&self.relay, |standing| {
            changed = standing.not_given != not_given;
            standing.not_given = not_given;
        });
        if changed {
            self.office.tell();
        }
    }

    /// Fetches the attachments of one alert; `false` where some could not be had now.
    async fn fetch_all(&self, alert: AlertId, blobs: &[BlobRef]) -> Result<bool, SessionError> {
        let mut whole = true;
        for blob in blobs {
            match self.fetch(alert, *blob).await {
                Ok(()) => {}
                Err(DownloadError::Talk(
                    error @ (TalkError::Link(_) | TalkError::Malformed(_)),
                )) => {
                    return Err(error.into());
                }
                Err(error) => {
                    tracing::info!(relay = %self.relay, %alert, %error, "attachment not fetched");
                    self.note_fault(alert, &format!("an attachment was not fetched: {error}"));
                    whole = false;
                }
            }
        }
        let folder = &self.office.received_blobs;
        if blobs.iter().all(|blob| folder.is_whole(&blob.id)) {
            self.office
                .settle(move |desk, now, _| {
                    let settled = desk
                        .attachments_complete(&alert, now)
                        .map_err(DeskError::from)?;
                    Ok::<_, SessionError>(((), settled))
                })
                .await?;
            self.office.wake();
        }
        Ok(whole)
    }

    async fn fetch(&self, alert: AlertId, blob: BlobRef) -> Result<(), DownloadError> {
        if self.office.received_blobs.is_whole(&blob.id) {
            return Ok(());
        }
        if !lock(&self.office.fetching).insert(blob.id) {
            // Another relay is bringing it.
            return Ok(());
        }
        let _fetching = Fetching(self, blob.id);
        let manifest = Arc::new(self.manifest_of(alert, blob).await?);
        let (folder, of) = (self.office.received_blobs.clone(), Arc::clone(&manifest));
        let mut here = blocking(move || folder.pieces_here(&of)).await?;
        self.show(&manifest, &here);
        let missing: Vec<u32> = here.missing().flatten().collect();
        for index in missing {
            let (folder, length) = (
                self.office.received_blobs.clone(),
                piece_len(&manifest, index),
            );
            blocking(move || folder.has_room_for(length)).await?;
            let bytes = self.talk.piece(alert, blob.id, index).await?;
            if manifest.verify_piece(index, &bytes).is_err() {
                return Err(DownloadError::NotVerified);
            }
            let (folder, of) = (self.office.received_blobs.clone(), Arc::clone(&manifest));
            blocking(move || folder.write_piece(&of, index, &bytes)).await?;
            here.insert(index);
            self.show(&manifest, &here);
        }
        let folder = self.office.received_blobs.clone();
        blocking(move || folder.finish(&manifest)).await?;
        self.office.transfers.forget(&blob.id);
        self.office.tell();
        Ok(())
    }

    /// The hashes of the pieces; they prove themselves by the name the envelope gives.
    async fn manifest_of(&self, alert: AlertId, blob: BlobRef) -> Result<Manifest, DownloadError> {
        let folder = self.office.received_blobs.clone();
        if let Some(kept) = blocking(move || folder.manifest(&blob.id)).await? {
            return Ok(kept);
        }
        let manifest = self.talk.manifest(alert, blob.id).await?;
        if manifest.reference() != blob {
            return Err(DownloadError::NotVerified);
        }
        let (folder, kept) = (self.office.received_blobs.clone(), manifest.clone());
        blocking(move || folder.keep_manifest(&kept)).await?;
        Ok(manifest)
    }

    fn show(&self, manifest: &Manifest, here: &PieceSet) {
        let pieces = (0..here.count()).filter(|index| here.has(*index));
        let bytes = pieces.map(|index| piece_len(manifest, index)).sum();
        let progress = Progress {
            bytes,
            total: manifest.length(),
            whole: false,
        };
        self.office.transfers.set(manifest.id(), progress);
        self.office.tell();
    }
}

fn piece_len(manifest: &Manifest, index: u32) -> u64 {
    manifest
        .piece_range(index)
        .map_or(0, |range| range.end - range.start)
}
