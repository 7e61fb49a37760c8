//! What a drill showed: per contact, who answered, when and by whose clock.

use super::{DrillId, DrillMarks, Unreachable, left_out};
use crate::address::{ContactAddress, DeviceId};
use crate::content::Alert;
use crate::envelope::ProvenEnvelope;
use crate::evidence::{ObligationState, Receipt};
use crate::export::ProvenRecipient;
use crate::roster::Roster;
use crate::terms::{Actor, NoticeKind, Outcome as Answer, Reason, Stage, Status};
use crate::time::{Span, Timestamp};

/// What a drill showed, by the evidence its sender holds.
///
/// Evidence that comes later only adds to it: who is silent now may have answered then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachability {
    /// Which drill; none for an exercise in words of the sender's, or whose content was purged.
    pub drill: Option<DrillId>,
    /// Exercise or test; of what is actual there is no such record.
    pub status: Status,
    /// The sender's clock when it was written.
    pub sent: Timestamp,
    /// Every contact that it was written to, and those that were meant and left out, by address.
    pub contacts: Vec<ReachedContact>,
}

/// One contact's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachedContact {
    /// The contact.
    pub contact: ContactAddress,
    /// How far the drill came with it.
    pub outcome: Outcome,
    /// Where its obligation stands; none where it was left out.
    pub state: Option<ObligationState>,
    /// The first of its devices that had the alert; a deputy's where none of its own had.
    pub delivered: Option<ReachMoment>,
    /// The first acknowledgement, by it or in its place.
    pub acknowledged: Option<ReachMoment>,
    /// The last step of deputies that a relay asked; 0 for none.
    pub step_asked: u8,
    /// Its telephones, by the newest roster.
    pub telephones: Vec<String>,
    /// The languages spoken there, the preferred one first.
    pub languages: Vec<String>,
}

/// How far a drill came with a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It, or a deputy of its, took the alert on.
    Acknowledged,
    /// An officer refused it.
    Refused(Reason),
    /// A device has it, and nobody answered.
    Delivered,
    /// Its devices cannot open it.
    Returned(Reason),
    /// A relay holds it, and no device has said that it has it.
    Silent,
    /// It could not even be tried.
    Unreachable(Unreachable),
}

/// When a device did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachMoment {
    /// By that device's own clock.
    pub time: Timestamp,
    /// How long after the sending, by two clocks; none where its clock says before.
    pub after: Option<Span>,
    /// Whom it acts for: the contact, or a deputy of its.
    pub contact: ContactAddress,
    /// The device.
    pub device: DeviceId,
    /// The step of deputies at which it was asked; 0 for the contact itself.
    pub step: u8,
    /// Officer or system.
    pub actor: Actor,
}

impl Outcome {
    /// The words for people and machines, the best outcome first.
    pub const NAMES: &[&str] = &[
        "acknowledged",
        "delivered",
        "refused",
        "silent",
        "returned",
        "unreachable",
    ];

    /// The word for people and machines.
    pub fn as_str(self) -> &'static str {
        let place = match self {
            Self::Acknowledged => 0,
            Self::Delivered => 1,
            Self::Refused(_) => 2,
            Self::Silent => 3,
            Self::Returned(_) => 4,
            Self::Unreachable(_) => 5,
        };
        Self::NAMES[place]
    }

    /// Why, in one word; none where nothing has to be explained.
    pub fn reason(self) -> Option<String> {
        match self {
            Self::Refused(reason) | Self::Returned(reason) => Some(reason.to_string()),
            Self::Unreachable(why) => Some(why.to_string()),
            Self::Acknowledged | Self::Delivered | Self::Silent => None,
        }
    }
}

impl ReachedContact {
    /// Whether a device of the contact itself had the alert.
    pub fn is_reached(&self) -> bool {
        let delivered = self.delivered.as_ref();
        delivered.is_some_and(|moment| moment.contact == self.contact)
    }

    /// Whether a deputy took it on in the contact's place.
    pub fn is_by_deputy(&self) -> bool {
        let acknowledged = self.acknowledged.as_ref();
        acknowledged.is_some_and(|moment| moment.contact != self.contact)
    }
}

impl Reachability {
    /// Computes it from what an export proves; none for what is actual, and where the envelope
    /// does not show everybody whom it addressed.
    pub(crate) fn of(
        envelope: &ProvenEnvelope,
        recipients: &[ProvenRecipient],
        content: Option<&Alert>,
        (named, newest): (&Roster, &Roster),
    ) -> Option<Self> {
        let core = envelope.core();
        if core.status == Status::Actual || !envelope.is_whole() {
            return None;
        }
        let sent = core.created;
        let marks = content.and_then(DrillMarks::of);
        let mut contacts: Vec<ReachedContact> = recipients
            .iter()
            .map(|recipient| ReachedContact::of(recipient, sent, newest))
            .collect();
        // Those that the same selectors mean by the roster that the sender wrote under.
        let to = marks.as_ref().map_or(&[][..], |marks| &marks.to);
        for contact in named.expand(to).unwrap_or_default() {
            let pair = (&core.sender, &contact);
            if contact == core.sender || core.recipients.has(&contact) {
                continue;
            }
            if let Some(why) = left_out(named, pair, core.urgency, sent) {
                let outcome = Outcome::Unreachable(why);
                contacts.push(ReachedContact::blank(&contact, outcome, newest));
            }
        }
        contacts.sort_by(|left, right| left.contact.cmp(&right.contact));
        Some(Self {
            drill: marks.map(|marks| marks.id),
            status: core.status,
            sent,
            contacts,
        })
    }

    /// How many contacts came so far.
    pub fn count(&self, is_it: impl Fn(&ReachedContact) -> bool) -> usize {
        self.contacts.iter().filter(|one| is_it(one)).count()
    }
}

impl ReachedContact {
    fn of(recipient: &ProvenRecipient, sent: Timestamp, newest: &Roster) -> Self {
        let contact = &recipient.contact;
        let counted = recipient
            .receipts
            .iter()
            .filter(|proven| !proven.is_void)
            .map(|proven| proven.receipt.statement());
        let receipts: Vec<&Receipt> = counted.collect();
        // Receipts stand by their times, and a contact's own come before a deputy's.
        let first = |is_it: &dyn Fn(&Receipt) -> bool| {
            let mut found: Vec<&&Receipt> = receipts.iter().filter(|one| is_it(one)).collect();
            found.sort_by_key(|receipt| receipt.contact != *contact);
            found.first().map(|receipt| **receipt)
        };
        let moment = |receipt: &Receipt| ReachMoment::of(receipt, recipient, sent);
        let delivered = first(&|receipt| receipt.stage != Stage::Returned);
        let acknowledged = receipts.iter().find(|one| one.stage == Stage::Acknowledged);
        let asked = recipient.notices.iter().map(|proven| proven.statement());
        let asked = asked.filter(|notice| notice.kind == NoticeKind::Released);
        let outcome = match (acknowledged, delivered) {
            (Some(_), _) => Outcome::Acknowledged,
            (None, Some(_)) => {
                let refused = first(&|receipt| receipt.stage == Stage::Refused);
                refused.map_or(Outcome::Delivered, |one| Outcome::Refused(one.reason))
            }
            (None, None) => {
                let returned = first(&|receipt| receipt.stage == Stage::Returned);
                let returned = returned.map(|one| Outcome::Returned(one.reason));
                returned.unwrap_or_else(|| unanswered(recipient, newest))
            }
        };
        Self {
            state: Some(recipient.standing.state),
            delivered: delivered.map(moment),
            acknowledged: acknowledged.map(|receipt| moment(receipt)),
            step_asked: asked.map(|notice| notice.step).max().unwrap_or_default(),
            ..Self::blank(contact, outcome, newest)
        }
    }

    fn blank(contact: &ContactAddress, outcome: Outcome, newest: &Roster) -> Self {
        let entry = newest.contact(contact).map(|entry| entry.contact);
        let telephones = entry.iter().flat_map(|entry| entry.telephones.iter());
        let languages = entry.iter().flat_map(|entry| entry.languages.iter());
        Self {
            contact: contact.clone(),
            outcome,
            state: None,
            delivered: None,
            acknowledged: None,
            step_asked: 0,
            telephones: telephones.map(ToString::to_string).collect(),
            languages: languages.map(ToString::to_string).collect(),
        }
    }
}

impl ReachMoment {
    fn of(receipt: &Receipt, recipient: &ProvenRecipient, sent: Timestamp) -> Self {
        let asked = recipient
            .entries
            .iter()
            .filter(|entry| entry.device == receipt.device && entry.is_for_deputy());
        let step = match receipt.contact == recipient.contact {
            true => 0,
            false => asked.map(|entry| entry.step).min().unwrap_or_default(),
        };
        Self {
            time: receipt.time,
            after: (sent <= receipt.time).then(|| receipt.time.since(sent)),
            contact: receipt.contact.clone(),
            device: receipt.device,
            step,
            actor: receipt.actor,
        }
    }
}

/// Why there is no word of a contact's devices.
fn unanswered(recipient: &ProvenRecipient, newest: &Roster) -> Outcome {
    let answers = || recipient.accepted.iter().map(|proven| proven.statement());
    let has_wrap = recipient
        .entries
        .iter()
        .any(|entry| entry.is_for_recipient());
    if answers().any(|answer| answer.outcome == Answer::Accepted) && has_wrap {
        return Outcome::Silent;
    }
    Outcome::Unreachable(if newest.devices_of(&recipient.contact).is_empty() {
        Unreachable::NoDevice
    } else if !has_wrap {
        Unreachable::NoKeys
    } else {
        let refused = answers().next_back();
        refused.map_or(Unreachable::NotSent, |answer| {
            Unreachable::RefusedByRelay(answer.reason)
        })
    })
}
