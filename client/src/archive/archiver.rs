//! The task of an open desk that writes its archive. Nothing ever waits for it: it follows the
//! events, and goes on where it stopped.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use maille_common::archive::{ArchivePlace, ArchiveRecord};
use maille_common::blob::BlobId;
use maille_common::randomness::Randomness;
use maille_common::time::Span;
use thiserror::Error;

use super::folder::{ArchiveFolder, ArchiveFolderError};
use crate::core::{Archiving, Desk, ExportError, StepError, ToArchive};
use crate::entropy::OsRandomness;
use crate::error::DeskError;
use crate::office::{Office, blocking, lock};
use crate::roster_store::RosterStoreError;

/// How long after a failure it is tried again, also if nothing happens.
const AGAIN: Span = Span::from_minutes(1);

/// Why the archive cannot be written now, in words; none while it can.
pub(crate) type Trouble = Mutex<Option<String>>;

/// Why a round ended before everything was written.
#[derive(Debug, Error)]
enum NotArchived {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] ArchiveFolderError),
    /// A file that is not ours has the name of the next record.
    #[error("{0} is there, and is another record than the next one.")]
    InTheWay(String),
    /// The documents of the roster.
    #[error(transparent)]
    Roster(#[from] RosterStoreError),
    /// The desk.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl From<StepError> for NotArchived {
    fn from(error: StepError) -> Self {
        Self::Desk(error.into())
    }
}

/// What is to be written, and what it is; or why the alert cannot be exported.
type Prepared = (ToArchive, Result<(Vec<u8>, Vec<BlobId>), ExportError>);

/// Writes the archive until the client stops.
pub(crate) async fn archive(office: Arc<Office>) {
    loop {
        let mut news = office.news();
        // A folder that does not answer keeps nobody from stopping; the next one goes on here.
        let outcome = tokio::select! {
            outcome = round(&office) => outcome,
            () = office.stopped() => return,
        };
        let failing = match outcome {
            Ok(moved) => {
                if moved {
                    // Whoever waits for the archive looks.
                    office.tell();
                }
                false
            }
            // Whoever stops ends the round as well.
            Err(NotArchived::Desk(_)) if office.is_stopping() => return,
            Err(error) => {
                let error = error.to_string();
                if lock(&office.archive_trouble)
                    .replace(error.clone())
                    .is_none()
                {
                    tracing::error!(%error, "the archive cannot be written; it is tried again");
                    office.tell();
                }
                true
            }
        };
        if !failing {
            *lock(&office.archive_trouble) = None;
        }
        let told = office.settle_quietly(move |desk, now, _| {
            let before = desk.newest_event()?;
            let settled = desk.archive_stands(failing, now)?;
            Ok::<_, DeskError>((desk.newest_event()? != before, settled))
        });
        if let Ok(true) = told.await {
            office.tell();
        }
        let again = office.now() + AGAIN;
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            () = office.clock.reached(again) => {}
            () = office.stopped() => return,
        }
    }
}

/// Writes everything that is not written yet; whether the archive came any further.
async fn round(office: &Arc<Office>) -> Result<bool, NotArchived> {
    let before = position(office).await?;
    while let Some((next, export)) = prepare(office).await? {
        match export {
            Ok((export, blobs)) => write(office, next, export, blobs).await?,
            Err(ExportError::Step(error)) => return Err(error.into()),
            Err(error) => pass_over(office, &next, &error).await?,
        }
    }
    copy_attachments(office).await?;
    Ok(position(office).await? != before)
}

/// How far the archive has come: events, records, attachments.
async fn position(office: &Arc<Office>) -> Result<Option<(u64, u64, usize)>, DeskError> {
    let asked = office.ask(|room, _| Ok::<_, DeskError>(room.desk.archiving()?));
    let at = |archiving: Archiving| (archiving.event, archiving.number, archiving.attachments);
    Ok(asked.await?.map(at))
}

/// The next alert, as its export.
async fn prepare(office: &Arc<Office>) -> Result<Option<Prepared>, NotArchived> {
    if office.is_stopping() {
        return Err(DeskError::Closed.into());
    }
    // No roster changes between the reading of its documents and the signing of the export.
    let turn = office.roster_turn.lock().await;
    let store = turn.clone();
    office
        .ask(move |room, now| {
            let Some(next) = room.desk.next_to_archive()? else {
                return Ok(None);
            };
            let documents = store.read()?;
            let export = room.desk.export_for_archive(&next.alert, documents, now);
            let export = export.map(|(export, blobs)| (export.to_bytes(), blobs));
            Ok::<_, NotArchived>(Some((next, export)))
        })
        .await
}

/// Seals and writes one record; the desk goes on behind it once it is durable.
async fn write(
    office: &Arc<Office>,
    next: ToArchive,
    export: Vec<u8>,
    blobs: Vec<BlobId>,
) -> Result<(), NotArchived> {
    let written = blocking(move || {
        let ToArchive {
            folder,
            place,
            key,
            event,
            ..
        } = next;
        let folder = ArchiveFolder::at(folder);
        let seed = OsRandomness::new().secret();
        let bytes = place.seal(&key, &export, &seed);
        if folder.add(&place, &bytes)? {
            return Ok((place, bytes, Some(event)));
        }
        // It was written, and the desk stopped, or was rolled back, before it had noted that.
        let path = folder.record(&place.chain, place.number);
        let found = read(&folder, &path, &place)?;
        Ok::<_, NotArchived>((place, found, None))
    });
    let (place, bytes, event) = written.await?;
    let record = ArchiveRecord::parse(&bytes).map_err(|error| in_the_way(&error))?;
    let noted = move |desk: &mut Desk, _, _: &mut OsRandomness| {
        let blobs = if event.is_some() { &blobs[..] } else { &[] };
        let settled = desk.archived((&place, record.hash()), event, blobs)?;
        Ok::<_, DeskError>(((), settled))
    };
    Ok(office.settle_quietly(noted).await?)
}

/// The record that has the name of the next one, if it is one of this chain in that place.
fn read(folder: &ArchiveFolder, path: &Path, place: &ArchivePlace) -> Result<Vec<u8>, NotArchived> {
    let unreadable = |source: io::Error| ArchiveFolderError {
        path: path.to_owned(),
        doing: "read",
        source,
    };
    let bytes = folder
        .read(&place.chain, place.number)
        .map_err(unreadable)?;
    let record = ArchiveRecord::parse(&bytes);
    match record.is_ok_and(|record| record.place() == place) {
        true => Ok(bytes),
        false => Err(in_the_way(&path.display())),
    }
}

fn in_the_way(what: &dyn std::fmt::Display) -> NotArchived {
    NotArchived::InTheWay(what.to_string())
}

/// What cannot be exported is in nobody's way. What is not here any more is no loss of the archive.
async fn pass_over(
    office: &Arc<Office>,
    next: &ToArchive,
    error: &ExportError,
) -> Result<(), NotArchived> {
    let lost = !matches!(error, ExportError::Unknown(_));
    if lost {
        let alert = next.alert.prefix();
        tracing::error!(%alert, %error, "an alert is left out of the archive");
    }
    let event = next.event;
    let noted = move |desk: &mut Desk, _, _: &mut OsRandomness| {
        Ok::<_, DeskError>(((), desk.passed_over(event, u64::from(lost))?))
    };
    Ok(office.settle_quietly(noted).await?)
}

/// Copies the attachments that are whole by now. They are sealed under keys that stand in their
/// alert alone, so that nothing has to be sealed again.
async fn copy_attachments(office: &Arc<Office>) -> Result<(), NotArchived> {
    let asked = office.ask(|room, _| {
        let archiving = room.desk.archiving()?;
        let folder = archiving.map(|archiving| ArchiveFolder::at(archiving.folder));
        Ok::<_, DeskError>((folder, room.desk.blobs_to_archive()?))
    });
    let (Some(folder), waiting) = asked.await? else {
        return Ok(());
    };
    let folder = Arc::new(folder);
    let mut missing = Vec::new();
    for blob in waiting {
        let sources = [&office.sent_blobs, &office.received_blobs];
        let whole = sources.into_iter().find(|source| source.is_whole(&blob));
        let Some(source) = whole else {
            missing.push(blob);
            continue;
        };
        let (folder, from) = (Arc::clone(&folder), source.whole(&blob));
        blocking(move || folder.add_blob(&blob, &from)).await?;
        note_blob(office, blob, false).await?;
    }
    if missing.is_empty() {
        // What alerts name is read from every one of them, and here is nothing to compare it with.
        return Ok(());
    }
    let asked = office.ask(|room, _| {
        let mut named = room.desk.sent_blobs()?;
        named.extend(room.desk.received_blobs()?);
        Ok::<_, DeskError>(named)
    });
    let named = asked.await?;
    // One that no alert here names any more will not come.
    for blob in missing.into_iter().filter(|blob| !named.contains(blob)) {
        tracing::error!(%blob, "an attachment is left out of the archive");
        note_blob(office, blob, true).await?;
    }
    Ok(())
}

/// An attachment is in the archive, or left out of it.
async fn note_blob(office: &Arc<Office>, blob: BlobId, left_out: bool) -> Result<(), DeskError> {
    let noted = move |desk: &mut Desk, _, _: &mut OsRandomness| {
        Ok::<_, DeskError>(((), desk.blob_archived(&blob, left_out)?))
    };
    office.settle_quietly(noted).await
}
