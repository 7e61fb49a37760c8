//! Extending an open alert: further recipients, or deputies who are asked now.

use maille_common::address::ContactAddress;
use maille_common::identifier::AlertId;
use maille_common::time::Span;
use thiserror::Error;

use super::Client;
use crate::core::{AskedDeputy, ExtendError as Refused, Extension, Reach};
use crate::directory::{self, RecipientError};
use crate::error::DeskError;

/// Who is to get an open alert as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addition {
    /// Further recipients: addresses, patterns, or the `@name` of a list. Who has it already is
    /// left out of a pattern.
    pub to: Vec<String>,
    /// Deputies of those who owe an answer, who are asked now.
    pub deputies: Vec<String>,
    /// By when the further recipients have to acknowledge; the alert's own span where missing.
    pub ack_within: Option<Span>,
    /// When their obligations end; the alert's own span where missing.
    pub expires_after: Option<Span>,
}

/// What came of it, durably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The alert.
    pub alert: AlertId,
    /// The addendum for the further recipients.
    pub addendum: Option<AlertId>,
    /// How far they can be reached now.
    pub reach: Vec<Reach>,
    /// Who is asked in whose place.
    pub asked: Vec<AskedDeputy>,
}

/// Why an alert was not extended.
#[derive(Debug, Error)]
pub enum AddError {
    /// Somebody named is not known.
    #[error(transparent)]
    Recipients(#[from] RecipientError),
    /// The desk refuses: another's alert, one that has ended, somebody who has it, no rule.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl AddError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Recipients(error) => error.code(),
            Self::Refused(error) => error.code(),
            Self::Desk(error) => error.code(),
        }
    }
}

impl Client {
    /// Extends an open alert of this contact by an addendum, whichever of its devices sent it.
    pub async fn add(&self, alert: AlertId, addition: Addition) -> Result<Added, AddError> {
        let holders = self
            .office()
            .ask(move |room, _| Ok::<_, DeskError>(room.desk.holders(&alert)?))
            .await?;
        let mut to = self.named(&addition.to)?;
        let is_spelt = |contact: &ContactAddress| {
            let mut spelt = addition.to.iter();
            spelt.any(|to| to.trim() == contact.as_str())
        };
        to.retain(|contact| is_spelt(contact) || !holders.contains(contact));
        let extension = Extension {
            to,
            deputies: self.named(&addition.deputies)?,
            ack_within: addition.ack_within,
            expires_after: addition.expires_after,
        };
        let added = self
            .office()
            .settle(move |desk, now, random| {
                let extended = desk.extend(&alert, &extension, now, random)?;
                let added = Added {
                    alert: extended.alert,
                    addendum: extended.addendum,
                    reach: extended.reach,
                    asked: extended.asked,
                };
                Ok::<_, AddError>((added, extended.settled))
            })
            .await;
        self.office().wake();
        added
    }

    fn named(&self, selectors: &[String]) -> Result<Vec<ContactAddress>, RecipientError> {
        if selectors.is_empty() {
            return Ok(Vec::new());
        }
        let office = self.office();
        directory::expand(&office.roster(), selectors, &office.contact)
    }
}
