//! `maille add`: an addendum to an open alert, for further recipients, or for deputies now.

use clap::Args;
use maille_client::{Addition, AskedDeputy};
use maille_common::address::ContactAddress;
use maille_common::time::Span;
use serde::{Deserialize, Serialize};

use super::send::sent::Sent;
use super::{Context, Run, send};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;
use crate::form::maybe;
use crate::sentence::send as told;

/// Arguments of `add`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    question: Add,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks to extend an alert.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    /// The alert, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
    /// Who gets it as well: an address, a pattern such as `afripol/**`, or `@list`. Repeatable.
    #[arg(long, value_name = "ADDRESS|PATTERN|@LIST")]
    #[serde(default)]
    to: Vec<String>,
    /// A deputy of somebody who owes an answer: it is asked now. Repeatable.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "to")]
    #[serde(default)]
    deputy: Vec<String>,
    /// By when those who are added acknowledge: `15m`. As the alert says where it is missing.
    #[arg(long, value_name = "SPAN", requires = "to")]
    #[serde(default, with = "maybe")]
    ack_within: Option<Span>,
    /// After this nobody of them is asked any more: `1d`. As the alert says where it is missing.
    #[arg(long, value_name = "SPAN", requires = "to")]
    #[serde(default, with = "maybe")]
    expires: Option<Span>,
}

/// Who was added, and who is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Added {
    #[serde(flatten)]
    sent: Sent,
    /// Deputies who are asked now.
    asked: Vec<Asked>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    deputy: String,
    /// In whose place.
    recipient: String,
    /// At which step, from 1.
    step: u8,
}

impl Run for AddArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let added = with_desk(context, &self.desk, async |access| {
            access.ask(self.question).await
        })?;
        context.output.result(&added, &added.text())?;
        let warning = added.sent.warning();
        if let (Some(warning), false) = (&warning, context.output.is_json()) {
            context.output.say(warning);
        }
        warning.map_or(Ok(()), |_| Err(send::not_sent(&added.sent)))
    }
}

impl Ask for Add {
    const NAME: &'static str = "add";
    const COLLECTS: bool = true;
    type Answer = Added;

    async fn answer(self, desk: &Desk) -> Result<Added, Fault> {
        let alert = desk.find(&self.id).await?;
        let addition = Addition {
            to: self.to,
            deputies: self.deputy,
            ack_within: self.ack_within,
            expires_after: self.expires,
        };
        let client = desk.client();
        let added = client.add(alert, addition).await?;
        // The outbox holds it; whether a relay has it soon is worth a moment of waiting.
        client.settled(desk.patience()).await;
        let mut track = client.track(added.alert).await?;
        let is_new =
            |contact: &ContactAddress| added.reach.iter().any(|reach| reach.contact == *contact);
        track.recipients.retain(|one| is_new(&one.contact));
        Ok(Added {
            sent: Sent::of(desk, &track, false).await?,
            asked: added.asked.iter().map(Asked::of).collect(),
        })
    }
}

impl Added {
    fn text(&self) -> String {
        let mut text = self.sent.text();
        for asked in &self.asked {
            let (deputy, recipient) = (&asked.deputy, &asked.recipient);
            text += &format!("\n{}", told::Asked { deputy, recipient });
        }
        text
    }
}

impl Asked {
    fn of(asked: &AskedDeputy) -> Self {
        Self {
            deputy: asked.deputy.to_string(),
            recipient: asked.principal.to_string(),
            step: asked.step,
        }
    }
}
