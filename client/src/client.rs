//! The client: a home that is open, connected, and serves one contact.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use maille_common::roster::{Roster, RosterDocuments};
use maille_link::{CloseCode, Dialer, Limits};
use tokio::task::JoinHandle;

use crate::archive::archive;
use crate::config::ClientConfig;
use crate::courier::serve_relays;
use crate::error::{DeskError, DeskFailure, OpenError};
use crate::keeper;
use crate::office::{Office, blocking, lock};
use crate::opening;
use crate::roster_change::{self, RosterChangeError};
use crate::status::{self, Connection, Status};

mod act;
mod archive;
mod drill;
mod duty;
mod export;
mod extend;
mod officers;
mod query;
mod reconcile;
mod send;
mod settled;

pub use act::{AnswerError, Answered, By};
pub use archive::ArchiveError;
pub use export::ExportError;
pub use extend::{AddError, Added, Addition};
pub use officers::OfficerError;
pub use query::QueryError;
pub use reconcile::ReconcileError;
pub use send::{PreviewError, SendError, Sent};

/// How long relays are given to hear that this client stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// A home that is open: it collects, sends, and keeps every promise in the background.
///
/// Clones are the same client. Call [`Client::shutdown`] before the program ends: what it kept is
/// safe in any case, and relays need not wait for a timeout.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    office: Arc<Office>,
    dialer: Arc<Dialer>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Inner {
    /// Nobody can ask any more: the tasks end, and with the last of them the home is closed.
    fn drop(&mut self) {
        self.office.stop();
    }
}

impl Client {
    /// Opens a home, and begins to collect and send. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`]: the home is open in another process, the passphrase is wrong, there is no
    /// roster yet, or the disk failed. No relay is needed to open a home.
    pub async fn open(config: ClientConfig) -> Result<Self, OpenError> {
        let office = blocking(move || opening::open(config)).await?;
        let identity = office.shown.borrow().present.identity.clone();
        let dialer = Dialer::bind(identity, Limits::default())
            .map_err(|error| OpenError::Socket(error.to_string()))?;
        let dialer = Arc::new(dialer);
        let tasks = vec![
            tokio::spawn(serve_relays(Arc::clone(&office), Arc::clone(&dialer))),
            tokio::spawn(keeper::keep(Arc::clone(&office))),
            tokio::spawn(archive(Arc::clone(&office))),
        ];
        Ok(Self {
            inner: Arc::new(Inner {
                office,
                dialer,
                tasks: Mutex::new(tasks),
            }),
        })
    }

    /// Stops, tells the relays, closes the store and lets the next process into the home.
    ///
    /// What waits to be sent stays in the outbox. Later calls of any clone say
    /// [`DeskError::Closed`].
    pub async fn shutdown(&self) {
        let Inner {
            office,
            dialer,
            tasks,
        } = &*self.inner;
        office.stop();
        dialer.close(CloseCode::Shutdown);
        let tasks: Vec<_> = std::mem::take(&mut *lock(tasks));
        for task in tasks {
            // A task that panicked has ended as well.
            let _ = task.await;
        }
        // A relay that cannot be told notices by itself.
        let _ = tokio::time::timeout(FAREWELL, dialer.wait_idle()).await;
        office.leave().await;
    }

    /// Waits until the store has failed, after which every call says so. It never does while the
    /// disk works.
    ///
    /// Nothing collects or sends any more then: shut the client down, and open the home again when
    /// the disk is mended.
    pub async fn failed(&self) -> DeskFailure {
        self.office().failed().await
    }

    /// How the client stands: relays, roster, and who lacks an alert.
    pub async fn status(&self) -> Result<Status, DeskError> {
        status::status(&self.inner.office).await
    }

    /// How often the desk's store has waited for the disk since it was opened. One sync makes
    /// durable whatever was committed meanwhile.
    pub async fn syncs(&self) -> Result<u64, DeskError> {
        let asked = self
            .office()
            .ask(|room, _| Ok(room.durable.figures().syncs));
        asked.await
    }

    /// Waits until every relay that matters has been asked for its contacts' sealing keys, or could
    /// not be reached. `false` when the time is up, or one could not.
    ///
    /// Nothing has to wait for it: what is sent earlier may reach its recipients by addendum.
    pub async fn ready(&self, timeout: Duration) -> bool {
        let office = self.office();
        let tried = async {
            loop {
                let mut news = office.news();
                let standings: Vec<_> = {
                    let roster = office.roster();
                    let relays = &roster.authority().relays;
                    relays
                        .iter()
                        .map(|relay| office.standings.of(&relay.name))
                        .collect()
                };
                if standings.iter().all(|standing| standing.asked_for_keys) {
                    return true;
                }
                let settled = |standing: &status::Standing| {
                    standing.asked_for_keys || standing.connection == Connection::Waiting
                };
                if standings.iter().all(settled) || office.is_stopping() {
                    return false;
                }
                if news.changed().await.is_err() {
                    return false;
                }
            }
        };
        tokio::time::timeout(timeout, tried).await.unwrap_or(false)
    }

    /// Takes roster documents from a file or an authority into use, and hands them to the relays;
    /// whether the roster in use is another one now.
    pub async fn offer_roster(
        &self,
        documents: RosterDocuments,
    ) -> Result<bool, RosterChangeError> {
        roster_change::apply(self.office(), documents).await
    }

    /// Whether a roster that has this device has it with its own keys and for its own contact; to
    /// be asked before one is taken that somebody handed over.
    pub async fn is_itself_in(&self, roster: Roster) -> Result<bool, DeskError> {
        self.office()
            .ask(move |room, _| Ok(room.home.is_itself_in(&roster)))
            .await
    }

    /// The roster in use.
    pub fn roster(&self) -> Arc<Roster> {
        self.office().roster()
    }

    pub(crate) fn office(&self) -> &Arc<Office> {
        &self.inner.office
    }
}
