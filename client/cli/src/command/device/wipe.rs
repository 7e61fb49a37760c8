//! `maille device wipe`: remove the home of this device for good, its keys first.

use std::path::PathBuf;

use clap::Args;
use maille_client::home::{HomeError, Wiped, whose, wipe};
use serde::Serialize;

use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::safe_text::safe_name;
use crate::sentence::{device, hint};

/// Arguments of `device wipe`.
#[derive(Debug, Args)]
pub(crate) struct Wipe {
    /// Wipe without being asked.
    #[arg(long)]
    yes: bool,
}

/// The result.
#[derive(Debug, Serialize)]
struct Removed {
    contact: String,
    device: String,
    label: String,
    /// The files with keys, overwritten and removed.
    keys: Vec<PathBuf>,
    /// How many other files were removed.
    files: u64,
    /// Their bytes.
    bytes: u64,
    /// What is not of the home, and stays.
    left: Vec<PathBuf>,
}

impl Run for Wipe {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let (contact, device, label) = whose(home).hint(hint::CheckHome)?;
        if !self.yes {
            let question = device::WipeForGood {
                contact: &contact,
                device: &device,
                label: &label,
            };
            context.output.confirm(question)?;
        }
        let removed = Removed::from(wipe(home).map_err(not_wiped)?);
        let text = removed.text();
        context.output.result(&removed, &text)?;
        for path in &removed.left {
            let path = &path.display();
            context.output.say(device::LeftInPlace { path });
        }
        context.output.say(device::WipeCannotPromise);
        context.output.say(device::AfterWipe {
            device: &removed.device,
        });
        Ok(())
    }
}

/// An agent is not ended by this: somebody may be about to lose what it has not sent.
fn not_wiped(error: HomeError) -> Fault {
    let held = matches!(error, HomeError::Locked { .. });
    let mut fault = Fault::from(error);
    if held {
        fault.hint = Some(hint::StopAgentFirst.to_string());
    }
    fault.with_hint(hint::WipeAgain)
}

impl Removed {
    fn text(&self) -> String {
        let sentence = device::Wiped {
            contact: &self.contact,
            device: &self.device,
            label: &safe_name(&self.label),
            keys: &self.keys.len(),
            files: &self.files,
        };
        sentence.to_string()
    }
}

impl From<Wiped> for Removed {
    fn from(wiped: Wiped) -> Self {
        let Wiped {
            contact,
            device,
            label,
            keys,
            files,
            bytes,
            left,
        } = wiped;
        Self {
            contact,
            device,
            label,
            keys,
            files,
            bytes,
            left,
        }
    }
}
