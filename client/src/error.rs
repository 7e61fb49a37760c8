//! Why a client cannot be opened, or its desk not asked.

use maille_common::address::Name;
use maille_common::identifier::{AlertId, NotAnAlertId};
use maille_common::sealing::RingFull;
use maille_durable::StoreError;
use std::sync::Arc;
use thiserror::Error;

use crate::core::StepError;
use crate::home::HomeError;
use crate::roster_store::RosterStoreError;
use crate::settings::SettingsError;

/// Why the desk did not do a step, or could not be asked.
#[derive(Debug, Error)]
pub enum DeskError {
    /// The store refused or failed, or a record is damaged.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The client was shut down.
    #[error("The client was shut down; open the home again.")]
    Closed,
}

impl DeskError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Step(error) => error.code(),
            Self::Closed => "closed",
        }
    }
}

/// Why a desk can promise nothing any more: its store failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0} The home has to be opened again; what the desk promised is in it.")]
pub struct DeskFailure(Arc<str>);

impl DeskFailure {
    pub(crate) fn new(error: &StoreError) -> Self {
        Self(error.to_string().into())
    }

    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        "store-failed"
    }
}

/// Why a client was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The home: wrong passphrase, open in another process, of another version, damaged.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// `settings.toml`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The roster's documents.
    #[error(transparent)]
    Roster(#[from] RosterStoreError),
    /// An example network, whose keys anybody may have, on an address that others can reach.
    #[error(
        "The network is for loopback only, and relay {relay} is at {address}: its example keys \
         protect nothing, so nothing is sent there."
    )]
    NotLoopback {
        /// The relay.
        relay: Name,
        /// Its address.
        address: String,
    },
    /// The durable store cannot be opened.
    #[error("The store of the home cannot be opened: {0}")]
    Store(String),
    /// The desk's records cannot be read.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The ring of sealing keys is full.
    #[error(transparent)]
    RingFull(#[from] RingFull),
    /// A file of the home cannot be written.
    #[error("{what} of the home cannot be written: {source}.")]
    Write {
        /// Which file or folder.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// No socket could be had.
    #[error("No socket can be opened: {0}")]
    Socket(String),
}

impl OpenError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Home(error) => error.code(),
            Self::Settings(_) => "settings",
            Self::Roster(error) => error.code(),
            Self::NotLoopback { .. } => "not-loopback",
            Self::Store(_) => "store-open",
            Self::Desk(error) => error.code(),
            Self::RingFull(error) => error.code(),
            Self::Write { .. } => "home-write",
            Self::Socket(_) => "socket",
        }
    }
}

/// Why no alert is meant by what somebody typed, or more than one.
#[derive(Debug, Error)]
pub enum LookupError {
    /// It is not the beginning of an id.
    #[error(transparent)]
    NotAnId(#[from] NotAnAlertId),
    /// Nothing here begins like that.
    #[error("No alert here, sent or received, begins with {typed}; list what there is.")]
    Unknown {
        /// What was typed.
        typed: String,
    },
    /// Several begin like that.
    #[error("{typed} is the beginning of {}; type more of the one you mean.", listed(.found))]
    Ambiguous {
        /// What was typed.
        typed: String,
        /// The alerts that begin so.
        found: Vec<AlertId>,
    },
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl LookupError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnId(_) => "not-an-id",
            Self::Unknown { .. } => "unknown-alert",
            Self::Ambiguous { .. } => "ambiguous-id",
            Self::Desk(error) => error.code(),
        }
    }
}

/// Ids as people see them; those that look alike in full.
fn listed(found: &[AlertId]) -> String {
    let mut prefixes: Vec<String> = found.iter().map(|id| id.prefix().to_string()).collect();
    prefixes.sort();
    let alike = prefixes.windows(2).any(|pair| pair[0] == pair[1]);
    let shown = |id: &AlertId| match alike {
        true => id.to_string(),
        false => id.prefix().to_string(),
    };
    found.iter().map(shown).collect::<Vec<_>>().join(" and of ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ambiguous_beginning_names_every_alert_it_may_mean() {
        let found = vec![
            AlertId::from_bytes([0; 32]),
            AlertId::from_bytes([0xff; 32]),
        ];
        let typed = "7".to_owned();
        let error = LookupError::Ambiguous { typed, found };
        assert_eq!(
            error.to_string(),
            "7 is the beginning of 0000-0000 and of ZZZZ-ZZZZ; type more of the one you mean."
        );
    }
}
