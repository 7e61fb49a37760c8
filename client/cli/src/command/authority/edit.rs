//! `maille authority edit`: propose to change what the roster says of a contact.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use maille_client::authority::{ContactEdit, Proposal, ProposalError, edit, parse_hours};
use maille_common::address::ContactAddress;
use maille_common::codec::Text;
use maille_common::roster::{Deputy, DutyHours};
use maille_common::time::Timestamp;

use super::proposed;
use crate::args::RosterArgs;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::Fault;
use crate::sentence::authority;

/// Arguments of `authority edit`. Each list that is given takes the place of the whole one.
#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// The contact.
    #[arg(long, value_name = "ADDRESS")]
    contact: ContactAddress,
    #[command(flatten)]
    changes: Changes,
    /// The folder for the proposal.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    roster: RosterArgs,
}

/// What is to be said instead.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// What it is there for.
    #[arg(long, value_name = "TEXT")]
    role: Option<Text<128>>,
    /// A language read there (BCP 47); once for each, the preferred one first.
    #[arg(long = "language", value_name = "TAG")]
    languages: Vec<Text<35>>,
    /// When somebody is on duty, as `mon-fri 08:00-18:00`, or `always`; once for each.
    #[arg(long, value_name = "HOURS")]
    hours: Vec<Hours>,
    /// A telephone number; once for each, the preferred one first.
    #[arg(long = "telephone", value_name = "NUMBER")]
    telephones: Vec<Text<32>>,
    /// Who is asked in its place, as `afripol/dz/algiers=10m`, or `none`; once for each step.
    #[arg(long = "deputy", value_name = "ADDRESS=SPAN")]
    deputies: Vec<Step>,
    /// From when it is designated.
    #[arg(long, value_name = "TIME")]
    valid_from: Option<Timestamp>,
    /// Until when, or `open`.
    #[arg(long, value_name = "TIME")]
    valid_to: Option<End>,
}

/// Hours of duty; none for day and night.
#[derive(Debug, Clone, Copy)]
struct Hours(Option<DutyHours>);

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "always" => Ok(Self(None)),
            line => parse_hours(line)
                .map(|hours| Self(Some(hours)))
                .ok_or_else(|| authority::HoursForm.to_string()),
        }
    }
}

/// A step of deputies; none where there is to be nobody.
#[derive(Debug, Clone)]
struct Step(Option<Deputy>);

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        let read = || {
            let (contact, after) = text.split_once('=')?;
            let (contact, after) = (contact.parse().ok()?, after.parse().ok()?);
            Some(Self(Some(Deputy { contact, after })))
        };
        read().ok_or_else(|| authority::DeputyForm.to_string())
    }
}

/// The end of a term; none where it is open.
#[derive(Debug, Clone, Copy)]
struct End(Option<Timestamp>);

impl FromStr for End {
    type Err = <Timestamp as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self(None)),
            time => time.parse().map(|time| Self(Some(time))),
        }
    }
}

impl Run for Edit {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let roster = trusted.in_force()?;
        let annex = edit(roster, &self.contact, &self.changes.edit(), now())?;
        let proposal = Proposal::of_annex(annex).map_err(ProposalError::from)?;
        let (path, proposed) = proposed::write(context, &proposal, &self.out, Some(roster))?;
        context
            .output
            .result(&proposed, &path.display().to_string())
    }
}

impl Changes {
    fn edit(self) -> ContactEdit {
        fn given<T>(items: Vec<T>) -> Option<Vec<T>> {
            (!items.is_empty()).then_some(items)
        }
        let hours = given(self.hours).map(|all| all.iter().filter_map(|hours| hours.0).collect());
        let deputies = given(self.deputies);
        ContactEdit {
            role: self.role,
            languages: given(self.languages),
            hours,
            telephones: given(self.telephones),
            deputies: deputies.map(|steps| steps.into_iter().filter_map(|step| step.0).collect()),
            valid_from: self.valid_from,
            valid_to: self.valid_to.map(|end| end.0),
        }
    }
}
