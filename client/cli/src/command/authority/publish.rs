//! `maille authority publish`: put a proposal with enough signatures into the roster.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{Proposal, RosterFolder};
use serde::Serialize;

use super::proposed::{self, Warned};
use crate::args::{RosterArgs, Trusted};
use crate::clock::now;
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
    /// Publish also where keys of before would have ended by now, or next ones be in use, so that
    /// whoever is away is cut off.
    #[arg(long)]
    without_overlap: bool,
    #[command(flatten)]
    roster: RosterArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Published {
    roster: String,
    authority: u64,
    files: Vec<PathBuf>,
    /// What is lost by the time for which the proposals have lain.
    warnings: Vec<Warned>,
}

impl Run for Publish {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let mut trusted = self.roster.load()?;
        let mut files = Vec::new();
        let mut warnings = Vec::new();
        for path in &self.proposals {
            let proposal = Proposal::read(path)?;
            let Trusted {
                folder,
                anchor,
                roster,
            } = &trusted;
            let roster = roster.as_ref();
            let lost = proposal.age_warnings(roster, now());
            proposed::warn(context, &lost);
            if !self.without_overlap {
                proposal.overlaps_last(roster, now())?;
            }
            warnings.extend(lost.iter().map(Warned::of));
            let documents = proposal.publish(anchor, roster)?;
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
            warnings,
        };
        context.output.result(&published, &lines.join("\n"))?;
        context.output.say(authority::Published {
            roster: &roster.hash().short(),
        });
        Ok(())
    }
}
