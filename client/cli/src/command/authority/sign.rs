//! `maille authority sign`: read what a proposal changes, and sign it.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::Proposal;

use super::proposed::{self, Proposed, Reading};
use crate::args::{HolderKeyArgs, RosterArgs};
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{authority, hint};

/// Arguments of `authority sign`.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The proposal; the signature is added to this file.
    #[arg(value_name = "PROPOSAL")]
    proposal: PathBuf,
    #[command(flatten)]
    key: HolderKeyArgs,
    /// Sign without being asked.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    roster: RosterArgs,
}

impl Run for Sign {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let (anchor, roster) = (&trusted.anchor, trusted.roster.as_ref());
        let proposal = Proposal::read(&self.proposal)?;
        let reading = Reading::of(&proposal, roster);
        proposed::show(context, &proposal, &reading);
        if !self.yes {
            context.output.confirm(authority::SignThis)?;
        }
        let holder = self.key.open()?;
        let signed = proposal
            .sign(&holder.key, anchor, roster)
            .hint(hint::CheckKeyFile)?;
        signed.replace(&self.proposal)?;
        let standing = signed.standing(anchor, roster)?;
        let object = Proposed::new(&signed, &self.proposal, &reading, Some(&standing));
        context
            .output
            .result(&object, &proposed::standing_text(&standing))
    }
}
