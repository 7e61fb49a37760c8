//! One proven statement, as people and machines see it.

use maille_common::evidence::{Accepted, Expiry, Notice, Proven, Statement};
use maille_common::export::{ProvenReceipt, ProvenRecipient};
use maille_common::terms::{Outcome, Reason};
use maille_common::time::Timestamp;
use serde::Serialize;

use crate::form::word;
use crate::local_time::local;
use crate::safe_text::safe_name;
use crate::sentence::{term, track, verify};

/// One signed statement.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    /// By the signer's clock.
    #[serde(with = "word")]
    time: Timestamp,
    /// What: `accepted`, `delivered`, `acknowledged`, `expired`, a relay's `overdue`.
    stage: String,
    /// The relay that says so.
    relay: Option<String>,
    /// The contact that says so; another one than the recipient is its deputy.
    contact: Option<String>,
    /// The device that says so.
    device: Option<String>,
    /// Whether it answers as a deputy.
    deputy: bool,
    /// `officer` or `system`, of a receipt.
    actor: Option<String>,
    /// The officer's name, where it is revealed.
    officer: Option<String>,
    /// Why it was refused or returned.
    reason: Option<String>,
    /// Whether a sealed note stands beside it.
    noted: bool,
    /// Whether it was judged by the very roster that it names.
    by_named_roster: bool,
    /// Whether it counts: not from after a suspension that was learnt later.
    counted: bool,
    /// The roster that its signer used.
    roster: String,
    /// The key that signed.
    key: String,
    /// The hash of the statement.
    proof: String,
}

/// All statements about a recipient.
///
/// Those of one millisecond stand as they come about: a relay's answer first, then the receipts as
/// each device numbered them.
pub(super) fn of(recipient: &ProvenRecipient) -> Vec<Moment> {
    let accepted = recipient.accepted.iter().map(Moment::of_accepted);
    let mut receipts: Vec<&ProvenReceipt> = recipient.receipts.iter().collect();
    receipts.sort_by_key(|proven| proven.receipt.statement().number);
    let receipts = receipts.into_iter().map(Moment::of_receipt);
    let expiries = recipient.expiries.iter().map(Moment::of_expiry);
    let notices = recipient.notices.iter().map(Moment::of_notice);
    let mut moments: Vec<Moment> = accepted
        .chain(receipts)
        .chain(expiries)
        .chain(notices)
        .collect();
    moments.sort_by_key(|moment| moment.time);
    moments
}

impl Moment {
    fn new<S: Statement>(proven: &Proven<S>, time: Timestamp, stage: &impl ToString) -> Self {
        Self {
            time,
            stage: stage.to_string(),
            relay: None,
            contact: None,
            device: None,
            deputy: false,
            actor: None,
            officer: None,
            reason: None,
            noted: false,
            by_named_roster: true,
            counted: true,
            roster: String::new(),
            key: maille_common::codec::to_hex(proven.key().as_bytes()),
            proof: proven.hash().to_string(),
        }
    }

    fn of_accepted(proven: &Proven<Accepted>) -> Self {
        let accepted = proven.statement();
        let refused = accepted.outcome == Outcome::Refused;
        let stage = match accepted.outcome {
            Outcome::Accepted => "accepted",
            Outcome::Refused => "refused-by-relay",
        };
        Self {
            relay: Some(accepted.relay.to_string()),
            reason: refused.then(|| accepted.reason.to_string()),
            roster: accepted.roster.to_string(),
            ..Self::new(proven, accepted.time, &stage)
        }
    }

    pub(super) fn of_receipt(proven: &ProvenReceipt) -> Self {
        let receipt = proven.receipt.statement();
        Self {
            contact: Some(receipt.contact.to_string()),
            device: Some(receipt.device.to_string()),
            deputy: receipt.contact != receipt.recipient,
            actor: Some(receipt.actor.to_string()),
            officer: proven.officer.clone(),
            reason: (receipt.reason != Reason::None).then(|| receipt.reason.to_string()),
            noted: proven.has_note,
            by_named_roster: proven.by_named_roster,
            counted: !proven.is_void,
            roster: receipt.roster.to_string(),
            ..Self::new(&proven.receipt, receipt.time, &receipt.stage)
        }
    }

    fn of_expiry(proven: &Proven<Expiry>) -> Self {
        let expiry = proven.statement();
        Self {
            device: Some(expiry.device.to_string()),
            roster: expiry.roster.to_string(),
            ..Self::new(proven, expiry.time, &"expired")
        }
    }

    fn of_notice(proven: &Proven<Notice>) -> Self {
        let notice = proven.statement();
        Self {
            relay: Some(notice.relay.to_string()),
            roster: notice.roster.to_string(),
            ..Self::new(proven, notice.time, &notice.kind)
        }
    }

    /// For people: a line, its proof, and what is to be said about it.
    pub(super) fn text(&self) -> String {
        let reason = self.reason.as_ref();
        let reason = reason.map(|word| format!(" ({})", term::Reason { word }));
        let stage = term::Moment { word: &self.stage };
        let proof = track::Proof { hash: &self.proof };
        let mut text = format!(
            "  {}  {stage}{} - {}{}\n    {proof}\n",
            local(self.time),
            reason.unwrap_or_default(),
            self.by(),
            self.actor(),
        );
        let mut say = |words: &dyn std::fmt::Display| text += &format!("    {words}\n");
        if self.noted {
            say(&verify::Noted);
        }
        if !self.by_named_roster {
            say(&verify::LaterRoster);
        }
        if !self.counted {
            say(&verify::NotCounted);
        }
        text
    }

    fn by(&self) -> String {
        match (&self.relay, &self.contact, &self.device) {
            (Some(name), _, _) => track::ByRelay { name }.to_string(),
            (None, Some(contact), Some(device)) if self.deputy => {
                verify::ByDeputy { contact, device }.to_string()
            }
            (None, Some(contact), Some(device)) => track::ByDevice { contact, device }.to_string(),
            (None, _, device) => {
                let device = device.as_deref().unwrap_or_default();
                verify::BySender { device: &device }.to_string()
            }
        }
    }

    fn actor(&self) -> String {
        match (&self.officer, self.actor.as_deref()) {
            (Some(officer), _) => format!(", {}", safe_name(officer)),
            (None, Some("officer")) => format!(", {}", track::OfficerUnnamed),
            _ => String::new(),
        }
    }
}
