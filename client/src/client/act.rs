//! Answering: reading, acknowledging and refusing, by an officer or by the system.

use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use thiserror::Error;

use super::Client;
use crate::core::{Act, ActError, RefuseReason};
use crate::error::DeskError;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// A person on duty. The sender reads the name where the organisation discloses it; relays
    /// never do.
    Officer(&'a str),
    /// A program of the contact. It may acknowledge, and nothing else; whether that stops an
    /// escalation stands in the roster.
    System,
}

/// A signed answer, durable, and on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// The hash of the receipt.
    pub receipt: Hash,
    /// The sender can read the note and who answered. `false`: none of its sealing keys is known.
    pub note_sealed: bool,
    /// The same answer was given before; nothing new was signed.
    pub already: bool,
}

/// Why an answer was not given.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// The desk refuses: no such alert, one of our own, not for a program to say.
    #[error(transparent)]
    Refused(#[from] ActError),
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl AnswerError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Desk(error) => error.code(),
        }
    }
}

impl Client {
    /// Takes an alert on, with a note to its sender, which may be empty.
    ///
    /// A program that acknowledges stores the alert in its own system first: afterwards the sender
    /// relies on it.
    pub async fn acknowledge(
        &self,
        alert: AlertId,
        by: By<'_>,
        note: &str,
    ) -> Result<Answered, AnswerError> {
        self.act(alert, Act::Acknowledge, by, note).await
    }

    /// Does not take an alert, for a reason, with a note to its sender, which may be empty.
    pub async fn refuse(
        &self,
        alert: AlertId,
        reason: RefuseReason,
        by: By<'_>,
        note: &str,
    ) -> Result<Answered, AnswerError> {
        self.act(alert, Act::Refuse(reason), by, note).await
    }

    /// Says that an officer has looked at an alert. Nothing says so by itself.
    pub async fn mark_read(&self, alert: AlertId, by: By<'_>) -> Result<Answered, AnswerError> {
        self.act(alert, Act::Read, by, "").await
    }

    async fn act(
        &self,
        alert: AlertId,
        act: Act,
        by: By<'_>,
        note: &str,
    ) -> Result<Answered, AnswerError> {
        let officer = match by {
            By::Officer(name) => Some(name.to_owned()),
            By::System => None,
        };
        let note = note.to_owned();
        let answered = self
            .office()
            .settle(move |desk, now, random| {
                let acted = desk.act(&alert, &act, officer.as_deref(), &note, now, random)?;
                let answered = Answered {
                    receipt: acted.receipt,
                    note_sealed: acted.note_sealed,
                    already: acted.already,
                };
                Ok::<_, AnswerError>((answered, acted.settled))
            })
            .await;
        self.office().wake();
        answered
    }
}
