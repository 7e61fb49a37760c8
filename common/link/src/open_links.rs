//! Who is connected to a listener.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maille_common::crypto::ed25519::VerifyingKey;

use crate::close::CloseCode;
use crate::session::Session;

/// The live connections, by key.
#[derive(Debug)]
pub(crate) struct OpenLinks {
    per_key: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// Oldest first.
    sessions: HashMap<VerifyingKey, Vec<Arc<Session>>>,
    count: usize,
}

impl OpenLinks {
    pub(crate) fn new(per_key: usize) -> Arc<Self> {
        Arc::new(Self {
            per_key: per_key.max(1),
            table: Mutex::default(),
        })
    }

    /// Enters a connection until the entry is dropped, and closes the oldest one of the same key
    /// where there are too many: what a device left behind must not keep it out.
    pub(crate) fn enter(self: &Arc<Self>, session: &Arc<Session>) -> Entry {
        let mut table = self.lock();
        table.count += 1;
        let same_key = table.sessions.entry(session.peer).or_default();
        same_key.push(Arc::clone(session));
        let surplus = same_key.len().saturating_sub(self.per_key);
        for old in &same_key[..surplus] {
            old.close(CloseCode::Replaced);
        }
        Entry {
            open: Arc::clone(self),
            session: Arc::clone(session),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().count
    }

    /// Closes the connections of all keys that match, and returns how many there were.
    pub(crate) fn close_where(
        &self,
        code: CloseCode,
        matches: impl Fn(&VerifyingKey) -> bool,
    ) -> usize {
        let table = self.lock();
        let chosen = table.sessions.iter().filter(|(key, _)| matches(key));
        chosen
            .flat_map(|(_, sessions)| sessions)
            .map(|session| session.close(code))
            .count()
    }

    /// The table is consistent between any two statements, so a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection in the table; dropping it takes the connection out.
#[derive(Debug)]
pub(crate) struct Entry {
    open: Arc<OpenLinks>,
    session: Arc<Session>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut table = self.open.lock();
        table.count -= 1;
        let key = self.session.peer;
        if let Some(same_key) = table.sessions.get_mut(&key) {
            same_key.retain(|session| !Arc::ptr_eq(session, &self.session));
            if same_key.is_empty() {
                table.sessions.remove(&key);
            }
        }
    }
}
