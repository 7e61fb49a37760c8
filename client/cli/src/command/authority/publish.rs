//! `maille authority publish`: put a proposal with enough signatures into the roster.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{Proposal, RosterFolder};
use serde::Serialize;

use crate::args::{RosterArgs, Trusted};
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{authority, hint};

/// Arguments of `authority publish`.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The proposals, in the order in which they build on each other.
    #[arg(value_name = "PROPOSAL", required = true)]
    proposals: Vec<PathBuf>,
    /// Also write all documents of the roster into one new file, to be handed over.
    #[arg(long, value_name = "FILE")]
    single: Option<PathBuf>,
    #[command(flatten)]
    roster: RosterArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Published {
    roster: String,
    authority: u64,
    files: Vec<PathBuf>,
}

impl Run for Publish {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let mut trusted = self.roster.load()?;
        let mut files = Vec::new();
        for path in &self.proposals {
            let proposal = Proposal::read(path)?;
            let Trusted {
                folder,
                anchor,
                roster,
            } = &trusted;
            let documents = proposal.publish(anchor, roster.as_ref())?;
            files.extend(folder.save(&documents).hint(hint::CheckRoster)?);
            trusted = self.roster.load()?;
        }
        let roster = trusted.in_force()?;
        if let Some(single) = &self.single {
            RosterFolder::save_single(single, &roster.documents()).hint(hint::OtherSingle)?;
            files.push(single.clone());
        }
        let lines: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let published = Published {
            roster: roster.hash().to_string(),
            authority: roster.authority().number,
            files,
        };
        context.output.result(&published, &lines.join("\n"))?;
        context.output.say(authority::Published {
            roster: &roster.hash().short(),
        });
        Ok(())
    }
}
