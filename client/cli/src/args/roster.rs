//! The roster that a command goes by, proved from the anchor.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::RosterFolder;
use maille_common::roster::{Anchor, Roster};

use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::sentence::{fault, hint};

/// A folder of published documents and the anchor they are proved from.
#[derive(Debug, Args)]
pub(crate) struct RosterArgs {
    /// The folder of the network's published documents.
    #[arg(
        long,
        value_name = "DIR",
        env = "MAILLE_ROSTER",
        default_value = "roster"
    )]
    roster: PathBuf,
    /// The anchor, as it was handed over; `anchor.toml` in the folder where it is missing.
    #[arg(long, value_name = "FILE", env = "MAILLE_ANCHOR")]
    anchor: Option<PathBuf>,
}

/// What was read and proved.
#[derive(Debug)]
pub(crate) struct Trusted {
    pub(crate) folder: RosterFolder,
    pub(crate) anchor: Anchor,
    /// None before part 1 is published.
    pub(crate) roster: Option<Roster>,
}

impl RosterArgs {
    /// The folder, not yet read.
    pub(crate) fn folder(&self) -> RosterFolder {
        RosterFolder::at(&self.roster)
    }

    /// Reads and proves.
    pub(crate) fn load(&self) -> Result<Trusted, Fault> {
        let folder = self.folder();
        let path = self.anchor.clone().unwrap_or_else(|| folder.anchor_path());
        let anchor = RosterFolder::read_anchor(&path).hint(hint::GiveRosterAndAnchor)?;
        let roster = folder.load(&anchor).hint(hint::CheckRosterAndAnchor)?;
        Ok(Trusted {
            folder,
            anchor,
            roster,
        })
    }
}

impl Trusted {
    /// The roster, where a command needs one in force.
    pub(crate) fn in_force(&self) -> Result<&Roster, Fault> {
        self.roster.as_ref().ok_or_else(|| {
            let path = &self.folder.path().display();
            let sentence = fault::NoAuthorityPartYet { path };
            Fault::new(Exit::Waiting, "no-roster", sentence).with_hint(hint::PublishFirst)
        })
    }
}
