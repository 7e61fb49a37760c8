//! Who is connected to a listener.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maille_common::crypto::ed25519::VerifyingKey;

use crate::close::CloseCode;
use crate::limits::Limits;
use crate::memory::Memory;
use crate::session::Session;

/// The live connections, by key.
#[derive(Debug)]
pub(crate) struct OpenLinks {
    limits: Limits,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    peers: HashMap<VerifyingKey, Peer>,
    count: usize,
}

/// The connections of one key.
#[derive(Debug)]
struct Peer {
    /// Oldest first.
    sessions: Vec<Arc<Session>>,
    /// What all of them together may have in memory.
    memory: Memory,
}

impl OpenLinks {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            limits: limits.clone(),
            table: Mutex::default(),
        })
    }

    /// Enters a connection until the entry is dropped, and closes the oldest one of the same key
    /// where there are too many: what a device left behind must not keep it out.
    pub(crate) fn enter(self: &Arc<Self>, session: &Arc<Session>) -> Entry {
        let mut table = self.lock();
        table.count += 1;
        let peer = table.peers.entry(session.peer).or_insert_with(|| Peer {
            sessions: Vec::new(),
            memory: Memory::of_peer(&self.limits),
        });
        peer.sessions.push(Arc::clone(session));
        let most = self.limits.links_per_key.max(1);
        let surplus = peer.sessions.len().saturating_sub(most);
        for old in &peer.sessions[..surplus] {
            old.close(CloseCode::Replaced);
        }
        Entry {
            open: Arc::clone(self),
            session: Arc::clone(session),
            memory: peer.memory.clone(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().count
    }

    /// Closes the connections of all keys for which there is a code, and returns how many there
    /// were.
    pub(crate) fn close_where(
        &self,
        code_of: impl Fn(&VerifyingKey) -> Option<CloseCode>,
    ) -> usize {
        let table = self.lock();
        let peers = table.peers.iter();
        let chosen = peers.filter_map(|(key, peer)| Some((code_of(key)?, peer)));
        chosen
            .flat_map(|(code, peer)| peer.sessions.iter().map(move |session| (code, session)))
            .map(|(code, session)| session.close(code))
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
    /// What the connections of its key together may have in memory.
    pub(crate) memory: Memory,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut table = self.open.lock();
        table.count -= 1;
        let key = self.session.peer;
        if let Some(peer) = table.peers.get_mut(&key) {
            peer.sessions
                .retain(|session| !Arc::ptr_eq(session, &self.session));
            if peer.sessions.is_empty() {
                table.peers.remove(&key);
            }
        }
    }
}
