//! `maille send`: an alert goes out, and is kept until every recipient has answered.

use clap::Args;
use maille_common::identifier::AlertId;
use maille_common::time::Span;
use serde::{Deserialize, Serialize};

use super::{Context, Run};
use crate::agent::{Access, Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint};

mod media_type;
mod message;
pub(crate) mod preview;
pub(crate) mod sent;
pub(crate) mod wait;

pub(crate) use message::MessageForm;
use preview::Preview;
use sent::Sent;
use wait::{Wait, WaitFor};

/// Arguments of `send`.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    message: MessageForm,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    desk: DeskArgs,
}

/// What to wait for once it is sent.
#[derive(Debug, Clone, Args)]
pub(crate) struct WaitArgs {
    /// Wait until it has come so far with every recipient.
    #[arg(long, value_name = "MILESTONE", value_enum)]
    wait: Option<WaitFor>,
    /// How long to wait; until the alert expires where it is missing.
    #[arg(long, value_name = "SPAN", requires = "wait")]
    wait_within: Option<Span>,
}

/// Asks to send a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Send(pub(crate) MessageForm);

impl Run for SendArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        run(context, self.message, &self.wait, &self.desk)
    }
}

/// Shows whom it goes to, sends it, tells what came of it, and waits where that was asked.
pub(super) fn run(
    context: &Context,
    mut message: MessageForm,
    wait: &WaitArgs,
    desk: &DeskArgs,
) -> Result<(), Fault> {
    message.settle_here()?;
    with_desk(context, desk, async |access| {
        let preview = access.ask(Preview(message.clone())).await?;
        if !context.output.is_json() {
            context.output.say(preview.text());
        }
        let sent = access.ask(Send(message)).await?;
        context.output.result(&sent, &sent.text())?;
        let warning = sent.warning();
        if let (Some(warning), false) = (&warning, context.output.is_json()) {
            context.output.say(warning);
        }
        match wait.wait {
            Some(milestone) => {
                wait_for(context, access, &sent.id, milestone, wait.wait_within).await
            }
            None => warning.map_or(Ok(()), |_| Err(not_sent(&sent))),
        }
    })
}

async fn wait_for(
    context: &Context,
    access: &Access,
    id: &str,
    milestone: WaitFor,
    within: Option<Span>,
) -> Result<(), Fault> {
    let waited = access
        .ask(Wait {
            id: id.to_owned(),
            milestone,
            within,
        })
        .await?;
    context.output.result(&waited, &waited.text())
}

pub(super) fn not_sent(sent: &Sent) -> Fault {
    let sentence = fault::NotSent {
        alert: &sent.short,
        count: &sent.unsent.len(),
    };
    Fault::new(Exit::NotSent, "not-sent", sentence).with_hint(hint::TelephoneAndTrack)
}

impl Ask for Send {
    const NAME: &'static str = "send";
    const COLLECTS: bool = true;
    type Answer = Sent;

    async fn answer(self, desk: &Desk) -> Result<Sent, Fault> {
        let mut form = self.0;
        let about = form.complete(desk).await?;
        let prepared = form.prepare()?;
        let client = desk.client();
        if let Some(about) = about {
            form.check_not_cancelled(desk, about).await?;
        }
        let message = form.amending(prepared.message, about);
        let sent = match about {
            Some(about) if form.is_reply() => client.reply(about, message).await?,
            _ => client.send(message).await?,
        };
        // The outbox holds it; whether a relay has it soon is worth a moment of waiting.
        client.settled(desk.patience()).await;
        let mut told = told(desk, sent.id, sent.already).await?;
        told.unreached = sent.left_out.iter().map(ToString::to_string).collect();
        Ok(told)
    }
}

/// How far an alert that stands in the outbox has come.
pub(super) async fn told(desk: &Desk, alert: AlertId, already: bool) -> Result<Sent, Fault> {
    let track = desk.client().track(alert).await?;
    Sent::of(desk, &track, already).await
}
