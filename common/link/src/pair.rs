//! A relay and its devices on loopback, for the tests.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};

use crate::{AnswerBound, Dialer, Directory, Identity, Limits, Link, Listener, ListenerConfig};

pub(crate) const RELAY: u8 = 1;
pub(crate) const DEVICE: u8 = 2;

/// Ample bounds for tests of something else.
pub(crate) const AMPLE: AnswerBound = AnswerBound {
    bytes_max: 1024 * 1024,
    deadline: Duration::from_secs(60),
};

pub(crate) fn identity(seed: u8) -> Identity {
    Identity::new("peer", &SigningKey::from_seed([seed; 32])).expect("an identity")
}

/// A directory that tests change.
#[derive(Debug, Default)]
pub(crate) struct Admitted(Mutex<HashSet<VerifyingKey>>, Mutex<HashSet<VerifyingKey>>);

impl Admitted {
    pub(crate) fn add(&self, seed: u8) {
        let key = identity(seed).key();
        self.0.lock().expect("no panic").insert(key);
    }

    pub(crate) fn remove(&self, seed: u8) {
        let key = identity(seed).key();
        self.0.lock().expect("no panic").remove(&key);
    }

    /// It is removed, for its holder has another.
    pub(crate) fn end(&self, seed: u8) {
        self.remove(seed);
        let key = identity(seed).key();
        self.1.lock().expect("no panic").insert(key);
    }
}

impl Directory for Admitted {
    fn admits(&self, key: &VerifyingKey) -> bool {
        self.0.lock().expect("no panic").contains(key)
    }

    fn has_ended(&self, key: &VerifyingKey) -> bool {
        self.1.lock().expect("no panic").contains(key)
    }
}

/// A relay that admits [`DEVICE`].
pub(crate) struct Relay {
    pub(crate) listener: Listener,
    pub(crate) admitted: Arc<Admitted>,
    pub(crate) limits: Limits,
}

impl Relay {
    pub(crate) fn new(limits: Limits) -> Self {
        let admitted = Arc::new(Admitted::default());
        admitted.add(DEVICE);
        let listener = Listener::bind(ListenerConfig {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            identity: identity(RELAY),
            directory: admitted.clone(),
            limits: limits.clone(),
        })
        .expect("a loopback socket");
        Self {
            listener,
            admitted,
            limits,
        }
    }

    pub(crate) fn address(&self) -> String {
        self.listener.local_address().to_string()
    }

    /// Connects a device; its own end first, then the relay's.
    pub(crate) async fn connect(&self, seed: u8) -> (Link, Link) {
        let dialer = Dialer::bind(identity(seed), self.limits.clone()).expect("sockets");
        let relay = [identity(RELAY).key()];
        let device_end = dialer
            .connect(&self.address(), &relay)
            .await
            .expect("a link");
        let relay_end = self.listener.accept().await.expect("a link");
        (device_end, relay_end)
    }
}
