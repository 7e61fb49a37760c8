//! `maille reply`: write back about an alert, to its sender unless others are named.

use clap::Args;
use maille_client::{Message, QueryError};
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, Status, Urgency};

use super::send::{self, MessageForm, WaitArgs};
use super::{Context, Run};
use crate::agent::Desk;
use crate::args::DeskArgs;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint};

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
    /// urgent and as real as that was, and has its subject. An update or cancel goes to whoever
    /// holds the alert, whom the desk knows. The alert that it is about.
    pub(crate) async fn complete(&mut self, desk: &Desk) -> Result<Option<AlertId>, Fault> {
        let Some(about) = &self.about else {
            return Ok(None);
        };
        let about = desk.find(about).await?;
        let original = Original::of(desk, about).await?;
        if self.to.is_empty() && self.is_reply() {
            self.to = original.to;
        }
        self.urgency = self.urgency.or(Some(original.urgency));
        self.status = self.status.or(Some(original.status));
        if self.subject.is_none() && self.cap.is_none() {
            self.subject = Some(original.subject);
        }
        Ok(Some(about))
    }

    /// Nobody takes an alert back twice unawares; the same cancel goes again under its reference.
    pub(crate) async fn check_not_cancelled(
        &self,
        desk: &Desk,
        alert: AlertId,
    ) -> Result<(), Fault> {
        if self.kind != Some(Kind::Cancel) || self.reference.is_some() {
            return Ok(());
        }
        let story = match desk.client().track(alert).await {
            Ok(story) => story,
            // Whose alert it is not is told when it is sent.
            Err(QueryError::Unknown(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match story.amendments.iter().find(|said| said.is_cancel()) {
            Some(cancel) => {
                let (alert, short) = (&alert.prefix(), &cancel.id.prefix());
                let sentence = fault::AlreadyCancelled { alert, short };
                let fault = Fault::new(Exit::Refused, "already-cancelled", sentence);
                Err(fault.with_hint(hint::SeeCancel))
            }
            None => Ok(()),
        }
    }

    /// Whether it is a reply, where it is about an alert.
    pub(crate) fn is_reply(&self) -> bool {
        self.kind.is_none_or(|kind| kind == Kind::Reply)
    }

    /// Makes an update or cancel of what is one.
    pub(crate) fn amending(&self, message: Message, about: Option<AlertId>) -> Message {
        match (self.kind, about) {
            (Some(Kind::Update), Some(alert)) => message.update_of(alert),
            (Some(Kind::Cancel), Some(alert)) => message.cancel_of(alert),
            _ => message,
        }
    }
}

impl Original {
    async fn of(desk: &Desk, alert: AlertId) -> Result<Self, Fault> {
        let client = desk.client();
        match client.received(alert).await {
            Ok(received) => Ok(Self {
                to: match received.entry.recipient {
                    Some(_) => vec![received.entry.from.to_string()],
                    // A copy of what another device of this contact sent.
                    None => received
                        .core
                        .recipients
                        .iter()
                        .map(ToString::to_string)
                        .collect(),
                },
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
