//! The desk: who we are, the roster, the keys, and the way into each step.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::Proofs;
use maille_common::identifier::{AlertId, Epoch};
use maille_common::record::{Record, RecordFault, read_record, write_record};
use maille_common::roster::Roster;
use maille_common::sealing::SealingRing;
use maille_common::time::{Reading, Timestamp};
use maille_durable::{Batch, CommitNumber, Scan, Store, StoreError, Table};
use thiserror::Error;

use super::counted::Counting;
use super::records::MetaRecord;
use super::tables;

/// Who the desk is.
#[derive(Debug)]
pub struct DeskIdentity {
    /// The contact it acts for.
    pub contact: ContactAddress,
    /// The device.
    pub device: DeviceId,
    /// Signs envelopes and receipts.
    pub signing: SigningKey,
}

/// A desk's state between steps: everything durable is in the store.
pub struct Desk {
    pub(super) store: Arc<dyn Store>,
    pub(super) identity: DeskIdentity,
    pub(super) roster: Arc<Roster>,
    pub(super) ring: SealingRing,
    pub(super) epoch: Epoch,
    pub(super) counting: Counting,
    /// The newest numbers given out, also in a batch not appended yet.
    pub(super) last_event: Cell<u64>,
    pub(super) last_incident: Cell<u64>,
    /// Alerts of the inbox that may lack attachments; none while nobody has looked for them.
    pub(super) incomplete: RefCell<Option<BTreeSet<AlertId>>>,
    /// Relays that were greeted, and whose connections did not end since.
    pub(super) listening: BTreeSet<Name>,
    /// Of these, those over whose connection something may have overtaken what it was behind.
    pub(super) unordered: BTreeSet<Name>,
    /// Signatures of receipts that held.
    pub(super) proofs: RefCell<Proofs>,
    /// When holes were last looked at.
    pub(super) looked: Option<Timestamp>,
}

/// A step that the store did not let happen.
#[derive(Debug, Error)]
pub enum StepError {
    /// The store refused or failed.
    #[error("the desk's store: {0}")]
    Store(#[from] StoreError),
    /// A stored record cannot be read.
    #[error("the desk's store: {0}")]
    Record(#[from] RecordFault),
    /// The store belongs to another device.
    #[error("this store belongs to device {found}, and the keys are those of device {expected}")]
    OtherDevice {
        /// The device in the store.
        found: DeviceId,
        /// The device of the home.
        expected: DeviceId,
    },
}

impl StepError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        if self.is_disk_full() {
            "disk-full"
        } else {
            "store"
        }
    }

    /// Whether the store can promise nothing any more, until the home is opened again.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Store(StoreError::StoreFailed(_)))
    }

    /// Whether there is no room for it now; everything is as it was.
    pub const fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(StoreError::DiskFull { .. }))
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("contact", &self.identity.contact)
            .field("device", &self.identity.device)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// Opens the desk over its store. An empty store begins a new epoch.
    ///
    /// Blocks until the epoch is durable.
    pub fn open(
        store: Arc<dyn Store>,
        identity: DeskIdentity,
        roster: Arc<Roster>,
        ring: SealingRing,
        reading: Reading,
    ) -> Result<Self, StepError> {
        let counting = Counting::open(&store, reading)?;
        let found = store.get(tables::META, tables::META_KEY)?;
        let known = found
            .map(|bytes| read_record::<MetaRecord>(&bytes))
            .transpose()?;
        let (last_event, last_incident) = (Cell::new(0), Cell::new(0));
        let epoch = Epoch(0);
        let desk = Self {
            store,
            identity,
            roster,
            ring,
            epoch,
            counting,
            last_event,
            last_incident,
            incomplete: RefCell::new(None),
            listening: BTreeSet::new(),
            unordered: BTreeSet::new(),
            proofs: RefCell::default(),
            looked: None,
        };
        let opened = match known {
            Some(meta) if meta.device != desk.identity.device => {
                let expected = desk.identity.device;
                Err(StepError::OtherDevice {
                    found: meta.device,
                    expected,
                })
            }
            Some(meta) => Ok(Self {
                epoch: meta.epoch,
                ..desk
            }),
            None => desk.with_epoch(Epoch(reading.wall.unix_ms().max(1))),
        }?;
        let mut batch = Batch::new();
        if !opened.has_heads()? {
            // Another roster was put in place while this desk was closed.
            opened.look_with_new_roster(reading.wall)?;
        }
        opened.keep_heads(&mut batch)?;
        if !batch.is_empty() {
            opened.store.wait(opened.settle(batch)?)?;
        }
        Ok(opened)
    }

    fn with_epoch(mut self, epoch: Epoch) -> Result<Self, StepError> {
        let settled = self.begin_epoch(epoch)?;
        self.store.wait(settled)?;
        Ok(self)
    }

    /// Begins a new life of the store. Streams and rows start again in it.
    pub(super) fn begin_epoch(&mut self, epoch: Epoch) -> Result<CommitNumber, StepError> {
        let meta = MetaRecord {
            epoch,
            device: self.identity.device,
        };
        let mut batch = Batch::new();
        batch.put(tables::META, tables::META_KEY, &write_record(&meta));
        for table in [tables::STREAM_OUT, tables::ROW, tables::ROW_IN] {
            for (key, _) in self.store.scan(Scan::table(table, usize::MAX))? {
                batch.delete(table, &key);
            }
        }
        // What the lost life was given is not withheld from this one.
        self.forget_holes_in_rows(&mut batch)?;
        let settled = self.settle(batch)?;
        self.epoch = epoch;
        Ok(settled)
    }

    /// Who the desk is.
    pub fn identity(&self) -> &DeskIdentity {
        &self.identity
    }

    /// The roster in use.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// The life of the store.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The private halves of the sealing keys.
    pub fn ring(&self) -> &SealingRing {
        &self.ring
    }

    /// Takes renewed sealing keys into use; the shell has made them durable first.
    pub fn replace_ring(&mut self, ring: SealingRing) {
        self.ring = ring;
    }

    /// The store, whose newest commit an answer waits for.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The relays this device collects from, and gets receipts at.
    pub fn home_relays(&self) -> Vec<Name> {
        self.roster
            .home_relay_names(&self.identity.contact.organisation())
            .to_vec()
    }

    /// A record, if it is there.
    pub(super) fn find<R: Record>(&self, table: Table, key: &[u8]) -> Result<Option<R>, StepError> {
        let bytes = self.store.get(table, key)?;
        Ok(bytes.map(|bytes| read_record(&bytes)).transpose()?)
    }

    /// A record kept in pieces, if it is there.
    pub(super) fn find_long<R: Record>(
        &self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<R>, StepError> {
        let bytes = self.store.pieces(table, key)?;
        Ok(bytes.map(|bytes| read_record(&bytes)).transpose()?)
    }

    /// A record that another record speaks of.
    pub(super) fn need_long<R: Record>(&self, table: Table, key: &[u8]) -> Result<R, StepError> {
        let missing = RecordFault::Missing { name: R::NAME };
        self.find_long(table, key)?
            .ok_or(StepError::Record(missing))
    }

    /// The keys of a table that begin with `prefix`.
    pub(super) fn keys_of(&self, table: Table, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StepError> {
        let end = tables::after(prefix);
        let rows = self
            .store
            .scan(Scan::range(table, prefix, &end, usize::MAX))?;
        Ok(rows.into_iter().map(|(key, _)| key).collect())
    }

    /// Appends a batch, also below the low-water mark; an empty one waits for what was read.
    ///
    /// What came in, what was answered, and the notes about it have to be taken on a full disk as
    /// well: without them nothing that stands here could end, nor anybody be told of it.
    pub(super) fn settle(&self, mut batch: Batch) -> Result<CommitNumber, StepError> {
        batch.urgent();
        self.settle_if_roomy(batch)
    }

    /// Appends a batch, unless the disk is below its low-water mark: for what this desk makes
    /// itself, or can fetch again.
    pub(super) fn settle_if_roomy(&self, batch: Batch) -> Result<CommitNumber, StepError> {
        if batch.is_empty() {
            return Ok(self.store.newest());
        }
        Ok(self.store.append(batch)?)
    }
}
