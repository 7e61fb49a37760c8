//! Every signed piece of a story, in the order of the signers' clocks.

use maille_client::{Track, TrackedRecipient};
use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::evidence::{Accepted, Expiry, Note, Notice, Receipt};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::terms::{Outcome, Reason};
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::word;
use crate::local_time::local;
use crate::safe_text::{safe_name, safe_text};
use crate::sentence::{term, track};

/// One signed piece.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Moment {
    /// By the signer's clock.
    #[serde(with = "word")]
    time: Timestamp,
    /// What: `accepted`, `delivered`, `acknowledged`, `expired`, a relay's `overdue`.
    stage: String,
    /// Who says so, and whose clock it is.
    by: String,
    /// `officer` or `system`, of a receipt.
    actor: Option<String>,
    /// The officer's name, where it was disclosed.
    officer: Option<String>,
    /// The step of deputies that was released or passed over, from 1.
    step: Option<u8>,
    /// Who is asked in that step, by the roster in use.
    deputy: Option<String>,
    /// A clock that may have been set had a part in when.
    uncertain: bool,
    /// Why it was refused or returned.
    reason: Option<String>,
    /// What was written to the sender.
    note: Option<String>,
    /// The hash of the signed statement; the id of an alert or cancel.
    proof: String,
}

/// One signed piece, and about whom it is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    /// Whose obligation it is about; `null` for all of them.
    recipient: Option<String>,
    #[serde(flatten)]
    moment: Moment,
}

/// The whole story.
///
/// The alert and what takes it back are signed as well: by their senders, by their own clocks.
pub(super) fn whole(story: &Track) -> Vec<Told> {
    let (core, alert) = (&story.core, &story.entry.id);
    let sender = (&core.sender, &core.device);
    let mut whole = vec![Told {
        recipient: None,
        moment: Moment::of_sender(core.created, "sent", sender, alert),
    }];
    for recipient in &story.recipients {
        let told = |moment| Told {
            recipient: Some(recipient.contact.to_string()),
            moment,
        };
        whole.extend(of(recipient).into_iter().map(told));
    }
    for update in story.amendments.iter().filter(|said| !said.is_cancel()) {
        let sender = (&core.sender, &update.device);
        whole.push(Told {
            recipient: None,
            moment: Moment::of_sender(update.time, "updated", sender, &update.id),
        });
    }
    for cancel in &story.cancels {
        let sender = (&core.sender, &cancel.device);
        whole.push(Told {
            recipient: None,
            moment: Moment::of_sender(cancel.time, "cancelled", sender, &cancel.id),
        });
    }
    // Sorting is stable: what bears one time stands as it comes about.
    whole.sort_by_key(|told| told.moment.time);
    whole
}

/// All statements about one recipient.
///
/// Those of one millisecond stand as they come about: a relay's answer first, then the receipts as
/// each device numbered them.
pub(super) fn of(tracked: &TrackedRecipient) -> Vec<Moment> {
    let accepted = tracked.accepted.iter();
    let accepted =
        accepted.map(|signed| Moment::of_accepted(signed.statement.value(), signed.hash()));
    let mut receipts: Vec<_> = tracked.receipts.iter().collect();
    receipts.sort_by_key(|(signed, _)| signed.statement.value().number);
    let receipts = receipts.into_iter().map(|(signed, note)| {
        Moment::of_receipt(signed.statement.value(), note.as_ref(), signed.hash())
    });
    let expiries = tracked.expiries.iter();
    let expiries =
        expiries.map(|signed| Moment::of_expiry(signed.statement.value(), signed.hash()));
    let notices = tracked.notices.iter();
    let notices = notices.map(|signed| {
        Moment::of_notice(signed.statement.value(), signed.hash(), &tracked.deputies)
    });
    let mut moments: Vec<Moment> = accepted
        .chain(receipts)
        .chain(expiries)
        .chain(notices)
        .collect();
    moments.sort_by_key(|moment| moment.time);
    moments
}

impl Moment {
    fn new(time: Timestamp, stage: &impl ToString, by: String, proof: Hash) -> Self {
        Self {
            time,
            stage: stage.to_string(),
            by,
            actor: None,
            officer: None,
            step: None,
            deputy: None,
            uncertain: false,
            reason: None,
            note: None,
            proof: proof.to_string(),
        }
    }

    fn of_sender(
        time: Timestamp,
        stage: &str,
        (contact, device): (&ContactAddress, &DeviceId),
        id: &AlertId,
    ) -> Self {
        let by = track::ByDevice { contact, device }.to_string();
        Self::new(time, &stage, by, Hash::from_bytes(*id.as_bytes()))
    }

    fn of_accepted(accepted: &Accepted, proof: Hash) -> Self {
        let stage = match accepted.outcome {
            Outcome::Accepted => "accepted",
            Outcome::Refused => "refused-by-relay",
        };
        let by = relay(&accepted.relay);
        let refused = accepted.outcome == Outcome::Refused;
        let reason = refused.then(|| accepted.reason.to_string());
        Self {
            reason,
            ..Self::new(accepted.time, &stage, by, proof)
        }
    }

    fn of_receipt(receipt: &Receipt, note: Option<&Note>, proof: Hash) -> Self {
        let by = track::ByDevice {
            contact: &receipt.contact,
            device: &receipt.device,
        }
        .to_string();
        let officer = note
            .map(|note| note.officer.to_string())
            .filter(|name| !name.is_empty());
        Self {
            actor: Some(receipt.actor.to_string()),
            officer,
            reason: (receipt.reason != Reason::None).then(|| receipt.reason.to_string()),
            note: note.and_then(words_of),
            ..Self::new(receipt.time, &receipt.stage, by, proof)
        }
    }

    fn of_expiry(expiry: &Expiry, proof: Hash) -> Self {
        let device = &expiry.device;
        let by = track::ByOwnDevice { device }.to_string();
        Self {
            uncertain: expiry.uncertain,
            ..Self::new(expiry.time, &"expired", by, proof)
        }
    }

    fn of_notice(notice: &Notice, proof: Hash, deputies: &[ContactAddress]) -> Self {
        let at = usize::from(notice.step).checked_sub(1);
        let deputy = at.and_then(|at| deputies.get(at));
        Self {
            deputy: deputy.map(ToString::to_string),
            step: (notice.step > 0).then_some(notice.step),
            uncertain: notice.uncertain,
            ..Self::new(notice.time, &notice.kind, relay(&notice.relay), proof)
        }
    }

    /// For people: a line, and another for what was written.
    fn text(&self, about: &str) -> String {
        let reason = self.reason.as_ref();
        let reason = reason.map(|word| format!(" ({})", term::Reason { word }));
        let actor = match (&self.officer, self.actor.as_deref()) {
            (Some(officer), _) => format!(", {}", safe_name(officer)),
            (None, Some("officer")) => format!(", {}", track::OfficerUnnamed),
            _ => String::new(),
        };
        let stage = term::Moment { word: &self.stage };
        let proof = track::Proof { hash: &self.proof };
        let step = self.step.as_ref();
        let step = step.map(|step| match &self.deputy {
            Some(contact) => format!(" ({})", track::StepOf { step, contact }),
            None => format!(" ({})", track::Step { step }),
        });
        let mut text = format!(
            "  {}  {stage}{}{}{about} - {}{actor}\n    {proof}\n",
            local(self.time),
            step.unwrap_or_default(),
            reason.unwrap_or_default(),
            self.by,
        );
        if self.uncertain {
            text += &format!("    {}\n", track::Uncertain);
        }
        for line in self.note.as_deref().unwrap_or_default().lines() {
            text += &format!("    | {}\n", safe_text(line));
        }
        text
    }
}

impl Told {
    /// For people; where there are several recipients, with the one it is about.
    pub(super) fn text(&self, several: bool) -> String {
        let about = self.recipient.as_ref().filter(|_| several);
        let about = about.map(|contact| format!(" {}", track::For { contact }));
        self.moment.text(&about.unwrap_or_default())
    }
}

fn relay(name: &Name) -> String {
    track::ByRelay { name }.to_string()
}

/// What a note says, with whose business it is or what it repeats.
fn words_of(note: &Note) -> Option<String> {
    let mut words = Vec::new();
    if !note.text.is_empty() {
        words.push(note.text.to_string());
    }
    if !note.suggested.is_empty() {
        let contact = &note.suggested.as_str();
        words.push(track::Suggests { contact }.to_string());
    }
    if note.duplicate_of != AlertId::NONE {
        let alert = &note.duplicate_of.prefix();
        words.push(track::Repeats { alert }.to_string());
    }
    (!words.is_empty()).then(|| words.join("\n"))
}
