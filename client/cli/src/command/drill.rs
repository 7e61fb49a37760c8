//! `maille drill`: find out who can be reached, with an alert that nobody can take for a real one.

use std::fmt::Write;
use std::time::Duration;

use clap::Args;
use maille_client::{Drill as Draft, Drilled};
use maille_common::address::ContactAddress;
use maille_common::drill::Unreachable;
use maille_common::terms::Urgency;
use maille_common::time::Span;
use serde::{Deserialize, Serialize};

use super::send::sent::Sent;
use super::send::told;
use super::{Context, Run, commands};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;
use crate::form::maybe;
use crate::sentence::{drill, term};

pub(crate) mod over;
pub(crate) mod record;
pub(crate) mod show;
mod table;

use over::Over;
use show::Show;

/// Arguments of `drill`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct DrillArgs {
    #[command(subcommand)]
    command: Option<Further>,
    #[command(flatten)]
    question: Drill,
    /// Wait until nobody is asked any more, then show whom it reached.
    #[arg(long)]
    wait: bool,
    /// How long to wait; until the drill expires where it is missing.
    #[arg(long, value_name = "SPAN", requires = "wait")]
    wait_within: Option<Span>,
    #[command(flatten)]
    desk: DeskArgs,
}

commands! {
    /// What is done with a drill that was sent.
    enum Further {
        /// Whom a drill reached, when and by whose answer; proven by one file.
        Show(show::ShowArgs),
    }
}

/// Asks to send a drill.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drill {
    /// Whom to drill: an address, a pattern such as `interpol/**`, or `@list`. Repeatable.
    #[arg(long, value_name = "ADDRESS|PATTERN|@LIST", required = true)]
    to: Vec<String>,
    /// How soon somebody has to act: immediate, unless said.
    #[arg(long, value_name = "URGENCY")]
    #[serde(default, with = "maybe")]
    urgency: Option<Urgency>,
    /// Without an acknowledgement after this it is overdue, and deputies are asked in their turn.
    #[arg(long, value_name = "SPAN")]
    #[serde(default, with = "maybe")]
    ack_within: Option<Span>,
    /// After this nobody is asked any more.
    #[arg(long, value_name = "SPAN")]
    #[serde(default, with = "maybe")]
    expires: Option<Span>,
}

/// A drill on its way.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// The drill's own id, which its event code has.
    drill: String,
    #[serde(flatten)]
    sent: Sent,
    /// Who was meant, and is not written to.
    left_out: Vec<LeftOut>,
}

/// A contact that a drill leaves out.
#[derive(Debug, Serialize, Deserialize)]
struct LeftOut {
    contact: String,
    /// `no-rule`, `not-designated` or `two-persons-required`.
    why: String,
}

impl Run for DrillArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        if let Some(command) = self.command {
            return command.run(context);
        }
        let (wait, within) = (self.wait, self.wait_within);
        with_desk(context, &self.desk, async |access| {
            let begun = access.ask(self.question).await?;
            context.output.result(&begun, &begun.text())?;
            if !context.output.is_json() {
                context.output.say(begun.talk());
            }
            if !wait {
                return Ok(());
            }
            let id = begun.sent.id.clone();
            let waiting = Over {
                id: id.clone(),
                within,
            };
            access.ask(waiting).await?;
            let shown = access.ask(Show { id, to: None }).await?;
            context.output.result(&shown, &shown.text())
        })
    }
}

impl Ask for Drill {
    const NAME: &'static str = "drill";
    const COLLECTS: bool = true;
    const BRINGS: bool = true;
    type Answer = Begun;

    async fn answer(self, desk: &Desk) -> Result<Begun, Fault> {
        let mut draft = Draft::to_all(self.to);
        if let Some(urgency) = self.urgency {
            draft = draft.urgency(urgency);
        }
        if let Some(span) = self.ack_within {
            draft = draft.ack_within(span);
        }
        if let Some(span) = self.expires {
            draft = draft.expires_after(span);
        }
        let Drilled { sent, id, left_out } = desk.client().drill(draft).await?;
        // The outbox holds it; whether a relay has it soon is worth a moment of waiting.
        desk.client().settled(desk.patience()).await;
        Ok(Begun {
            drill: id.to_string(),
            sent: told(desk, sent.id, sent.already).await?,
            left_out: left_out.iter().map(LeftOut::of).collect(),
        })
    }
}

impl Begun {
    /// The id, and nothing else: a script goes on with it.
    fn text(&self) -> String {
        self.sent.short.clone()
    }

    fn talk(&self) -> String {
        let (sent, unsent) = (self.sent.sent.len(), self.sent.unsent.len());
        let (count, short) = (&(sent + unsent), &self.sent.short);
        let mut text = format!("{}\n", drill::Begun { count });
        // Writing to a String cannot fail.
        if unsent > 0 {
            let _ = writeln!(text, "{}", drill::NotSentYet { count: &unsent });
        }
        for LeftOut { contact, why } in &self.left_out {
            let why = &term::Unreachable { word: why };
            let _ = writeln!(text, "{}", drill::LeftOut { contact, why });
        }
        let _ = writeln!(text, "{}", drill::ShowIt { short });
        text.trim_end().to_owned()
    }
}

impl LeftOut {
    fn of((contact, why): &(ContactAddress, Unreachable)) -> Self {
        Self {
            contact: contact.to_string(),
            why: why.to_string(),
        }
    }
}

/// A wait that somebody limited.
fn span_or(within: Option<Span>, longest: Span) -> Duration {
    within.unwrap_or(longest).into()
}
