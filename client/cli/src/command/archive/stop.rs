//! `maille archive stop`: write to no archive any more.

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::command::{Context, Run};
use crate::fault::Fault;
use crate::sentence::archive;

/// Arguments of `archive stop`.
#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks to write to no archive any more.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Stop {}

/// Whether there was one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stopped {
    stopped: bool,
}

impl Run for StopArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let stopped = with_desk(context, &self.desk, async |access| {
            access.ask(Stop {}).await
        })?;
        let text = match stopped.stopped {
            true => archive::Stopped.to_string(),
            false => archive::NoArchive.to_string(),
        };
        context.output.result(&stopped, &text)
    }
}

impl Ask for Stop {
    const NAME: &'static str = "archive-stop";
    type Answer = Stopped;

    async fn answer(self, desk: &Desk) -> Result<Stopped, Fault> {
        let stopped = desk.client().archive_no_more().await?;
        Ok(Stopped { stopped })
    }
}
