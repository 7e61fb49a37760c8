//! Waiting for an alert to come somewhere.

use std::time::Duration;

use clap::ValueEnum;
use maille_client::{Milestone, TrackedRecipient};
use maille_common::time::Span;
use serde::{Deserialize, Serialize};

use crate::agent::{Ask, Desk};
use crate::fault::Fault;
use crate::form::maybe;
use crate::sentence::send;

/// Asks to be told when an alert has come so far with every recipient.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    /// The alert, by the beginning of its id.
    pub(crate) id: String,
    /// How far.
    pub(crate) milestone: WaitFor,
    /// How long; until the alert expires where it is missing.
    #[serde(default, with = "maybe")]
    pub(crate) within: Option<Span>,
}

/// How far an alert has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WaitFor {
    /// A relay holds it for every recipient.
    Accepted,
    /// A device of every recipient holds it.
    Delivered,
    /// Every recipient has taken it on.
    Acknowledged,
}

/// It came so far.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Waited {
    id: String,
    short: String,
    milestone: WaitFor,
    recipients: Vec<Recipient>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Recipient {
    contact: String,
    state: String,
}

impl Ask for Wait {
    const NAME: &'static str = "wait";
    type Answer = Waited;

    async fn answer(self, desk: &Desk) -> Result<Waited, Fault> {
        let alert = desk.find(&self.id).await?;
        let within = match self.within {
            Some(span) => Duration::from(span),
            None => desk.client().track(alert).await?.core.expires_after.into(),
        };
        let track = desk
            .client()
            .wait(alert, self.milestone.into(), within)
            .await?;
        let recipient = |recipient: &TrackedRecipient| Recipient {
            contact: recipient.contact.to_string(),
            state: recipient.standing.state.to_string(),
        };
        Ok(Waited {
            id: alert.to_string(),
            short: alert.prefix().to_string(),
            milestone: self.milestone,
            recipients: track.recipients.iter().map(recipient).collect(),
        })
    }
}

impl Waited {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let contacts: Vec<&str> = self
            .recipients
            .iter()
            .map(|one| one.contact.as_str())
            .collect();
        let (alert, contacts) = (&self.short, &contacts.join(", "));
        match self.milestone {
            WaitFor::Accepted => send::Accepted { alert, contacts }.to_string(),
            WaitFor::Delivered => send::Delivered { alert, contacts }.to_string(),
            WaitFor::Acknowledged => send::Acknowledged { alert, contacts }.to_string(),
        }
    }
}

impl From<WaitFor> for Milestone {
    fn from(milestone: WaitFor) -> Self {
        match milestone {
            WaitFor::Accepted => Self::Accepted,
            WaitFor::Delivered => Self::Delivered,
            WaitFor::Acknowledged => Self::Acknowledged,
        }
    }
}
