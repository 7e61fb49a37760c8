//! `maille authority status`: who signed a proposal, and for whom it waits.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::Proposal;

use super::proposed::{self, Proposed, Reading};
use crate::args::RosterArgs;
use crate::command::{Context, Run};
use crate::fault::Fault;

/// Arguments of `authority status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// The proposal.
    #[arg(value_name = "PROPOSAL")]
    proposal: PathBuf,
    #[command(flatten)]
    roster: RosterArgs,
}

impl Run for Status {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let (anchor, roster) = (&trusted.anchor, trusted.roster.as_ref());
        let proposal = Proposal::read(&self.proposal)?;
        let standing = proposal.standing(anchor, roster)?;
        let reading = Reading::of(&proposal, roster);
        proposed::show(context, &proposal, &reading);
        let object = Proposed::new(&proposal, &self.proposal, &reading, Some(&standing));
        context
            .output
            .result(&object, &proposed::standing_text(&standing))
    }
}
