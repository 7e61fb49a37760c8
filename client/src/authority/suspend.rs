//! Suspending: one key, at once. Lifting takes the full rule, by `apply`.

use maille_common::codec::{List, Text, TooLong};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::{
    Roster, RosterDocuments, RosterError, SignedSuspension, Subject, Suspension, Version,
};
use maille_common::time::Timestamp;
use thiserror::Error;

/// Signs a suspension that everybody with this roster will accept.
pub fn suspend(
    roster: &Roster,
    subject: Subject,
    reason: &str,
    key: &SigningKey,
    now: Timestamp,
) -> Result<RosterDocuments, SuspendError> {
    let is_known = match &subject {
        Subject::Organisation(name) => roster.organisation(name).is_some(),
        Subject::Contact(address) => roster.contact(address).is_some(),
        Subject::Device(_, id) => roster.device(id).is_some(),
    };
    if !is_known {
        return Err(SuspendError::Unknown { subject });
    }
    let suspension = Suspension {
        version: Version::ONE,
        network: roster.authority().network.clone(),
        subject,
        issued: now,
        reason: Text::new(reason)?,
        key: key.verifying_key(),
    };
    let documents = RosterDocuments {
        suspensions: List::new([SignedSuspension::sign(key, suspension)?])?,
        ..RosterDocuments::default()
    };
    roster.clone().apply(&documents)?;
    Ok(documents)
}

/// Why nothing was suspended.
#[derive(Debug, Error)]
pub enum SuspendError {
    /// The roster does not have it.
    #[error("The roster has no {subject}.")]
    Unknown {
        /// Who was to be suspended.
        subject: Subject,
    },
    /// The reason is too long.
    #[error("The reason of a suspension is too long. {0}")]
    TooLong(#[from] TooLong),
    /// The key may not suspend this subject.
    #[error(transparent)]
    Refused(#[from] RosterError),
}

impl SuspendError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "suspend-unknown",
            Self::TooLong(_) => "suspend-reason-too-long",
            Self::Refused(_) => "suspend-refused",
        }
    }
}
