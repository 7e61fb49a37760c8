//! The office: what all tasks of a client share. The desk stands in it behind one lock.
//!
//! The desk's steps block on the disk, so they run on threads that may block. A step that changes
//! something gives the number of its commit, and [`Office::settle`] ends only when that commit is
//! durable: nothing that rests on it can leave earlier (I1).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use maille_common::address::{ContactAddress, Name};
use maille_common::blob::BlobId;
use maille_common::roster::Roster;
use maille_common::sealing::SignedBundle;
use maille_common::time::Timestamp;
use maille_durable::{CommitNumber, DurableStore, Gathering, StoreError};
use tokio::sync::{RwLock, watch};

use crate::archive::Trouble;
use crate::attachments::{BlobFolder, Transfers};
use crate::clock::Clock;
use crate::core::Desk;
use crate::entropy::OsRandomness;
use crate::error::{DeskError, DeskFailure};
use crate::home::Home;
use crate::own_bundles::OwnBundles;
use crate::roster_store::RosterStore;
use crate::shown_keys::ShownKeys;
use crate::status::Standings;
use crate::visit::{Ended, Visit};
use crate::watched_store::Failed;

/// How long wakes are gathered that are not urgent.
const BURST: Duration = Duration::from_millis(20);

/// Steps that are taken before the room is given up for a moment.
const VISITS_MAX: usize = 64;

/// What ends with the client, in this order: whoever gets the lock of the home finds its store
/// closed.
pub(crate) struct Room {
    pub(crate) desk: Desk,
    /// The store on disk, under the seals.
    pub(crate) durable: Arc<DurableStore>,
    pub(crate) home: Home,
}

/// What all tasks of a client share.
pub(crate) struct Office {
    room: Mutex<Option<Room>>,
    /// Who wants to take a step in it.
    visits: Gathering<Visit>,
    /// The contact that the desk acts for.
    pub(crate) contact: ContactAddress,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) roster: watch::Sender<Arc<Roster>>,
    /// Rosters change one at a time: prove, make durable, take into use.
    pub(crate) roster_turn: tokio::sync::Mutex<RosterStore>,
    pub(crate) addresses: BTreeMap<Name, Vec<String>>,
    pub(crate) home_path: PathBuf,
    pub(crate) retention_days: Option<u32>,
    /// Counts up when relays may have to be given something.
    work: watch::Sender<u64>,
    /// Counts up when the desk may have something new to tell.
    news: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    failed: Failed,
    /// This device's newest bundle, as it is published.
    pub(crate) bundle: Mutex<Option<SignedBundle>>,
    /// The keys that this device shows to relays.
    pub(crate) shown: watch::Sender<Arc<ShownKeys>>,
    /// What home relays publish of this organisation, for whoever asks.
    pub(crate) own_bundles: OwnBundles,
    pub(crate) standings: Standings,
    pub(crate) transfers: Transfers,
    /// Why the archive cannot be written now.
    pub(crate) archive_trouble: Trouble,
    pub(crate) sent_blobs: BlobFolder,
    pub(crate) received_blobs: BlobFolder,
    /// Attachments being fetched, so that two relays do not bring the same one.
    pub(crate) fetching: Mutex<BTreeSet<BlobId>>,
    /// Held to read while attachments are sealed for an order, to write while unused ones go.
    pub(crate) sealing: RwLock<()>,
    /// Held while a passphrase is stretched: each one takes 64 MiB or what its slot says, so they
    /// are tried one after the other.
    pub(crate) passphrase_turn: Arc<tokio::sync::Mutex<()>>,
}

/// What an office is made of.
pub(crate) struct Furniture {
    pub(crate) room: Room,
    pub(crate) failed: Failed,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) addresses: BTreeMap<Name, Vec<String>>,
    pub(crate) retention_days: Option<u32>,
    pub(crate) bundle: Option<SignedBundle>,
    pub(crate) shown: ShownKeys,
}

impl Office {
    pub(crate) fn new(furniture: Furniture) -> Arc<Self> {
        let Furniture {
            room,
            failed,
            clock,
            roster,
            addresses,
            retention_days,
            bundle,
            shown,
        } = furniture;
        let home_path = room.home.path().to_owned();
        Arc::new(Self {
            roster_turn: tokio::sync::Mutex::new(RosterStore::of_home(&home_path)),
            sent_blobs: BlobFolder::at(room.home.blob_path()),
            received_blobs: BlobFolder::at(home_path.join("blobs-in")),
            contact: room.home.contact().clone(),
            room: Mutex::new(Some(room)),
            visits: Gathering::default(),
            clock,
            roster: watch::Sender::new(roster),
            addresses,
            home_path,
            retention_days,
            work: watch::Sender::new(0),
            news: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            failed,
            bundle: Mutex::new(bundle),
            shown: watch::Sender::new(Arc::new(shown)),
            own_bundles: OwnBundles::default(),
            standings: Standings::default(),
            transfers: Transfers::default(),
            archive_trouble: Trouble::default(),
            fetching: Mutex::default(),
            sealing: RwLock::new(()),
            passphrase_turn: Arc::default(),
        })
    }

    /// The time now, by the client's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The roster in use.
    pub(crate) fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.roster.borrow())
    }

    /// Asks the desk something, on a thread that may block.
    pub(crate) async fn ask<T, E>(
        self: &Arc<Self>,
        question: impl FnOnce(&mut Room, Timestamp) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DeskError> + Send + 'static,
    {
        self.visit(move |room, now| Ok((question(room, now)?, None)))
            .await
    }

    /// Takes a step, ends when what it named is durable (I1), and tells that there may be news.
    pub(crate) async fn settle<T, E>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut Desk, Timestamp, &mut OsRandomness) -> Result<(T, CommitNumber), E>
        + Send
        + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DeskError> + Send + 'static,
    {
        let outcome = self.settle_quietly(step).await;
        self.tell();
        outcome
    }

    /// The same without news: for steps that only read what must be durable before it is told.
    pub(crate) async fn settle_quietly<T, E>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut Desk, Timestamp, &mut OsRandomness) -> Result<(T, CommitNumber), E>
        + Send
        + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DeskError> + Send + 'static,
    {
        self.visit(move |room, now| {
            let (outcome, commit) = step(&mut room.desk, now, &mut OsRandomness::new())?;
            Ok((outcome, Some(commit)))
        })
        .await
    }

    /// Visits the room; ends when the commit that it names, if any, is durable.
    async fn visit<T, E, S>(self: &Arc<Self>, step: S) -> Result<T, E>
    where
        S: FnOnce(&mut Room, Timestamp) -> Result<(T, Option<CommitNumber>), E> + Send + 'static,
        T: Send + 'static,
        E: From<DeskError> + Send + 'static,
    {
        let clock = Arc::clone(&self.clock);
        let (visit, outcome) = Visit::of(move |room: &mut Room| {
            let reading = clock.reading();
            room.desk.look_at_clocks(reading);
            step(room, reading.wall)
        });
        if self.visits.add(visit) {
            let office = Arc::clone(self);
            tokio::task::spawn_blocking(move || office.take_visits());
        }
        match outcome.await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // Everybody is told once, unless the store or the runtime is going down.
            Err(_) => std::future::pending().await,
        }
    }

    /// Takes visits until none waits: what gathered meanwhile together, with one wait for the disk.
    fn take_visits(&self) {
        while let Some(visits) = self.visits.take(VISITS_MAX) {
            let mut room = self.enter();
            let ended: Vec<Ended> = visits
                .into_iter()
                .filter_map(|visit| visit.take(room.as_mut()))
                .collect();
            let newest = ended.iter().map(|ended| ended.commit).max();
            // Within the lock: whoever closes the room finds nobody else at its store.
            if let (Some(room), Some(newest)) = (room.as_ref(), newest) {
                let tell = move |durable: Result<(), StoreError>| {
                    ended
                        .into_iter()
                        .for_each(|ended| (ended.tell)(durable.clone()));
                };
                room.desk.store().when_durable(newest, Box::new(tell));
            }
        }
    }

    /// Says that relays may have to be given something.
    pub(crate) fn wake(&self) {
        self.work
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Says that the desk, or what is known of relays, may have something new to tell.
    pub(crate) fn tell(&self) {
        self.news
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Hears of every [`Office::wake`] from now on.
    pub(crate) fn work(&self) -> watch::Receiver<u64> {
        self.work.subscribe()
    }

    /// Ends a moment after the next [`Office::wake`], for those who do once for a burst of them
    /// what none of them makes urgent; `false` when the client is gone.
    pub(crate) async fn stirred(work: &mut watch::Receiver<u64>) -> bool {
        let woken = work.changed().await.is_ok();
        if woken {
            tokio::time::sleep(BURST).await;
        }
        woken
    }

    /// Hears whenever the desk may have something new to tell.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Ends when the client is shut down.
    pub(crate) async fn stopped(self: &Arc<Self>) {
        let mut stop = self.stop.subscribe();
        // The sender lives in this office, which the caller holds.
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Ends when the store has failed.
    pub(crate) async fn failed(self: &Arc<Self>) -> DeskFailure {
        let mut failed = self.failed.subscribe();
        let found = failed.wait_for(Option::is_some).await;
        match found.ok().and_then(|failure| failure.clone()) {
            Some(failure) => failure,
            // The sender lives in this office, which the caller holds.
            None => std::future::pending().await,
        }
    }

    /// Whether the client is being shut down, or was.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Tells all tasks to end.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
        self.tell();
    }

    /// Closes the store and lets the next process into the home.
    pub(crate) async fn leave(self: &Arc<Self>) {
        let office = Arc::clone(self);
        blocking(move || drop(office.enter().take())).await;
    }

    /// The step before left everything in the store, so a panic elsewhere spoils nothing.
    fn enter(&self) -> MutexGuard<'_, Option<Room>> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office")
            .field("home", &self.home_path)
            .finish_non_exhaustive()
    }
}

/// Locks what no panic can leave half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what blocks on a thread of its own, and passes a panic on.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        // The runtime is ending, and everything that waits here with it.
        Err(_) => std::future::pending().await,
    }
}
