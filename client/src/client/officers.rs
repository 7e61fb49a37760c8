//! Officers while the home is open: who takes over, who is given a way in, and who loses it.
//!
//! A desk stays open for weeks, and its officers change every few hours. Trying a passphrase takes
//! a tenth of a second and 64 MiB, so it happens on a thread that may block, one at a time, and
//! alerts go on coming and going meanwhile.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::OwnedMutexGuard;

use super::Client;
use crate::config::Key;
use crate::entropy::OsRandomness;
use crate::error::DeskError;
use crate::home::{Cost, HomeError, NewOfficer, Passphrase};
use crate::office::blocking;

/// Why an officer is not let in, or a way in was not changed.
#[derive(Debug, Error)]
pub enum OfficerError {
    /// The home: wrong passphrase, unknown officer, no machine's key, the disk.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl OfficerError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Home(error) => error.code(),
            Self::Desk(error) => error.code(),
        }
    }
}

impl Client {
    /// Checks that this key would open the home: of whoever takes over, or vouches for another.
    pub async fn check_key(&self, key: Key) -> Result<(), OfficerError> {
        let Key::Officer { name, passphrase } = key else {
            let check = self.office().ask(|room, _| {
                room.home.check_machine_key()?;
                Ok::<_, OfficerError>(())
            });
            return check.await;
        };
        let turn = self.passphrase_turn().await;
        let slots = self
            .office()
            .ask(|room, _| Ok::<_, DeskError>(room.home.slots()))
            .await?;
        blocking(move || {
            // Kept to the end, also where nobody waits for the answer any more.
            let _turn = turn;
            Ok(slots.check(&name, &passphrase)?)
        })
        .await
    }

    /// Gives another officer a way into the home, durably. Whoever asks for it checks first who
    /// vouches.
    pub async fn add_officer(
        &self,
        name: impl Into<String>,
        passphrase: Passphrase,
    ) -> Result<(), OfficerError> {
        let name = name.into();
        let turn = self.passphrase_turn().await;
        // The home is held meanwhile: this is rare, and nobody else may change the slots.
        self.office()
            .ask(move |room, now| {
                let _turn = turn;
                let officer = NewOfficer {
                    name: &name,
                    passphrase: &passphrase,
                    cost: Cost::STANDARD,
                };
                room.home
                    .add_officer(officer, now, &mut OsRandomness::new())?;
                Ok(())
            })
            .await
    }

    /// Changes the passphrase of an officer who knows the present one, durably.
    ///
    /// The keys of the home stay: a copy of the folder made before still opens with the old one.
    pub async fn change_passphrase(
        &self,
        name: impl Into<String>,
        present: Passphrase,
        new: Passphrase,
    ) -> Result<(), OfficerError> {
        let name = name.into();
        let turn = self.passphrase_turn().await;
        self.office()
            .ask(move |room, _| {
                let _turn = turn;
                let officer = NewOfficer {
                    name: &name,
                    passphrase: &new,
                    cost: Cost::STANDARD,
                };
                room.home
                    .change_passphrase(officer, &present, &mut OsRandomness::new())?;
                Ok(())
            })
            .await
    }

    /// Takes an officer's way into the home, durably, unless it is the last one. Whoever asks for
    /// it checks first who vouches.
    ///
    /// A copy of the folder made before still opens with that officer's passphrase.
    pub async fn remove_officer(&self, name: impl Into<String>) -> Result<(), OfficerError> {
        let name = name.into();
        self.office()
            .ask(move |room, now| Ok(room.home.remove_officer(&name, now)?))
            .await
    }

    async fn passphrase_turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.office().passphrase_turn)
            .lock_owned()
            .await
    }
}
