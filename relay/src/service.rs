//! What all sessions of one relay share: the core behind its lock, and the promise that no answer
//! leaves before it is durable (I1).

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use maille_common::address::{DeviceId, Name};
use maille_common::envelope::VerifiedSubmission;
use maille_common::roster::{Applied, Roster, RosterDocuments, RosterHeads};
use maille_common::wire::Answer;
use maille_durable::{CommitNumber, DurableStore, GoOn, Store, StoreError};
use maille_link::{CloseCode, Identity, Listener};
use thiserror::Error;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::core::{NextKeys, PublicKeys, RelayCore, Step, StepError};
use crate::counters::{Counters, StoreFigures};
use crate::identity::{KeyFileError, RelayKeyPair};
use crate::live_roster::LiveRoster;
use crate::looks::Looks;
use crate::renewal;
use crate::roster_desk::{RosterDesk, RosterRefused};
use crate::sessions::Sessions;
use crate::steps::{Asked, Permits, Steps};

/// Blocking calls at a time: more would only wait for the same disk and the same lock.
pub(crate) const WORK_MAX: u32 = 64;

/// One relay at work.
pub(crate) struct Service {
    pub(crate) core: RwLock<RelayCore>,
    pub(crate) store: Arc<DurableStore>,
    pub(crate) live: Arc<LiveRoster>,
    pub(crate) desk: RosterDesk,
    pub(crate) blobs: Blobs,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) counters: Counters,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) listener: Listener,
    pub(crate) folder: crate::folder::RelayFolder,
    /// The public keys that the roster should name.
    pub(crate) keys: RwLock<PublicKeys>,
    /// Where the next pair stands, as it was looked at last.
    pub(crate) next_keys: RwLock<NextKeys>,
    /// Rings when the keys have to be looked at.
    pub(crate) keys_due: Notify,
    pub(crate) work: Arc<Semaphore>,
    pub(crate) steps: Steps,
    pub(crate) looks: Looks,
    pub(crate) failure: watch::Sender<Option<Arc<str>>>,
    pub(crate) stopping: watch::Sender<bool>,
    /// Rings when something new may be due.
    pub(crate) due: Notify,
}

/// Why it was not looked at the next keys.
#[derive(Debug, Error)]
pub(crate) enum KeysUnseen {
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The store does not keep how long they are known.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl Service {
    /// Runs what blocks, off the threads that serve connections.
    pub(crate) async fn block<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let permit = self.permit().await;
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&service);
            // Whoever holds all permits knows that no blocking call holds the service any more.
            drop(service);
            drop(permit);
            result
        });
        match done.await.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(result) => result,
            // A fault of this program: it ends the task that asked, and no other.
            Err(Ok(panic)) => resume_unwind(panic),
            // The runtime is going down.
            Err(Err(_)) => std::future::pending().await,
        }
    }

    /// Takes a step of the core that may write, alone; gives its answer when that is durable.
    pub(crate) async fn step(
        self: &Arc<Self>,
        step: impl FnOnce(&mut RelayCore, &Self) -> Result<Step, StepError> + Send + 'static,
    ) -> Result<Answer, StepError> {
        self.take(Asked::Other(Box::new(step))).await
    }

    /// Takes an envelope in that was proven; gives the answer when that is durable.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        device: DeviceId,
        submission: VerifiedSubmission,
    ) -> Result<Answer, StepError> {
        self.take(Asked::Submit(device, Box::new(submission))).await
    }

    async fn take(self: &Arc<Self>, asked: Asked) -> Result<Answer, StepError> {
        let permit = self.permit().await;
        let (told, outcome) = oneshot::channel();
        if self.steps.add(asked, told, permit) {
            self.have_taken(|service| service.steps.take_all(service));
        }
        let step = self.told(outcome).await?;
        self.sessions.wake(&step.wake);
        Ok(step.answer)
    }

    /// Takes a step that only reads, beside others.
    pub(crate) async fn read_step(
        self: &Arc<Self>,
        step: impl FnOnce(&RelayCore) -> Result<Step, StepError> + Send + 'static,
    ) -> Result<Answer, StepError> {
        let step = self.look(step).await?;
        self.noted(self.durable(step.settled).await)?;
        Ok(step.answer)
    }

    /// Reads from the core. What is read may not be durable yet: see [`Service::durable`].
    pub(crate) async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&RelayCore) -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, StepError> {
        let permit = self.permit().await;
        let (told, seen) = oneshot::channel();
        let look = move |core: &RelayCore| {
            let seen = catch_unwind(AssertUnwindSafe(|| look(core)));
            // Whoever asked may be gone: its connection broke.
            drop(told.send(seen));
        };
        if self.looks.add(Box::new(look), permit) {
            self.have_taken(|service| service.looks.take_all(service));
        }
        self.told(seen).await
    }

    /// Lets a thread that may block take what gathered.
    fn have_taken(self: &Arc<Self>, take_all: fn(&Self) -> Permits) {
        let service = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let permits = take_all(&service);
            // As in `block`.
            drop(service);
            drop(permits);
        });
    }

    /// Waits for the outcome of what gathered with others.
    async fn told<T>(
        &self,
        outcome: oneshot::Receiver<std::thread::Result<Result<T, StepError>>>,
    ) -> Result<T, StepError> {
        match outcome.await {
            Ok(Ok(taken)) => self.noted(taken),
            // A fault of this program: it ends the task that asked, and no other.
            Ok(Err(panic)) => resume_unwind(panic),
            // Everybody is told once, unless the store or the runtime is going down.
            Err(_) => std::future::pending().await,
        }
    }

    /// Leave to do what blocks, in its turn.
    async fn permit(&self) -> OwnedSemaphorePermit {
        let permit = Arc::clone(&self.work).acquire_owned().await;
        permit.expect("nobody closes the semaphore")
    }

    /// Waits until everything up to a commit would survive a power cut.
    pub(crate) fn durable(
        &self,
        commit: CommitNumber,
    ) -> impl Future<Output = Result<(), StepError>> + Send + use<> {
        let (told, verdict) = oneshot::channel();
        self.store.when_durable(
            commit,
            Box::new(move |result| {
                // Whoever asked may be gone: its connection broke.
                let _ = told.send(result);
            }),
        );
        async move {
            match verdict.await {
                Ok(result) => Ok(result?),
                // The store calls every callback once; without it, it is going down.
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// The roster in use.
    pub(crate) fn roster(&self) -> Arc<Roster> {
        self.live.current()
    }

    /// Takes documents that somebody handed over.
    pub(crate) async fn offer_roster(
        self: &Arc<Self>,
        documents: RosterDocuments,
    ) -> Result<Applied, RosterRefused> {
        self.block(move |service| {
            service.desk.offer(
                &documents,
                || service.roster(),
                |roster| service.publish(&roster),
            )
        })
        .await
    }

    /// Looks into the roster's folder; whether the roster changed.
    pub(crate) async fn reload_roster(self: &Arc<Self>) -> Result<bool, RosterRefused> {
        self.block(|service| {
            service
                .desk
                .reload(|| service.roster(), |roster| service.publish(&roster))
        })
        .await
    }

    /// Remembers the heads of a device's roster.
    pub(crate) async fn learn_heads(self: &Arc<Self>, heads: RosterHeads) {
        self.block(move |service| {
            service.desk.learn(
                &heads,
                || service.roster(),
                |roster| service.publish(&roster),
            );
        })
        .await;
    }

    /// Takes a roster into use everywhere, and closes the links of keys it does not admit (I9).
    fn publish(&self, roster: &Arc<Roster>) {
        let changed = roster.hash() != self.roster().hash();
        self.core_mut().replace_roster(Arc::clone(roster));
        self.live.replace(Arc::clone(roster));
        if !changed {
            return;
        }
        // A step of deputies that nobody can take any more does not wait out its delay.
        self.due.notify_one();
        self.keys_due.notify_one();
        let closed = self.listener.disconnect_removed();
        tracing::info!(
            roster = %roster.hash().short(), part = roster.authority().number, closed,
            "another roster is in use"
        );
        if !self.is_in(roster) {
            tracing::error!("the roster does not name this relay with its keys; ask the authority");
        }
    }

    /// Whether a roster names this relay with the keys it has.
    pub(crate) fn is_in(&self, roster: &Roster) -> bool {
        self.keys().are_in(roster, self.core().name())
    }

    /// The public keys of this relay.
    pub(crate) fn keys(&self) -> PublicKeys {
        *self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the next pair stands.
    pub(crate) fn next_keys(&self) -> NextKeys {
        *self
            .next_keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the next pair, and uses it from now on where it is due: every later handshake, and
    /// all that is signed from here. Links that stand go on.
    pub(crate) fn look_at_keys(&self) -> Result<(), KeysUnseen> {
        let (roster, name) = {
            let core = self.core();
            (Arc::clone(core.roster()), core.name().clone())
        };
        if renewal::finish_taking(&self.folder)? {
            // The disk did not let it be finished when it was due.
            self.use_keys(RelayKeyPair::load(&self.folder)?, &name);
        }
        let next = RelayKeyPair::load_next(&self.folder)?;
        let public = next.as_ref().map(PublicKeys::of);
        let mut state = {
            let (present, mut core) = (self.keys(), self.core_mut());
            core.look_at_clocks(self.clock.reading());
            core.next_keys(&present, public)?
        };
        if let Some(next) = next.filter(|_| state.is_due()) {
            renewal::take(&self.folder)?;
            self.use_keys(next, &name);
            state = NextKeys::None;
        }
        if renewal::remove_former(&self.folder, &roster, &name)? {
            tracing::info!("the roster names the former keys no more, and they are removed");
        }
        let before = std::mem::replace(
            &mut *self
                .next_keys
                .write()
                .unwrap_or_else(PoisonError::into_inner),
            state,
        );
        // The time from which it is used moves with the wall.
        if (before.name(), before.pair()) != (state.name(), state.pair()) {
            say_next(&state);
        }
        Ok(())
    }

    /// Shows and signs with another pair, which is on disk already. There is no way back: a relay
    /// that cannot follow stops, and starts with it.
    fn use_keys(&self, pair: RelayKeyPair, name: &Name) {
        let keys = PublicKeys::of(&pair);
        let identity = Identity::new(name.as_str(), &pair.transport);
        let shown = identity
            .map_err(|error| error.to_string())
            .and_then(|identity| {
                let shown = self.listener.identify(&identity);
                shown.map_err(|error| error.to_string())
            });
        if let Err(error) = shown {
            return self.fail(&format!(
                "The next keys could not be taken into use: {error}"
            ));
        }
        self.core_mut().replace_signing(pair.signing);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        tracing::warn!(
            transport = %keys.transport.short(),
            "the next keys are in use; the former ones stay in former/ until the roster drops them"
        );
    }

    /// Hears when the relay is told to stop.
    pub(crate) fn stops(&self) -> Stops {
        Stops(self.stopping.subscribe())
    }

    /// Tells whether what reads the whole store may go on; it ends with the relay.
    pub(crate) fn until_stopped(&self) -> Box<GoOn> {
        let stopping = self.stopping.subscribe();
        Box::new(move || !*stopping.borrow())
    }

    /// Stops serving, because the store can promise nothing any more.
    pub(crate) fn fail(&self, sentence: &str) {
        let first = self.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            failure.get_or_insert_with(|| sentence.into());
            first
        });
        if first {
            tracing::error!("incident: the relay stops: {sentence}");
            self.listener.close(CloseCode::Shutdown);
        }
    }

    /// The newest commit, at least that of everything a look has shown.
    pub(crate) fn newest(&self) -> CommitNumber {
        self.store.newest()
    }

    /// Figures of the store.
    pub(crate) fn store_figures(&self) -> StoreFigures {
        let figures = self.store.figures();
        StoreFigures {
            commits: figures.newest.0,
            syncs: figures.syncs,
            bytes: figures.log_bytes + figures.runs_bytes,
            records: figures.records,
        }
    }

    /// The core, for reading.
    ///
    /// A step appends one batch at its end, so a panic within it leaves nothing half done.
    pub(crate) fn core(&self) -> RwLockReadGuard<'_, RelayCore> {
        self.core.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The core, for writing; alone.
    pub(crate) fn core_mut(&self) -> RwLockWriteGuard<'_, RelayCore> {
        self.core.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that the relay stops once its store has failed.
    pub(crate) fn noted<T>(&self, result: Result<T, StepError>) -> Result<T, StepError> {
        if let Err(error) = &result {
            if error.is_fatal() {
                self.fail(&error.to_string());
            } else if !matches!(error, StepError::Store(StoreError::DiskFull { .. })) {
                tracing::error!(%error, "incident: a step failed");
            }
        }
        result
    }
}

/// Tells in the log where the next pair stands.
pub(crate) fn say_next(state: &NextKeys) {
    match state {
        NextKeys::None => {}
        NextKeys::Made { next } => tracing::warn!(
            transport = %next.transport.short(),
            "the next keys wait for the roster: hand what `renew-keys` prints to the authority"
        ),
        NextKeys::Announced {
            next, used_from, ..
        } => tracing::info!(
            transport = %next.transport.short(), %used_from,
            "the roster names the next keys; they are used by themselves"
        ),
        NextKeys::Due { next } => {
            tracing::info!(transport = %next.transport.short(), "the next keys are due");
        }
    }
}

/// Hears when the relay is told to stop.
pub(crate) struct Stops(watch::Receiver<bool>);

impl Stops {
    /// Waits until then.
    pub(crate) async fn told(&mut self) {
        // A sender that is gone means the same.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

impl PublicKeys {
    pub(crate) fn of(pair: &RelayKeyPair) -> Self {
        Self {
            transport: pair.transport.verifying_key(),
            signing: pair.signing.verifying_key(),
        }
    }
}
