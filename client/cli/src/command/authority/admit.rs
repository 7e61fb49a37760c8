//! `maille authority admit`: propose to take in a device.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{Proposal, ProposalError, admit, read_request};

use super::proposed;
use crate::args::RosterArgs;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::hint;

/// Arguments of `authority admit`.
#[derive(Debug, Args)]
pub(crate) struct Admit {
    /// The request file of the device.
    #[arg(value_name = "REQUEST")]
    request: PathBuf,
    /// The twelve digits that the people at the device read out by telephone.
    #[arg(long, value_name = "DIGITS")]
    code: String,
    /// The folder for the proposal.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    roster: RosterArgs,
}

impl Run for Admit {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let roster = trusted.in_force()?;
        let request = read_request(&self.request)?;
        let annex = admit(roster, &request, &self.code, now())?;
        let proposal = Proposal::of_annex(annex).map_err(ProposalError::from)?;
        let (path, proposed) = proposed::write(context, &proposal, &self.out, Some(roster))?;
        context
            .output
            .result(&proposed, &path.display().to_string())
            .hint(hint::CheckOut)
    }
}
