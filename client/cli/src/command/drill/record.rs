//! Whom a drill reached, for machines: the stable shape of `docs/commands.md`.

use maille_common::drill::{Outcome, ReachMoment, Reachability, ReachedContact};
use maille_common::terms::Status;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::word;

/// The reachability record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The drill's own id; `null` for an exercise in other words, or whose content was purged.
    drill: Option<String>,
    #[serde(with = "word")]
    pub(super) status: Status,
    /// By the sender's clock.
    #[serde(with = "word")]
    pub(super) sent: Timestamp,
    /// How many contacts came so far.
    pub(super) counts: Counts,
    /// By address.
    pub(super) contacts: Vec<Contact>,
}

/// How many contacts came how far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(super) contacts: usize,
    /// A device of theirs had it.
    pub(super) reached: usize,
    pub(super) acknowledged: usize,
    /// Of these, in the contact's place.
    pub(super) by_deputy: usize,
    pub(super) refused: usize,
    pub(super) delivered: usize,
    pub(super) returned: usize,
    pub(super) silent: usize,
    pub(super) unreachable: usize,
}

/// One contact's part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(super) contact: String,
    /// `acknowledged`, `refused`, `delivered`, `returned`, `silent` or `unreachable`.
    pub(super) outcome: String,
    /// Why it was refused or returned, or could not be reached.
    pub(super) reason: Option<String>,
    /// Where its obligation stands; `null` where it was left out.
    pub(super) state: Option<String>,
    /// A device of the contact itself had it.
    pub(super) reached: bool,
    pub(super) delivered: Option<Moment>,
    pub(super) acknowledged: Option<Moment>,
    /// The last step of deputies that a relay asked; 0 for none.
    pub(super) step_asked: u8,
    pub(super) telephones: Vec<String>,
    /// Spoken there, the preferred one first.
    pub(super) languages: Vec<String>,
}

/// When a device did something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Moment {
    /// By the device's own clock.
    #[serde(with = "word")]
    pub(super) time: Timestamp,
    /// Since the sending, by two clocks; `null` where the device's clock says before.
    pub(super) after_ms: Option<u64>,
    /// Whom it acts for: the contact, or a deputy of its.
    pub(super) contact: String,
    pub(super) device: String,
    /// The step of deputies; 0 for the contact itself.
    pub(super) step: u8,
    /// `officer` or `system`.
    pub(super) actor: String,
}

impl Record {
    pub(crate) fn of(shown: &Reachability) -> Self {
        Self {
            drill: shown.drill.map(|id| id.to_string()),
            status: shown.status,
            sent: shown.sent,
            counts: Counts::of(shown),
            contacts: shown.contacts.iter().map(Contact::of).collect(),
        }
    }
}

impl Counts {
    fn of(shown: &Reachability) -> Self {
        let came = |is_it: fn(Outcome) -> bool| shown.count(|one| is_it(one.outcome));
        Self {
            contacts: shown.contacts.len(),
            reached: shown.count(ReachedContact::is_reached),
            acknowledged: came(|outcome| outcome == Outcome::Acknowledged),
            by_deputy: shown.count(ReachedContact::is_by_deputy),
            refused: came(|outcome| matches!(outcome, Outcome::Refused(_))),
            delivered: came(|outcome| outcome == Outcome::Delivered),
            returned: came(|outcome| matches!(outcome, Outcome::Returned(_))),
            silent: came(|outcome| outcome == Outcome::Silent),
            unreachable: came(|outcome| matches!(outcome, Outcome::Unreachable(_))),
        }
    }
}

impl Contact {
    fn of(reached: &ReachedContact) -> Self {
        Self {
            contact: reached.contact.to_string(),
            outcome: reached.outcome.as_str().to_owned(),
            reason: reached.outcome.reason(),
            state: reached.state.map(|state| state.to_string()),
            reached: reached.is_reached(),
            delivered: reached.delivered.as_ref().map(Moment::of),
            acknowledged: reached.acknowledged.as_ref().map(Moment::of),
            step_asked: reached.step_asked,
            telephones: reached.telephones.clone(),
            languages: reached.languages.clone(),
        }
    }
}

impl Moment {
    fn of(moment: &ReachMoment) -> Self {
        Self {
            time: moment.time,
            after_ms: moment.after.map(|span| span.ms()),
            contact: moment.contact.to_string(),
            device: moment.device.to_string(),
            step: moment.step,
            actor: moment.actor.to_string(),
        }
    }
}
