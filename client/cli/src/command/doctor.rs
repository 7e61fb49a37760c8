//! `maille doctor`: what keeps alerts from going and coming, and what to do.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{doctor, hint};

mod archive;
mod desk;
mod finding;
mod hook;
mod machine;

use finding::{Finding, Verdict};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks an open desk what is wrong.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Doctor {}

/// What was looked at.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Findings {
    findings: Vec<Finding>,
}

impl Run for DoctorArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let mut findings = machine::findings(context.home()?);
        match with_desk(context, &self.desk, async |access| {
            access.ask(Doctor {}).await
        }) {
            Ok(desk) => findings.extend(desk.findings),
            // A desk that does not open is what a doctor is called for.
            Err(fault) => findings.push(Finding::of_fault(doctor::Store, &fault)),
        }
        let lines: Vec<String> = findings.iter().map(Finding::text).collect();
        let bad = findings
            .iter()
            .filter(|finding| finding.verdict() == Verdict::Bad)
            .count();
        context
            .output
            .result(&Findings { findings }, &lines.join("\n"))?;
        match bad {
            0 => Ok(()),
            _ => Err(
                Fault::new(Exit::World, "not-well", doctor::NotWell { count: &bad })
                    .with_hint(hint::DoRemedies),
            ),
        }
    }
}

impl Ask for Doctor {
    const NAME: &'static str = "doctor";
    const COLLECTS: bool = true;
    type Answer = Findings;

    async fn answer(self, desk: &Desk) -> Result<Findings, Fault> {
        Ok(Findings {
            findings: desk::findings(desk).await?,
        })
    }
}
