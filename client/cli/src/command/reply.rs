//! `maille reply`: write back about an alert, to its sender unless others are named.

use clap::Args;
use maille_client::QueryError;
use maille_common::identifier::AlertId;
use maille_common::terms::{Status, Urgency};

use super::send::{self, MessageForm, WaitArgs};
use super::{Context, Run};
use crate::agent::Desk;
use crate::args::DeskArgs;
use crate::fault::Fault;

/// Arguments of `reply`.
#[derive(Debug, Args)]
pub(crate) struct ReplyArgs {
    /// The alert, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    message: MessageForm,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    desk: DeskArgs,
}

impl Run for ReplyArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let message = MessageForm {
            about: Some(self.id),
            ..self.message
        };
        send::run(context, message, &self.wait, &self.desk)
    }
}

/// What a reply takes from what it is about.
struct Original {
    to: Vec<String>,
    urgency: Urgency,
    status: Status,
    subject: String,
}

impl MessageForm {
    /// What was not said of a reply: it goes to whoever wrote, or to whom this desk wrote, is as
    /// urgent and as real as that was, and has its subject.
    pub(crate) async fn complete_reply(&mut self, desk: &Desk) -> Result<(), Fault> {
        let Some(about) = &self.about else {
            return Ok(());
        };
        let original = Original::of(desk, desk.find(about).await?).await?;
        if self.to.is_empty() {
            self.to = original.to;
        }
        self.urgency = self.urgency.or(Some(original.urgency));
        self.status = self.status.or(Some(original.status));
        if self.subject.is_none() && self.cap.is_none() {
            self.subject = Some(original.subject);
        }
        Ok(())
    }
}

impl Original {
    async fn of(desk: &Desk, alert: AlertId) -> Result<Self, Fault> {
        let client = desk.client();
        match client.received(alert).await {
            Ok(received) => Ok(Self {
                to: vec![received.entry.from.to_string()],
                urgency: received.entry.urgency,
                status: received.entry.status,
                subject: received.content.subject(&[]).to_owned(),
            }),
            Err(QueryError::Unknown(_)) => {
                let track = client.track(alert).await?;
                let words = client.sent_words(alert).await?;
                Ok(Self {
                    to: track
                        .core
                        .recipients
                        .iter()
                        .map(ToString::to_string)
                        .collect(),
                    urgency: track.entry.urgency,
                    status: track.entry.status,
                    subject: words.subject(&[]).to_owned(),
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}
