//! `maille authority describe`: the roster in force, or what a proposal makes of it, as text.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{Proposal, ProposalError, roster_text};
use serde::Serialize;

use crate::args::RosterArgs;
use crate::command::{Context, Run};
use crate::fault::Fault;

/// Arguments of `authority describe`.
#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// A proposal; the roster in force where none is given.
    #[arg(value_name = "PROPOSAL")]
    proposal: Option<PathBuf>,
    #[command(flatten)]
    roster: RosterArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Described {
    text: String,
}

impl Run for Describe {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let text = match &self.proposal {
            Some(path) => {
                let proposal = Proposal::read(path)?;
                proposal.text(trusted.roster.as_ref()).ok_or_else(|| {
                    ProposalError::UnknownOrganisation {
                        document: proposal.name(),
                    }
                })?
            }
            None => roster_text(trusted.in_force()?),
        };
        let text = text.trim_end().to_owned();
        let described = Described { text };
        context.output.result(&described, &described.text)
    }
}
