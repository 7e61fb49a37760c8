//! The roster in use, seen by everybody who has to follow a change at once.

use std::sync::Arc;

use maille_common::address::DeviceId;
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::roster::Roster;
use maille_link::{CloseCode, Directory};
use tokio::sync::watch;

use crate::clock::Clock;

/// The roster of this moment. What was read of it stays as it was; whoever has to follow
/// subscribes.
pub(crate) struct LiveRoster {
    current: watch::Sender<Arc<Roster>>,
    /// By which a key ends that its device has renewed away.
    clock: Arc<dyn Clock>,
}

impl LiveRoster {
    /// Begins with a roster.
    pub(crate) fn new(roster: Arc<Roster>, clock: Arc<dyn Clock>) -> Self {
        Self {
            current: watch::Sender::new(roster),
            clock,
        }
    }

    /// The roster in use.
    pub(crate) fn current(&self) -> Arc<Roster> {
        Arc::clone(&self.current.borrow())
    }

    /// Takes another one into use, and tells the subscribers.
    pub(crate) fn replace(&self, roster: Arc<Roster>) {
        self.current.send_replace(roster);
    }

    /// Follows the changes from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Roster>> {
        self.current.subscribe()
    }

    /// The device that holds a transport key, unless it is suspended, or has another key by now and
    /// the time of this one is over (PROTOCOL T1).
    ///
    /// Only devices are admitted: relays do not speak to each other. A designation whose time has
    /// ended is shown and not refused (I8): what was accepted for the device still waits for it,
    /// and what it may send is judged with each submission.
    pub(crate) fn device_of(&self, key: &VerifyingKey) -> Option<DeviceId> {
        let roster = self.current.borrow();
        let device = roster.device_by_transport_key(key)?.device.id;
        let admitted = roster.may_connect(&device) && !roster.has_ended(key, self.clock.now());
        admitted.then_some(device)
    }

    /// What the holder of a key is told that is not admitted, or not as the device it was.
    pub(crate) fn farewell(&self, key: &VerifyingKey) -> CloseCode {
        match self.has_ended(key) {
            true => CloseCode::Ended,
            false => CloseCode::Removed,
        }
    }
}

impl Directory for LiveRoster {
    fn admits(&self, key: &VerifyingKey) -> bool {
        self.device_of(key).is_some()
    }

    fn has_ended(&self, key: &VerifyingKey) -> bool {
        self.current.borrow().has_ended(key, self.clock.now())
    }
}
