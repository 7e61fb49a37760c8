//! An open desk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use maille_client::home::Passphrase;
use maille_client::{By, Client, ClientConfig};
use maille_common::identifier::AlertId;

use crate::args::DeskArgs;
use crate::command::officer::on_duty::{self, OnDuty};
use crate::exit::Exit;
use crate::fault::Fault;
#[cfg(unix)]
use crate::hook::Board;
use crate::sentence::fault;

/// A desk that this process holds.
#[derive(Debug)]
pub(crate) struct Desk {
    client: Client,
    home: PathBuf,
    /// Who opened it by passphrase.
    officer: Option<String>,
    /// Who goes on sending when this process ends.
    resident: bool,
    patience: Duration,
    /// Held while duty changes, so that two shells do not write the name at once.
    shift: Arc<Mutex<()>>,
    /// How programs and webhooks stand that an agent tells.
    #[cfg(unix)]
    board: Board,
}

impl Desk {
    /// Opens the desk of a home, by an officer's passphrase or the machine's key. `resident`: for
    /// an agent, which stays.
    pub(crate) async fn open(
        home: &Path,
        key: Option<&(String, Passphrase)>,
        args: &DeskArgs,
        resident: bool,
    ) -> Result<Self, Fault> {
        let mut config = ClientConfig::new(home);
        let mut officer = None;
        if let Some((name, passphrase)) = key {
            officer = Some(name.clone());
            // Another attempt needs it again where the home is held; each copy is wiped.
            config = config.officer(name, Passphrase::new(passphrase.expose()));
        }
        let client = Client::open(config).await?;
        Ok(Self {
            client,
            home: home.to_owned(),
            officer,
            resident,
            patience: args.patience.into(),
            shift: Arc::default(),
            #[cfg(unix)]
            board: Board::default(),
        })
    }

    /// The client that does the work.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The folder of its home.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// How programs and webhooks stand.
    #[cfg(unix)]
    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    /// Whether an agent holds it: then what is unsent goes by itself.
    pub(crate) const fn is_resident(&self) -> bool {
        self.resident
    }

    /// How long relays are waited for.
    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Who acts: whoever is on duty, else who opened a home without an agent. Nobody: the system.
    pub(crate) fn officer(&self) -> Result<Option<String>, Fault> {
        let duty = on_duty::read(&self.home)?.map(|duty| duty.officer);
        Ok(match &self.officer {
            // The passphrase was given for this very command.
            Some(opened) if !self.resident => Some(opened.clone()),
            _ => duty,
        })
    }

    /// Who is on duty, and since when.
    pub(crate) fn on_duty(&self) -> Result<Option<OnDuty>, Fault> {
        on_duty::read(&self.home)
    }

    /// Changes who is on duty, on a thread that may wait for the disk.
    pub(crate) async fn shift<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Path) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (shift, home) = (Arc::clone(&self.shift), self.home.clone());
        let changed = tokio::task::spawn_blocking(move || {
            // A file is replaced whole or not at all, so a panic elsewhere spoils nothing.
            let _turn = shift.lock().unwrap_or_else(PoisonError::into_inner);
            change(&home)
        });
        changed.await.unwrap_or_else(|failed| {
            let sentence = fault::DutyUnchanged { error: &failed };
            Err(Fault::new(Exit::World, "threads", sentence))
        })
    }

    /// The alert that somebody means by the beginning of its id.
    pub(crate) async fn find(&self, typed: &str) -> Result<AlertId, Fault> {
        Ok(self.client.find(typed).await?)
    }

    /// Stops cleanly.
    pub(crate) async fn close(self) {
        self.client.shutdown().await;
    }
}

/// Whoever acts, as the library has it.
pub(crate) fn by(officer: Option<&str>) -> By<'_> {
    officer.map_or(By::System, By::Officer)
}
