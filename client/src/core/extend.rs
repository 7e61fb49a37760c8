//! An officer extends an open alert: further recipients, or deputies who are asked now.

use std::collections::BTreeSet;

use maille_common::address::ContactAddress;
use maille_common::envelope::Core;
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber};
use thiserror::Error;

use super::addenda::outside_stream;
use super::asked::AskedDeputy;
use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::order::{Reach, SendError};
use super::own::OwnAlert;

/// Who is to get an open alert as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extension {
    /// Further recipients; each owes an answer of its own.
    pub to: Vec<ContactAddress>,
    /// Deputies of those who owe an answer: they are asked now, not when their step comes.
    pub deputies: Vec<ContactAddress>,
    /// By when the further recipients have to acknowledge; the alert's own span where missing.
    pub ack_within: Option<Span>,
    /// When their obligations end; the alert's own span where missing.
    pub expires_after: Option<Span>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extended {
    /// The alert.
    pub alert: AlertId,
    /// The addendum for the further recipients.
    pub addendum: Option<AlertId>,
    /// How far they can be reached now.
    pub reach: Vec<Reach>,
    /// Who is asked in whose place.
    pub asked: Vec<AskedDeputy>,
    /// The promise holds when this is durable.
    pub settled: CommitNumber,
}

/// Why an alert is not extended. Nobody was added, and nobody asked.
#[derive(Debug, Error)]
pub enum ExtendError {
    /// Neither recipients nor deputies.
    #[error("nobody is added; name recipients or deputies")]
    Nobody,
    /// It is not here.
    #[error("alert {0} is not held here")]
    Unknown(AlertId),
    /// Another contact sent it.
    #[error("alert {alert} is by {sender}; only its sender may extend it")]
    NotYours {
        /// The alert.
        alert: AlertId,
        /// Who sent it.
        sender: ContactAddress,
    },
    /// Nobody owes an answer any more.
    #[error("alert {0} has ended with everybody; send another one")]
    Ended(AlertId),
    /// Its content was purged.
    #[error("the content of alert {0} is not kept any more; send another one")]
    Purged(AlertId),
    /// Already a recipient.
    #[error("{contact} is a recipient of alert {alert} already")]
    Already {
        /// The contact.
        contact: ContactAddress,
        /// The alert.
        alert: AlertId,
    },
    /// A deputy of nobody who owes an answer.
    #[error("{contact} is no deputy of anybody who owes an answer to alert {alert}")]
    NotDeputy {
        /// The contact.
        contact: ContactAddress,
        /// The alert.
        alert: AlertId,
    },
    /// The sender's own contact, which is asked about nothing that it sent.
    #[error("{contact} sent alert {alert} itself, and is asked about it in nobody's place")]
    AsksItself {
        /// The contact.
        contact: ContactAddress,
        /// The alert.
        alert: AlertId,
    },
    /// More recipients than an alert may have.
    #[error("alert {0} would have more recipients than the limit")]
    TooMany(AlertId),
    /// The rules, or the store, do not let it happen.
    #[error(transparent)]
    Refused(#[from] SendError),
}

impl From<StepError> for ExtendError {
    fn from(error: StepError) -> Self {
        Self::Refused(error.into())
    }
}

impl ExtendError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody-added",
            Self::Unknown(_) => "unknown-alert",
            Self::NotYours { .. } => "not-yours",
            Self::Ended(_) => "alert-ended",
            Self::Purged(_) => "purged",
            Self::Already { .. } => "already-recipient",
            Self::NotDeputy { .. } => "not-a-deputy",
            Self::AsksItself { .. } => "asks-itself",
            Self::TooMany(_) => "too-many-recipients",
            Self::Refused(error) => error.code(),
        }
    }
}

impl Desk {
    /// Extends an open alert of this contact, whichever of its devices sent it.
    ///
    /// What was said about the alert since goes to the further recipients as well. All of it is one
    /// commit; deputies without keys are asked when their keys appear.
    pub fn extend(
        &mut self,
        alert: &AlertId,
        extension: &Extension,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Extended, ExtendError> {
        let own = self.open_own_alert(alert)?;
        let core = &own.original.core;
        let to: BTreeSet<ContactAddress> = extension.to.iter().cloned().collect();
        if to.is_empty() && extension.deputies.is_empty() {
            return Err(ExtendError::Nobody);
        }
        if let Some(contact) = to.iter().find(|contact| own.owed_by(contact).is_some()) {
            let (contact, alert) = (contact.clone(), own.alert);
            return Err(ExtendError::Already { contact, alert });
        }
        let asked = self.deputies_named(&own, &extension.deputies)?;
        let mut batch = Batch::new();
        let (mut addendum, mut reach) = (None, Vec::new());
        if !to.is_empty() {
            let named: Vec<ContactAddress> = to.iter().cloned().collect();
            self.check_recipients(&named, (core.kind, core.urgency), now)?;
            let terms = Core {
                ack_within: extension.ack_within.unwrap_or(core.ack_within),
                expires_after: extension.expires_after.unwrap_or(core.expires_after),
                ..core.clone()
            };
            let added = self.add_recipients(&mut batch, &own, (&terms, &to), now, random)?;
            (addendum, reach) = (Some(added.0), added.1);
            for amendment in self.amendments(&own.alert)? {
                // What is not kept any more cannot be passed on.
                let kept = self.extendable(&amendment.id)?.is_some();
                if let Some(amendment) = self.own_alert(&amendment.id)?.filter(|_| kept) {
                    self.pass_on(&mut batch, &amendment, &to, now, random)?;
                }
            }
        }
        for asked in &asked {
            self.ask(&mut batch, &own.alert, asked, now)?;
            for amendment in self.amendments(&own.alert)? {
                self.ask(&mut batch, &amendment.id, asked, now)?;
            }
        }
        let kind = EventKind::Sent { alert: own.alert };
        self.event(&mut batch, kind, core.status, now)?;
        self.settle_if_roomy(batch).map_err(SendError::from)?;
        self.send_addenda_if_roomy(now, random)?;
        Ok(Extended {
            alert: own.alert,
            addendum,
            reach,
            asked,
            settled: self.store.newest(),
        })
    }

    fn open_own_alert(&self, alert: &AlertId) -> Result<OwnAlert, ExtendError> {
        let Some(own) = self.own_alert(alert)? else {
            return Err(match self.sender_of(alert)? {
                Some(sender) => ExtendError::NotYours {
                    alert: *alert,
                    sender,
                },
                None => ExtendError::Unknown(*alert),
            });
        };
        let states = self.states_of(&own.alert)?;
        if states.values().all(|state| state.is_closed()) {
            return Err(ExtendError::Ended(own.alert));
        }
        if self.extendable(&own.alert)?.is_none() {
            return Err(ExtendError::Purged(own.alert));
        }
        Ok(own)
    }

    /// Each deputy with everybody who owes an answer and whose deputy it is.
    fn deputies_named(
        &self,
        own: &OwnAlert,
        deputies: &[ContactAddress],
    ) -> Result<Vec<AskedDeputy>, ExtendError> {
        let states = self.states_of(&own.alert)?;
        let open =
            |contact: &ContactAddress| states.get(contact).is_some_and(|state| !state.is_closed());
        let mut asked = BTreeSet::new();
        for deputy in deputies {
            if *deputy == self.identity.contact {
                let (contact, alert) = (deputy.clone(), own.alert);
                return Err(ExtendError::AsksItself { contact, alert });
            }
            let owed = own.owed().into_iter();
            let principals = owed
                .filter(|owed| open(owed.contact) && self.roster.is_deputy(deputy, owed.contact));
            let before = asked.len();
            asked.extend(principals.map(|owed| AskedDeputy {
                principal: owed.contact.clone(),
                deputy: deputy.clone(),
                step: self.step_of(owed.contact, deputy),
            }));
            if asked.len() == before {
                let (contact, alert) = (deputy.clone(), own.alert);
                return Err(ExtendError::NotDeputy { contact, alert });
            }
        }
        Ok(asked.into_iter().collect())
    }

    /// What was said about an alert since goes to those who did not get it.
    fn pass_on(
        &self,
        batch: &mut Batch,
        amendment: &OwnAlert,
        to: &BTreeSet<ContactAddress>,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), ExtendError> {
        let lacks = to.iter().filter(|to| amendment.owed_by(to).is_none());
        let lacks: BTreeSet<ContactAddress> = lacks.cloned().collect();
        if !lacks.is_empty() {
            let terms = &amendment.original.core;
            self.add_recipients(batch, amendment, (terms, &lacks), now, random)?;
        }
        Ok(())
    }

    /// An addendum for further recipients, with wraps for their deputies, and copies for this
    /// contact's other devices.
    fn add_recipients(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        (terms, to): (&Core, &BTreeSet<ContactAddress>),
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(AlertId, Vec<Reach>), ExtendError> {
        let all = own.owed().len() + to.len();
        if all > maille_common::limits::RECIPIENTS_MAX {
            return Err(ExtendError::TooMany(own.alert));
        }
        let Some(extendable) = self.extendable(&own.alert)? else {
            return Err(ExtendError::Purged(own.alert));
        };
        let core = self.addendum_core(&own.alert, terms, to.clone(), now);
        let (addressees, reach) = self.addressees(&core, now)?;
        let addressees = addressees.into_iter().map(outside_stream).collect();
        let parts = (core, addressees);
        let addendum = self.seal_extension(batch, extendable, parts, now, random)?;
        for reach in &reach {
            self.note_lacking(batch, reach, &own.alert, now);
        }
        Ok((addendum, reach))
    }
}
