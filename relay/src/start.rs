//! From a folder to a relay at work.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use maille_common::address::Name;
use maille_common::randomness::Randomness;
use maille_common::roster::Roster;
use maille_durable::{DurableStore, OpenError, Opening, Options, Store, StoreId, boot_id};
use maille_link::{BindError, Identity, IdentityError, Listener, ListenerConfig};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, watch};

use crate::anchor_file::{AnchorFileError, read_anchor};
use crate::blobs::Blobs;
use crate::clock::{Clock, SystemClock, stamp};
use crate::config::Config;
use crate::core::{NextKeys, PublicKeys, RelayCore, RelayIdentity, StepError};
use crate::counters::Counters;
use crate::entropy::OsRandomness;
use crate::folder::RelayFolder;
use crate::identity::{KeyFileError, RelayKeyPair};
use crate::live_roster::LiveRoster;
use crate::looks::Looks;
use crate::metrics;
use crate::opening::OpeningDesk;
use crate::renewal;
use crate::roster_desk::{RosterDesk, RosterRefused};
use crate::running::RunningRelay;
use crate::service::{Service, WORK_MAX, say_next};
use crate::sessions::Sessions;
use crate::steps::Steps;

/// What a relay is started from.
pub struct Setup {
    /// Its folder, as [`init`](crate::init()) made it, with documents in `roster/`.
    pub folder: RelayFolder,
    /// Its configuration.
    pub config: Config,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
}

impl Setup {
    /// The system's clock.
    pub fn new(folder: RelayFolder, config: Config) -> Self {
        Self {
            folder,
            config,
            clock: Arc::new(SystemClock),
        }
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("folder", &self.folder)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Why a relay does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Its keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Its anchor cannot be used.
    #[error(transparent)]
    Anchor(#[from] AnchorFileError),
    /// Anchor and configuration name different networks.
    #[error("The anchor is of the network `{anchor}`, and relay.toml names `{config}`.")]
    Network {
        /// The anchor's.
        anchor: String,
        /// The configuration's.
        config: String,
    },
    /// There is no roster that verifies, or it may not be served here.
    #[error("The relay has no roster to serve: {0}")]
    Roster(#[from] RosterRefused),
    /// The roster does not know this relay.
    #[error(
        "The roster does not name the relay `{name}` with the keys in this folder. Hand \
         relay-request.toml to the authority, and put the documents it publishes into roster/."
    )]
    NotInRoster {
        /// The relay's name.
        name: Name,
    },
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store does not take the relay's first step.
    #[error("{0}")]
    Step(#[from] StepError),
    /// A file or folder cannot be used.
    #[error("{} cannot be used: {source}.", .path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The address cannot be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The address of the metrics cannot be bound.
    #[error("The address {address} for metrics could not be bound: {source}.")]
    Metrics {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No certificate could be made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl StartError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key(error) => error.code(),
            Self::Anchor(error) => error.code(),
            Self::Network { .. } => "start-network",
            Self::Roster(_) => "start-roster",
            Self::NotInRoster { .. } => "start-not-in-roster",
            Self::Store(error) => error.code(),
            Self::Step(_) => "start-step",
            Self::Folder { .. } => "start-folder",
            Self::Bind(error) => error.code(),
            Self::Metrics { .. } => "start-metrics",
            Self::Identity(error) => error.code(),
        }
    }
}

/// A relay that is to be started.
#[derive(Debug)]
pub struct Relay;

impl Relay {
    /// Opens the folder and begins to serve. Must be called within a tokio runtime of several
    /// threads' worth of time: the store has threads of its own, and blocks only those made for it.
    pub async fn start(setup: Setup) -> Result<RunningRelay, StartError> {
        let Setup {
            folder,
            config,
            clock,
        } = setup;
        let opened = tokio::task::spawn_blocking({
            let clock = Arc::clone(&clock);
            move || Opened::open(folder, &config, clock).map(|opened| (opened, config))
        });
        let (opened, config) = match opened.await.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(opened) => opened?,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_)) => std::future::pending().await,
        };
        let listener = Listener::bind(ListenerConfig {
            address: config.listen,
            identity: opened.identity.clone(),
            directory: opened.live.clone(),
            limits: config.limits,
        })?;
        let metrics = match config.metrics {
            Some(address) => Some(
                metrics::bind(address)
                    .await
                    .map_err(|source| StartError::Metrics { address, source })?,
            ),
            None => None,
        };
        let service = Arc::new(opened.into_service(listener, clock));
        Ok(RunningRelay::begin(service, metrics))
    }
}

/// Everything that is read from the folder.
struct Opened {
    folder: RelayFolder,
    keys: PublicKeys,
    next_keys: NextKeys,
    identity: Identity,
    desk: RosterDesk,
    live: Arc<LiveRoster>,
    store: Arc<DurableStore>,
    core: RelayCore,
    blobs: Blobs,
}

impl Opened {
    fn open(
        folder: RelayFolder,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let RelayKeyPair {
            mut transport,
            signing,
        } = RelayKeyPair::load(&folder)?;
        let next = RelayKeyPair::load_next(&folder)?;
        let reading = clock.reading();
        let (desk, roster) = open_roster(&folder, config, Arc::clone(&clock))?;
        let public = next.as_ref().map(PublicKeys::of);
        let mut keys = PublicKeys {
            transport: transport.verifying_key(),
            signing: signing.verifying_key(),
        };
        let is_named = |keys: &PublicKeys| keys.are_in(&roster, &config.name);
        if !is_named(&keys) && !public.as_ref().is_some_and(is_named) {
            return Err(StartError::NotInRoster {
                name: config.name.clone(),
            });
        }
        let mut random = OsRandomness::new();
        let mut options = store_options(config.low_water_bytes, &stamp(reading.wall), &mut random);
        let opening_desk = OpeningDesk::new(&folder);
        options.progress = Some(opening_desk.progress());
        let (store, opening) = DurableStore::open(&folder.store(), &options)?;
        drop(opening_desk);
        tell(&opening);
        // With the store open, no other process serves from this folder.
        if renewal::finish_taking(&folder)? {
            tracing::warn!("taking the next keys into use had been cut off, and is finished");
        }
        let store = Arc::new(store);
        let roster = Arc::new(roster);
        let mut core = RelayCore::open(
            Arc::clone(&store) as Arc<dyn Store>,
            RelayIdentity {
                name: config.name.clone(),
                signing,
            },
            config.budget,
            Arc::clone(&roster),
            reading,
            &mut random,
        )?;
        let mut next_keys = core.next_keys(&keys, public)?;
        if let Some(next) = next.filter(|_| next_keys.is_due()) {
            renewal::take(&folder)?;
            keys = PublicKeys::of(&next);
            transport = next.transport;
            core.replace_signing(next.signing);
            next_keys = NextKeys::None;
            tracing::warn!(
                transport = %keys.transport.short(),
                "the next keys are in use; the former ones stay in former/ until the roster drops \
                 them"
            );
        } else {
            say_next(&next_keys);
        }
        let identity = Identity::new(config.name.as_str(), &transport)?;
        if core.began_incarnation() && opening.newest.0 > 0 {
            tracing::warn!(
                incarnation = %core.incarnation(), commit = opening.newest.0,
                "the store was restored from a backup; a new incarnation begins, and desks submit \
                 again what it does not hold (I2)"
            );
        } else if core.began_incarnation() {
            tracing::warn!(
                incarnation = %core.incarnation(),
                "a new incarnation begins; desks submit again what is open (I2)"
            );
        }
        let blobs = Blobs::open(folder.blobs(), config.blobs, config.low_water_bytes).map_err(
            |source| StartError::Folder {
                path: folder.blobs(),
                source,
            },
        )?;
        let live = Arc::new(LiveRoster::new(roster, clock));
        Ok(Self {
            folder,
            keys,
            next_keys,
            identity,
            desk,
            live,
            store,
            core,
            blobs,
        })
    }

    fn into_service(self, listener: Listener, clock: Arc<dyn Clock>) -> Service {
        Service {
            core: RwLock::new(self.core),
            store: self.store,
            live: self.live,
            desk: self.desk,
            blobs: self.blobs,
            sessions: Arc::new(Sessions::default()),
            counters: Counters::new(),
            clock,
            listener,
            folder: self.folder,
            keys: RwLock::new(self.keys),
            next_keys: RwLock::new(self.next_keys),
            keys_due: Notify::new(),
            work: Arc::new(Semaphore::new(WORK_MAX as usize)),
            steps: Steps::default(),
            looks: Looks::default(),
            failure: watch::Sender::new(None),
            stopping: watch::Sender::new(false),
            due: Notify::new(),
        }
    }
}

/// Reads anchor and documents, and founds the roster.
pub(crate) fn open_roster(
    folder: &RelayFolder,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<(RosterDesk, Roster), StartError> {
    let anchor = read_anchor(&folder.anchor())?;
    if anchor.network.as_str() != config.network {
        return Err(StartError::Network {
            anchor: anchor.network.to_string(),
            config: config.network.clone(),
        });
    }
    Ok(RosterDesk::open(folder, &anchor, config.listen, clock)?)
}

/// The ballast is a quarter of what stays free, so that it can be written at all.
fn store_options(low_water_bytes: u64, stamp: &str, random: &mut impl Randomness) -> Options {
    let mut options = Options::new(StoreId(random.array()), boot_id(), stamp);
    options.low_water_bytes = low_water_bytes;
    options.ballast_bytes = options.ballast_bytes.min(low_water_bytes / 4);
    options
}

/// Says what opening the store found.
fn tell(opening: &Opening) {
    if let Some(aside) = &opening.set_aside {
        tracing::error!(
            aside = %aside.path.display(), damage = %aside.damage,
            "incident: the store was damaged and is set aside; senders will submit again (I2)"
        );
    }
    if let Some(copy) = &opening.migrated {
        tracing::info!(
            copy = %copy.display(),
            "the store was of the previous format and is migrated; a copy of it is kept"
        );
    }
    tracing::info!(
        created = opening.created, torn_bytes = opening.torn_bytes, index = ?opening.index,
        records = opening.records, newest = opening.newest.0, "the store is open"
    );
}
