//! `maille ack`: this contact takes an alert on.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::answered::Answered;
use super::{Context, Run};
use crate::agent::{Ask, Desk, by, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;

/// Arguments of `ack`.
#[derive(Debug, Args)]
pub(crate) struct AckArgs {
    #[command(flatten)]
    question: Acknowledge,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks to acknowledge an alert, as whoever is on duty; without anybody, as the system.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledge {
    /// The alert, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
    /// Words for the sender.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    #[serde(default)]
    note: String,
}

impl Run for AckArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let note_given = !self.question.note.is_empty();
        let answered = with_desk(context, &self.desk, async |access| {
            access.ask(self.question).await
        })?;
        context.output.result(&answered, &answered.text(note_given))
    }
}

impl Ask for Acknowledge {
    const NAME: &'static str = "ack";
    const COLLECTS: bool = true;
    const BRINGS: bool = true;
    type Answer = Answered;

    async fn answer(self, desk: &Desk) -> Result<Answered, Fault> {
        let alert = desk.find(&self.id).await?;
        let officer = desk.officer()?;
        let officer = officer.as_deref();
        let signed = desk
            .client()
            .acknowledge(alert, by(officer), &self.note)
            .await?;
        Ok(Answered::new(alert, "acknowledged", officer, signed))
    }
}
