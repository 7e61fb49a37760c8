//! The relay: identity, roster, incarnation, and the way into each step.

use std::collections::BTreeSet;
use std::sync::Arc;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::Exact;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::{self, Signed, Statement};
use maille_common::identifier::Incarnation;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::{Record, RecordFault, read_record, write_record};
use maille_common::roster::Roster;
use maille_common::time::{Reading, Timestamp};
use maille_common::wire::{Answer, Refusal, RefusalCode};
use maille_durable::{Batch, CommitNumber, Row, Scan, Store, StoreError, Table};
use thiserror::Error;

use super::counted::Counting;
use super::quota::RelayBudget;
use super::records::{DeviceRecord, MetaRecord};
use super::tables;

/// Who the relay is.
#[derive(Debug)]
pub struct RelayIdentity {
    /// Its name in the roster.
    pub name: Name,
    /// Signs Accepted, notices and the clock.
    pub signing: SigningKey,
}

/// The relay's state between steps: everything durable is in the store.
pub struct RelayCore {
    pub(super) store: Arc<dyn Store>,
    pub(super) identity: RelayIdentity,
    pub(super) budget: RelayBudget,
    pub(super) roster: Arc<Roster>,
    pub(super) incarnation: Incarnation,
    pub(super) since: Timestamp,
    pub(super) counting: Counting,
    /// From which key on escalations have to be judged under the roster in use; none when all are.
    pub(super) unjudged: Option<Vec<u8>>,
    began: bool,
}

/// What a step asks of the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the answer may leave only when `settled` is durable"]
pub struct Step {
    /// What to answer.
    pub answer: Answer,
    /// Everything the answer rests on; it leaves when this is durable (I1).
    pub settled: CommitNumber,
    /// Devices for which something new waits.
    pub wake: BTreeSet<DeviceId>,
}

/// A step that could not be done. What the peer hears is in [`StepError::refusal`].
#[derive(Debug, Error)]
pub enum StepError {
    /// The store refused or failed.
    #[error("the relay's store: {0}")]
    Store(#[from] StoreError),
    /// A stored record cannot be read.
    #[error("the relay's store: {0}")]
    Record(#[from] RecordFault),
}

/// What an operator sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayStanding {
    /// Pieces of mail that wait.
    pub waiting: u64,
    /// Devices that have mail waiting.
    pub mailboxes: u64,
    /// When the oldest alert still waiting was accepted.
    pub oldest: Option<Timestamp>,
    /// The life of the store.
    pub incarnation: Incarnation,
    /// When it began.
    pub since: Timestamp,
}

impl StepError {
    /// What the peer hears: coarse, the details stay here.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Store(StoreError::DiskFull { .. }) => {
                Refusal::retry(RefusalCode::DiskLow, RelayBudget::RETRY_DISK)
            }
            Self::Store(_) | Self::Record(_) => Refusal::permanent(RefusalCode::StoreFailed),
        }
    }

    /// Whether the store can promise nothing any more, so that the process has to stop.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Store(StoreError::StoreFailed { .. }))
    }
}

impl std::fmt::Debug for RelayCore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayCore")
            .field("relay", &self.identity.name)
            .field("incarnation", &self.incarnation)
            .finish_non_exhaustive()
    }
}

impl RelayCore {
    /// Opens the relay over its store. An empty store begins a new incarnation.
    ///
    /// Blocks until the incarnation is durable.
    pub fn open(
        store: Arc<dyn Store>,
        identity: RelayIdentity,
        budget: RelayBudget,
        roster: Arc<Roster>,
        reading: Reading,
        random: &mut impl Randomness,
    ) -> Result<Self, StepError> {
        let mut counting = Counting::open(&store, reading)?;
        let found = store.get(tables::META, tables::META_KEY)?;
        let began = found.is_none();
        let MetaRecord { incarnation, since } = match found {
            Some(bytes) => read_record(&bytes)?,
            None => {
                let meta = MetaRecord {
                    incarnation: Incarnation::from_bytes(random.array()),
                    since: reading.wall,
                };
                let mut batch = Batch::new();
                batch.put(tables::META, tables::META_KEY, &write_record(&meta));
                counting.keep(&mut batch);
                store.commit(batch)?;
                meta
            }
        };
        Ok(Self {
            store,
            identity,
            budget,
            roster,
            incarnation,
            since,
            counting,
            // The roster may have changed while nobody looked.
            unjudged: Some(Vec::new()),
            began,
        })
    }

    /// The life of the store.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Whether the incarnation began when this relay was opened, so that an operator hears of it.
    pub fn began_incarnation(&self) -> bool {
        self.began
    }

    /// The roster in use.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// The relay's name.
    pub fn name(&self) -> &Name {
        &self.identity.name
    }

    /// Takes another roster into use. Whose connections have to close is the shell's to see: it
    /// asks the roster for each peer.
    pub fn replace_roster(&mut self, roster: Arc<Roster>) {
        if roster.hash() != self.roster.hash() {
            self.unjudged = Some(Vec::new());
        }
        self.roster = roster;
    }

    /// Where the relay stands; reads every mailbox that has mail.
    pub fn standing(&self) -> Result<RelayStanding, StepError> {
        let mut standing = RelayStanding {
            waiting: 0,
            mailboxes: 0,
            oldest: None,
            incarnation: self.incarnation,
            since: self.since,
        };
        for (_, bytes) in self.store.scan(Scan::table(tables::DEVICE, usize::MAX))? {
            let device: DeviceRecord = read_record(&bytes)?;
            standing.waiting += device.waiting;
            standing.mailboxes += u64::from(device.waiting > 0);
        }
        standing.oldest = self.oldest_waiting()?;
        Ok(standing)
    }

    /// Signs with another key from now on.
    pub fn replace_signing(&mut self, signing: SigningKey) {
        self.identity.signing = signing;
    }

    /// Signs statements with the relay's key, all at once.
    pub(super) fn sign<S: Statement>(&self, statements: Vec<S>) -> Vec<Signed<S>> {
        let exact = |statement| {
            Exact::<S, { limits::STATEMENT_BYTES_MAX }>::of(statement)
                .expect("a relay's statement has fixed fields and no extensions")
        };
        evidence::sign(
            &self.identity.signing,
            statements.into_iter().map(exact).collect(),
        )
    }

    /// Whether this relay is a home of the contact's organisation, so that its devices collect
    /// here.
    pub(super) fn is_home_of(&self, contact: &ContactAddress) -> bool {
        self.roster
            .home_relay_names(&contact.organisation())
            .contains(&self.identity.name)
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

    /// The rows of a table whose keys begin with `prefix`, at most `limit`.
    pub(super) fn rows(
        &self,
        table: Table,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StepError> {
        let end = tables::after(prefix);
        Ok(self.store.scan(Scan::range(table, prefix, &end, limit))?)
    }

    /// What this relay knows of a device.
    pub(super) fn device(&self, device: &DeviceId) -> Result<DeviceRecord, StepError> {
        Ok(self
            .find(tables::DEVICE, device.as_bytes())?
            .unwrap_or(DeviceRecord::NEW))
    }

    /// Writes a batch. It takes the core for itself, as the batch took what it says from what was
    /// read before: two that read the same count would both write it.
    pub(super) fn append(&mut self, batch: Batch) -> Result<CommitNumber, StoreError> {
        self.store.append(batch)
    }

    /// Appends a batch and answers; an empty batch waits for what was read.
    pub(super) fn settle(
        &mut self,
        batch: Batch,
        answer: Answer,
        wake: BTreeSet<DeviceId>,
    ) -> Result<Step, StepError> {
        let settled = if batch.is_empty() {
            self.store.newest()
        } else {
            self.append(batch)?
        };
        Ok(Step {
            answer,
            settled,
            wake,
        })
    }

    /// Answers without having changed anything.
    pub(super) fn reply(&self, answer: Answer) -> Step {
        Step {
            answer,
            settled: self.store.newest(),
            wake: BTreeSet::new(),
        }
    }

    /// Refuses without having changed anything.
    pub(super) fn refuse(&self, code: RefusalCode) -> Step {
        self.reply(Answer::Refused(Refusal::permanent(code)))
    }
}
