//! `maille authority renew`: propose to take up the keys that devices offer.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{
    OVERLAP, Proposal, ProposalError, RenewError, read_renewals, renew,
};
use maille_common::address::DeviceId;
use maille_common::roster::{RenewalError, SignedRenewal};
use maille_common::time::Span;
use serde::Serialize;

use super::proposed::{self, Proposed};
use crate::args::RosterArgs;
use crate::clock::now;
use crate::command::device::renewals::{Unusable, warn_of_waiting};
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{authority, hint};

/// Arguments of `authority renew`.
#[derive(Debug, Args)]
pub(crate) struct Renew {
    /// The file that `maille device renewals` made.
    #[arg(value_name = "FILE")]
    renewals: PathBuf,
    /// How long the old keys stand beside the new ones; 57 days at least.
    #[arg(long, value_name = "SPAN", default_value_t = OVERLAP)]
    overlap: Span,
    /// Only the device whose id begins with these digits; once for each.
    #[arg(long = "device", value_name = "ID")]
    devices: Vec<String>,
    /// The folder for the proposal.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    roster: RosterArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Renewed {
    /// `null` where nothing is to be renewed.
    proposal: Option<Proposed>,
    renewed: Vec<Device>,
    unusable: Vec<Unusable>,
}

#[derive(Debug, Serialize)]
struct Device {
    contact: String,
    device: String,
}

impl Run for Renew {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let roster = trusted.in_force()?;
        let renewals = read_renewals(&self.renewals).hint(hint::MakeRenewals)?;
        let is_meant = |renewal: &&SignedRenewal| {
            let id = renewal.request.request.device.to_string();
            let mut prefixes = self.devices.iter().map(|typed| typed.to_ascii_lowercase());
            self.devices.is_empty() || prefixes.any(|prefix| id.starts_with(&prefix))
        };
        let renewals: Vec<SignedRenewal> = renewals.iter().filter(is_meant).cloned().collect();
        for renewal in &renewals {
            if renewal.verify(roster, now()).is_ok() {
                warn_of_waiting(context, &renewal.request.request, now());
            }
        }
        let renewed = match renew(roster, &renewals, self.overlap, now()) {
            Err(RenewError::Nothing { unusable }) => {
                context.output.say(authority::NothingToRenew);
                say(context, &unusable);
                let result = Renewed {
                    proposal: None,
                    renewed: Vec::new(),
                    unusable: unusable.iter().map(Unusable::of).collect(),
                };
                let text = authority::NoProposal.to_string();
                return context.output.result(&result, &text);
            }
            other => other?,
        };
        let proposal = Proposal::of_annex(renewed.annex).map_err(ProposalError::from)?;
        let (path, proposed) = proposed::write(context, &proposal, &self.out, Some(roster))?;
        say(context, &renewed.unusable);
        let devices = renewed.devices.iter().map(|(contact, device)| Device {
            contact: contact.to_string(),
            device: device.to_string(),
        });
        let result = Renewed {
            proposal: Some(proposed),
            renewed: devices.collect(),
            unusable: renewed.unusable.iter().map(Unusable::of).collect(),
        };
        context.output.result(&result, &path.display().to_string())
    }
}

/// What was not taken up is said: nobody has to find out by its absence.
fn say(context: &Context, unusable: &[(DeviceId, RenewalError)]) {
    for (_, error) in unusable {
        context.output.say(format_args!("  ! {error}"));
    }
}
