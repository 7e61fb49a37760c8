//! `maille device suspend`: out of service at once, with one key.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{Removed, suspend};
use maille_common::address::{ContactAddress, Name};
use maille_common::roster::{Roster, Subject};
use serde::Serialize;

use crate::args::{HolderKeyArgs, RosterArgs};
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{device, hint};

/// Arguments of `device suspend`.
#[derive(Debug, Args)]
pub(crate) struct Suspend {
    #[command(flatten)]
    subject: SubjectArgs,
    /// Why, for people.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    key: HolderKeyArgs,
    /// Suspend without being asked.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    roster: RosterArgs,
}

/// Who is suspended.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SubjectArgs {
    /// A device, by the first digits of its id.
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// A contact with all its devices.
    #[arg(long, value_name = "ADDRESS")]
    contact: Option<ContactAddress>,
    /// An organisation with all its contacts; only a key of the authority may.
    #[arg(long, value_name = "NAME")]
    organisation: Option<Name>,
}

/// The result.
#[derive(Debug, Serialize)]
struct Suspended {
    suspension: String,
    subject: String,
    file: Option<PathBuf>,
}

impl Run for Suspend {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let roster = trusted.in_force()?;
        let subject = self.subject.find(roster)?;
        if !self.yes {
            let subject = &subject;
            context.output.confirm(device::SuspendAtOnce { subject })?;
        }
        let holder = self.key.open()?;
        let documents = suspend(roster, subject.clone(), &self.reason, &holder.key, now())
            .hint(hint::CheckKeyToSuspend)?;
        let file = trusted
            .folder
            .save(&documents)
            .hint(hint::CheckRoster)?
            .pop();
        let hash = documents
            .suspensions
            .first()
            .map(|signed| signed.hash().to_string());
        let suspended = Suspended {
            suspension: hash.unwrap_or_default(),
            subject: subject.to_string(),
            file: file.clone(),
        };
        let text = file.map_or_else(String::new, |file| file.display().to_string());
        context.output.result(&suspended, &text)?;
        context.output.say(device::CopyToRelays);
        Ok(())
    }
}

impl SubjectArgs {
    fn find(self, roster: &Roster) -> Result<Subject, Fault> {
        if let Some(name) = self.organisation {
            return Ok(Subject::Organisation(name));
        }
        if let Some(address) = self.contact {
            return Ok(Subject::Contact(address));
        }
        let found = Removed::device(roster, &self.device.unwrap_or_default());
        Ok(match found.hint(hint::CheckDevice)? {
            Removed::Device(address, id) => Subject::Device(address, id),
            Removed::Contact(address) => Subject::Contact(address),
        })
    }
}
