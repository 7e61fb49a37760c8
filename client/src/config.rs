//! What a client is told when it is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maille_common::address::Name;

use crate::clock::{Clock, SystemClock};
use crate::home::Passphrase;

/// Bytes that stay free on the volume of a home. Below it a desk sends nothing new and takes no
/// attachments in; alerts and receipts are taken down to the last megabyte.
pub const LOW_WATER_BYTES: u64 = 32 * 1024 * 1024;

/// What opens the home.
#[derive(Debug)]
pub enum Key {
    /// The machine's key file.
    Machine,
    /// An officer's passphrase.
    Officer {
        /// The officer.
        name: String,
        /// The passphrase; wiped when dropped.
        passphrase: Passphrase,
    },
}

/// Everything [`Client::open`](crate::Client::open) has to know. What a network is like stands in
/// its roster; what a desk keeps stands in its home.
#[derive(Debug)]
pub struct ClientConfig {
    pub(crate) home: PathBuf,
    pub(crate) key: Key,
    pub(crate) retention_days: Option<u32>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) addresses: BTreeMap<Name, Vec<String>>,
}

impl ClientConfig {
    /// Opens the home in this folder, with its machine key unless another is given.
    pub fn new(home: impl AsRef<Path>) -> Self {
        Self {
            home: home.as_ref().to_owned(),
            key: Key::Machine,
            retention_days: None,
            clock: Arc::new(SystemClock),
            addresses: BTreeMap::new(),
        }
    }

    /// Opens the home with the passphrase of an officer.
    #[must_use]
    pub fn officer(mut self, name: impl Into<String>, passphrase: Passphrase) -> Self {
        self.key = Key::Officer {
            name: name.into(),
            passphrase,
        };
        self
    }

    /// Purges content and keys this many days after they arrived and were answered, instead of what
    /// `settings.toml` of the home says. Hashes and receipts stay.
    #[must_use]
    pub fn retention_days(mut self, days: u32) -> Self {
        self.retention_days = Some(days);
        self
    }

    /// Goes by another clock than the system's: for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Reaches a relay at this `host:port` instead of where the roster says. Its keys stay those of
    /// the roster. For tests, and for a desk behind a forwarder.
    #[must_use]
    pub fn relay_address(mut self, relay: Name, address: impl Into<String>) -> Self {
        self.addresses
            .entry(relay)
            .or_default()
            .push(address.into());
        self
    }
}
