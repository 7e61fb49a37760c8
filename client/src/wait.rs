//! Waiting for an alert to come somewhere.

use std::sync::Arc;
use std::time::Duration;

use maille_common::address::ContactAddress;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::{Outcome, Stage};
use thiserror::Error;

use crate::core::{Track, TrackedRecipient};
use crate::error::DeskError;
use crate::office::Office;

/// How far an alert has come with every one of its recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Milestone {
    /// A relay holds it durably.
    Accepted,
    /// A device of the recipient, or of a deputy, holds it durably.
    Delivered,
    /// The recipient, or a deputy, has taken it on.
    Acknowledged,
}

/// Why a wait ended without its milestone.
#[derive(Debug, Error)]
pub enum WaitError {
    /// Nothing of the kind was sent from here.
    #[error("Alert {} was not sent from this desk.", .0.prefix())]
    Unknown(AlertId),
    /// Time is up; the outbox goes on by itself.
    #[error(
        "Not there in time with {}; the outbox goes on trying by itself.",
        listed(.missing)
    )]
    Timeout {
        /// The recipients it has not come so far with.
        missing: Vec<ContactAddress>,
    },
    /// It will not be acknowledged as things are: it ended another way.
    #[error("The obligation of {contact} ended as {state}.")]
    Ended {
        /// The recipient.
        contact: ContactAddress,
        /// How.
        state: ObligationState,
    },
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl WaitError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown-alert",
            Self::Timeout { .. } => "timeout",
            Self::Ended { .. } => "ended",
            Self::Desk(error) => error.code(),
        }
    }
}

/// Waits until every recipient has reached the milestone.
pub(crate) async fn wait(
    office: &Arc<Office>,
    alert: AlertId,
    milestone: Milestone,
    timeout: Duration,
) -> Result<Track, WaitError> {
    let mut missing = Vec::new();
    let reached =
        tokio::time::timeout(timeout, until(office, alert, milestone, &mut missing)).await;
    reached.unwrap_or(Err(WaitError::Timeout { missing }))
}

async fn until(
    office: &Arc<Office>,
    alert: AlertId,
    milestone: Milestone,
    missing: &mut Vec<ContactAddress>,
) -> Result<Track, WaitError> {
    loop {
        let mut news = office.news();
        let track = office
            .ask(move |room, now| Ok::<_, DeskError>(room.desk.track(&alert, now)?))
            .await?;
        let track = track.ok_or(WaitError::Unknown(alert))?;
        let short = track
            .recipients
            .iter()
            .filter(|recipient| !has(recipient, milestone));
        let short: Vec<&TrackedRecipient> = short.collect();
        if short.is_empty() {
            return Ok(track);
        }
        if let Some(ended) = short
            .iter()
            .find(|recipient| has_ended(recipient, milestone))
        {
            let (contact, state) = (ended.contact.clone(), ended.standing.state);
            return Err(WaitError::Ended { contact, state });
        }
        *missing = short
            .iter()
            .map(|recipient| recipient.contact.clone())
            .collect();
        if office.is_stopping() || news.changed().await.is_err() {
            return Err(DeskError::Closed.into());
        }
    }
}

/// Waits until every obligation of an alert has ended, one way or another.
pub(crate) async fn over(
    office: &Arc<Office>,
    alert: AlertId,
    timeout: Duration,
) -> Result<(), WaitError> {
    let mut missing = Vec::new();
    let ended = tokio::time::timeout(timeout, until_over(office, alert, &mut missing)).await;
    ended.unwrap_or(Err(WaitError::Timeout { missing }))
}

async fn until_over(
    office: &Arc<Office>,
    alert: AlertId,
    missing: &mut Vec<ContactAddress>,
) -> Result<(), WaitError> {
    loop {
        let mut news = office.news();
        let track = office
            .ask(move |room, now| Ok::<_, DeskError>(room.desk.track(&alert, now)?))
            .await?;
        let recipients = track.ok_or(WaitError::Unknown(alert))?.recipients;
        let open = recipients
            .into_iter()
            .filter(|recipient| !recipient.standing.state.is_closed());
        *missing = open.map(|recipient| recipient.contact).collect();
        if missing.is_empty() {
            return Ok(());
        }
        if office.is_stopping() || news.changed().await.is_err() {
            return Err(DeskError::Closed.into());
        }
    }
}

fn has(recipient: &TrackedRecipient, milestone: Milestone) -> bool {
    let received = |stage: Stage| stage != Stage::Returned;
    match milestone {
        Milestone::Acknowledged => recipient.standing.state == ObligationState::Acknowledged,
        Milestone::Delivered => recipient
            .receipts
            .iter()
            .any(|(receipt, _)| received(receipt.statement.stage)),
        Milestone::Accepted => {
            let accepted = |outcome: Outcome| outcome == Outcome::Accepted;
            has(recipient, Milestone::Delivered)
                || recipient
                    .accepted
                    .iter()
                    .any(|signed| accepted(signed.statement.outcome))
        }
    }
}

/// Whether waiting on is of no use: it ended, and not so. An end by expiry may still be superseded,
/// but nobody is asked for it any more.
fn has_ended(recipient: &TrackedRecipient, milestone: Milestone) -> bool {
    milestone == Milestone::Acknowledged && recipient.standing.state.is_closed()
}

fn listed(contacts: &[ContactAddress]) -> String {
    let named: Vec<&str> = contacts.iter().map(ContactAddress::as_str).collect();
    if named.is_empty() {
        "anybody".to_owned()
    } else {
        named.join(", ")
    }
}
