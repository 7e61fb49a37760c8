//! `maille device renewals`: the keys that devices of this organisation offer in the place of those
//! they have, as a file for whoever holds the organisation's key.

use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::RENEWAL_WAITS;
use maille_client::authority::write_renewals;
use maille_common::address::DeviceId;
use maille_common::codec::List;
use maille_common::limits;
use maille_common::roster::{DeviceRequest, RenewalError, Roster, SignedRenewal};
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::form::word;
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::{device, hint};

/// Arguments of `device renewals`.
#[derive(Debug, Args)]
pub(crate) struct RenewalsArgs {
    /// The file to make.
    #[arg(long, value_name = "FILE", default_value = "device.renewals")]
    out: PathBuf,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks for the renewals that devices of this organisation offer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renewals {
    /// A file; absolute where an agent writes.
    out: PathBuf,
}

/// What is offered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Offered {
    /// The file that was made; `null` where nothing is offered.
    file: Option<PathBuf>,
    renewals: Vec<Renewal>,
    unusable: Vec<Unusable>,
    /// Home relays that could not be asked.
    not_asked: Vec<String>,
    /// What had no room in the file, and comes with the next one.
    left: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Renewal {
    contact: String,
    device: String,
    label: String,
    /// When the device made the keys, by its clock.
    #[serde(with = "word")]
    offered: Timestamp,
    /// For how many days, where it has waited for long.
    waits_days: Option<u64>,
    /// The roster has newer keys for it than those that vouch.
    older_keys_vouch: bool,
}

/// Keys that are offered and cannot be taken up.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Unusable {
    device: String,
    code: String,
    message: String,
}

impl Run for RenewalsArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let out = std::path::absolute(&self.out).unwrap_or_else(|_| self.out.clone());
        let question = Renewals { out };
        let offered = with_desk(context, &self.desk, async |access| {
            access.ask(question).await
        })?;
        context.output.result(&offered, &offered.text())?;
        for renewal in &offered.renewals {
            renewal.warn(context);
        }
        for unusable in &offered.unusable {
            context.output.say(&unusable.message);
        }
        for relay in &offered.not_asked {
            context.output.say(device::RelayNotAsked { relay });
        }
        if let Some(file) = &offered.file {
            let file = &file.display();
            context.output.say(device::TakeUpRenewals { file });
        }
        Ok(())
    }
}

impl Ask for Renewals {
    const NAME: &'static str = "device-renewals";
    const COLLECTS: bool = true;
    type Answer = Offered;

    async fn answer(self, desk: &Desk) -> Result<Offered, Fault> {
        let mut found = desk.client().renewals(desk.patience()).await?;
        let left = found.renewals.len().saturating_sub(limits::RENEWALS_MAX);
        found.renewals.truncate(limits::RENEWALS_MAX);
        let file = match found.renewals.is_empty() {
            true => None,
            false => Some(write(&self.out, &found.renewals)?),
        };
        let roster = desk.client().roster();
        let renewal = |renewal: &SignedRenewal| Renewal::of(renewal, &roster, now());
        Ok(Offered {
            file,
            renewals: found.renewals.iter().map(renewal).collect(),
            unusable: found.unusable.iter().map(Unusable::of).collect(),
            not_asked: found.not_asked.iter().map(ToString::to_string).collect(),
            left,
        })
    }
}

fn write(out: &Path, renewals: &[SignedRenewal]) -> Result<PathBuf, Fault> {
    let list = List::new(renewals.to_vec()).expect("no more are written than a file holds");
    write_renewals(out, &list).hint(hint::OtherOut)?;
    Ok(out.to_owned())
}

impl Unusable {
    pub(crate) fn of((device, error): &(DeviceId, RenewalError)) -> Self {
        Self {
            device: device.to_string(),
            code: error.code().to_owned(),
            message: error.to_string(),
        }
    }
}

/// For how many days its keys have been offered, where that is long.
fn waits_days(request: &DeviceRequest, now: Timestamp) -> Option<u64> {
    let waits = now.since(request.created);
    (waits >= RENEWAL_WAITS).then(|| waits.ms() / limits::DAY_MS)
}

/// Says that a device has waited for long.
pub(crate) fn warn_of_waiting(context: &Context, request: &DeviceRequest, now: Timestamp) {
    if let Some(count) = &waits_days(request, now) {
        context.output.say(device::RenewalWaits {
            contact: &request.contact,
            device: &request.device,
            count,
        });
    }
}

impl Renewal {
    fn of(renewal: &SignedRenewal, roster: &Roster, now: Timestamp) -> Self {
        let request = renewal.request.request.value();
        let newest = roster.device(&request.device);
        let newest = newest.and_then(|entry| entry.device.keys.first());
        let verified = renewal.verify(roster, now);
        Self {
            waits_days: waits_days(request, now),
            older_keys_vouch: verified.is_ok_and(|found| newest != Some(found.present())),
            contact: request.contact.to_string(),
            device: request.device.to_string(),
            label: request.label.to_string(),
            offered: request.created,
        }
    }
}

impl Renewal {
    fn warn(&self, context: &Context) {
        let (contact, device) = (&self.contact, &self.device);
        if let Some(count) = &self.waits_days {
            context.output.say(device::RenewalWaits {
                contact,
                device,
                count,
            });
        }
        if self.older_keys_vouch {
            context
                .output
                .say(device::OlderKeysVouch { contact, device });
        }
    }
}

impl Offered {
    fn text(&self) -> String {
        let line = |renewal: &Renewal| {
            let offers = device::Offers {
                contact: &renewal.contact,
                device: &renewal.device,
                label: &safe_text(&renewal.label),
                offered: &local(renewal.offered),
            };
            offers.to_string()
        };
        let mut lines: Vec<String> = self.renewals.iter().map(line).collect();
        if lines.is_empty() {
            lines.push(device::NothingOffered.to_string());
        }
        if self.left > 0 {
            let count = &self.left;
            lines.push(device::RenewalsLeft { count }.to_string());
        }
        lines.join("\n")
    }
}
