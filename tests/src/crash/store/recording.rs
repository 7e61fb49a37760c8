//! What a store did to its disk, call by call, and what it promised in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::ThreadId;

/// Paths within the folder that holds the store, with `/`.
pub(crate) type Path = String;

/// The folder of the store.
pub(crate) const STORE: &str = "store";

/// What stands under a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// A folder.
    Folder,
    /// A file, and all that is in it.
    File(Arc<[u8]>),
}

/// Everything below a folder.
pub(crate) type Tree = BTreeMap<Path, Leaf>;

/// One call that changes the disk.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// A folder is created.
    CreateFolder {
        /// Where.
        path: Path,
    },
    /// A file is created, empty.
    Create {
        /// Where.
        path: Path,
        /// Its number in this recording.
        file: usize,
    },
    /// A file grows.
    Write {
        /// Which.
        file: usize,
        /// By what.
        bytes: Arc<[u8]>,
    },
    /// A file is synced.
    Sync {
        /// Which.
        file: usize,
        /// How it was called when it was opened.
        path: Path,
    },
    /// A sync failed: what it was for will never be written, and the next sync will not say so.
    FailedSync {
        /// Of which file.
        file: usize,
    },
    /// A file or folder is renamed.
    Rename {
        /// From.
        from: Path,
        /// To.
        to: Path,
    },
    /// A file is removed.
    Remove {
        /// Which.
        path: Path,
    },
    /// The names in a folder are synced.
    SyncFolder {
        /// Which.
        path: Path,
    },
    /// The names in a folder of the index are synced.
    SyncIndexFolder {
        /// Which.
        path: Path,
        /// The paths of what is in it.
        paths: BTreeSet<Path>,
    },
    /// A file of the index is synced. Its writes are not recorded: the index is not trusted.
    SyncIndexFile {
        /// Which.
        path: Path,
        /// What was in it.
        bytes: Arc<[u8]>,
    },
}

/// What happened, in one order for all threads.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A call that succeeded.
    Call {
        /// The thread that made it.
        by: ThreadId,
        /// The call.
        call: Call,
    },
    /// Everything up to a commit was said to survive a power cut.
    Acknowledged(u64),
    /// The store was opened; everything it found was said to survive, and is acknowledged before.
    Opened,
    /// The store is about to be closed.
    Closing,
    /// The store was closed, and its index said to be whole.
    Closed,
    /// The process dies, or the store has failed; it is opened again.
    Ended,
}

impl Event {
    /// The call, if it is one.
    pub(crate) fn call(&self) -> Option<&Call> {
        match self {
            Self::Call { call, .. } => Some(call),
            _ => None,
        }
    }
}

/// One life of a store, or several without a power cut between them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recording {
    /// What was on the disk before, all of it durable.
    pub(crate) before: Tree,
    /// What happened.
    pub(crate) events: Vec<Event>,
    /// Copies of the index, and behind how many events each was made.
    pub(crate) indexes: Vec<(usize, Tree)>,
}

impl Recording {
    /// The newest commit acknowledged before a cut.
    pub(crate) fn acknowledged(&self, cut: usize) -> u64 {
        let promises = self.events[..cut].iter().filter_map(|event| match event {
            Event::Acknowledged(number) => Some(*number),
            _ => None,
        });
        promises.max().unwrap_or(0)
    }

    /// Tells how a store stood at a cut.
    pub(crate) fn standing(&self, cut: usize) -> Standing {
        let last = self.events[..cut]
            .iter()
            .rev()
            .find_map(|event| match event {
                Event::Opened => Some(Standing::Served),
                Event::Closing => Some(Standing::Between),
                Event::Closed => Some(Standing::Closed),
                Event::Ended => Some(Standing::Between),
                _ => None,
            });
        let opening = last == Some(Standing::Closed) && {
            let events = self.events[..cut].iter().rev();
            let mut since = events.take_while(|event| !matches!(event, Event::Closed));
            since.any(|event| event.call().is_some())
        };
        match last {
            Some(standing) if !opening => standing,
            _ => Standing::Between,
        }
    }
}

/// How a store stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Being opened or closed.
    Between,
    /// Open, and serving.
    Served,
    /// Closed, and not opened again.
    Closed,
}
