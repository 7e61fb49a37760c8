//! `maille authority remove`: propose to take out a device or a contact.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{Proposal, ProposalError, Removed, remove};
use maille_common::address::ContactAddress;

use super::proposed;
use crate::args::RosterArgs;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::Fault;

/// Arguments of `authority remove`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    what: What,
    /// The folder for the proposal.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    roster: RosterArgs,
}

/// What is taken out.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// A device, by the first digits of its id.
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// A contact with all its devices.
    #[arg(long, value_name = "ADDRESS")]
    contact: Option<ContactAddress>,
}

impl Run for Remove {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let roster = trusted.in_force()?;
        let removed = match (self.what.contact, self.what.device) {
            (Some(contact), _) => Removed::Contact(contact),
            (None, device) => Removed::device(roster, &device.unwrap_or_default())?,
        };
        let annex = remove(roster, &removed, now())?;
        let proposal = Proposal::of_annex(annex).map_err(ProposalError::from)?;
        let (path, proposed) = proposed::write(context, &proposal, &self.out, Some(roster))?;
        context
            .output
            .result(&proposed, &path.display().to_string())
    }
}
