//! A relay: opened, killed, rolled back, given less room.

use std::sync::Arc;

use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::{Roster, RosterDocuments};
use maille_common::time::{Span, Timestamp};
use maille_durable::{MemoryStore, Store};
use maille_relay::core::{Account, RelayBudget, RelayCore, RelayIdentity, account};

use super::MemoryWorld;
use super::disk::{MemoryDisk, Room};

const DAY: Span = Span::from_days(1);

/// A relay with its store, and an old copy of it.
#[derive(Debug)]
pub(super) struct MemoryRelay {
    pub(super) core: RelayCore,
    pub(super) store: Arc<MemoryDisk>,
    pub(super) saved: Option<Arc<MemoryDisk>>,
    budget: RelayBudget,
}

impl MemoryWorld {
    /// Starts a relay over an empty store: a new incarnation.
    pub fn start_relay(&mut self, relay: &str, roster: Arc<Roster>) {
        self.open_relay(relay, roster, Arc::new(MemoryDisk::default()));
    }

    fn open_relay(&mut self, relay: &str, roster: Arc<Roster>, store: Arc<MemoryDisk>) {
        let held = self.network.relay(relay);
        let identity = RelayIdentity {
            name: held.name.clone(),
            signing: SigningKey::from_seed(held.signing),
        };
        let before = self.relays.get(relay);
        let budget = before.map_or_else(RelayBudget::default, |before| before.budget);
        let kept = Arc::clone(&store) as Arc<dyn Store>;
        let reading = self.reading();
        let core =
            RelayCore::open(kept, identity, budget, roster, reading, &mut self.random).unwrap();
        let saved = self.relays.remove(relay).and_then(|relay| relay.saved);
        self.relays.insert(
            relay.to_owned(),
            MemoryRelay {
                core,
                store,
                saved,
                budget,
            },
        );
    }

    /// Makes a copy of a relay's store.
    pub fn save_relay(&mut self, relay: &str) {
        let held = self.relays.get_mut(relay).unwrap();
        held.saved = Some(Arc::new(held.store.copy()));
    }

    /// Puts the copy in place of the store.
    pub fn restore_relay(&mut self, relay: &str) {
        let held = &self.relays[relay];
        let (roster, saved) = (Arc::clone(held.core.roster()), held.saved.clone().unwrap());
        self.open_relay(relay, roster, saved);
    }

    /// A relay's process is killed and started again over the same store.
    pub fn kill_relay(&mut self, relay: &str) {
        let held = &self.relays[relay];
        let (roster, store) = (Arc::clone(held.core.roster()), Arc::clone(&held.store));
        self.open_relay(relay, roster, store);
    }

    /// A relay keeps so much for whom from now on.
    pub fn relay_budget(&mut self, relay: &str, budget: RelayBudget) {
        self.relays.get_mut(relay).unwrap().budget = budget;
        self.kill_relay(relay);
    }

    /// A relay loses its disk.
    pub fn lose_relay(&mut self, relay: &str) {
        let roster = Arc::clone(self.relays[relay].core.roster());
        self.start_relay(relay, roster);
    }

    /// The disk of a relay has so much room from now on.
    pub fn relay_room(&mut self, relay: &str, room: Room) {
        self.relays[relay].store.set_room(room);
    }

    /// The disk of a relay refuses one batch behind so many others.
    pub fn relay_refuses_behind(&mut self, relay: &str, batches: u64) {
        self.relays[relay].store.refuse_behind(batches);
    }

    /// A relay.
    pub fn relay(&mut self, relay: &str) -> &mut RelayCore {
        &mut self.relays.get_mut(relay).unwrap().core
    }

    /// The roster that a relay uses.
    pub fn roster_of(&self, relay: &str) -> &Arc<Roster> {
        self.relays[relay].core.roster()
    }

    /// A roster reaches a relay.
    pub fn spread_to_relay(&mut self, relay: &str, documents: &RosterDocuments) {
        let core = self.relay(relay);
        let mut roster = Roster::clone(core.roster());
        roster.apply(documents).unwrap();
        core.replace_roster(Arc::new(roster));
    }

    /// The books of a relay for the present day.
    pub fn account(&self, relay: &str) -> Account {
        let since_midnight = self.now.since(Timestamp::EPOCH).ms() % DAY.ms();
        let midnight = self.now - Span::from_ms(since_midnight);
        let store = &*self.relays[relay].store;
        account(store, midnight..midnight + DAY, &|| true).unwrap()
    }

    /// A copy of a relay's store, to do with as one likes.
    pub fn store_of(&self, relay: &str) -> MemoryStore {
        self.relays[relay].store.copy_store()
    }
}
