//! `maille device join`: take the roster of the network into this home.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::authority::RosterFolder;
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::roster::{Anchor, Designation, Roster};
use serde::{Deserialize, Serialize};

use crate::agent::{Ask, Desk, through_agent};
use crate::args::UnlockArgs;
use crate::clock::now;
use crate::command::excluded::Excluded;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::form::word;
use crate::sentence::{device, fault, hint, term};

/// Arguments of `device join`.
#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// The folder of published documents, or one file with all of them.
    #[arg(long, value_name = "DIR|FILE", env = "MAILLE_ROSTER")]
    roster: PathBuf,
    /// The anchor of the network, as it was handed over.
    #[arg(long, value_name = "FILE", env = "MAILLE_ANCHOR")]
    anchor: PathBuf,
    #[command(flatten)]
    unlock: UnlockArgs,
}

/// Asks an agent to take a roster into use. Nobody vouches for it, for it proves itself: any relay
/// may hand over the same one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Join {
    /// A folder or file; absolute where an agent reads it.
    roster: PathBuf,
    /// The same.
    anchor: PathBuf,
}

/// The result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Joined {
    roster: String,
    authority: u64,
    contact: String,
    device: String,
    #[serde(with = "word")]
    designation: Designation,
    /// What took the device out, suspended it, or ended its time, where a document did.
    removed: Option<Excluded>,
}

impl Run for JoinArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let anchor = read_anchor(&self.anchor)?;
        let question = || Ok(Join::of(&self.roster, &self.anchor));
        let joined = through_agent(home, question, || self.here(home, &anchor))?;
        let text = device::Joined {
            contact: &joined.contact,
            network: &anchor.network.as_str(),
            designation: &term::Designation {
                word: &joined.designation,
            },
        };
        context.output.result(&joined, &text.to_string())?;
        if let Some(removed) = &joined.removed {
            context.output.say(removed.lines());
        }
        waiting(joined.designation)
    }
}

impl JoinArgs {
    /// Keeps the roster in a home that nobody holds.
    fn here(&self, path: &Path, anchor: &Anchor) -> Result<Joined, Fault> {
        let home = self.unlock.open(path)?;
        let roster = prove(&self.roster, anchor, home.anchor())?;
        let joined = Joined::of(&roster, home.contact(), &home.device());
        if !home.is_itself_in(&roster) {
            return Err(of_others());
        }
        RosterFolder::of_home(path).save(&roster.documents())?;
        joined.with_removal(path, &roster, home.contact(), &home.device())
    }
}

impl Join {
    /// A path that is none is left to whoever reads it.
    fn of(roster: &Path, anchor: &Path) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            roster: absolute(roster),
            anchor: absolute(anchor),
        }
    }
}

impl Ask for Join {
    const NAME: &'static str = "device-join";
    type Answer = Joined;

    async fn answer(self, desk: &Desk) -> Result<Joined, Fault> {
        let client = desk.client();
        let ours = client.roster();
        // Files are read, and thousands of signatures may be checked.
        let roster = tokio::task::block_in_place(|| {
            prove(&self.roster, &read_anchor(&self.anchor)?, ours.anchor())
        })?;
        let status = client.status().await?;
        let joined = Joined::of(&roster, &status.contact, &status.device);
        let documents = roster.documents();
        if !client.is_itself_in(roster).await? {
            return Err(of_others());
        }
        let taken = client.offer_roster(documents);
        taken.await.hint(hint::CheckRoster)?;
        let (contact, device) = (&status.contact, &status.device);
        joined.with_removal(desk.home(), &client.roster(), contact, device)
    }
}

impl Joined {
    fn of(roster: &Roster, contact: &ContactAddress, device: &DeviceId) -> Self {
        Self {
            roster: roster.hash().to_string(),
            authority: roster.authority().number,
            contact: contact.to_string(),
            device: device.to_string(),
            designation: roster.designated_device(device, now()),
            removed: None,
        }
    }

    /// The same with why the device may not act any more, once the roster is kept.
    fn with_removal(
        self,
        home: &Path,
        roster: &Roster,
        contact: &ContactAddress,
        device: &DeviceId,
    ) -> Result<Self, Fault> {
        let removed = Excluded::by_documents(home, roster, contact, device)?;
        Ok(Self { removed, ..self })
    }
}

fn read_anchor(path: &Path) -> Result<Anchor, Fault> {
    RosterFolder::read_anchor(path).hint(hint::CheckAnchor)
}

/// The roster, which proves itself from the anchor that was given, if the home has the same.
fn prove(roster: &Path, anchor: &Anchor, ours: &Anchor) -> Result<Roster, Fault> {
    if anchor != ours {
        let fault = Fault::new(Exit::Refused, "other-anchor", fault::OtherAnchor);
        return Err(fault.with_hint(hint::CompareAnchor));
    }
    let proved = RosterFolder::at(roster)
        .load(anchor)
        .hint(hint::CheckRoster)?;
    proved.ok_or_else(|| {
        let path = &roster.display();
        let sentence = fault::NoAuthorityPart { path };
        Fault::new(Exit::Input, "no-roster", sentence).with_hint(hint::CheckRoster)
    })
}

/// A device of ours with keys of somebody else's is not ours.
fn of_others() -> Fault {
    let fault = Fault::new(Exit::Refused, "device-of-others", fault::DeviceOfOthers);
    fault.with_hint(hint::TelephoneOrganisation)
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
