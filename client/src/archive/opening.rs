//! Opening an archive, on a machine that has its key and the anchor and nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use maille_common::archive::{ArchiveFault, ArchiveRecord, ChainFault, ChainId, Follower};
use maille_common::blob::BlobRef;
use maille_common::content::{Part, PartBlob, PartContent};
use maille_common::export::{Export, ExportFault, ProvenExport};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::roster::Anchor;
use thiserror::Error;

use super::folder::{ArchiveFolder, ArchiveFolderError};
use super::key_file::ArchiveKey;
use crate::attachments::{AttachmentError, save_blob};

/// Everything in an archive, opened.
#[derive(Debug)]
#[non_exhaustive]
pub struct OpenedArchive {
    /// Each row of records.
    pub chains: Vec<FoundChain>,
    /// The alerts, by id.
    pub alerts: Vec<ArchivedAlert>,
    /// What is wrong, in the order of the records.
    pub faults: Vec<(PathBuf, RecordFault)>,
    /// Files that are nothing of an archive: what a power cut left, or somebody put there.
    pub others: Vec<PathBuf>,
}

/// One row of records: of one store of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundChain {
    /// Its name.
    pub chain: ChainId,
    /// The number of its last record here. Whether there was one behind it the device knows.
    pub number: u64,
    /// The hash of its last record; zero where that is not whole.
    pub last: Hash,
}

/// One alert, by the newest record of it that proves itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct ArchivedAlert {
    /// The alert.
    pub id: AlertId,
    /// What the newest record proves.
    pub proven: ProvenExport,
    /// Its bytes: a file that proves itself to others.
    pub export: Vec<u8>,
    /// Records of it.
    pub records: u64,
    /// Its attachments, in the order of its parts; whether they are here is seen when one is saved.
    pub attachments: Vec<ArchivedAttachment>,
}

/// An attachment of an archived alert.
#[derive(Debug, Clone)]
pub struct ArchivedAttachment {
    name: String,
    part: PartBlob,
    sealed: PathBuf,
}

/// What is wrong with a record.
#[derive(Debug, Error)]
pub enum RecordFault {
    /// There is none with this number, and there is one with a higher.
    #[error("It is missing.")]
    Missing,
    /// It cannot be read.
    #[error("It cannot be read: {0}.")]
    Unreadable(#[source] std::io::Error),
    /// It is no record, or does not open.
    #[error(transparent)]
    Record(#[from] ArchiveFault),
    /// It is not behind the one before it.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// What is in it does not prove itself.
    #[error("What is in it does not prove itself: {0} (PROTOCOL {check})", check = .0.check())]
    Export(#[from] Box<ExportFault>),
}

/// Why an archive was not opened at all.
#[derive(Debug, Error)]
pub enum ArchiveOpenError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] ArchiveFolderError),
    /// There is no record in it.
    #[error("There is no record of an archive in {}.", .0.display())]
    Empty(PathBuf),
    /// Every record is sealed to another key.
    #[error("Every record here is sealed to another archive key, with the code {code}.")]
    OtherKey {
        /// The code of that key, or of one of them.
        code: String,
    },
}

impl RecordFault {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "archive-record-missing",
            Self::Unreadable(_) => "archive-record-unreadable",
            Self::Record(fault) => fault.code(),
            Self::Chain(_) => "archive-chain-broken",
            Self::Export(fault) => fault.code(),
        }
    }
}

impl ArchiveOpenError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Folder(error) => error.code(),
            Self::Empty(_) => "archive-empty",
            Self::OtherKey { .. } => "archive-other-key",
        }
    }
}

impl ArchivedAttachment {
    /// What the sender calls it; never make a path of it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its length in plain bytes.
    pub fn length(&self) -> u64 {
        self.part.length
    }

    /// Whether its sealed file is in the archive.
    pub fn is_here(&self) -> bool {
        self.sealed.is_file()
    }

    /// Saves the plain bytes to a file that is not there yet: whole and checked, or not at all.
    pub fn save_to(&self, path: &Path) -> Result<(), AttachmentError> {
        save_blob(&self.sealed, &self.part, path)
    }
}

/// Opens and judges every record in `folder`. A record at fault keeps no other one from being
/// opened. Blocks; an archive is read record by record, and each alert's newest stays in memory.
pub fn open(
    folder: &Path,
    key: &ArchiveKey,
    anchor: &Anchor,
) -> Result<OpenedArchive, ArchiveOpenError> {
    let archive = ArchiveFolder::at(folder);
    let contents = archive.contents()?;
    if contents.records.is_empty() {
        return Err(ArchiveOpenError::Empty(folder.to_owned()));
    }
    let mut chains: BTreeMap<ChainId, Vec<u64>> = BTreeMap::new();
    for (chain, number) in contents.records {
        chains.entry(chain).or_default().push(number);
    }
    let mut reading = Reading {
        archive: &archive,
        key,
        anchor,
        alerts: BTreeMap::new(),
        faults: Vec::new(),
    };
    let read = chains
        .iter()
        .map(|(chain, numbers)| reading.read_chain(*chain, numbers));
    let chains: Vec<FoundChain> = read.collect();
    let Reading { alerts, faults, .. } = reading;
    let foreign = faults.iter().find_map(|(_, fault)| match fault {
        RecordFault::Record(ArchiveFault::OtherKey(key)) => Some(super::key_file::code_of(key)),
        _ => None,
    });
    if let (Some(code), true) = (foreign, alerts.is_empty()) {
        return Err(ArchiveOpenError::OtherKey { code });
    }
    Ok(OpenedArchive {
        chains,
        alerts: alerts.into_values().collect(),
        faults,
        others: contents.others,
    })
}

struct Reading<'a> {
    archive: &'a ArchiveFolder,
    key: &'a ArchiveKey,
    anchor: &'a Anchor,
    alerts: BTreeMap<AlertId, ArchivedAlert>,
    faults: Vec<(PathBuf, RecordFault)>,
}

impl Reading<'_> {
    fn read_chain(&mut self, chain: ChainId, numbers: &[u64]) -> FoundChain {
        let mut follower = Follower::of(chain);
        for number in numbers {
            let path = self.archive.record(&chain, *number);
            // One fault for a gap, however wide somebody's name of a file makes it.
            if follower.number().saturating_add(1) < *number {
                let missing = self
                    .archive
                    .record(&chain, follower.number().saturating_add(1));
                self.faults.push((missing, RecordFault::Missing));
                follower.skip_to(number.saturating_sub(1));
            }
            match self.read_record(&chain, *number, &mut follower) {
                Ok(()) => {}
                Err(fault) => self.faults.push((path, fault)),
            }
        }
        FoundChain {
            chain,
            number: follower.number(),
            last: follower.last(),
        }
    }

    fn read_record(
        &mut self,
        chain: &ChainId,
        number: u64,
        follower: &mut Follower,
    ) -> Result<(), RecordFault> {
        let bytes = self.archive.read(chain, number);
        let record = bytes
            .map_err(RecordFault::Unreadable)
            .and_then(|bytes| Ok(ArchiveRecord::parse(&bytes)?));
        let record = match record {
            Ok(record) => record,
            Err(fault) => {
                follower.skip_to(number);
                return Err(fault);
            }
        };
        // What it says stands for itself, also where it is not behind the one before it.
        let followed = follower.follow(&record);
        if followed.is_err() && follower.number() != number {
            follower.skip_to(number);
        }
        let export = record.open(&self.key.0)?;
        self.take(&export)?;
        Ok(followed?)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), RecordFault> {
        let proven = Export::parse(bytes)
            .and_then(|export| export.verify(self.anchor))
            .map_err(Box::new)?;
        let id = proven.alert;
        let records = self.alerts.get(&id).map_or(0, |alert| alert.records) + 1;
        let attachments = self.attachments_of(&proven);
        let fresh = ArchivedAlert {
            id,
            export: bytes.to_vec(),
            records,
            attachments,
            proven,
        };
        match self.alerts.get_mut(&id) {
            // What was purged before it was written says less than what was written before.
            Some(known) if known.proven.content.is_some() && fresh.proven.content.is_none() => {
                known.records = records;
            }
            Some(known) if known.proven.exported > fresh.proven.exported => {
                known.records = records;
            }
            _ => {
                self.alerts.insert(id, fresh);
            }
        }
        Ok(())
    }

    fn attachments_of(&self, proven: &ProvenExport) -> Vec<ArchivedAttachment> {
        let blobs: &[BlobRef] = &proven.envelope.signed().env.blobs;
        let parts = proven.content.iter().flat_map(|content| &content.parts);
        let attachment = |part: &Part| {
            let PartContent::Blob(blob) = &part.content else {
                return None;
            };
            let reference = blobs.get(usize::try_from(blob.index).ok()?)?;
            Some(ArchivedAttachment {
                name: part.name.as_str().to_owned(),
                part: blob.clone(),
                sealed: self.archive.blob(&reference.id),
            })
        };
        parts.filter_map(attachment).collect()
    }
}
