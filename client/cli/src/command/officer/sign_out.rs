//! `maille officer out`: go off duty.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::on_duty::{self, OnDuty};
use crate::agent::{Ask, Desk, through_agent};
use crate::command::{Context, Run};
use crate::fault::Fault;
use crate::sentence::officer;

/// Arguments of `officer out`.
#[derive(Debug, Args)]
pub(crate) struct OutArgs;

/// Asks an agent to end duty. What it holds stays open: alerts come also when nobody is there.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Out {}

impl Run for OutArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let was = through_agent(home, || Ok(Out {}), || on_duty::end(home))?;
        let officer = &was.officer;
        let text = officer::OffDuty { officer }.to_string();
        context.output.result(&was, &text)
    }
}

impl Ask for Out {
    const NAME: &'static str = "officer-out";
    type Answer = OnDuty;

    async fn answer(self, desk: &Desk) -> Result<OnDuty, Fault> {
        desk.shift(on_duty::end).await
    }
}
