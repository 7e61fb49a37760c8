//! Opening a home: everything that must stand before the first connection.

use std::sync::Arc;

use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use maille_common::roster::{Knowledge, Roster};
use maille_common::terms::Reach;
use maille_common::time::Timestamp;
use maille_durable::{DurableStore, Options, Store, StoreId, boot_id};

use crate::config::{ClientConfig, Key, LOW_WATER_BYTES};
use crate::core::{Desk, DeskIdentity, rosters_used};
use crate::courier::{addresses, is_loopback};
use crate::entropy::OsRandomness;
use crate::error::{DeskError, OpenError};
use crate::home::{Home, SealedStore, Unlock};
use crate::office::{Furniture, Office, Room};
use crate::own_keys;
use crate::roster_store::RosterStore;
use crate::settings::Settings;
use crate::shown_keys::ShownKeys;
use crate::watched_store::{Failed, WatchedStore};

const MIB: u64 = 1024 * 1024;

/// Opens the home, its roster, sealing keys and store. Blocks, also for a passphrase.
pub(crate) fn open(config: ClientConfig) -> Result<Arc<Office>, OpenError> {
    let ClientConfig {
        home,
        key,
        retention_days,
        clock,
        addresses,
    } = config;
    let mut home = match &key {
        Key::Machine => Home::open(&home, Unlock::Machine)?,
        Key::Officer { name, passphrase } => {
            Home::open(&home, Unlock::Officer { name, passphrase })?
        }
    };
    drop(key);
    let settings = Settings::load(home.path())?;
    let roster = Arc::new(RosterStore::of_home(home.path()).found(home.anchor().clone())?);
    refuse_reachable_example(&roster, &addresses)?;
    let reading = clock.reading();
    let now = reading.wall;
    let random = &mut OsRandomness::new();
    own_keys::tend_pair(&mut home, &roster, now, random);
    // The keys come before the store: nobody may hear of this device without a way to write to it.
    let known = home.load_ring()?;
    let lost_ring = known.is_none();
    let mut ring = known.unwrap_or_default();
    let mut bundle = own_keys::load_bundle(&home, &ring);
    if bundle.is_none() || ring.is_due(now) {
        bundle = Some(own_keys::make_bundle(&home, &mut ring, now, random)?);
    }
    let failed = Failed::new(None);
    let durable = open_store(&home, now)?;
    let nonces = Box::new(|bytes: &mut [u8]| OsRandomness::new().fill(bytes));
    let sealed = SealedStore::new(Arc::clone(&durable), home.store_key(), nonces);
    let store = Arc::new(WatchedStore::new(sealed, failed.clone()));
    let roster = succeed(&home, &*store, roster)?;
    let identity = DeskIdentity {
        contact: home.contact().clone(),
        device: home.device(),
        signing: SigningKey::from_seed(*home.signing_key().expose()),
    };
    let desk =
        Desk::open(store, identity, Arc::clone(&roster), ring, reading).map_err(DeskError::from)?;
    let shown = ShownKeys::of(&home)?;
    let mut room = Room {
        desk,
        home,
        durable,
    };
    let newest = room.desk.newest_published().map_err(DeskError::from)?;
    if lost_ring && newest >= room.desk.ring().number() {
        bundle = Some(own_keys::overtake_in(&mut room, newest, now)?);
    }
    let office = Office::new(Furniture {
        room,
        failed,
        clock,
        roster,
        addresses,
        retention_days: retention_days.or(settings.retention_days),
        bundle,
        shown,
    });
    for folder in [&office.sent_blobs, &office.received_blobs] {
        let write = |source| OpenError::Write {
            what: "The folder of attachments",
            source,
        };
        folder.make().map_err(write)?;
    }
    Ok(office)
}

/// The roster with what those from before a re-anchoring remember: what was proven by them stays
/// so, and what was under way is no stranger's. One counts that was in use here, by the sealed
/// store.
fn succeed(
    home: &Home,
    store: &dyn Store,
    mut roster: Arc<Roster>,
) -> Result<Arc<Roster>, OpenError> {
    let before = home.rosters_before();
    if before.is_empty() {
        return Ok(roster);
    }
    let used = rosters_used(store).map_err(DeskError::from)?;
    let after = Arc::make_mut(&mut roster);
    for (before, _) in &before {
        let knows = |hash| before.knows(hash) != Knowledge::Unknown;
        if used.iter().any(knows) {
            after.succeed(before);
        }
    }
    after.recall(used);
    Ok(roster)
}

/// The keys of a loopback network are in everybody's hands: it must not be reached from elsewhere.
fn refuse_reachable_example(
    roster: &Roster,
    instead: &std::collections::BTreeMap<maille_common::address::Name, Vec<String>>,
) -> Result<(), OpenError> {
    if roster.authority().reach != Reach::Loopback {
        return Ok(());
    }
    for relay in &roster.authority().relays {
        let mut found = addresses(roster, &relay.name, instead).into_iter();
        if let Some(address) = found.find(|address| !is_loopback(address)) {
            return Err(OpenError::NotLoopback {
                relay: relay.name.clone(),
                address,
            });
        }
    }
    Ok(())
}

/// Opens the durable store. A damaged one is set aside and a new one begun,
/// with a new epoch: the relays bring what it held again (I2).
fn open_store(home: &Home, now: Timestamp) -> Result<Arc<DurableStore>, OpenError> {
    let stamp = now.to_string().replace([':', '.'], "");
    let id = StoreId(OsRandomness::new().array());
    let options = Options {
        // A desk holds little beside a relay.
        log_segment_bytes: 4 * MIB,
        checkpoint_log_bytes: 8 * MIB,
        low_water_bytes: LOW_WATER_BYTES,
        ballast_bytes: 4 * MIB,
        index_cache_bytes: 8 * MIB,
        pending_bytes_max: 64 * 1024 * 1024,
        ..Options::new(id, boot_id(), &stamp)
    };
    let (store, opening) = DurableStore::open(&home.store_path(), &options)
        .map_err(|error| OpenError::Store(error.to_string()))?;
    if let Some(aside) = &opening.set_aside {
        tracing::error!(
            path = %aside.path.display(), damage = ?aside.damage,
            "the store was damaged and set aside; what it held is collected again"
        );
    }
    if let Some(copy) = &opening.migrated {
        tracing::info!(
            copy = %copy.display(),
            "the store was of the previous format and is migrated; a copy of it is kept"
        );
    }
    Ok(Arc::new(store))
}
