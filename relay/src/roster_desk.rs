//! Where a roster changes: documents from the folder, an operator or a device are verified, kept,
//! and taken into use, one set after the other.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maille_common::hash::Hash;
use maille_common::roster::{
    Anchor, Applied, Comparison, Knowledge, Roster, RosterDocuments, RosterError, RosterHeads,
};
use maille_common::terms::Reach;
use thiserror::Error;

use crate::clock::{Clock, stamp};
use crate::folder::RelayFolder;
use crate::roster_folder::{Listing, Reading, RosterFolder};
use crate::roster_growth::{Growth, found, grow};
use crate::roster_heads::KnownHeads;

/// Why offered documents do not change the roster.
#[derive(Debug, Error)]
pub enum RosterRefused {
    /// They do not verify, or contradict what is held.
    #[error("{error} (check {})", .error.check())]
    Documents {
        /// What the roster says.
        #[from]
        error: RosterError,
    },
    /// They make the network one for loopback, and this relay listens on another address.
    #[error(
        "The roster is for loopback only, an example whose keys are no secret, and this relay \
         listens on {address}."
    )]
    Reach {
        /// Where it listens.
        address: SocketAddr,
    },
    /// They cannot be kept.
    #[error("The folder of the roster cannot be read or written: {0}.")]
    Folder(#[from] io::Error),
}

/// The documents on disk, and the rule that changes come one after the other.
pub(crate) struct RosterDesk {
    clock: Arc<dyn Clock>,
    address: SocketAddr,
    state: Mutex<DeskState>,
}

struct DeskState {
    folder: RosterFolder,
    heads: KnownHeads,
    seen: Listing,
}

impl RosterDesk {
    /// Reads the folder and founds the roster. `address` is where the relay will listen.
    pub(crate) fn open(
        folder: &RelayFolder,
        anchor: &Anchor,
        address: SocketAddr,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Roster), RosterRefused> {
        let documents = RosterFolder::open(folder.roster())?;
        let heads = KnownHeads::open(folder.roster_heads())?;
        let seen = documents.list()?;
        let Reading { files, unreadable } = documents.read(&seen)?;
        let mut growth = found(anchor, files)?;
        check_reach(&growth.roster, address)?;
        for known in heads.all() {
            let _ = growth.roster.learn_heads(known);
        }
        let state = Mutex::new(DeskState {
            folder: documents,
            heads,
            seen,
        });
        let desk = Self {
            clock,
            address,
            state,
        };
        let roster = {
            let mut state = desk.lock();
            let roster = state.settle(growth, unreadable, &stamp(desk.clock.now()))?;
            state.seen = state.folder.list()?;
            roster
        };
        Ok((desk, roster))
    }

    /// Looks whether files were dropped in, and takes into use what verifies.
    ///
    /// `publish` runs before anybody else may change the roster, and only if something did change.
    pub(crate) fn reload(
        &self,
        current: impl FnOnce() -> Arc<Roster>,
        publish: impl FnOnce(Arc<Roster>),
    ) -> Result<bool, RosterRefused> {
        let mut state = self.lock();
        let listing = state.folder.list()?;
        if listing == state.seen {
            return Ok(false);
        }
        let Reading { files, unreadable } = state.folder.read(&listing)?;
        let before = current();
        let growth = grow(&before, files);
        // What is refused here is refused again at each change of the folder, never in between.
        state.seen = listing;
        check_reach(&growth.roster, self.address)?;
        let roster = state.settle(growth, unreadable, &stamp(self.clock.now()))?;
        state.seen = state.folder.list()?;
        let changed = roster.hash() != before.hash();
        if changed {
            publish(Arc::new(roster));
        }
        Ok(changed)
    }

    /// Takes documents that somebody handed over. All of them enter or none.
    pub(crate) fn offer(
        &self,
        documents: &RosterDocuments,
        current: impl FnOnce() -> Arc<Roster>,
        publish: impl FnOnce(Arc<Roster>),
    ) -> Result<Applied, RosterRefused> {
        let mut state = self.lock();
        let mut roster = Roster::clone(&current());
        let applied = match roster.apply(documents) {
            Ok(applied) => applied,
            Err(error) => {
                if let RosterError::Fork(_) = &error {
                    let kept = state
                        .folder
                        .keep_refused(documents, &stamp(self.clock.now()))?;
                    tracing::error!(kept = %kept.display(), %error, "incident: a roster fork");
                }
                return Err(error.into());
            }
        };
        check_reach(&roster, self.address)?;
        state.folder.keep(documents)?;
        state.keep(&roster)?;
        state.seen = state.folder.list()?;
        if applied.is_change() {
            publish(Arc::new(roster));
        }
        Ok(applied)
    }

    /// Judges the heads of a device, so that their hash in an envelope is known later.
    pub(crate) fn learn(
        &self,
        heads: &RosterHeads,
        current: impl FnOnce() -> Arc<Roster>,
        publish: impl FnOnce(Arc<Roster>),
    ) {
        let _state = self.lock();
        let current = current();
        if heads.check().is_err() || current.knows(&heads.hash()) != Knowledge::Unknown {
            return;
        }
        let mut roster = Roster::clone(&current);
        match roster.learn_heads(heads) {
            Comparison::Fork => tracing::error!(
                roster = %heads.hash().short(),
                "incident: a device uses a roster that contradicts this one"
            ),
            _ => publish(Arc::new(roster)),
        }
    }

    /// The heads of a roster that was in force here.
    pub(crate) fn heads_of(&self, roster: &Hash) -> Option<RosterHeads> {
        self.lock().heads.find(roster).cloned()
    }

    /// The state is whole between any two statements, so a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, DeskState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Judges a folder of documents as it is, and changes nothing in it.
pub(crate) fn peek(
    documents: PathBuf,
    anchor: &Anchor,
    address: SocketAddr,
) -> Result<(Growth, Vec<String>), RosterRefused> {
    let documents = RosterFolder::at(documents);
    let Reading { files, unreadable } = documents.read(&documents.list()?)?;
    let growth = found(anchor, files)?;
    check_reach(&growth.roster, address)?;
    Ok((growth, unreadable))
}

impl DeskState {
    /// Sets aside what was refused, and keeps what is in force.
    fn settle(
        &mut self,
        growth: Growth,
        unreadable: Vec<String>,
        stamp: &str,
    ) -> Result<Roster, RosterRefused> {
        for name in unreadable {
            let aside = self.folder.set_aside(&name, stamp)?;
            tracing::error!(
                file = name, aside = %aside.display(), check = "R1",
                "a roster file was refused: it holds no roster document"
            );
        }
        for (name, error) in growth.refused {
            let aside = self.folder.set_aside(&name, stamp)?;
            tracing::error!(
                file = name, aside = %aside.display(), check = error.check(), %error,
                "a roster document was refused"
            );
        }
        for (name, error) in growth.incomplete {
            tracing::warn!(
                file = name, check = error.check(), %error,
                "a roster document waits for others"
            );
        }
        self.keep(&growth.roster)?;
        Ok(growth.roster)
    }

    fn keep(&mut self, roster: &Roster) -> io::Result<()> {
        self.folder.keep(&roster.documents())?;
        self.heads.record(roster.heads())
    }
}

/// An example network, whose keys everybody has, is served on loopback only.
fn check_reach(roster: &Roster, address: SocketAddr) -> Result<(), RosterRefused> {
    if roster.authority().reach == Reach::Loopback && !address.ip().is_loopback() {
        return Err(RosterRefused::Reach { address });
    }
    Ok(())
}

impl std::fmt::Debug for RosterDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RosterDesk")
            .field("folder", &self.lock().folder.path())
            .finish_non_exhaustive()
    }
}
