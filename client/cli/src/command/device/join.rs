//! `maille device join`: take the roster of the network into this home.

use std::fmt::Display;
use std::path::PathBuf;

use clap::Args;
use maille_client::authority::RosterFolder;
use maille_client::home::Home;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::{Designation, Roster};
use serde::Serialize;

use crate::args::UnlockArgs;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::sentence::{device, fault, hint, term};

/// Arguments of `device join`.
#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The folder of published documents, or one file with all of them.
    #[arg(long, value_name = "DIR|FILE", env = "MAILLE_ROSTER")]
    roster: PathBuf,
    /// The anchor of the network, as it was handed over.
    #[arg(long, value_name = "FILE", env = "MAILLE_ANCHOR")]
    anchor: PathBuf,
    #[command(flatten)]
    unlock: UnlockArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Joined {
    roster: String,
    authority: u64,
    contact: String,
    device: String,
    designation: &'static str,
}

impl Run for Join {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let path = context.home()?;
        let anchor = RosterFolder::read_anchor(&self.anchor).hint(hint::CheckAnchor)?;
        let home = self.unlock.open(path)?;
        if anchor != *home.anchor() {
            let fault = Fault::new(Exit::Refused, "other-anchor", fault::OtherAnchor);
            return Err(fault.with_hint(hint::CompareAnchor));
        }
        let roster = RosterFolder::at(&self.roster)
            .load(&anchor)
            .hint(hint::CheckRoster)?;
        let roster = roster.ok_or_else(|| {
            let path = &self.roster.display();
            let sentence = fault::NoAuthorityPart { path };
            Fault::new(Exit::Input, "no-roster", sentence).with_hint(hint::CheckRoster)
        })?;
        check_keys(&home, &roster)?;
        RosterFolder::of_home(path).save(&roster.documents())?;
        let designation = roster.designated_device(&home.device(), now());
        let joined = Joined {
            roster: roster.hash().to_string(),
            authority: roster.authority().number,
            contact: home.contact().to_string(),
            device: home.device().to_string(),
            designation: designation.name(),
        };
        let text = device::Joined {
            contact: home.contact(),
            network: &home.network(),
            designation: &term::Designation { word: &designation },
        };
        context.output.result(&joined, &text.to_string())?;
        waiting(designation)
    }
}

/// A device of ours with keys of somebody else's is not ours.
fn check_keys(home: &Home, roster: &Roster) -> Result<(), Fault> {
    let Some(entry) = roster.device(&home.device()) else {
        return Ok(());
    };
    let transport = SigningKey::from_seed(*home.transport_seed()).verifying_key();
    let signing = home.signing_key().verifying_key();
    let is_ours = entry.contact.address == *home.contact()
        && entry
            .device
            .keys
            .iter()
            .any(|keys| (keys.transport, keys.signing) == (transport, signing));
    if is_ours {
        return Ok(());
    }
    let fault = Fault::new(Exit::Refused, "device-of-others", fault::DeviceOfOthers);
    Err(fault.with_hint(hint::TelephoneOrganisation))
}

fn waiting(designation: Designation) -> Result<(), Fault> {
    if designation == Designation::Valid {
        return Ok(());
    }
    let sentence = fault::DeviceNotDesignated {
        designation: &term::Designation { word: &designation },
    };
    let hint: &dyn Display = match designation {
        Designation::Suspended => &hint::AskWhySuspended,
        _ => &hint::AskToBeAdmitted,
    };
    Err(Fault::new(Exit::Waiting, "device-not-designated", sentence).with_hint(hint))
}
