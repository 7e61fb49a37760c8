//! `maille authority apply`: propose whatever changes a network to what a file describes.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{ProposalError, read_plan};
use serde::Serialize;

use super::proposed::{self, Proposed};
use crate::args::RosterArgs;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{authority, hint};

/// Arguments of `authority apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The description of the network.
    #[arg(value_name = "FILE")]
    plan: PathBuf,
    /// The folder for the proposals.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    roster: RosterArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Applied {
    proposals: Vec<Proposed>,
}

impl Run for Apply {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let roster = trusted.in_force()?;
        let plan = read_plan(&self.plan).hint(hint::MendPlan)?;
        let draft = plan.build(Some(roster), now()).hint(hint::MendFile)?;
        if draft.is_empty() {
            context.output.say(authority::NothingToSign);
        }
        let (mut proposals, mut lines) = (Vec::new(), Vec::new());
        for proposal in draft.proposals().map_err(ProposalError::from)? {
            let (path, proposed) = proposed::write(context, &proposal, &self.out, Some(roster))?;
            lines.push(path.display().to_string());
            proposals.push(proposed);
        }
        if lines.is_empty() {
            lines.push(authority::NoProposal.to_string());
        }
        context
            .output
            .result(&Applied { proposals }, &lines.join("\n"))
    }
}
