//! `maille device join`: take the roster of the network into this home.

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
        let anchor = RosterFolder::read_anchor(&self.anchor).hint("Check --anchor.")?;
        let home = self.unlock.open(path)?;
        if anchor != *home.anchor() {
            return Err(Fault::new(
                Exit::Refused,
                "other-anchor",
                "The anchor is not the one this home was made with.",
            )
            .with_hint("Compare the keys of --anchor with those who handed it over."));
        }
        let roster = RosterFolder::at(&self.roster)
            .load(&anchor)
            .hint("Check --roster.")?;
        let roster = roster.ok_or_else(|| {
            let sentence = format!("{} holds no authority part.", self.roster.display());
            Fault::new(Exit::Input, "no-roster", sentence).with_hint("Check --roster.")
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
        let text = format!("{} in {}: {designation}", home.contact(), home.network());
        context.output.result(&joined, &text)?;
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
    Err(Fault::new(
        Exit::Refused,
        "device-of-others",
        "The roster has this device with other keys or for another contact.",
    )
    .with_hint("Telephone your organisation: somebody else may have been admitted in your place."))
}

fn waiting(designation: Designation) -> Result<(), Fault> {
    if designation == Designation::Valid {
        return Ok(());
    }
    let sentence = format!(
        "The roster is kept, and it does not let this device act: it is {designation} there."
    );
    let hint = match designation {
        Designation::Suspended => {
            "Ask your organisation why; only it and the authority can lift that."
        }
        _ => "Ask your organisation to admit it, then join again with the newer roster.",
    };
    Err(Fault::new(Exit::Waiting, "device-not-designated", sentence).with_hint(hint))
}
