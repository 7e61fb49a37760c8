//! `maille authority init`: found a network.

use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::authority::{NetworkPlan, PublicKeyFile, found, read_plan};
use serde::Serialize;

use super::proposed::{self, Proposed};
use crate::args::RosterArgs;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{authority, hint};

/// Arguments of `authority init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The name of the network.
    #[arg(long, value_name = "NAME", required_unless_present = "like")]
    network: Option<String>,
    /// The public key file of a holder; once for each, all of different organisations.
    #[arg(long = "key", value_name = "FILE", required_unless_present = "like")]
    keys: Vec<PathBuf>,
    /// How many of the holders have to sign.
    #[arg(
        short = 'k',
        long,
        value_name = "NUMBER",
        required_unless_present = "like"
    )]
    threshold: Option<u8>,
    /// A description of the network, with its keys; to found again one whose holders are lost.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["network", "keys", "threshold"])]
    like: Option<PathBuf>,
    /// The folder for the proposal.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    roster: RosterArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Founded {
    network: String,
    anchor_file: PathBuf,
    anchor_code: String,
    #[serde(flatten)]
    proposed: Proposed,
}

impl Run for Init {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let plan = self.plan()?;
        let founding = found(&plan, now()).hint(hint::CheckFounding)?;
        let folder = self.roster.folder();
        let anchor_file = folder
            .write_anchor(&founding.anchor)
            .hint(hint::OtherRoster)?;
        let (path, proposed) = proposed::write(context, &founding.proposal, &self.out, None)?;
        let text = format!("{}\n{}", anchor_file.display(), path.display());
        let founded = Founded {
            network: plan.network,
            anchor_file: anchor_file.clone(),
            anchor_code: founding.anchor.code().to_string(),
            proposed,
        };
        context.output.result(&founded, &text)?;
        next_steps(context, &anchor_file, &path, plan.threshold);
        let code = &founding.anchor.code();
        context.output.say(authority::AnchorCode { code });
        Ok(())
    }
}

impl Init {
    fn plan(&self) -> Result<NetworkPlan, Fault> {
        if let Some(like) = &self.like {
            return read_plan(like).hint(hint::MendPlan);
        }
        let read = |path: &PathBuf| PublicKeyFile::read(path).hint(hint::CheckKey);
        let holders = self.keys.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let network = self.network.as_deref().unwrap_or_default();
        let threshold = self.threshold.unwrap_or_default();
        Ok(NetworkPlan::of_holders(network, threshold, &holders))
    }
}

fn next_steps(context: &Context, anchor: &Path, proposal: &Path, threshold: u8) {
    context.output.say(authority::NextSteps {
        anchor: &anchor.display(),
        proposal: &proposal.display(),
        threshold: &threshold,
    });
}
