//! Sending: a message becomes an order, its attachments sealed files, and the desk keeps them.

use std::sync::Arc;

use maille_common::address::ContactAddress;
use maille_common::content::{AttachmentDraft, DraftError};
use maille_common::envelope::Core;
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, Status, Urgency};
use maille_common::time::Span;
use thiserror::Error;

use super::Client;
use crate::attachments::{FileToAttach, SealFileError, seal_file};
use crate::core::{Order, Reach, SendError as OrderError};
use crate::directory::{self, Preview, RecipientError, Terms};
use crate::error::DeskError;
use crate::message::{About, Message};
use crate::office::{Office, blocking};

/// An alert that stands in the outbox, durably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its id for ever.
    pub id: AlertId,
    /// The same was sent before under this reference; this is that alert, and nothing goes twice.
    pub already: bool,
    /// How far each recipient can be reached now.
    pub reach: Vec<Reach>,
    /// Who holds what an update or cancel is about, and cannot be written to any more.
    pub left_out: Vec<ContactAddress>,
}

/// Why a message was not sent. Nothing of it stands in the outbox.
#[derive(Debug, Error)]
pub enum SendError {
    /// Somebody addressed is not known, or nobody is.
    #[error(transparent)]
    Recipients(#[from] RecipientError),
    /// What it is about is not here.
    #[error("Alert {} is not held here, so nothing can refer to it.", .0.prefix())]
    UnknownAlert(AlertId),
    /// Updates and cancels go to the list of what they are about.
    #[error("An update or cancel goes to those who got the alert; name no recipients.")]
    ListIsFixed,
    /// Its words break a limit or rule.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// An attachment cannot be sealed.
    #[error(transparent)]
    Attachment(#[from] SealFileError),
    /// The desk refuses: not designated, no rule, a reference used for something else.
    #[error(transparent)]
    Refused(#[from] OrderError),
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl SendError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Recipients(error) => error.code(),
            Self::UnknownAlert(_) => "unknown-reference",
            Self::ListIsFixed => "list-is-fixed",
            Self::Draft(error) => error.code(),
            Self::Attachment(error) => error.code(),
            Self::Refused(error) => error.code(),
            Self::Desk(error) => error.code(),
        }
    }
}

/// Why there is no preview.
#[derive(Debug, Error)]
pub enum PreviewError {
    /// Somebody addressed is not known, or nobody is.
    #[error(transparent)]
    Recipients(#[from] RecipientError),
    /// What it is about is not here.
    #[error("Alert {} is not held here, so nothing can refer to it.", .0.prefix())]
    UnknownAlert(AlertId),
    /// Updates and cancels go to the list of what they are about.
    #[error("An update or cancel goes to those who got the alert; name no recipients.")]
    ListIsFixed,
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl PreviewError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Recipients(error) => error.code(),
            Self::UnknownAlert(_) => "unknown-reference",
            Self::ListIsFixed => "list-is-fixed",
            Self::Desk(error) => error.code(),
        }
    }
}

impl From<PreviewError> for SendError {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::Recipients(error) => Self::Recipients(error),
            PreviewError::UnknownAlert(alert) => Self::UnknownAlert(alert),
            PreviewError::ListIsFixed => Self::ListIsFixed,
            PreviewError::Desk(error) => Self::Desk(error),
        }
    }
}

/// A message with everything said that it left open.
struct Plan {
    recipients: Vec<ContactAddress>,
    status: Status,
    urgency: Urgency,
    ack_within: Span,
    expires_after: Span,
}

impl Client {
    /// Sends a message: on return it stands durably in the outbox, which goes on by itself until
    /// every recipient's obligation has ended, through restarts of anything.
    pub async fn send(&self, message: Message) -> Result<Sent, SendError> {
        let plan = self.plan(&message).await?;
        let office = self.office();
        // Until the outbox names the sealed files, they must not be swept away.
        let _sealing = office.sealing.read().await;
        let sealed = seal_files(office, message.files.clone()).await?;
        let fresh: Vec<_> = sealed.iter().map(|draft| draft.blob.id).collect();
        let sent = self.commit(message, plan, sealed).await;
        if !sent.as_ref().is_ok_and(|sent| !sent.already) {
            // Nobody names these files: the alert is an earlier one, or there is none.
            for blob in fresh {
                if let Err(error) = office.sent_blobs.remove(&blob) {
                    tracing::warn!(%blob, %error, "a sealed file stays until the next sweep");
                }
            }
        }
        office.wake();
        sent
    }

    /// Answers an alert: to its sender, unless recipients are named; to its recipients where it was
    /// sent from here.
    pub async fn reply(&self, alert: AlertId, message: Message) -> Result<Sent, SendError> {
        self.send(message.about(Kind::Reply, alert)).await
    }

    /// Says more, or better, about an alert of this contact, to everybody who got it.
    pub async fn update(&self, alert: AlertId, message: Message) -> Result<Sent, SendError> {
        self.send(message.about(Kind::Update, alert)).await
    }

    /// Takes an alert of this contact back, with words that say why, from everybody who got it.
    pub async fn cancel(&self, alert: AlertId, message: Message) -> Result<Sent, SendError> {
        self.send(message.about(Kind::Cancel, alert)).await
    }

    /// What sending a message would do: who gets it, what time it is there, by when they have to
    /// acknowledge, who stands in. Nothing is sent.
    pub async fn preview(&self, message: &Message) -> Result<Preview, PreviewError> {
        let plan = self.plan(message).await?;
        let terms = Terms {
            urgency: plan.urgency,
            ack_within: plan.ack_within,
            expires_after: plan.expires_after,
            is_reply: message.kind() == Kind::Reply,
        };
        self.office()
            .ask(move |room, now| {
                let preview = directory::preview(&room.desk, &plan.recipients, terms, now);
                Ok(preview.map_err(DeskError::from)?)
            })
            .await
    }

    /// Says what a message left open: from what it is about, and from the network's defaults.
    async fn plan(&self, message: &Message) -> Result<Plan, PreviewError> {
        let about = match message.about {
            Some(about) => Some((about, self.core_of(about.alert).await?)),
            None => None,
        };
        let core = about.as_ref().map(|(_, core)| core);
        let urgency = message.urgency.or(core.map(|core| core.urgency));
        let urgency = urgency.unwrap_or(Urgency::Expected);
        let status = message
            .status
            .or(core.map(|core| core.status))
            .unwrap_or(Status::Actual);
        let roster = self.office().roster();
        let recipients = match &about {
            Some((about, core)) => self.recipients_about(message, *about, core).await?,
            None => directory::expand(&roster, &message.to, &self.office().contact)?,
        };
        let defaults = roster.defaults(urgency);
        let ack_within = message.ack_within.unwrap_or(defaults.ack_within);
        // A deadline that was asked for moves the default expiry with it.
        let expires_after = message
            .expires_after
            .unwrap_or(defaults.expires_after.max(ack_within));
        Ok(Plan {
            recipients,
            status,
            urgency,
            ack_within,
            expires_after,
        })
    }

    async fn recipients_about(
        &self,
        message: &Message,
        about: About,
        core: &Core,
    ) -> Result<Vec<ContactAddress>, PreviewError> {
        let me = &self.office().contact;
        match about.kind {
            Kind::Reply if !message.to.is_empty() => {
                Ok(directory::expand(&self.office().roster(), &message.to, me)?)
            }
            Kind::Reply if core.sender != *me => Ok(vec![core.sender.clone()]),
            Kind::Reply => Ok(core.recipients.to_vec()),
            _ if message.to.is_empty() => {
                let alert = about.alert;
                let holders = self
                    .office()
                    .ask(move |room, _| Ok::<_, DeskError>(room.desk.holders(&alert)?))
                    .await?;
                // Whose alert it is not may not amend it, which is said when it is sent.
                Ok(if holders.is_empty() {
                    core.recipients.to_vec()
                } else {
                    holders
                })
            }
            _ => Err(PreviewError::ListIsFixed),
        }
    }

    async fn core_of(&self, alert: AlertId) -> Result<Core, PreviewError> {
        let core = self
            .office()
            .ask(move |room, _| Ok::<_, DeskError>(room.desk.plain_part(&alert)?))
            .await?;
        core.ok_or(PreviewError::UnknownAlert(alert))
    }

    async fn commit(
        &self,
        message: Message,
        plan: Plan,
        sealed: Vec<AttachmentDraft>,
    ) -> Result<Sent, SendError> {
        let kind = message.kind();
        let refers_to = message.about.map(|about| about.alert);
        let (content, blobs) = Message::build(message.content, sealed)?;
        let order = Order {
            kind,
            status: plan.status,
            urgency: plan.urgency,
            recipients: plan.recipients,
            content,
            blobs,
            ack_within: plan.ack_within,
            expires_after: plan.expires_after,
            ack_rule: message.ack_rule,
            refers_to,
            reference: message.reference,
        };
        self.office()
            .settle(move |desk, now, random| {
                let sent = desk.send(&order, now, random)?;
                let told = Sent {
                    id: sent.id,
                    already: sent.already,
                    reach: sent.reach,
                    left_out: sent.left_out,
                };
                Ok::<_, SendError>((told, sent.settled))
            })
            .await
    }
}

async fn seal_files(
    office: &Arc<Office>,
    files: Vec<FileToAttach>,
) -> Result<Vec<AttachmentDraft>, SealFileError> {
    let folder = office.sent_blobs.clone();
    blocking(move || files.iter().map(|file| seal_file(&folder, file)).collect()).await
}
