//! Who is connected and has greeted: whom to wake when something new waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maille_common::address::DeviceId;
use tokio::sync::Notify;

/// The sessions of all devices. A device may have several for a moment.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<DeviceId, Vec<Arc<Notify>>>>,
}

/// One session among them; dropping it takes the session out.
#[derive(Debug)]
pub(crate) struct Presence {
    sessions: Arc<Sessions>,
    device: DeviceId,
    bell: Arc<Notify>,
}

impl Sessions {
    /// Enters a session.
    pub(crate) fn enter(self: &Arc<Self>, device: DeviceId) -> Presence {
        let bell = Arc::new(Notify::new());
        self.lock()
            .entry(device)
            .or_default()
            .push(Arc::clone(&bell));
        Presence {
            sessions: Arc::clone(self),
            device,
            bell,
        }
    }

    /// Rings at every session of the devices. A session that is busy looks when it is done.
    pub(crate) fn wake<'a>(&self, devices: impl IntoIterator<Item = &'a DeviceId>) {
        let open = self.lock();
        for device in devices {
            for bell in open.get(device).into_iter().flatten() {
                bell.notify_one();
            }
        }
    }

    /// How many devices are connected.
    pub(crate) fn devices(&self) -> usize {
        self.lock().len()
    }

    /// The table is whole between any two statements, so a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Vec<Arc<Notify>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence {
    /// Waits until something new may wait.
    pub(crate) async fn woken(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut open = self.sessions.lock();
        if let Some(bells) = open.get_mut(&self.device) {
            bells.retain(|bell| !Arc::ptr_eq(bell, &self.bell));
            if bells.is_empty() {
                open.remove(&self.device);
            }
        }
    }
}
