//! The archive: which alert is written to it next, and how far it has come.
//!
//! The shell seals and writes; here is where it stands, durably, so that nothing is left out,
//! however often the desk stops. Nothing waits for the archive: it follows the events.

use maille_common::archive::{ArchivePlace, ChainId};
use maille_common::blob::BlobId;
use maille_common::codec::Text;
use maille_common::crypto::hpke::SealingPublicKey;
use maille_common::export::Export;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::roster::RosterDocuments;
use maille_common::terms::Status;
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::export::{ExportError, Revealed};
use super::records::ArchivingRecord;
use super::tables;

/// Events looked at together: of several about one alert the last is enough.
const EVENTS: usize = 64;

/// How the archive of a desk stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archiving {
    /// The folder that it is written to.
    pub folder: String,
    /// The archive key.
    pub key: Hash,
    /// The chain of this store.
    pub chain: ChainId,
    /// Records written.
    pub number: u64,
    /// The hash of the newest one; zero where there is none.
    pub last: Hash,
    /// The last event that was looked at.
    pub event: u64,
    /// Events not looked at yet.
    pub behind: u64,
    /// Since when it cannot be written, if it cannot.
    pub failing: Option<Timestamp>,
    /// Alerts and attachments that could not be archived, and are passed over.
    pub left_out: u64,
    /// Attachments that are still to be copied.
    pub attachments: usize,
}

/// What is to be written next.
#[derive(Debug)]
pub struct ToArchive {
    /// Where.
    pub folder: String,
    /// The place of the record.
    pub place: ArchivePlace,
    /// To which key.
    pub key: SealingPublicKey,
    /// The event behind which the archive goes on.
    pub event: u64,
    /// The alert.
    pub alert: AlertId,
}

impl Desk {
    /// Writes to this archive from now on, beginning with everything that is here. The one written
    /// to before stays as it is. The chain is 16 fresh random bytes.
    pub fn archive_to(
        &mut self,
        key: SealingPublicKey,
        folder: Text<1024>,
        chain: ChainId,
    ) -> Result<CommitNumber, StepError> {
        let record = ArchivingRecord {
            key,
            folder,
            chain,
            number: 0,
            last: Hash::ZERO,
            event: 0,
            failing: None,
            left_out: 0,
        };
        let mut batch = Batch::new();
        for key in self.keys_of(tables::ARCHIVE_BLOB, &[])? {
            batch.delete(tables::ARCHIVE_BLOB, &key);
        }
        put(&mut batch, &record);
        self.settle(batch)
    }

    /// Writes to no archive any more; `false` where there was none.
    pub fn archive_no_more(&mut self) -> Result<(bool, CommitNumber), StepError> {
        let mut batch = Batch::new();
        let was = self.archiving_record()?.is_some();
        if was {
            batch.delete(tables::ARCHIVE, tables::ARCHIVE_KEY);
        }
        Ok((was, self.settle(batch)?))
    }

    /// How the archive stands; none where there is none.
    pub fn archiving(&self) -> Result<Option<Archiving>, StepError> {
        let Some(record) = self.archiving_record()? else {
            return Ok(None);
        };
        let newest = self.newest_event()?;
        Ok(Some(Archiving {
            folder: record.folder.as_str().to_owned(),
            key: record.key.id(),
            chain: record.chain,
            number: record.number,
            last: record.last,
            event: record.event,
            behind: newest.saturating_sub(record.event),
            failing: record.failing,
            left_out: record.left_out,
            attachments: self.blobs_to_archive()?.len(),
        }))
    }

    /// The alert that is to be archived next, if one is. Passes over what is about none.
    pub fn next_to_archive(&mut self) -> Result<Option<ToArchive>, StepError> {
        loop {
            let Some(record) = self.archiving_record()? else {
                return Ok(None);
            };
            let events = self.events_after(record.event, EVENTS, true)?;
            let about = events.iter().map(|one| alert_of(&one.event.kind));
            let alerts: Vec<_> = about.collect();
            let wanted = alerts.iter().enumerate().find_map(|(at, alert)| {
                let alert = (*alert)?;
                // A later event tells of more.
                let again = alerts[at + 1..].contains(&Some(alert));
                (!again).then(|| (events[at].number, alert))
            });
            if let Some((event, alert)) = wanted {
                return Ok(Some(ToArchive {
                    folder: record.folder.as_str().to_owned(),
                    place: record.next(),
                    key: record.key,
                    event,
                    alert,
                }));
            }
            let Some(last) = events.last() else {
                return Ok(None);
            };
            self.passed_over(last.number, 0)?;
        }
    }

    /// Everything held about an alert, with its content and officers revealed as far as they are
    /// still here, and its attachments.
    pub fn export_for_archive(
        &self,
        alert: &AlertId,
        documents: RosterDocuments,
        now: Timestamp,
    ) -> Result<(Export, Vec<BlobId>), ExportError> {
        let revealed = match self.proven_export(
            alert,
            Revealed::WordsAndNames,
            (self.roster(), documents.clone()),
            now,
        ) {
            Err(ExportError::Purged(_)) => {
                self.proven_export(alert, Revealed::Nothing, (self.roster(), documents), now)
            }
            other => other,
        };
        let (export, _) = revealed?;
        let blobs = self.blobs_of(&export.head().alert)?.unwrap_or_default();
        Ok((export, blobs.iter().map(|blob| blob.id).collect()))
    }

    /// Notes that a record stands in the archive, durably, and which attachments belong to it. The
    /// archive goes on behind `event`; where none is given, a record was found that was written
    /// before.
    pub fn archived(
        &mut self,
        (place, hash): (&ArchivePlace, Hash),
        event: Option<u64>,
        blobs: &[BlobId],
    ) -> Result<CommitNumber, StepError> {
        let Some(record) = self.archiving_record()? else {
            return Ok(self.store.newest());
        };
        // Another archive was begun meanwhile, and this record is not of it.
        if record.next() != *place {
            return Ok(self.store.newest());
        }
        let mut batch = Batch::new();
        let event = event.unwrap_or(record.event);
        put(
            &mut batch,
            &ArchivingRecord {
                number: place.number,
                last: hash,
                event,
                ..record
            },
        );
        for blob in blobs {
            batch.put(tables::ARCHIVE_BLOB, blob.as_bytes(), &[]);
        }
        self.settle(batch)
    }

    /// Goes on behind an event without a record; `left_out` things could not be archived.
    pub fn passed_over(&mut self, event: u64, left_out: u64) -> Result<CommitNumber, StepError> {
        let Some(record) = self.archiving_record()? else {
            return Ok(self.store.newest());
        };
        let mut batch = Batch::new();
        put(
            &mut batch,
            &ArchivingRecord {
                event: event.max(record.event),
                left_out: record.left_out.saturating_add(left_out),
                ..record
            },
        );
        self.settle(batch)
    }

    /// The attachments that are still to be copied.
    pub fn blobs_to_archive(&self) -> Result<Vec<BlobId>, StepError> {
        let rows = self
            .store
            .scan(Scan::table(tables::ARCHIVE_BLOB, usize::MAX))?;
        let ids = rows.iter().filter_map(|(key, _)| key.first_chunk::<32>());
        Ok(ids.map(|id| BlobId::from_bytes(*id)).collect())
    }

    /// An attachment is copied, or is here no more and left out.
    pub fn blob_archived(
        &mut self,
        blob: &BlobId,
        left_out: bool,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        batch.delete(tables::ARCHIVE_BLOB, blob.as_bytes());
        if let (true, Some(record)) = (left_out, self.archiving_record()?) {
            put(
                &mut batch,
                &ArchivingRecord {
                    left_out: record.left_out.saturating_add(1),
                    ..record
                },
            );
        }
        self.settle(batch)
    }

    /// Tells once that the archive cannot be written, and once that it can again.
    pub fn archive_stands(
        &mut self,
        failing: bool,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let record = self.archiving_record()?;
        let Some(record) = record.filter(|record| record.failing.is_some() != failing) else {
            return Ok(self.store.newest());
        };
        let mut batch = Batch::new();
        self.event(
            &mut batch,
            EventKind::Archive { failing },
            Status::Actual,
            now,
        )?;
        put(
            &mut batch,
            &ArchivingRecord {
                failing: failing.then_some(now),
                ..record
            },
        );
        self.settle(batch)
    }

    fn archiving_record(&self) -> Result<Option<ArchivingRecord>, StepError> {
        self.find(tables::ARCHIVE, tables::ARCHIVE_KEY)
    }
}

impl ArchivingRecord {
    /// Where the next record belongs.
    fn next(&self) -> ArchivePlace {
        ArchivePlace {
            version: ArchivePlace::VERSION,
            key: self.key.id(),
            chain: self.chain,
            number: self.number.saturating_add(1),
            previous: self.last,
        }
    }
}

fn put(batch: &mut Batch, record: &ArchivingRecord) {
    batch.put(tables::ARCHIVE, tables::ARCHIVE_KEY, &write_record(record));
}

/// The alert of which more is known since.
fn alert_of(kind: &EventKind) -> Option<AlertId> {
    match kind {
        EventKind::Sent { alert }
        | EventKind::Arrived { alert, .. }
        | EventKind::State { alert, .. }
        | EventKind::Acted { alert, .. }
        | EventKind::ActedElsewhere { alert, .. } => Some(*alert),
        _ => None,
    }
}
