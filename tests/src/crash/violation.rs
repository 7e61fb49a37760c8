//! What must not happen, by name.

use serde::Serialize;

use super::letter::LetterId;
use super::report::Role;

/// A promise that was not kept, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Violation {
    /// Which promise.
    pub(crate) code: Broken,
    /// Where.
    pub(crate) at: String,
}

/// The promises that the checker watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Broken {
    /// `send` had returned, and the recipient does not have the alert, and the sender holds no
    /// signed end; or a store had acknowledged something, and does not have it.
    Lost,
    /// `send` had returned, and the sender's outbox does not know the alert.
    PromiseForgotten,
    /// One alert was shown twice as new.
    TwiceAsNew,
    /// One letter, sent again under its reference, became two alerts.
    TwoIds,
    /// What arrived is not what was sent, or a store holds what was not written to it.
    WrongContent,
    /// A receipt says what is not so at the recipient.
    FalseReceipt,
    /// Evidence that the sender holds does not verify.
    UnprovenEvidence,
    /// An obligation stands lower than it was seen before.
    StateFell,
    /// Evidence that was seen before is not held any more.
    EvidenceFell,
    /// An answer that was signed and durable did not come to the sender.
    ActLost,
    /// An event came again that its reader had committed.
    CursorFell,
    /// A store began a new life and had no reason to.
    LifeChanged,
    /// A store was rolled back to an old copy, and went on with its old life.
    RollbackUnnoticed,
    /// Something arrived that nobody sent.
    Stranger,
    /// A store or a process does not open again.
    DoesNotOpen,
    /// A process stopped, or refused, and had no reason to.
    Stopped,
    /// Without faults, what is owed was not settled in time.
    NotSettled,
    /// A desk accuses somebody, and everybody is honest.
    Accusation,
    /// It took longer, or more memory, than is promised.
    OverLimit,
    /// The relay's books do not balance.
    Books,
    /// A store trusted, after a power cut, what it had not verified, or did not trust what was
    /// closed in order.
    Mistrusted,
    /// A store went on after a write or a sync that failed.
    WentOn,
    /// Somebody who waited was not told.
    NotTold,
    /// Damage was served, or not noticed when it was read.
    NotNoticed,
    /// The rig did not see that a sync or an order was missing.
    NotCaught,
    /// Something fell due and was not told, or early, late, twice, or marked uncertain without a
    /// reason.
    Deadline,
}

#[cfg(test)]
impl Broken {
    /// Every promise.
    pub(crate) const ALL: &[Self] = &[
        Self::Lost,
        Self::PromiseForgotten,
        Self::TwiceAsNew,
        Self::TwoIds,
        Self::WrongContent,
        Self::FalseReceipt,
        Self::UnprovenEvidence,
        Self::StateFell,
        Self::EvidenceFell,
        Self::ActLost,
        Self::CursorFell,
        Self::LifeChanged,
        Self::RollbackUnnoticed,
        Self::Stranger,
        Self::DoesNotOpen,
        Self::Stopped,
        Self::NotSettled,
        Self::Accusation,
        Self::OverLimit,
        Self::Books,
        Self::Mistrusted,
        Self::WentOn,
        Self::NotTold,
        Self::NotNoticed,
        Self::NotCaught,
        Self::Deadline,
    ];
}

impl Violation {
    pub(crate) fn new(code: Broken, at: impl Into<String>) -> Self {
        let at = at.into();
        Self { code, at }
    }

    pub(crate) fn of(code: Broken, letter: LetterId, recipient: u8) -> Self {
        Self::new(code, format!("{letter} to recipient {recipient}"))
    }

    pub(crate) fn at(code: Broken, role: Role, what: impl std::fmt::Display) -> Self {
        Self::new(code, format!("{role}: {what}"))
    }
}
